import { sleep as realSleep } from '../base/sleep.ts';
import { AuditError, type AuditPage, type AuditReader } from '../core/audit-reader.ts';
import type { BackoffPolicy } from '../core/backoff.ts';
import type { Clock, Random, Ticks } from '../core/clock.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { noTracer, type Tracer } from '../core/tracer.ts';
import { createApiClock } from './api-clock.ts';
import { type Credentials, createAsk, type Question } from './ask.ts';
import type { DateForm } from './created-at.ts';
import { ReadFailure } from './failure.ts';
import { type EventType, parseEventTypes, parsePage, parseSingle } from './page.ts';
import { type EventQuery, queryString } from './query.ts';
import { createRetry } from './retry.ts';
import { createTransport, type Transport } from './transport.ts';

export interface AuditClientOptions {
  /** Name of the configured account, for events, logs and metrics. */
  readonly account: string;
  /** Such as `https://api.nexmo.com/beta/audit`. Every URL is built from it; links in answers are never followed. */
  readonly baseUrl: string;
  /** Proxy for all requests, `http://[user:password@]host:port`. */
  readonly proxyUrl?: string | undefined;
  /** Elements per page asked for, 1 to 100. */
  readonly pageSize: number;
  /** For connecting, for the headers, and for every pause within a body. */
  readonly timeoutMs: number;
  /** For one whole request, from asking to the last byte; default three times `timeoutMs`. */
  readonly deadlineMs?: number;
  /** Asked for every request, so that a rotated secret works without a restart. May throw: the account is blind. */
  readonly credentials: () => Credentials;
  /** Largest body that is read, before and after decoding; default 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Attempts after the first one; default 4. */
  readonly retries?: number;
  /** Growth of the waits between attempts; default 500 ms doubling up to 30 s. */
  readonly backoff?: BackoffPolicy;
  /** Awaited before every request: a budget of requests that several accounts share. */
  readonly pace?: (signal: AbortSignal) => Promise<void>;
  /** Replaces the waiting between attempts, for tests that own the time. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: Clock;
  /** Default: the time since the process began. */
  readonly ticks?: Ticks;
  readonly random: Random;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly tracer?: Tracer | undefined;
}

/** Everything the Audit API can do. All methods reject with {@link AuditError}, or with the reason of an aborted signal. */
export interface AuditClient extends AuditReader {
  /** One page of a filtered list. */
  find(query: EventQuery, signal: AbortSignal): Promise<AuditPage>;
  /** One event by its id; undefined when the API does not know it (404). */
  event(id: string, signal: AbortSignal): Promise<AuditEvent | undefined>;
  /** The types the API knows now; undefined when it does not say (204, or an empty answer). */
  eventTypes(signal: AbortSignal): Promise<readonly EventType[] | undefined>;
  /**
   * A client of its own for somebody else who reads the account, and waits for `pace` before every request, but over the same
   * connections: what keeps them weighs 17 kB, which ten thousand accounts need not have three times each.
   */
  atPace(pace: (signal: AbortSignal) => Promise<void>): AuditReader;
  /** Ends all connections, also those of whoever reads at another pace; reads that are still running reject. */
  close(): Promise<void>;
}

const DEFAULT_MAX_BODY_BYTES = 64 * 1_024 * 1_024;
const DEFAULT_BACKOFF: BackoffPolicy = { baseMs: 500, capMs: 30_000 };
/** A `Retry-After` of up to this is waited for within a read. */
const MAX_WAIT_MS = 60_000;

/** What a proxy's URL holds that must not appear in errors. */
const proxySecrets = (proxyUrl: string | undefined): string[] => {
  if (proxyUrl === undefined) return [];
  const { username, password } = new URL(proxyUrl);
  const plain = [username, password].map((part) => Buffer.from(unescaped(part)).toString());
  return password === '' ? [] : [password, ...plain.slice(1), plain.join(':')];
};

const unescaped = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

const monotonic: Ticks = () => performance.now();

/** Makes the client for one account. Opens no connection before the first read. */
export const createAuditClient = (options: AuditClientOptions): AuditClient => {
  const { timeoutMs, proxyUrl, now, ticks = monotonic } = options;
  const transport = createTransport({
    origin: new URL(options.baseUrl).origin,
    proxyUrl,
    timeoutMs,
    deadlineMs: options.deadlineMs ?? 3 * timeoutMs,
    maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    now,
    ticks,
  });
  return clientOver(transport, options);
};

