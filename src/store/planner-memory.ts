import type { Json } from '../base/json.ts';
import type { Clock } from '../core/clock.ts';
import type { DecidedAlert, NewAlert } from '../core/decided.ts';
import type { Planner, PlannerMemory } from '../core/planner.ts';
import { type SilenceRow, silenceOf } from './silence-rows.ts';
import { all, many, run, type Steps } from './steps.ts';

/** Rows forgotten with each write: more than a write adds, so that what has expired cannot pile up. */
const FORGOTTEN_PER_WRITE = 10;

/** What one transaction plans, the next one must see: two that read the same memory at once would both begin a group. */
export const PLANNING_IN_TURN = {
  sqlite: 'SELECT 1',
  postgres: "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' planner', 0))",
};
const SILENCES =
  'SELECT json, expired_ms, expired_by FROM silences WHERE ends_ms > ? AND expired_ms IS NULL ORDER BY seq';
const READ = {
  sqlite: 'SELECT key, value FROM planner_memory WHERE key IN (SELECT value FROM json_each(?))',
  postgres: 'SELECT key, value FROM planner_memory WHERE key = ANY(?::text[])',
};
const WRITE = {
  sqlite: `INSERT INTO planner_memory (key, value, expires_ms) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_ms = excluded.expires_ms`,
  postgres: `INSERT INTO planner_memory (key, value, expires_ms) SELECT * FROM unnest(?::text[], ?::text[], ?::bigint[])
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_ms = excluded.expires_ms`,
};
const FORGET = `DELETE FROM planner_memory WHERE key IN
  (SELECT key FROM planner_memory WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?)`;

/**
 * Plans alerts, one after the other, with what is remembered, and keeps what they leave behind. The planner is synchronous
 * and asks for its memory by name while it runs; nobody knows those names before. So it is run until it has asked for
 * nothing that was not there: it is pure, and a run that lacked something leaves nothing.
 */
export function* plan(
  planner: Planner,
  requests: readonly NewAlert[],
  nowMs: number,
  now: Clock,
): Steps<readonly DecidedAlert[]> {
  yield* run(PLANNING_IN_TURN);
  // Only now: while this one waited for its turn, others went on. By an earlier time what they have agreed would seem to lie too far
  // ahead, and a sending that is over would seem to be still to come.
  const readAtMs = now();
  const planMs = Math.max(nowMs, readAtMs);
  const silences = (yield* all<SilenceRow>(SILENCES, readAtMs)).map(silenceOf);
  const stored = new Map<string, string | undefined>();
  for (;;) {
    const missing = new Set<string>();
    const written = new Map<string, { readonly value: string; readonly expiresAtMs: number }>();
    const memory: PlannerMemory = {
      // Names are made of what came from outside; a store keeps no lone surrogates.
      get(name) {
        const key = name.toWellFormed();
        const value = written.get(key)?.value ?? stored.get(key);
        if (value === undefined && !stored.has(key)) missing.add(key);
        return value === undefined ? undefined : (JSON.parse(value) as Json);
      },
      set(name, value, expiresAtMs) {
        written.set(name.toWellFormed(), { value: JSON.stringify(value), expiresAtMs });
      },
      silences: () => silences,
    };
    const decided = requests.map((request) => planner.plan(request, memory, planMs));
    if (missing.size > 0) {
      for (const key of missing) stored.set(key, undefined);
      for (const { key, value } of yield* all<{ key: string; value: string }>(READ, [...missing]))
        stored.set(key, value);
      continue;
    }
    if (written.size > 0) {
      yield* many(
        WRITE,
        [...written].map(([key, { value, expiresAtMs }]) => [key, value, expiresAtMs]),
      );
      yield* run(FORGET, readAtMs, FORGOTTEN_PER_WRITE * written.size);
    }
    return decided;
  }
}
