import { createReceiver, type Receiver } from '../support/receiver.ts';
import type { MailAnswer } from './mailbox.ts';
import type { SinkName, Treatment } from './trouble.ts';

/** What has become of the sinks' receivers, as the plan has it. */
export type Treatments = ReadonlyMap<SinkName, Treatment>;

type Answer = Exclude<Parameters<Receiver['answer']>[0], (...args: never[]) => unknown>;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How a receiver over HTTP treats what has come; undefined: it takes it. */
const treated = async (treatment: Treatment | undefined): Promise<Answer | undefined> => {
  switch (treatment?.kind) {
    case 'status': {
      const { status, retryAfterS } = treatment;
      return {
        status,
        ...(retryAfterS === undefined ? {} : { headers: { 'retry-after': String(retryAfterS) } }),
      };
    }
    case 'hang':
    case 'reset':
      return treatment.kind;
    case 'slow':
      await wait(treatment.ms);
      return undefined;
    case undefined:
      break;
  }
  return undefined;
};

/** A request of a sink as its receiver saw it. */
export interface Visit {
  readonly sink: 'hook' | 'pager' | 'chat';
  readonly atMs: number;
  readonly taken: boolean;
}

/** A receiver of webhooks that notes the delivery ids it takes. `isTheirs`: whether a path holds the token of now. */
export const webhookReceiver = async (
  sink: 'hook' | 'pager',
  treatments: Treatments,
  isTheirs: (path: string) => boolean,
  taken: Set<string>,
  arrived: (id: string) => void,
  visited: (taken: boolean) => void,
): Promise<Receiver> => {
  const receiver = await createReceiver();
  receiver.answer(async ({ headers, path }) => {
    const id = String(headers['webhook-id']);
    arrived(id);
    const answer = isTheirs(path) ? await treated(treatments.get(sink)) : { status: 404 };
    visited(answer === undefined);
    if (answer !== undefined) return answer;
    taken.add(id);
    return {};
  });
  return receiver;
};

/** An incoming webhook of Slack that notes the alerts it takes. */
export const slackReceiver = async (
  treatments: Treatments,
  taken: Set<string>,
  visited: (taken: boolean) => void,
): Promise<Receiver> => {
  const receiver = await createReceiver();
  receiver.answer(async ({ body }) => {
    const answer = await treated(treatments.get('chat'));
    visited(answer === undefined);
    if (answer !== undefined) return answer;
    taken.add(alertOfMessage(body));
    return { body: 'ok' };
  });
  return receiver;
};

/** The alert that a message to Slack says it is about. */
export const alertOfMessage = (body: string): string => / · alert ([0-9a-f-]+)/.exec(body)?.[1] ?? '';

/** A heartbeat as it arrived. */
export interface Heartbeat {
  readonly atMs: number;
  readonly body: string;
  /** Whether it came to the address of now. */
  readonly known: boolean;
}

/** A dead-man switch that keeps what it gets. */
export const heartbeatReceiver = async (
  isTheirs: (path: string) => boolean,
  beats: Heartbeat[],
  now: () => number,
): Promise<Receiver> => {
  const receiver = await createReceiver();
  receiver.answer(({ path, body }) => {
    const known = isTheirs(path);
    beats.push({ atMs: now(), body, known });
    return known ? {} : { status: 404 };
  });
  return receiver;
};

/** How the mail server treats a mail. */
export const mailAnswer = async (treatment: Treatment | undefined): Promise<MailAnswer> => {
  switch (treatment?.kind) {
    case 'status':
      return treatment.status >= 500 || treatment.status === 429 ? 451 : 550;
    case 'hang':
    case 'reset':
      return treatment.kind;
    case 'slow':
      await wait(treatment.ms);
      return 'take';
    case undefined:
      break;
  }
  return 'take';
};
