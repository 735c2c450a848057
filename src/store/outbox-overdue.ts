import type { Overdue } from '../core/outbox.ts';
import { giveTo } from './outbox-settle.ts';
import { run, type Sql, type Steps, tellOthers, value, values } from './steps.ts';

// What is being sent is left to its own end, and what is in a bundle to its summary, which is new when it is made.
const WAITS = `FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL AND state = 'pending' AND bundle IS NULL
  AND since_ms <= ?`;
const COUNT = `SELECT count(*) ${WAITS}`;
const OLDEST = `SELECT seq ${WAITS} ORDER BY due_ms, seq LIMIT ? FOR UPDATE`;
const PARK: Sql = {
  sqlite: `UPDATE deliveries SET state = 'parked', due_ms = NULL, ended_ms = ?, why = json_insert(why, '$[#]', json(?))
    WHERE seq IN (SELECT value FROM json_each(?))`,
  postgres: `UPDATE deliveries SET state = 'parked', due_ms = NULL, ended_ms = ?, why = left(why, -1) || CASE why WHEN '[]' THEN '' ELSE ',' END || ? || ']'
    WHERE seq = ANY(?::bigint[])`,
};

/** How many deliveries of a sink have been waiting since then or longer. */
export function* countOverdue(sink: string, beforeMs: number): Steps<number> {
  return (yield* value<number>(COUNT, sink, beforeMs)) ?? 0;
}

/** Parks the oldest of what has waited too long, inside the caller's transaction; answers their number. */
export function* parkOverdue(overdue: Overdue, nowMs: number): Steps<number> {
  const { sink, beforeMs, limit, detail, fallback } = overdue;
  const seqs = yield* values<number>(OLDEST, sink, beforeMs, limit);
  if (seqs.length === 0) return 0;
  yield* run(PARK, nowMs, JSON.stringify({ reason: 'overdue', detail }), seqs);
  if (fallback !== undefined) {
    for (const seq of seqs) yield* giveTo(seq, fallback, detail, nowMs);
    yield* tellOthers();
  }
  return seqs.length;
}
