import type { Dispatcher } from 'undici';
import { formatDuration } from '../base/duration.ts';
import { CalledOffError, DeadlineError } from './deadline.ts';

/** How much of an answer is read, where it only serves to tell a person what the receiver said. */
const MAX_ANSWER_BYTES = 4_096;

/** What a receiver answered. */
export interface HttpAnswer {
  readonly status: number;
  /** The `Retry-After` header as it stood, or undefined. */
  readonly retryAfter: string | undefined;
  /** The start of the body as text. */
  readonly body: string;
}

/** One request. */
export interface HttpRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * Sends one request and resolves with its answer. Written against the events of undici's dispatcher, since a stream and
 * a signal for every answer cost more than the answer: thousands of deliveries a second go through here.
 *
 * Rejects when there is no answer: with what undici says, or with {@link CalledOffError} or {@link DeadlineError} when
 * `signal` aborted or `timeoutMs` passed. Once the status line has come there is an answer: a body that breaks off or
 * comes too slowly is no failure, and a repetition would make the receiver take a second delivery. A receiver that sends
 * one byte a second keeps every idle timeout quiet; the timeout of the whole it cannot.
 */
export const exchange = (
  dispatcher: Dispatcher,
  request: HttpRequest,
  {
    timeoutMs,
    maxAnswerBytes = MAX_ANSWER_BYTES,
  }: { readonly timeoutMs: number; readonly maxAnswerBytes?: number | undefined },
  signal: AbortSignal,
): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let head: { readonly status: number; readonly retryAfter: string | undefined } | undefined;
    let chunks: Buffer[] | undefined;
    let size = 0;
    let cut: Error | undefined;
    let ended = false;

    const end = (error?: Error): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (!head) return reject(cut ?? error ?? new Error('the connection was closed'));
      const body = chunks ? Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8') : '';
      resolve({ ...head, body });
    };
    /** Ends it here and now; the connection, if there is one already, is closed. */
    const stop = (error: Error): void => {
      cut = error;
      controller?.abort(error);
      end();
    };
    const onAbort = (): void => stop(new CalledOffError('called off before an answer came'));
    const timer = setTimeout(
      () => stop(new DeadlineError(`no answer within ${formatDuration(timeoutMs)}`)),
      timeoutMs,
    );
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) return onAbort();

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        // It was stopped while it waited for a connection: nothing of it may go out any more.
        if (cut) started.abort(cut);
      },
      onResponseStart(_, status, headers) {
        // Interim answers (1xx) are followed by the real one.
        if (status >= 200) head = { status, retryAfter: [headers['retry-after']].flat()[0] };
      },
      onResponseData(of, chunk) {
        if (ended) return;
        chunks ??= [];
        chunks.push(chunk);
        size += chunk.length;
        if (size < maxAnswerBytes) return;
        end();
        of.abort(new Error('the rest of the answer is of no interest'));
      },
      onResponseEnd: () => end(),
      onResponseError: (_, error) => end(error),
    };
    try {
      dispatcher.dispatch({ ...request }, handler);
    } catch (error) {
      end(error as Error);
    }
  });
