import type { Clock } from '../core/clock.ts';
import { LATENESS_KEPT_MS } from '../core/lateness.ts';
import type { Retention } from '../core/store.ts';
import { pruneActs, pruneEvents } from './chain-prune.ts';
import type { Connection } from './connection.ts';
import { all, run, type Sql, type Steps, values } from './steps.ts';

/** Whether a delivery has ended before the bound: SQL for the alias of its table. */
const ended = (d: string): string => `${d}.ended_ms IS NOT NULL AND ${d}.ended_ms < @beforeMs`;

/**
 * The @limit oldest alerts that may go: decided before @beforeMs and every delivery ended before it, as well as that of
 * the summary that tells it. What a silence hides stays until it was told, a summary as long as any alert it tells.
 * Bounded, so that a step costs the same whatever the backlog; taking the same oldest ones first in every step is what
 * makes "fewer than the limit" mean "nothing is left".
 */
const OLD_ALERTS = `
  SELECT a.seq FROM alerts AS a WHERE a.decided_ms < @beforeMs AND NOT EXISTS (
    SELECT 1 FROM deliveries AS d WHERE d.alert = a.seq AND (NOT (${ended('d')})
      OR (d.state = 'silenced' AND d.folded_into IS NULL)
      OR EXISTS (SELECT 1 FROM deliveries AS s WHERE s.seq = d.folded_into AND NOT (${ended('s')}))
      OR EXISTS (SELECT 1 FROM deliveries AS m JOIN alerts AS b ON b.seq = m.alert
                 JOIN deliveries AS o ON o.alert = b.seq LEFT JOIN deliveries AS t ON t.seq = o.folded_into
                 WHERE m.folded_into = d.seq AND (b.decided_ms >= @beforeMs OR NOT (${ended('o')})
                   OR (o.state = 'silenced' AND o.folded_into IS NULL)
                   OR (t.seq IS NOT NULL AND NOT (${ended('t')}))))))
  ORDER BY a.decided_ms, a.seq LIMIT @limit`;

/**
 * Each deletes at most @limit rows. Attempts go before their delivery and deliveries before their alert. CROSS JOIN
 * keeps the order of the joins: left free, SQLite would walk through all attempts ever made.
 */
const STEPS: readonly string[] = [
  `DELETE FROM attempts WHERE (delivery, number) IN (
     SELECT t.delivery, t.number FROM (${OLD_ALERTS}) AS old
     CROSS JOIN deliveries AS d ON d.alert = old.seq CROSS JOIN attempts AS t ON t.delivery = d.seq
     LIMIT @limit)`,
  `DELETE FROM deliveries WHERE seq IN (
     SELECT d.seq FROM (${OLD_ALERTS}) AS old CROSS JOIN deliveries AS d ON d.alert = old.seq
     WHERE NOT EXISTS (SELECT 1 FROM attempts AS t WHERE t.delivery = d.seq) LIMIT @limit)`,
  `DELETE FROM alerts WHERE seq IN (
     SELECT old.seq FROM (${OLD_ALERTS}) AS old
     WHERE NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.alert = old.seq))`,
  'DELETE FROM windows WHERE seq IN (SELECT seq FROM windows WHERE committed_ms < @windowsMs LIMIT @limit)',
  // What can no longer be proven, since its events are gone, is forgotten with them.
  `DELETE FROM ledger WHERE (account, from_ms) IN (
     SELECT account, from_ms FROM ledger WHERE verified = 0 AND to_ms <= @beforeMs LIMIT @limit)`,
  `DELETE FROM lateness WHERE (account, day_ms, edge_ms) IN (
     SELECT account, day_ms, edge_ms FROM lateness WHERE day_ms < @latenessMs LIMIT @limit)`,
  `DELETE FROM backfills WHERE seq IN (SELECT seq FROM backfills WHERE ended_ms < @beforeMs LIMIT @limit)`,
  'DELETE FROM quarantine WHERE seq IN (SELECT seq FROM quarantine WHERE found_ms < @beforeMs LIMIT @limit)',
  'DELETE FROM feed_refusals WHERE seq IN (SELECT seq FROM feed_refusals WHERE refused_ms < @beforeMs LIMIT @limit)',
  // A silence stays as long as what it hid, which names it.
  `DELETE FROM silences WHERE seq IN (
     SELECT s.seq FROM silences AS s WHERE (s.ends_ms < @beforeMs OR s.expired_ms < @beforeMs)
       AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.silence = s.id) LIMIT @limit)`,
  `DELETE FROM planner_memory WHERE key IN (
     SELECT key FROM planner_memory WHERE expires_ms < @beforeMs LIMIT @limit)`,
];

