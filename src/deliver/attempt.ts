import { formatDuration } from '../base/duration.ts';
import { errorText } from '../base/errors.ts';
import type { Delivery, FedEvent, FedSink, Sink, Verdict } from '../core/delivery.ts';

/** How long a sink may take to answer after it was aborted, before its answer is no longer waited for. */
export const ABORT_PATIENCE_MS = 1_000;

/** One try at a sink of type `type`. */
interface Try {
  readonly type: string;
  readonly act: (signal: AbortSignal) => Promise<Verdict>;
}

/** Calls the sink; a throw or an answer of another shape is a bug of the sink and costs this attempt, nothing else. */
const callSink = async ({ type, act }: Try, signal: AbortSignal): Promise<Verdict> => {
  try {
    const verdict: Verdict | undefined = await act(signal);
    switch (verdict?.outcome) {
      case 'sent':
      case 'retry':
      case 'rejected':
        return verdict;
      default:
        return { outcome: 'retry', reason: `sink of type ${type} answered no verdict` };
    }
  } catch (error) {
    return { outcome: 'retry', reason: `sink of type ${type} failed: ${errorText(error)}` };
  }
};

/** Runs one attempt that always ends; see {@link createAttempts}. */
export type Attempt = (delivery: Delivery) => Promise<Verdict>;

/**
 * Attempts through one sink. Each ends with the sink's verdict, or as a retry when it took longer than `timeoutMs` or
 * `stop` was aborted. The sink hears of both through its signal and has {@link ABORT_PATIENCE_MS} to say what really
 * happened.
 */
export const createAttempts = (sink: Sink, timeoutMs: number, stop: AbortSignal): Attempt => {
  const run = createTries(timeoutMs, stop);
  return (delivery) => run({ type: sink.type, act: (signal) => sink.send(delivery, signal) });
};

const createTries = (timeoutMs: number, stop: AbortSignal): ((one: Try) => Promise<Verdict>) => {
  const tooLong = `no answer within ${formatDuration(timeoutMs)}`;
  const stopping = 'aborted: the monitor is stopping';
  // One listener for all of them: adding and removing one for each costs more than the rest of an attempt.
  const running = new Set<(reason: string) => void>();
  stop.addEventListener(
    'abort',
    () => {
      for (const cut of running) cut(stopping);
    },
    { once: true },
  );
  return (one) =>
    new Promise((resolve) => {
      const abort = new AbortController();
      let patience: NodeJS.Timeout | undefined;
      const end = (verdict: Verdict): void => {
        clearTimeout(timer);
        clearTimeout(patience);
        running.delete(cut);
        resolve(verdict);
      };
      const cut = (reason: string): void => {
        abort.abort(new Error(reason));
        patience ??= setTimeout(() => end({ outcome: 'retry', reason }), ABORT_PATIENCE_MS);
      };
      const timer = setTimeout(cut, timeoutMs, tooLong);
      running.add(cut);
      if (stop.aborted) cut(stopping);
      void callSink(one, abort.signal).then(end);
    });
};

/** A single attempt, see {@link createAttempts}. Leaves no listener on `stop`. */
export const attempt = (
  sink: Sink,
  delivery: Delivery,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Verdict> =>
  once({ type: sink.type, act: (signal) => sink.send(delivery, signal) }, timeoutMs, stop);

/** The same for a batch of events. The sink must be one that takes them. */
export const attemptEvents = (
  sink: FedSink,
  batch: readonly FedEvent[],
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Verdict> =>
  once({ type: sink.type, act: (signal) => sink.sendEvents(batch, signal) }, timeoutMs, stop);

const once = async (one: Try, timeoutMs: number, stop: AbortSignal): Promise<Verdict> => {
  const own = new AbortController();
  const onStop = (): void => own.abort();
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();
  try {
    return await createTries(timeoutMs, own.signal)(one);
  } finally {
    stop.removeEventListener('abort', onStop);
  }
};
