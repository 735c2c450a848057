import type { Dialect } from './connection.ts';
import { giveTo } from './outbox-settle.ts';
import { all, type Sql, type Steps, tellOthers, value } from './steps.ts';

/** Given over in one step; a longer queue is given over in several, with others in between. */
const MAX_HANDED_OVER = 500;

/**
 * After so long everything that waits is looked at once more, should something have slipped through: a lease that expired
 * by a jump of the clock, a delivery that a person has touched.
 */
const LOOK_AGAIN_MS = 300_000;

/** Where several commit at a time, so many of the newest numbers may still belong to nobody. */
const UNCOMMITTED = 1_000;

/**
 * Gives what waits for a sink in trouble to its fallback as well, inside the caller's transaction. Answers how many were
 * given, and what is to be called once that is committed.
 */
export type HandOver = (
  sink: string,
  fallback: string,
  nowMs: number,
) => Steps<{ readonly given: number; readonly committed: () => void }>;

const stuck = (
  hint: string,
): string => `SELECT d.seq FROM deliveries AS d ${hint} JOIN alerts AS a ON a.seq = d.alert
  WHERE d.seq >= ? AND d.sink = ? AND d.state = 'pending' AND (d.due_ms <= ? OR d.attempts > 0)
    AND a.kind <> 'drill'
    AND NOT EXISTS (SELECT 1 FROM deliveries AS f WHERE f.alert = d.alert AND f.sink = ?)
  ORDER BY d.seq LIMIT ?`;
// By seq alone: the order of the answer, and the part of the table that is new.
const STUCK: Sql = { sqlite: stuck('NOT INDEXED'), postgres: stuck('') };
const FIRST = 'SELECT min(seq) FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL';
// What is held, or being sent right now, may have to be given over later. Its due time lies ahead.
const FIRST_AHEAD = 'SELECT min(seq) FROM deliveries WHERE sink = ? AND due_ms > ?';
const LAST = 'SELECT max(seq) FROM deliveries';

/**
 * Makes {@link HandOver}. It is asked for again with every commit while a receiver is down, and by then the queue may
 * be long: how far it has been given over is remembered, so that only what is new is looked at.
 */
export const createHandOver = (dialect: Dialect): HandOver => {
  const slack = dialect === 'postgres' ? UNCOMMITTED : 0;
  /** By sink: everything below `seq` was given over, or has ended. */
  const done = new Map<string, { readonly seq: number; readonly sinceMs: number }>();
  return function* handOver(sink, fallback, nowMs) {
    const known = done.get(sink);
    const isRecent = known && nowMs >= known.sinceMs && nowMs - known.sinceMs < LOOK_AGAIN_MS;
    const from = isRecent ? known.seq : ((yield* value<number | null>(FIRST, sink)) ?? 0);
    const rows = yield* all<{ seq: number }>(STUCK, from, sink, nowMs, fallback, MAX_HANDED_OVER);
    const isAll = rows.length < MAX_HANDED_OVER;
    const seen = isAll ? ((yield* value<number | null>(LAST)) ?? 0) + 1 : (rows.at(-1)?.seq ?? from);
    const seq = Math.min(seen - slack, (yield* value<number | null>(FIRST_AHEAD, sink, nowMs)) ?? seen);
    let given = 0;
    for (const row of rows) if (yield* giveTo(row.seq, fallback, 'it does not answer', nowMs)) given += 1;
    if (given > 0) yield* tellOthers();
    const committed = () => void done.set(sink, { seq, sinceMs: isRecent ? known.sinceMs : nowMs });
    return { given, committed };
  };
};