/**
 * PostgreSQL orders joins by itself. Where a statement is planned for any limit, it takes that for a tenth of the table, and
 * would walk through all of it to find these rows again; of an array it knows that it is short.
 */
const BOTH: readonly Sql[] = STEPS.map((sql) => ({
  sqlite: sql,
  postgres: sql
    .replaceAll('CROSS JOIN', 'JOIN')
    .replace(/WHERE (seq|key) IN \((.*)\)$/s, 'WHERE $1 = ANY (ARRAY($2))'),
}));

// A question for each of ten thousand accounts would take a second of every step, and nearly all of them have nothing to prune.
const PRUNABLE = `SELECT p.account FROM progress AS p
  WHERE EXISTS (SELECT 1 FROM events AS e WHERE e.account = p.account AND e.created_ms < ?) ORDER BY p.account LIMIT ?`;

/** A pass leaves a row every half minute. What they prove is in the ledger; single ones are for looking into the present. */
const WINDOWS_KEPT_MS = 2 * 86_400_000;

// Retention is a promise to forget, and a receiver that is gone must not fill the disk: a feed does not hold it up.
// What it takes from a feed before it was sent is counted, and told by the loop of that feed.
function* countMissed(taken: readonly number[]): Steps<void> {
  for (const { sink, cursor } of yield* all<{ sink: string; cursor: number }>(
    'SELECT sink, cursor FROM feeds',
  )) {
    const count = taken.filter((seq) => seq > cursor).length;
    if (count > 0) yield* run('UPDATE feeds SET pruned = pruned + ? WHERE sink = ?', count, sink);
  }
}

/** What was taken away at once. */
export interface Dropped {
  readonly events: number;
  /** There is more that somebody reads just now: it is left to a later time, and not taken away one by one. */
  readonly held: boolean;
}

/** Pruning, one short transaction per call. */
export const createRetention = (
  connection: Connection,
  now: Clock,
  /** Takes away at once what lies before a bound, where events lie in tables by their time. */
  dropBefore: ((beforeMs: number, nowMs: number) => Steps<Dropped>) | undefined,
): Retention => ({
  prune: (beforeMs, limit) =>
    connection.commitLightly(function* () {
      const nowMs = now();
      const dropped = dropBefore ? yield* dropBefore(beforeMs, nowMs) : { events: 0, held: false };
      let left = limit - dropped.events;
      const accounts = dropped.held || left <= 0 ? [] : yield* values<number>(PRUNABLE, beforeMs, left);
      for (const account of accounts) {
        if (left <= 0) break;
        const taken = yield* pruneEvents(account, beforeMs, left, nowMs);
        if (taken.length > 0) {
          yield* run('UPDATE progress SET events = events - ? WHERE account = ?', taken.length, account);
          yield* countMissed(taken);
        }
        left -= taken.length;
      }
      if (left > 0) left -= (yield* pruneActs(beforeMs, left, nowMs)).length;
      const windowsMs = Math.max(beforeMs, nowMs - WINDOWS_KEPT_MS);
      const latenessMs = nowMs - LATENESS_KEPT_MS;
      for (const step of BOTH)
        if (left > 0) left -= yield* run(step, { beforeMs, windowsMs, latenessMs, limit: left });
      return limit - left;
    }),
});
