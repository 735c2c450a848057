import { errorText } from '../base/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Tracer } from '../core/tracer.ts';
import type { DateForm } from './created-at.ts';
import { ReadFailure } from './failure.ts';
import type { Parsed } from './page.ts';
import { excerpt, redact } from './redact.ts';
import type { Answer, Transport } from './transport.ts';
import { isNamed, refusal } from './verdict.ts';

/** The account's API key and secret, as used for HTTP Basic. */
export interface Credentials {
  readonly key: string;
  readonly secret: string;
}

/** One question, as it is put again for every attempt. */
export interface Question<T> {
  readonly method: 'GET' | 'OPTIONS';
  /** Below the base URL, for messages: without the query, which may hold what somebody searched for. */
  readonly path: string;
  readonly query?: (form: DateForm) => string;
  /** Whether the query has dates, whose accepted form is not documented. */
  readonly dated?: boolean;
  /** What an expected answer other than 200 means. */
  readonly instead?: { readonly status: number; readonly value: T };
  readonly parse: (answer: Answer) => Parsed<T>;
}

export interface AskOptions {
  readonly account: string;
  /** Path of the base URL, without a slash at its end. */
  readonly prefix: string;
  readonly credentials: () => Credentials;
  /** What else must not appear in errors. */
  readonly secrets: readonly string[];
  readonly pace: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly transport: Transport;
  /** Told of every answer, refusals and nonsense included, before it is looked at. */
  readonly onAnswer: (answer: Answer) => void;
  readonly now: Clock;
  readonly telemetry: Telemetry;
  readonly tracer: Tracer;
}

/**
 * Puts a question once. Rejects with a {@link ReadFailure} whose text holds no secret, or with the reason of `signal`.
 */
export type Ask = <T>(question: Question<T>, form: DateForm, signal: AbortSignal) => Promise<T>;

const quoted = (text: string): string => (text === '' ? '' : `: ${JSON.stringify(text)}`);

const read = (credentials: () => Credentials): Credentials => {
  try {
    return credentials();
  } catch (error) {
    // A secret file that is being replaced may be missing for a moment, so this is tried again.
    throw new ReadFailure('blind', `the account's key and secret cannot be read: ${errorText(error)}`, {
      retry: true,
    });
  }
};

/** A status as a label of metrics: one that HTTP does not know must not make a series of its own. */
const statusLabel = (status: number | undefined): string => {
  if (status === undefined) return 'none';
  return isNamed(status) ? String(status) : 'other';
};

/** Makes the function that puts one question: one request, counted and timed, and what its answer means. */
export const createAsk = (options: AskOptions): Ask => {
  const { account, prefix, pace, transport, now, telemetry, tracer } = options;

  const exchange = async <T>(
    question: Question<T>,
    form: DateForm,
    signal: AbortSignal,
    onStatus: (status: number) => void,
  ): Promise<T> => {
    const { key, secret } = read(options.credentials);
    const basic = `${key}:${secret}`;
    const secrets = [secret, key, basic, ...options.secrets];
    const headers = {
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate, br',
      'user-agent': 'vonage-audit-monitor',
      authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
    };
    const path = `${prefix}${question.path}${question.query?.(form) ?? ''}`;
    const answer = await transport.send(question.method, path, headers, signal).catch((error: unknown) => {
      if (!(error instanceof ReadFailure)) throw error;
      throw new ReadFailure(error.kind, redact(error.message, secrets), error);
    });
    onStatus(answer.status);
    options.onAnswer(answer);
    if (question.instead?.status === answer.status) return question.instead.value;
    const said = (): string => quoted(excerpt(answer.text, secrets));
    if (answer.status !== 200) throw refusal(answer, said(), now());
    const parsed = question.parse(answer);
    if ('value' in parsed) return parsed.value;
    const tooLarge = parsed.tooLarge ?? false;
    throw new ReadFailure('invalid', `${parsed.problem}${said()}`, {
      retry: !tooLarge,
      status: 200,
      tooLarge,
    });
  };

  const measured: Ask = async (question, form, signal) => {
    await pace?.(signal);
    const startedAtMs = now();
    let outcome = 'ok';
    let status: number | undefined;
    const name = `${question.method} ${question.path}`;
    try {
      return await tracer.span(
        name,
        { 'http.request.method': question.method, 'url.path': `${prefix}${question.path}` },
        (span) =>
          exchange(question, form, signal, (answered) => {
            status = answered;
            span.set({ 'http.response.status_code': answered });
          }),
        'client',
      );
    } catch (error) {
      outcome = error instanceof ReadFailure ? error.kind : signal.aborted ? 'aborted' : 'failed';
      throw error;
    } finally {
      telemetry.count('api_requests_total', { account, outcome, status: statusLabel(status) });
      telemetry.observe('api_request_duration_seconds', (now() - startedAtMs) / 1_000, { account });
    }
  };
  return measured;
};
