import { type Dispatcher, errors, Pool, ProxyAgent } from 'undici';
import { formatDuration } from '../base/duration.ts';
import { errorCode, errorText } from '../base/errors.ts';
import type { Clock, Ticks } from '../core/clock.ts';
import { decodeBody, readBytes, tooLarge } from './body.ts';
import { ReadFailure } from './failure.ts';

/** An HTTP answer, read to its end. */
export interface Answer {
  readonly status: number;
  /** Decoded text; of an answer other than 200 only the beginning, for the error message. */
  readonly text: string;
  /** The value of a header, or undefined. The first one when it came several times. */
  header(name: string): string | undefined;
  /** When the request was begun and when its headers arrived. Epoch ms. */
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  /** The same two moments in {@link Ticks}. */
  readonly askedTicks: number;
  readonly answeredTicks: number;
}

export interface TransportOptions {
  readonly origin: string;
  /** `http://[user:password@]host:port` of a proxy for all requests. */
  readonly proxyUrl: string | undefined;
  /** For connecting, for the headers, and for every pause within the body. */
  readonly timeoutMs: number;
  /** For one whole request: ends a body that trickles for ever without a long pause. */
  readonly deadlineMs: number;
  readonly maxBodyBytes: number;
  readonly now: Clock;
  readonly ticks: Ticks;
}

/** Sends requests to one origin and no other. Follows no redirect, repeats nothing. */
export interface Transport {
  /**
   * One exchange. `path` starts with a slash. Rejects with a {@link ReadFailure} for everything that went wrong on
   * the way, and with the reason of `signal` as soon as that aborts.
   */
  send(
    method: 'GET' | 'OPTIONS',
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer>;
  /** Ends all connections at once, also busy ones. */
  close(): Promise<void>;
}

/** How much is read of the body of an error. */
const ERROR_BODY_BYTES = 16_384;

const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

/** Settles with `promise`, or rejects as soon as `signal` aborts: undici looks at it only once it has a connection. */
const untilAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });

/** What an error of undici or of the socket means to a read. */
const failureOf = (error: unknown, timeoutMs: number): ReadFailure => {
  if (error instanceof ReadFailure) return error;
  const code = errorCode(error) ?? '';
  const within = formatDuration(timeoutMs);
  const unavailable = (text: string, retry = true): ReadFailure =>
    new ReadFailure('unavailable', text, { retry });
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return unavailable(`no connection within ${within}`);
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return unavailable(`no answer within ${within}`);
  if (code === 'UND_ERR_BODY_TIMEOUT') return unavailable(`the body stopped for ${within}`);
  if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED')
    return unavailable('the client is closed', false);
  const text = errorText(error);
  if (error instanceof errors.HTTPParserError || code === 'UND_ERR_HEADERS_OVERFLOW')
    return new ReadFailure('invalid', `the answer is no HTTP: ${text}`, { retry: true });
  return unavailable(code === '' || text.includes(code) ? text : `${text} (${code})`);
};

/** Makes a {@link Transport}. Connections are kept open between requests for as long as the server allows. */
export const createTransport = (options: TransportOptions): Transport => {
  const { origin, proxyUrl, timeoutMs, deadlineMs, maxBodyBytes, now, ticks } = options;
  const limits = {
    connectTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    allowH2: false,
  };
  const dispatcher: Dispatcher =
    proxyUrl === undefined ? new Pool(origin, limits) : new ProxyAgent({ ...limits, uri: proxyUrl });

  const exchange = async (options: Dispatcher.RequestOptions, signal: AbortSignal): Promise<Answer> => {
    const askedAtMs = now();
    const askedTicks = ticks();
    const response = await untilAborted(dispatcher.request(options), signal);
    const answeredAtMs = now();
    const answeredTicks = ticks();
    const ok = response.statusCode === 200;
    const limit = ok ? maxBodyBytes : ERROR_BODY_BYTES;
    const read = async (): Promise<Buffer> => {
      if (ok && Number(first(response.headers['content-length'])) > limit) throw tooLarge(limit);
      const encoding = first(response.headers['content-encoding']) ?? '';
      return decodeBody(await readBytes(response.body, limit, !ok), encoding, limit);
    };
    // What the status of an error says stands, however broken or slow its body is.
    const bytes = ok ? await read() : await read().catch(() => Buffer.alloc(0));
    // undici takes a connection back one turn of the event loop after the end of a body; a read that follows before
    // that would open a second connection, with its own handshake.
    await new Promise((resolve) => setImmediate(resolve));
    const text = bytes.toString('utf8');
    return {
      status: response.statusCode,
      text: text.codePointAt(0) === 0xfeff ? text.slice(1) : text,
      header: (name) => first(response.headers[name]),
      askedAtMs,
      answeredAtMs,
      askedTicks,
      answeredTicks,
    };
  };

  return {
    async send(method, path, headers, signal) {
      signal.throwIfAborted();
      const attempt = new AbortController();
      const onAbort = (): void => attempt.abort(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const late = new ReadFailure('unavailable', `no complete answer within ${formatDuration(deadlineMs)}`, {
        retry: true,
      });
      const timer = setTimeout(() => attempt.abort(late), deadlineMs);
      try {
        const answer = await exchange(
          {
            origin,
            path,
            method,
            headers,
            signal: attempt.signal,
            headersTimeout: timeoutMs,
            bodyTimeout: timeoutMs,
          },
          attempt.signal,
        );
        signal.throwIfAborted();
        return answer;
      } catch (error) {
        // Whatever went wrong, nothing of this request lives on: a body not read to its end is dropped here.
        attempt.abort(error);
        signal.throwIfAborted();
        throw failureOf(error, timeoutMs);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      }
    },
    close: () => dispatcher.destroy(),
  };
};
