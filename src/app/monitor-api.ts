import { errorText, UsageError } from '../base/errors.ts';
import { failure } from '../server/api-common.ts';

/** Where a running monitor answers, and by what right we ask. */
export interface MonitorAddress {
  /** `http://host:port` without a slash at the end. */
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * Nobody who speaks this API can be reached: nothing listens, it does not answer in time, or something else does. Whoever
 * can do without it goes on.
 */
export class NoMonitorError extends Error {
  override readonly name = 'NoMonitorError';
}

/** What an answer must be like: a schema of the API. */
export interface Shape<T> {
  safeParse(
    json: unknown,
  ): { readonly success: true; readonly data: T } | { readonly success: false; readonly error: unknown };
}

/** The HTTP API of a running monitor. Rejects with {@link NoMonitorError}, or with a UsageError for what it refuses. */
export interface MonitorApi {
  readonly url: string;
  /** `path` begins behind `/api/v1`. */
  get<T>(path: string, shape: Shape<T>, signal: AbortSignal): Promise<T>;
  post<T>(path: string, body: object, shape: Shape<T>, signal: AbortSignal): Promise<T>;
  /** Begins to read an answer that does not end. `lastId`: where the reading before broke off. */
  open(path: string, lastId: string | undefined, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

/** A monitor on the same machine or network answers at once; one that does not is none. */
const ANSWER_WITHIN_MS = 5_000;
const MAX_MESSAGE = 300;

/** Asks the monitor at an address. Opens nothing before the first question. */
export const createMonitorApi = ({ url, token }: MonitorAddress): MonitorApi => {
  const ask = async (
    path: string,
    init: { readonly method?: string; readonly body?: string; readonly headers?: Record<string, string> },
    signal: AbortSignal,
  ): Promise<Response> => {
    let answer: Response;
    try {
      answer = await fetch(`${url}/api/v1${path}`, {
        ...init,
        headers: { ...init.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        // A token must not travel on to wherever somebody else says.
        redirect: 'manual',
        signal,
      });
    } catch (error) {
      throw unreachable(url, error, signal);
    }
    if (answer.ok) return answer;
    throw await refusal(url, answer, token !== undefined);
  };
  const read = async <T>(
    path: string,
    init: Parameters<typeof ask>[1],
    shape: Shape<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const answer = await ask(path, init, soon);
    let json: unknown;
    try {
      json = await answer.json();
    } catch (error) {
      throw unreachable(url, error, soon);
    }
    const parsed = shape.safeParse(json);
    if (!parsed.success)
      throw new NoMonitorError(`what answers at ${url} is no monitor of this version`, {
        cause: parsed.error,
      });
    return parsed.data;
  };
  return {
    url,
    get: (path, shape, signal) => read(path, {}, shape, signal),
    post: (path, body, shape, signal) =>
      read(
        path,
        {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        },
        shape,
        signal,
      ),
    async open(path, lastId, signal) {
      const headers = {
        accept: 'text/event-stream',
        ...(lastId !== undefined && { 'last-event-id': lastId }),
      };
      const answer = await ask(path, { headers }, signal);
      const type = answer.headers.get('content-type') ?? '';
      if (!answer.body || !type.startsWith('text/event-stream'))
        throw new NoMonitorError(`what answers at ${url} is no monitor of this version`);
      return answer.body;
    },
  };
};

const unreachable = (url: string, error: unknown, signal: AbortSignal): unknown => {
  if (error instanceof NoMonitorError) return error;
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
  if (signal.aborted && !timedOut) return signal.reason;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const why = timedOut
    ? `it did not answer within ${ANSWER_WITHIN_MS / 1_000} s`
    : code === 'ECONNREFUSED'
      ? 'nothing listens there'
      : errorText(cause);
  return new NoMonitorError(`no monitor can be asked at ${url}: ${why}`, { cause: error });
};

const refusal = async (url: string, answer: Response, withToken: boolean): Promise<Error> => {
  const { status } = answer;
  const told = failure.safeParse(await answer.json().catch(() => undefined));
  if (status === 401 || status === 403)
    return new UsageError(
      `the monitor at ${url} refuses us (${status}): ${withToken ? 'it does not take this token, or not for this' : 'it wants a token: --token-file FILE'}`,
    );
  if (told.success && status >= 400 && status < 500 && status !== 404)
    return new UsageError(`the monitor at ${url}: ${told.data.error.slice(0, MAX_MESSAGE)}`);
  if (told.success && status >= 500)
    return new Error(`the monitor at ${url}: ${told.data.error.slice(0, MAX_MESSAGE)}`);
  return new NoMonitorError(`what answers at ${url} offers no API (HTTP ${status})`);
};
