import type { Database } from 'better-sqlite3';
import type { GiveTo } from './outbox-settle.ts';

/** Given over in one step; a longer queue is given over in several, with others in between. */
const MAX_HANDED_OVER = 500;

/**
 * After so long everything that waits is looked at once more, should something have slipped through: a lease that expired
 * by a jump of the clock, a delivery that a person has touched.
 */
const LOOK_AGAIN_MS = 300_000;

/** Gives what waits for a sink in trouble to its fallback as well, inside the caller's transaction. */
export type HandOver = (sink: string, fallback: string, nowMs: number) => number;

/**
 * Prepares {@link HandOver}. It is asked for again with every commit while a receiver is down, and by then the queue may
 * be long: how far it has been given over is remembered, so that only what is new is looked at.
 */
export const createHandOver = (db: Database, giveTo: GiveTo): HandOver => {
  // By seq alone: the order of the answer, and the part of the table that is new.
  const stuck = db.prepare<[number, string, number, string, number], { seq: number }>(
    `SELECT d.seq FROM deliveries AS d NOT INDEXED JOIN alerts AS a ON a.seq = d.alert
     WHERE d.seq >= ? AND d.sink = ? AND d.state = 'pending' AND (d.due_ms <= ? OR d.attempts > 0)
       AND a.kind <> 'drill'
       AND NOT EXISTS (SELECT 1 FROM deliveries AS f WHERE f.alert = d.alert AND f.sink = ?)
     ORDER BY d.seq LIMIT ?`,
  );
  const first = db
    .prepare<[string], number | null>('SELECT min(seq) FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL')
    .pluck();
  // What is held, or being sent right now, may have to be given over later. Its due time lies ahead.
  const firstAhead = db
    .prepare<[string, number], number | null>('SELECT min(seq) FROM deliveries WHERE sink = ? AND due_ms > ?')
    .pluck();
  const last = db.prepare<[], number | null>('SELECT max(seq) FROM deliveries').pluck();
  /** By sink: everything below `seq` was given over, or has ended. */
  const done = new Map<string, { readonly seq: number; readonly sinceMs: number }>();
  return (sink, fallback, nowMs) => {
    const known = done.get(sink);
    const isRecent = known && nowMs >= known.sinceMs && nowMs - known.sinceMs < LOOK_AGAIN_MS;
    const from = isRecent ? known.seq : (first.get(sink) ?? 0);
    const rows = stuck.all(from, sink, nowMs, fallback, MAX_HANDED_OVER);
    const isAll = rows.length < MAX_HANDED_OVER;
    const seen = isAll ? (last.get() ?? 0) + 1 : (rows.at(-1)?.seq ?? from);
    const seq = Math.min(seen, firstAhead.get(sink, nowMs) ?? seen);
    done.set(sink, { seq, sinceMs: isRecent ? known.sinceMs : nowMs });
    return rows.filter(({ seq }) => giveTo(seq, fallback, 'it does not answer', nowMs)).length;
  };
};
