import { formatDuration } from '../base/duration.ts';
import { sleep } from '../base/sleep.ts';
import type { Clock, Trouble } from '../core/ports.ts';

/** What the watchdog looks at. */
export interface Watched {
  readonly account: string;
  lastCompletedMs(): number | undefined;
}

/**
 * After how long without a completed pass an account counts as stale: five intervals, and at least a minute, so that
 * one slow answer is no alarm.
 */
export const staleAfterMs = (intervalMs: number): number => Math.max(5 * intervalMs, 60_000);

/**
 * Looks at all pollers from outside and raises `stale` for those that have not completed a pass for too long, whatever
 * keeps them: a hanging request, a failing API, a failing store. The poller itself clears it.
 */
export const watch = async (
  watched: readonly Watched[],
  options: {
    readonly intervalMs: number;
    readonly now: Clock;
    readonly trouble: Trouble;
    readonly onError: (error: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> => {
  const startedMs = options.now();
  const limitMs = staleAfterMs(options.intervalMs);
  for (; !signal.aborted; await sleep(Math.min(limitMs / 4, 15_000), signal)) {
    for (const poller of watched) {
      const silentMs = options.now() - (poller.lastCompletedMs() ?? startedMs);
      if (silentMs <= limitMs) continue;
      try {
        await options.trouble.raise(
          'stale',
          poller.account,
          `no pass was completed for ${formatDuration(silentMs)}`,
        );
      } catch (error) {
        options.onError(error);
      }
    }
  }
};
