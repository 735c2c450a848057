import type { Database } from 'better-sqlite3';
import type { Json } from '../base/json.ts';
import type { Clock } from '../core/clock.ts';
import type { PlannerMemory } from '../core/planner.ts';
import type { Silence } from '../core/silence.ts';
import { type SilenceRow, silenceOf } from './silence-rows.ts';

/** Rows forgotten with each write: more than a write adds, so that what has expired cannot pile up. */
const FORGOTTEN_PER_WRITE = 10;

/** What planning remembers, in SQLite. To be used inside transactions. */
export const createPlannerMemory = (db: Database, now: Clock): PlannerMemory => {
  const get = db.prepare<[string], string>('SELECT value FROM planner_memory WHERE key = ?').pluck();
  const put = db.prepare<[string, string, number]>(
    `INSERT INTO planner_memory (key, value, expires_ms) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_ms = excluded.expires_ms`,
  );
  const forget = db.prepare<[number, number]>(
    `DELETE FROM planner_memory WHERE key IN
       (SELECT key FROM planner_memory WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?)`,
  );
  const silences = db.prepare<[number], SilenceRow>(
    'SELECT json, expired_ms, expired_by FROM silences WHERE ends_ms > ? AND expired_ms IS NULL ORDER BY seq',
  );
  return {
    get(key) {
      const value = get.get(key);
      return value === undefined ? undefined : (JSON.parse(value) as Json);
    },
    set(key, value, expiresAtMs) {
      put.run(key, JSON.stringify(value), expiresAtMs);
      forget.run(now(), FORGOTTEN_PER_WRITE);
    },
    silences: (): readonly Silence[] => silences.all(now()).map(silenceOf),
  };
};
