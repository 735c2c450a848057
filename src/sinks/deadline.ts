import { formatDuration } from '../base/duration.ts';

/** An attempt ran out of time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly code = 'ETIMEDOUT';
}

/** An attempt was called off by its caller, usually since the monitor stops. */
export class CalledOffError extends Error {
  override readonly name = 'CalledOffError';
  readonly code = 'ABORT_ERR';
}

/**
 * Runs `act` with a signal that aborts with `signal` or after `ms` milliseconds, whichever comes first, and rejects
 * with {@link CalledOffError} or {@link DeadlineError} then, whatever `act` itself made of it. A receiver that sends
 * one byte a second keeps every idle timeout quiet; this one it cannot.
 */
export const withDeadline = async <T>(
  signal: AbortSignal,
  ms: number,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController();
  const abort = (error: Error): void => controller.abort(error);
  const onAbort = (): void => abort(new CalledOffError('called off before an answer came'));
  const timer = setTimeout(() => abort(new DeadlineError(`no answer within ${formatDuration(ms)}`)), ms);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    controller.signal.throwIfAborted();
    return await act(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
};
