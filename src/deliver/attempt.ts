import { formatDuration } from '../base/duration.ts';
import { errorText } from '../base/errors.ts';
import type { Delivery, Sink, Verdict } from '../core/delivery.ts';

/** How long a sink may take to answer after it was aborted, before its answer is no longer waited for. */
export const ABORT_PATIENCE_MS = 1_000;

/** Calls the sink; a throw or an answer of another shape is a bug of the sink and costs this attempt, nothing else. */
const callSink = async (sink: Sink, delivery: Delivery, signal: AbortSignal): Promise<Verdict> => {
  try {
    const verdict: Verdict | undefined = await sink.send(delivery, signal);
    switch (verdict?.outcome) {
      case 'sent':
      case 'retry':
      case 'rejected':
        return verdict;
      default:
        return { outcome: 'retry', reason: `sink of type ${sink.type} answered no verdict` };
    }
  } catch (error) {
    return { outcome: 'retry', reason: `sink of type ${sink.type} failed: ${errorText(error)}` };
  }
};

/**
 * One attempt that always ends: with the sink's verdict, or as a retry when it took longer than `timeoutMs` or `stop`
 * was aborted. The sink hears of both through its signal and has {@link ABORT_PATIENCE_MS} to say what really happened.
 */
export const attempt = (
  sink: Sink,
  delivery: Delivery,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Verdict> =>
  new Promise((resolve) => {
    const abort = new AbortController();
    let patience: NodeJS.Timeout | undefined;
    const end = (verdict: Verdict): void => {
      clearTimeout(timer);
      clearTimeout(patience);
      stop.removeEventListener('abort', onStop);
      resolve(verdict);
    };
    const cut = (reason: string): void => {
      abort.abort(new Error(reason));
      patience ??= setTimeout(() => end({ outcome: 'retry', reason }), ABORT_PATIENCE_MS);
    };
    const onStop = (): void => cut('aborted: the monitor is stopping');
    const timer = setTimeout(() => cut(`no answer within ${formatDuration(timeoutMs)}`), timeoutMs);
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    void callSink(sink, delivery, abort.signal).then(end);
  });
