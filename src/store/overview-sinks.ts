import type { Database } from 'better-sqlite3';
import type { DeliveryState } from '../core/delivery.ts';
import type { SinkFacts } from '../core/overview.ts';
import { prepareBacklog } from './feeds.ts';
import { createReadGate } from './gates.ts';

/**
 * There is no index of what was sent, by sink: an entry a delivery would be much for one figure. So the latest success is
 * looked for among so many of the newest deliveries.
 */
const NEWEST_DELIVERIES = 5_000;
/** So many deliveries of a sink that wait longest are looked at for those that were tried in vain. */
const LONGEST_WAITING = 1_000;

/** Reads what is known of sinks: those named, and all that ever had a delivery. */
export const prepareSinkFacts = (
  db: Database,
): ((sinks: readonly string[], nowMs: number) => readonly SinkFacts[]) => {
  const counts = db.prepare<[], { sink: string; state: DeliveryState; count: number }>(
    'SELECT sink, state, count FROM delivery_counts WHERE count > 0 ORDER BY sink, state',
  );
  const lastSent = db.prepare<[number], { sink: string; sent: number }>(
    `SELECT sink, max(ended_ms) AS sent FROM (
       SELECT sink, state, ended_ms FROM deliveries ORDER BY seq DESC LIMIT ?
     ) AS newest WHERE state = 'sent' GROUP BY sink`,
  );
  const firstDue = db
    .prepare<[string, number], number>(
      'SELECT due_ms FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL AND due_ms <= ? ORDER BY due_ms LIMIT 1',
    )
    .pluck();
  const held = db
    .prepare<[string, number], number>(
      `SELECT count(*) FROM deliveries
       WHERE sink = ? AND due_ms IS NOT NULL AND due_ms > ? AND state = 'pending' AND attempts = 0`,
    )
    .pluck();
  const tried = db.prepare<[string, number], { count: number; since: number | null }>(
    `SELECT count(*) AS count, min(since_ms) AS since FROM (
       SELECT since_ms, attempts, state FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL ORDER BY due_ms LIMIT ?
     ) AS waiting WHERE attempts > 1 OR (attempts = 1 AND state = 'pending')`,
  );
  const gate = createReadGate(db);
  const backlog = prepareBacklog(db);

  return (sinks, nowMs) => {
    const counted = Map.groupBy(counts.all(), ({ sink }) => sink);
    const sent = new Map(lastSent.all(NEWEST_DELIVERIES).map((row) => [row.sink, row.sent]));
    return [...new Set([...sinks, ...counted.keys()])].map((sink): SinkFacts => {
      const failed = tried.get(sink, LONGEST_WAITING) ?? { count: 0, since: null };
      const since = [firstDue.get(sink, nowMs), failed.since ?? undefined].filter((ms) => ms !== undefined);
      return {
        sink,
        counts: Object.fromEntries((counted.get(sink) ?? []).map(({ state, count }) => [state, count])),
        held: held.get(sink, nowMs) ?? 0,
        tried: failed.count,
        waitingSinceMs: since.length === 0 ? undefined : Math.min(...since),
        lastSentMs: sent.get(sink),
        gate: gate(sink),
        feed: backlog(sink),
      };
    });
  };
};
