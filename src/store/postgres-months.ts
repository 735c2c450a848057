import type { Clock } from '../core/clock.ts';
import type { RunSteps } from './connection.ts';
import { value } from './steps.ts';

/*
 * Events lie in one table for each month of their time, so that pruning drops a table instead of deleting its rows. What lies
 * far from the present (a clock gone wild, a backfill of many years) lies together in `events_other`, so that nobody can have
 * thousands of tables made.
 */

/** Months with a table of their own, before and after the present one. */
const MONTHS_BEFORE = 36;
const MONTHS_AFTER = 1;

/** A month whose table could not be made, since somebody reads for long, is tried again after this. */
const AGAIN_AFTER_MS = 60_000;

/** A month of UTC. */
export interface Month {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const monthAt = (ms: number, shift = 0): Month => {
  const at = new Date(ms);
  const from = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + shift, 1));
  const text = from.toISOString().slice(0, 7).replace('-', '_');
  const toMs = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1);
  return { name: `events_${text}`, fromMs: from.getTime(), toMs };
};

/** Makes sure that times have the table they belong to, before the transaction that inserts. */
export type PrepareMonths = (timesMs: Iterable<number>) => Promise<void>;

/**
 * Makes {@link PrepareMonths}. What is known to be there is asked for once in a life. Events of a month whose table cannot be made
 * now lie in `events_other` meanwhile, and move once it can.
 */
export const createPrepareMonths = (commit: RunSteps, now: Clock): PrepareMonths => {
  const known = new Set<number>();
  const againMs = new Map<number, number>();
  return async (timesMs) => {
    let oldestMs = Number.NaN;
    let newestMs = Number.NaN;
    const missing = new Map<string, Month>();
    for (const ms of timesMs) {
      const month = monthOf(ms);
      if (known.has(month) || now() < (againMs.get(month) ?? 0)) continue;
      if (Number.isNaN(oldestMs)) {
        const nowMs = now();
        oldestMs = monthAt(nowMs, -MONTHS_BEFORE).fromMs;
        newestMs = monthAt(nowMs, MONTHS_AFTER).toMs;
      }
      if (!(ms >= oldestMs && ms < newestMs)) continue;
      const found = monthAt(ms);
      missing.set(found.name, found);
    }
    for (const { name, fromMs, toMs } of [...missing.values()].sort((a, b) => a.fromMs - b.fromMs)) {
      if (await commit(() => value<boolean>('SELECT add_events_month(?, ?, ?)', fromMs, toMs, name)))
        known.add(monthOf(fromMs));
      else againMs.set(monthOf(fromMs), now() + AGAIN_AFTER_MS);
    }
  };
};

/** A number for the month of a time, quickly. */
const monthOf = (ms: number): number => {
  const at = new Date(ms);
  return at.getUTCFullYear() * 12 + at.getUTCMonth();
};
