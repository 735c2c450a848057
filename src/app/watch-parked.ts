import { sleep } from '../base/sleep.ts';
import type { Clock } from '../core/clock.ts';
import type { Conditions, Trouble } from '../core/conditions.ts';
import type { StoreStatus } from '../core/store.ts';
import { splitKey } from './trouble.ts';

/** A condition stays open for so long at least: what was parked a moment ago is not over yet. */
const QUIET_MS = 60_000;
const LOOK_EVERY_MS = 15_000;

/**
 * Ends `parked` of a sink of which nothing is parked any more, for instance since a person has dropped it, or had it sent
 * again at once. The sink's loop ends it as well when a delivery goes through; but where none comes for days, nobody else
 * would, and a monitor that is well would call itself ill and keep its heartbeat back.
 */
export const watchParked = async (
  options: {
    readonly conditions: Pick<Conditions, 'open'>;
    readonly status: Pick<StoreStatus, 'deliveryCounts'>;
    readonly trouble: Pick<Trouble, 'clear'>;
    readonly now: Clock;
    readonly onError: (error: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> => {
  /** Since when nothing has been seen to be parked. */
  const emptySinceMs = new Map<string, number>();

  const look = async (): Promise<void> => {
    const open = [...(await options.conditions.open()).keys()]
      .map(splitKey)
      .filter(([name]) => name === 'parked')
      .map(([, sink]) => sink);
    for (const sink of emptySinceMs.keys()) if (!open.includes(sink)) emptySinceMs.delete(sink);
    if (open.length === 0) return;
    const counts = await options.status.deliveryCounts();
    const nowMs = options.now();
    for (const sink of open) {
      const isParked = counts.some((row) => row.sink === sink && row.state === 'parked' && row.count > 0);
      const sinceMs = emptySinceMs.get(sink);
      if (isParked) emptySinceMs.delete(sink);
      // A clock that was set back begins the minute anew.
      else if (sinceMs === undefined || sinceMs > nowMs) emptySinceMs.set(sink, nowMs);
      else if (nowMs - sinceMs >= QUIET_MS) await options.trouble.clear('parked', sink);
    }
  };

  for (; !signal.aborted; await sleep(LOOK_EVERY_MS, signal)) {
    try {
      await look();
    } catch (error) {
      options.onError(error);
    }
  }
};
