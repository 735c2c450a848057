import type { Clock } from '../core/clock.ts';
import type { ConditionChange, Conditions } from '../core/conditions.ts';
import type { InsertAlerts } from './alerts.ts';
import type { Connection } from './connection.ts';
import { all, run, type Steps, value } from './steps.ts';

/** Applies changes inside the caller's transaction. Returns the keys that really changed. */
export type ApplyConditions = (changes: readonly ConditionChange[]) => Steps<readonly string[]>;

const SINCE = 'SELECT since_ms FROM conditions WHERE key = ? FOR UPDATE';
const INSERT = 'INSERT INTO conditions (key, since_ms) VALUES (?, ?)';
const REMOVE = 'DELETE FROM conditions WHERE key = ?';

/** Makes {@link ApplyConditions}. */
export const createApplyConditions = (insertAlerts: InsertAlerts, now: Clock): ApplyConditions =>
  function* applyConditions(changes) {
    const changed: string[] = [];
    for (const change of changes) {
      const openSinceMs = yield* value<number>(SINCE, change.key);
      if (change.open === (openSinceMs !== undefined)) continue;
      const nowMs = now();
      if (change.open) yield* run(INSERT, change.key, nowMs);
      else yield* run(REMOVE, change.key);
      yield* insertAlerts([change.alert(openSinceMs ?? nowMs)], nowMs);
      changed.push(change.key);
    }
    return changed;
  };

/** Conditions: a row is an open one. */
export const createConditions = (connection: Connection, apply: ApplyConditions): Conditions => ({
  change: (changes) => connection.commit(() => apply(changes)),
  open: () =>
    connection.read(function* () {
      const rows = yield* all<{ key: string; since_ms: number }>(
        'SELECT key, since_ms FROM conditions ORDER BY key',
      );
      return new Map(rows.map((row) => [row.key, row.since_ms]));
    }),
});
