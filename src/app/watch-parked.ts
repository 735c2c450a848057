import { sleep } from '../base/sleep.ts';
import type { Clock } from '../core/clock.ts';
import type { Conditions, Trouble } from '../core/conditions.ts';
import type { StoreStatus } from '../core/store.ts';
import type { Monitor } from './parts.ts';
import { type StoredTrouble, splitKey } from './trouble.ts';

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
    /** Ends the condition of a sink, whatever this process believes of it. */
    readonly close: (sink: string) => Promise<void>;
    readonly trouble: Pick<Trouble, 'raise'>;
    readonly now: Clock;
    readonly onError: (error: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> => {
  /** Since when nothing has been seen to be parked. */
  const emptySinceMs = new Map<string, number>();

  const parkedCounts = async (): Promise<ReadonlyMap<string, number>> => {
    const counts = await options.status.deliveryCounts();
    return new Map(
      counts
        .filter(({ state, count }) => state === 'parked' && count > 0)
        .map(({ sink, count }) => [sink, count]),
    );
  };
  const end = async (sink: string): Promise<void> => {
    await options.close(sink);
    // What was parked between the counting and the closing found the condition open, and was told to nobody.
    const count = (await parkedCounts()).get(sink);
    if (count !== undefined) await options.trouble.raise('parked', sink, `deliveries parked: ${count}`);
  };

  const look = async (): Promise<void> => {
    const open = [...(await options.conditions.open()).keys()]
      .map(splitKey)
      .filter(([name]) => name === 'parked')
      .map(([, sink]) => sink);
    for (const sink of emptySinceMs.keys()) if (!open.includes(sink)) emptySinceMs.delete(sink);
    if (open.length === 0) return;
    const counts = await parkedCounts();
    const nowMs = options.now();
    for (const sink of open) {
      const sinceMs = emptySinceMs.get(sink);
      if (counts.has(sink)) emptySinceMs.delete(sink);
      // A clock that was set back begins the minute anew.
      else if (sinceMs === undefined || sinceMs > nowMs) emptySinceMs.set(sink, nowMs);
      else if (nowMs - sinceMs >= QUIET_MS) await end(sink);
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

/** {@link watchParked} of a monitor. */
export const parkedWatch = (
  { store, parts }: Pick<Monitor, 'store' | 'parts'>,
  trouble: StoredTrouble,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> =>
  watchParked(
    {
      conditions: store.conditions,
      status: store.status,
      async close(sink) {
        trouble.changed(await store.conditions.change([trouble.change(false, 'parked', sink, '')]));
      },
      trouble,
      now: parts.now,
      onError,
    },
    signal,
  );
