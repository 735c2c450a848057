import { formatDuration } from '../base/duration.ts';
import { sleep } from '../base/sleep.ts';
import type { Clock } from '../core/clock.ts';
import type { Trouble } from '../core/conditions.ts';

/** What the watchdog looks at. */
export interface Watched {
  readonly account: string;
  lastCompletedMs(): number | undefined;
  /** How long ago that was, by a clock that nobody sets, and that stands still while the machine sleeps. */
  sinceCompletedMs(): number | undefined;
  /** Why the latest pass failed; undefined when it did not, or before the first has ended. */
  lastFailure(): string | undefined;
  /** Since when it is watched; left out: since the watchdog looks. */
  beganMs?(): number;
}

/**
 * After how long without a completed pass an account counts as stale: five intervals, and at least a minute, so that
 * one slow answer is no alarm.
 */
export const staleAfterMs = (intervalMs: number): number => Math.max(5 * intervalMs, 60_000);

/**
 * For how long an account has not been read completely; undefined when it never was. The clock may have been set back,
 * and the other may have stood still: who says more is right.
 */
export const silentForMs = (poller: Watched, nowMs: number): number | undefined => {
  const lastMs = poller.lastCompletedMs();
  return lastMs === undefined ? undefined : Math.max(nowMs - lastMs, poller.sinceCompletedMs() ?? 0);
};

/**
 * Looks at all pollers from outside and raises `stale` for those that have not completed a pass for too long, whatever
 * keeps them: a hanging request, a failing API, a failing store. The poller itself clears it.
 */
export const watch = async (
  watched: () => readonly Watched[],
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
  /** Where a clock that was set back lets the last pass lie in the future: when that was noticed. */
  const noticed = new Map<Watched, number>();
  const silence = (poller: Watched): number => {
    const nowMs = options.now();
    const lastMs = poller.lastCompletedMs() ?? poller.beganMs?.() ?? startedMs;
    if (lastMs <= nowMs) {
      noticed.delete(poller);
      return nowMs - lastMs;
    }
    const sinceMs = Math.min(noticed.get(poller) ?? nowMs, nowMs);
    noticed.set(poller, sinceMs);
    return nowMs - sinceMs;
  };
  for (; !signal.aborted; await sleep(Math.min(limitMs / 4, 15_000), signal)) {
    for (const poller of watched()) {
      const silentMs = silence(poller);
      if (silentMs <= limitMs) continue;
      const failure = poller.lastFailure();
      const because = failure === undefined ? '' : `; the last one failed: ${failure}`;
      try {
        await options.trouble.raise(
          'stale',
          poller.account,
          `no pass was completed for ${formatDuration(silentMs)}${because}`,
        );
      } catch (error) {
        options.onError(error);
      }
    }
  }
};
