import type { DeliveryState } from '../core/delivery.ts';
import type { SinkFacts } from '../core/overview.ts';
import { backlogOf } from './feeds.ts';
import { readGate } from './gates.ts';
import { deliveryCounts } from './status.ts';
import { all, get, type Steps, value } from './steps.ts';

/**
 * There is no index of what was sent, by sink: an entry a delivery would be much for one figure. So the latest success is
 * looked for among so many of the newest deliveries.
 */
const NEWEST_DELIVERIES = 5_000;
/** So many deliveries of a sink that wait longest are looked at for those that were tried in vain. */
const LONGEST_WAITING = 1_000;

const LAST_SENT = `SELECT sink, max(ended_ms) AS sent FROM (
    SELECT sink, state, ended_ms FROM deliveries ORDER BY seq DESC LIMIT ?
  ) AS newest WHERE state = 'sent' GROUP BY sink`;
const FIRST_DUE =
  'SELECT due_ms FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL AND due_ms <= ? ORDER BY due_ms LIMIT 1';
const HELD = `SELECT count(*) FROM deliveries
  WHERE sink = ? AND due_ms IS NOT NULL AND due_ms > ? AND state = 'pending' AND attempts = 0`;
const TRIED = `SELECT count(*) AS count, min(since_ms) AS since FROM (
    SELECT since_ms, attempts, state FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL ORDER BY due_ms LIMIT ?
  ) AS waiting WHERE attempts > 1 OR (attempts = 1 AND state = 'pending')`;

/** What is known of sinks: those named, and all that ever had a delivery. */
export function* sinkFacts(sinks: readonly string[], nowMs: number): Steps<readonly SinkFacts[]> {
  const counts: readonly { sink: string; state: DeliveryState; count: number }[] = yield* deliveryCounts();
  const counted = Map.groupBy(counts, ({ sink }) => sink);
  const newest = yield* all<{ sink: string; sent: number }>(LAST_SENT, NEWEST_DELIVERIES);
  const sent = new Map(newest.map((row) => [row.sink, row.sent]));
  const facts: SinkFacts[] = [];
  for (const sink of new Set([...sinks, ...counted.keys()])) {
    const failed = (yield* get<{ count: number; since: number | null }>(TRIED, sink, LONGEST_WAITING)) ?? {
      count: 0,
      since: null,
    };
    const firstDue = yield* value<number>(FIRST_DUE, sink, nowMs);
    const since = [firstDue, failed.since ?? undefined].filter((ms) => ms !== undefined);
    facts.push({
      sink,
      counts: Object.fromEntries((counted.get(sink) ?? []).map(({ state, count }) => [state, count])),
      held: (yield* value<number>(HELD, sink, nowMs)) ?? 0,
      tried: failed.count,
      waitingSinceMs: since.length === 0 ? undefined : Math.min(...since),
      lastSentMs: sent.get(sink),
      gate: yield* readGate(sink),
      feed: yield* backlogOf(sink),
    });
  }
  return facts;
}
