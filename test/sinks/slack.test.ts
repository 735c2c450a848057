import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/core/alert.ts';
import type { Sink } from '../../src/core/delivery.ts';
import { slackSink } from '../../src/sinks/slack.ts';
import { slackMessage } from '../../src/sinks/slack-message.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { anyAlert } from './any-alert.ts';
import { type Case, sinkContract, textOf } from './contract.ts';
import { type HttpRig, httpCases } from './http-cases.ts';
import { hugeAlert, sampleAlert, sampleDelivery, sampleDeps } from './sample.ts';

const PATH = '/services/T0123456789/B0123456789/xXxXxXxXxXxXxXxXxXxXxXxX';
const never = new AbortController().signal;

interface Text {
  readonly type: string;
  readonly text: string;
}
interface Block {
  readonly type: string;
  readonly text?: Text;
  readonly fields?: readonly Text[];
  readonly elements?: readonly (Text & {
    readonly url?: string;
    readonly action_id?: string;
    readonly text: Text | string;
  })[];
}
interface Message {
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly attachments: readonly { readonly color: string; readonly blocks: readonly Block[] }[];
}

/** Checks a message against the documented limits and for anything that Slack would act on. */
const checkMessage = (message: Message): void => {
  const blocks = [...message.blocks, ...message.attachments.flatMap((attachment) => attachment.blocks)];
  expect(blocks.length).toBeLessThanOrEqual(50);
  const check = (text: string, max: number): void => {
    expect(text.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThanOrEqual(max);
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toMatch(/[<>]/);
    expect(text).not.toMatch(/&(?!amp;|lt;|gt;)/);
  };
  check(message.text, 3_000);
  expect(message.text).not.toMatch(/@(here|channel|everyone)/);
  const plain = (text: Text | undefined, max: number): void => {
    expect(text?.type).toBe('plain_text');
    check(text?.text ?? '', max);
  };
  for (const block of blocks) {
    switch (block.type) {
      case 'header':
        plain(block.text, 150);
        break;
      case 'section':
        if (block.text) plain(block.text, 3_000);
        else expect(block.fields?.length).toBeGreaterThan(0);
        expect(block.fields?.length ?? 0).toBeLessThanOrEqual(10);
        for (const field of block.fields ?? []) plain(field, 2_000);
        break;
      case 'context':
        expect(block.elements?.length).toBeLessThanOrEqual(10);
        for (const element of block.elements ?? []) plain(element, 3_000);
        break;
      case 'actions':
        expect(block.elements?.length).toBeLessThanOrEqual(25);
        for (const button of block.elements ?? []) {
          plain(button.text as unknown as Text, 75);
          expect(button.url).toMatch(/^https?:\/\//);
          expect(button.url?.length).toBeLessThanOrEqual(3_000);
        }
        break;
      default:
        expect.fail(`unexpected block ${block.type}`);
    }
  }
  for (const { color } of message.attachments) expect(color).toMatch(/^#[0-9a-f]{6}$/);
  expect(JSON.stringify(message).length).toBeLessThan(40_000);
};

const render = (alert: Alert): Message => JSON.parse(JSON.stringify(slackMessage(alert))) as Message;

const inspect = ({ requests: [request] }: Receiver): void => {
  expect(request).toMatchObject({ method: 'POST', path: PATH });
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'vonage-audit-monitor/1.2.3',
  });
  checkMessage(JSON.parse(request?.body ?? '') as Message);
};

const answering = (status: number, body: string): Pick<Case, 'name' | 'arrange'> => ({
  name: `${status} ${body}`,
  arrange: (rig) => (rig as HttpRig).receiver.answer({ status, body }),
});

sinkContract({
  type: 'slack',
  secrets: ['T0123456789', 'B0123456789', 'xXxXxXxXxXxXxXxXxXxXxXxX'],
  cases: [
    ...httpCases,
    ...(
      [
        [400, 'invalid_payload'],
        [400, 'user_not_found'],
        [400, 'invalid_blocks'],
        [400, 'no_text'],
        [400, 'too_many_attachments'],
        [403, 'action_prohibited'],
        [403, 'invalid_token'],
        [403, 'posting_to_general_channel_denied'],
        [404, 'channel_not_found'],
        [404, 'no_service'],
        [404, 'no_team'],
        [410, 'channel_is_archived'],
        [500, 'no_service'],
        [200, 'invalid_token'],
      ] as const
    ).map(
      ([status, body]): Case => ({
        ...answering(status, body),
        outcome: 'rejected',
        tells: new RegExp(body),
      }),
    ),
    { ...answering(500, 'rollup_error'), outcome: 'retry', tells: /rollup_error/ },
    { ...answering(400, 'rollup_error'), outcome: 'retry', tells: /rollup_error/ },
    { ...answering(200, '<html>please log in</html>'), outcome: 'retry', tells: /a page instead of "ok"/ },
    { ...answering(200, 'ok'), outcome: 'sent', tells: /HTTP 200 from 127\.0\.0\.1/ },
  ],
  silence: (rig) => (rig as HttpRig).receiver.next('hang'),
  open: async (timeout): Promise<HttpRig> => {
    const receiver = await createReceiver();
    receiver.answer({ body: 'ok' });
    const settings = slackSink.options.parse({ url: receiver.url + PATH, timeout });
    return {
      receiver,
      sink: slackSink.create('sink', settings, sampleDeps()),
      // Incoming webhooks know no identity; the alert's id in the message is what a person can go by.
      arrivals: () =>
        receiver.requests.map(({ body }) => ({
          identity: /alert (\w+)/.exec(body)?.[1] ?? '',
          content: body,
        })),
      inspect: () => inspect(receiver),
      reached: () => receiver.received(1),
      disconnected: () => receiver.disconnected(),
      close: () => receiver.close(),
    };
  },
});

describe('slack message', () => {
  const textsOf = (message: Message): string[] =>
    [...message.blocks, ...message.attachments.flatMap(({ blocks }) => blocks)].flatMap((block) => [
      ...(block.text ? [block.text.text] : []),
      ...(block.fields ?? []).map(({ text }) => text),
      ...(block.elements ?? []).map(({ text }) => (typeof text === 'string' ? text : (text as Text).text)),
    ]);

  it('says what, who, from where and when, with a runbook to press', () => {
    expect(textsOf(render(sampleAlert()))).toEqual([
      '[HIGH] Account secret created (default)',
      'alice@example.com created an API secret from 203.0.113.9 (NL)',
      'Account\ndefault',
      'When\n2026-03-01 02:14:07 UTC',
      'From\n203.0.113.9 (NL)',
      'user_email\nalice@example.com',
      'source\nCustomer dashboard',
      'Runbook: example.com',
      expect.stringMatching(/^rule 6f1c3f0a-.* · alert [0-9a-f]{32} · event 3b1e9d5c-/),
    ]);
  });

  it.each<[Partial<Alert>, RegExp, string]>([
    [{}, /^\[HIGH\] /, '#e8590c'],
    [{ kind: 'system' }, /^\[MONITOR HIGH\] /, '#e8590c'],
    [{ kind: 'drill' }, /^\[DRILL HIGH\] /, '#7a5cc7'],
    [{ kind: 'system', status: 'resolved' }, /^\[MONITOR RESOLVED\] /, '#2e9e5b'],
    [{ kind: 'summary' }, /^\[SUMMARY HIGH\] /, '#e8590c'],
  ])('labels and colours %j', (change, label, colour) => {
    const message = render(sampleAlert(change));
    expect(message.blocks[0]?.text?.text).toMatch(label);
    expect(message.text).toMatch(label);
    expect(message.attachments[0]?.color).toBe(colour);
  });

  it('says how many fields it left out', () => {
    const texts = textsOf(render(hugeAlert()));
    const shown = texts.filter((text) => text.startsWith('field ')).length;
    expect(texts).toContain(`… and ${500 - shown} more fields`);
  });

  it('makes buttons of http and https references only', () => {
    const references = [
      'javascript:alert(1)',
      'mailto:a@example.com',
      'see the wiki',
      'http://wiki.example.com/a',
    ];
    const message = render(sampleAlert({ rule: { ...sampleAlert().rule, references } }));
    const actions = message.attachments[0]?.blocks.filter(({ type }) => type === 'actions');
    expect(actions?.flatMap(({ elements }) => elements?.map(({ url }) => url))).toEqual([
      'http://wiki.example.com/a',
    ]);
  });

  it('keeps every limit and lets nothing be acted on, whatever an alert holds', () => {
    fc.assert(
      fc.property(anyAlert, (alert) => checkMessage(render(alert))),
      { numRuns: 150 },
    );
  });
});

describe('slack sink', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  it('asks once per attempt, also when Slack is in trouble', async () => {
    const receiver = await createReceiver();
    closers.push(() => receiver.close());
    receiver.answer({ status: 500 });
    const sink: Sink = slackSink.create('sink', slackSink.options.parse({ url: receiver.url }), sampleDeps());
    closers.push(() => sink.close());
    await sink.send(sampleDelivery(), never);
    expect(receiver.requests).toHaveLength(1);
  });

  it('names the host and nothing else of its URL when it cannot be reached', async () => {
    const sink = slackSink.create(
      'sink',
      slackSink.options.parse({ url: `http://slack.invalid${PATH}` }),
      sampleDeps(),
    );
    closers.push(() => sink.close());
    const text = textOf(await sink.send(sampleDelivery(), never));
    expect(text).toMatch(/^slack\.invalid: /);
    expect(text).not.toContain('services');
  });
});
