import type { Sweep } from '../core/ledger-store.ts';
import { floorToSecond } from '../core/window.ts';

/** The latest `lastMs` of the trail are read again every `everyMs`. */
export interface SweepSettings {
  readonly lastMs: number;
  readonly everyMs: number;
}

const bySpan = (settings: readonly SweepSettings[]): readonly SweepSettings[] =>
  settings.toSorted((a, b) => a.lastMs - b.lastMs);

/**
 * In how many ms a sweep is due, at the soonest: 0 when one is under way, was never seen or is due already. Infinity: there are none.
 */
export const untilSweepMs = (
  settings: readonly SweepSettings[],
  known: ReadonlyMap<number, Sweep>,
  nowMs: number,
): number =>
  settings.reduce((soonestMs, { lastMs, everyMs }) => {
    const sweep = known.get(lastMs);
    if (sweep?.endedAtMs === undefined) return 0;
    const elapsedMs = nowMs - sweep.startedAtMs;
    // A clock that was set back must not put it off until it has caught up.
    return Math.min(soonestMs, elapsedMs < 0 ? 0 : Math.max(0, everyMs - elapsedMs));
  }, Number.POSITIVE_INFINITY);

/** Those that were never seen count as just done: the poll is reading that time anyway. */
export const unseenSweeps = (
  settings: readonly SweepSettings[],
  known: ReadonlyMap<number, Sweep>,
  nowMs: number,
): readonly Sweep[] =>
  settings
    .filter(({ lastMs }) => !known.has(lastMs))
    .map(({ lastMs }) => ({
      lastMs,
      startedAtMs: nowMs,
      fromMs: nowMs,
      toMs: nowMs,
      nextMs: nowMs,
      endedAtMs: nowMs,
    }));

/**
 * The sweep to go on with: the shortest that is under way or due, begun now if it is not. `untilMs` is where the poll's own
 * overlap begins; nothing before `keptFromMs` is read.
 */
export const dueSweep = (
  settings: readonly SweepSettings[],
  known: ReadonlyMap<number, Sweep>,
  {
    nowMs,
    untilMs,
    keptFromMs,
  }: { readonly nowMs: number; readonly untilMs: number; readonly keptFromMs: number },
): Sweep | undefined => {
  for (const one of bySpan(settings)) {
    const { lastMs } = one;
    const sweep = known.get(lastMs);
    if (!sweep) continue;
    if (sweep.endedAtMs === undefined) return sweep;
    if (untilSweepMs([one], known, nowMs) > 0) continue;
    const fromMs = Math.max(floorToSecond(nowMs - lastMs), keptFromMs);
    if (fromMs >= untilMs) continue;
    return { lastMs, startedAtMs: nowMs, fromMs, toMs: untilMs, nextMs: fromMs, endedAtMs: undefined };
  }
  return undefined;
};
