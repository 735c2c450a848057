import type { Clock } from '../core/clock.ts';
import type { Lease } from '../core/lease.ts';
import type { LedgerStore, Sweep } from '../core/ledger-store.ts';
import { floorToSecond } from '../core/window.ts';

/** The latest `lastMs` of the trail are read again every `everyMs`. */
export interface SweepSettings {
  readonly lastMs: number;
  readonly everyMs: number;
}

/**
 * The sweep to go on with: the shortest that is under way or due, begun now if it is not. A sweep that is seen for the
 * first time counts as just done: the poll is reading that time anyway. `untilMs` is where the poll's own overlap begins.
 */
export const dueSweep = async (
  account: string,
  settings: readonly SweepSettings[],
  untilMs: number,
  deps: {
    readonly ledger: Pick<LedgerStore, 'sweep' | 'saveSweep'>;
    readonly lease: () => Lease;
    readonly now: Clock;
    readonly keptFromMs: () => number;
  },
): Promise<Sweep | undefined> => {
  const nowMs = deps.now();
  for (const { lastMs, everyMs } of settings.toSorted((a, b) => a.lastMs - b.lastMs)) {
    const known = await deps.ledger.sweep(account, lastMs);
    if (!known) {
      const done = { fromMs: nowMs, toMs: nowMs, nextMs: nowMs };
      const sweep = { lastMs, startedAtMs: nowMs, endedAtMs: nowMs, ...done };
      await deps.ledger.saveSweep(deps.lease(), account, sweep);
      continue;
    }
    if (known.endedAtMs === undefined) return known;
    const elapsedMs = nowMs - known.startedAtMs;
    // A clock that was set back must not put it off until it has caught up.
    if (elapsedMs >= 0 && elapsedMs < everyMs) continue;
    const fromMs = Math.max(floorToSecond(nowMs - lastMs), deps.keptFromMs());
    if (fromMs >= untilMs) continue;
    return { lastMs, startedAtMs: nowMs, fromMs, toMs: untilMs, nextMs: fromMs, endedAtMs: undefined };
  }
  return undefined;
};