const clientOver = (transport: Transport, options: AuditClientOptions): AuditClient => {
  const { account, pageSize, proxyUrl, now, ticks = monotonic, log, telemetry } = options;
  const prefix = new URL(options.baseUrl).pathname.replace(/\/+$/, '');
  const readClock = createApiClock({ answeredAtMs: now(), answeredTicks: ticks() });
  const ask = createAsk({
    account,
    prefix,
    credentials: options.credentials,
    secrets: proxySecrets(proxyUrl),
    pace: options.pace,
    transport,
    // A refusal tells the time as well: it may be the last that does before answers come without.
    onAnswer: (answer) => void readClock(answer),
    now,
    telemetry,
    tracer: options.tracer ?? noTracer,
  });
  const retry = createRetry({
    retries: options.retries ?? 4,
    backoff: options.backoff ?? DEFAULT_BACKOFF,
    now,
    random: options.random,
    maxWaitMs: MAX_WAIT_MS,
    sleep: options.sleep ?? realSleep,
    onRetry: (failure, attempt, delayMs) =>
      log.warn('api.retry', {
        account,
        attempt,
        delay_ms: delayMs,
        kind: failure.kind,
        status: failure.status,
        reason: failure.message,
      }),
  });
  /** The form of dates that the API accepted last; self-detected, since no document says which it wants. */
  let dateForm: DateForm = 'local';

  /** Puts a question with dates in the form that worked last, and on a 400 in the other one. */
  const askDated = async <T>(question: Question<T>, signal: AbortSignal): Promise<T> => {
    const tried = dateForm;
    try {
      return await ask(question, tried, signal);
    } catch (error) {
      if (!question.dated || !(error instanceof ReadFailure) || error.status !== 400) throw error;
      const other = tried === 'local' ? 'zulu' : 'local';
      const value = await ask(question, other, signal);
      if (dateForm !== other)
        log.info('api.retry', {
          account,
          status: 400,
          reason: `the API takes dates ${other === 'zulu' ? 'with' : 'without'} Z; so they are sent from now on`,
        });
      dateForm = other;
      return value;
    }
  };

  const read = async <T>(question: Question<T>, signal: AbortSignal): Promise<T> => {
    let attempts = 0;
    const attempt = (): Promise<T> => {
      attempts++;
      return askDated(question, signal);
    };
    try {
      return await retry.run(attempt, signal);
    } catch (error) {
      // What is left is the reason of the signal, or a mistake of ours.
      if (!(error instanceof ReadFailure)) throw error;
      const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
      throw new AuditError(
        error.kind,
        `${question.method} ${prefix}${question.path}${tries}: ${error.message}`,
        { tooLarge: error.tooLarge, ...(error.status === undefined ? {} : { status: error.status }) },
      );
    }
  };

  const find = (query: EventQuery, signal: AbortSignal): Promise<AuditPage> =>
    read<AuditPage>(
      {
        method: 'GET',
        path: '/events',
        query: (form) => queryString(query, query.size ?? pageSize, form),
        dated: query.fromMs !== undefined || query.toMs !== undefined,
        parse: (answer) => parsePage(account, answer.text, readClock(answer)),
      },
      signal,
    );

  const event = async (id: string, signal: AbortSignal): Promise<AuditEvent | undefined> => {
    // Such an id cannot be written into a path: dots would climb out of it.
    if (!id.isWellFormed() || /^\.{0,2}$/.test(id)) return undefined;
    return read<AuditEvent | undefined>(
      {
        method: 'GET',
        path: `/events/${encodeURIComponent(id)}`,
        instead: { status: 404, value: undefined },
        parse: (answer) => {
          const parsed = parseSingle(account, answer.text);
          return 'value' in parsed && parsed.value.id.toLowerCase() !== id.toLowerCase()
            ? { problem: 'the answer is about another event' }
            : parsed;
        },
      },
      signal,
    );
  };

  const eventTypes = (signal: AbortSignal): Promise<readonly EventType[] | undefined> =>
    read<readonly EventType[] | undefined>(
      {
        method: 'OPTIONS',
        path: '/events',
        instead: { status: 204, value: undefined },
        parse: (answer) => parseEventTypes(answer.text),
      },
      signal,
    );

  return {
    readPage: find,
    find,
    event,
    eventTypes,
    atPace: (pace) => clientOver(transport, { ...options, pace }),
    close: () => transport.close(),
  };
};
