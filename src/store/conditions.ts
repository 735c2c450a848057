import type { Database } from 'better-sqlite3';
import type { Clock } from '../core/clock.ts';
import type { ConditionChange, Conditions } from '../core/conditions.ts';
import type { InsertAlerts } from './alerts.ts';
import type { Connection } from './connection.ts';

/** Applies changes inside the caller's transaction. Returns the keys that really changed. */
export type ApplyConditions = (changes: readonly ConditionChange[]) => readonly string[];

/** Prepares {@link ApplyConditions}. */
export const createApplyConditions = (
  db: Database,
  insertAlerts: InsertAlerts,
  now: Clock,
): ApplyConditions => {
  const since = db.prepare<[string], number>('SELECT since_ms FROM conditions WHERE key = ?').pluck();
  const insert = db.prepare<[string, number]>('INSERT INTO conditions (key, since_ms) VALUES (?, ?)');
  const remove = db.prepare<[string]>('DELETE FROM conditions WHERE key = ?');
  return (changes) => {
    const changed: string[] = [];
    for (const change of changes) {
      const openSinceMs = since.get(change.key);
      if (change.open === (openSinceMs !== undefined)) continue;
      const nowMs = now();
      if (change.open) insert.run(change.key, nowMs);
      else remove.run(change.key);
      insertAlerts([change.alert(openSinceMs ?? nowMs)], nowMs);
      changed.push(change.key);
    }
    return changed;
  };
};

/** Conditions in SQLite: a row is an open one. */
export const createConditions = (connection: Connection, apply: ApplyConditions): Conditions => {
  const all = connection.db.prepare<[], { key: string; since_ms: number }>(
    'SELECT key, since_ms FROM conditions ORDER BY key',
  );
  return {
    change: (changes) => connection.commit(() => apply(changes)),
    open: () => connection.read(() => new Map(all.all().map((row) => [row.key, row.since_ms]))),
  };
};
