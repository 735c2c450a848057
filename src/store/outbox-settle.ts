import type { Database } from 'better-sqlite3';
import type { Settlement } from '../core/outbox.ts';
import type { InsertDelivery } from './alerts.ts';

/** Records attempts and moves their deliveries on, inside the caller's transaction. */
export type Settle = (settlements: readonly Settlement[], nowMs: number) => void;

/** A delivery as it is while a group is settled. */
interface Row {
  readonly id: string;
  readonly seq: number;
  readonly attempts: number;
  state: string;
  /** The number of its last recorded attempt. */
  number: number;
}

type AttemptColumns = readonly [
  delivery: number,
  number: number,
  startedMs: number,
  endedMs: number,
  outcome: string,
  detail: string,
  status: number | null,
  bytes: number | null,
];

/** Attempts inserted by one statement. */
const ATTEMPTS_AT_ONCE = 32;

/** Gives the alert of a delivery to another sink. */
export type GiveTo = (deliverySeq: number, fallback: string, detail: string, nowMs: number) => boolean;

/**
 * Prepares {@link GiveTo}. Thread and bundle stay: at the fallback too, what belongs together is told together. Drills are
 * not given: they are about the sink itself.
 */
export const createGiveTo = (db: Database, insertDelivery: InsertDelivery): GiveTo => {
  interface Given {
    readonly alert: number;
    readonly alertId: string;
    readonly kind: string;
    readonly sink: string;
    readonly thread: string;
    readonly bundle: string | null;
  }
  const select = db.prepare<[number], Given>(
    `SELECT d.alert, a.id AS alertId, a.kind, d.sink, d.thread, d.bundle FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
     WHERE d.seq = ?`,
  );
  return (deliverySeq, fallback, detail, nowMs) => {
    const row = select.get(deliverySeq);
    if (!row || row.sink === fallback || row.kind === 'drill') return false;
    const why = [{ reason: 'fallback', detail: `for ${row.sink}: ${detail}` }] as const;
    const { thread, bundle } = row;
    const planned = {
      sink: fallback,
      state: 'pending',
      dueAtMs: nowMs,
      thread,
      why,
      ...(bundle === null ? {} : { bundle }),
    } as const;
    return insertDelivery(row.alertId, row.alert, planned, nowMs) !== undefined;
  };
};

/** Inserts attempts, many at a time: measured at half of what one statement for each costs. */
const createRecordAttempts = (db: Database): ((attempts: readonly AttemptColumns[]) => void) => {
  const prepare = (rows: number) =>
    db.prepare(
      `INSERT INTO attempts (delivery, number, started_ms, ended_ms, outcome, detail, status, bytes)
       VALUES ${Array.from({ length: rows }, () => '(?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
    );
  const many = prepare(ATTEMPTS_AT_ONCE);
  const one = prepare(1);
  return (attempts) => {
    let from = 0;
    for (; from + ATTEMPTS_AT_ONCE <= attempts.length; from += ATTEMPTS_AT_ONCE)
      many.run(attempts.slice(from, from + ATTEMPTS_AT_ONCE).flat());
    for (const attempt of attempts.slice(from)) one.run(attempt);
  };
};

/**
 * Prepares {@link Settle}. The state is left alone when the delivery no longer is `sending` or when a later claim is: its
 * attempt will settle it. Unknown ids (pruned since) are ignored.
 */
export const createSettle = (db: Database, giveTo: GiveTo): Settle => {
  // CROSS JOIN keeps the order of the loops: every id of the list is looked up, nothing is scanned.
  const select = db.prepare<[string], Row>(
    `SELECT d.id, d.seq, d.state, d.attempts,
       (SELECT coalesce(max(number), 0) FROM attempts WHERE delivery = d.seq) AS number
     FROM json_each(?) AS wanted CROSS JOIN deliveries AS d ON d.id = wanted.value`,
  );
  const recordAttempts = createRecordAttempts(db);
  const move = db.prepare<[string]>(
    `UPDATE deliveries SET state = moved.value ->> 1, due_ms = moved.value ->> 2, ended_ms = moved.value ->> 3
     FROM json_each(?) AS moved WHERE deliveries.seq = moved.value ->> 0`,
  );
  const name = db.prepare<[string, number]>('UPDATE deliveries SET ref = ? WHERE seq = ?');
  return (settlements, nowMs) => {
    const ids = settlements.map(({ deliveryId }) => deliveryId);
    const rows = new Map(select.all(JSON.stringify(ids)).map((row) => [row.id, row]));
    const attempts: AttemptColumns[] = [];
    const moved: (readonly [seq: number, state: string, dueMs: number | null, endedMs: number | null])[] = [];
    const given: (() => void)[] = [];
    for (const { deliveryId, attempt, startedAtMs, endedAtMs, next, ...said } of settlements) {
      const row = rows.get(deliveryId);
      if (!row) continue;
      const { outcome, detail, status = null, bytes = null, ref } = said;
      row.number += 1;
      attempts.push([row.seq, row.number, startedAtMs, endedAtMs, outcome, detail, status, bytes]);
      if (row.state !== 'sending' || (attempt !== undefined && attempt !== row.attempts)) continue;
      row.state = next.state;
      if (next.state === 'pending') {
        moved.push([row.seq, next.state, next.dueAtMs, null]);
        continue;
      }
      moved.push([row.seq, next.state, null, endedAtMs]);
      if (ref !== undefined) name.run(ref, row.seq);
      if (next.state === 'parked' && next.fallback !== undefined) {
        const { fallback } = next;
        given.push(() => giveTo(row.seq, fallback, detail, nowMs));
      }
    }
    recordAttempts(attempts);
    if (moved.length > 0) move.run(JSON.stringify(moved));
    for (const give of given) give();
  };
};
