import type { Database } from 'better-sqlite3';
import type { Settlement } from '../core/outbox.ts';
import type { InsertDelivery } from './alerts.ts';

/** Records one attempt and moves its delivery on, inside the caller's transaction. */
export type Settle = (settlement: Settlement, nowMs: number) => void;

interface Row {
  readonly seq: number;
  readonly state: string;
  readonly attempts: number;
}

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

/**
 * Prepares {@link Settle}. The state is left alone when the delivery no longer is `sending` or when a later claim is: its
 * attempt will settle it. Unknown ids (pruned since) are ignored.
 */
export const createSettle = (db: Database, giveTo: GiveTo): Settle => {
  const select = db.prepare<[string], Row>('SELECT seq, state, attempts FROM deliveries WHERE id = ?');
  const record = db.prepare<[number, number, number, number, string, string, number | null, number | null]>(
    `INSERT INTO attempts (delivery, number, started_ms, ended_ms, outcome, detail, status, bytes)
     VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE delivery = ?), ?, ?, ?, ?, ?, ?)`,
  );
  const move = db.prepare<[string, number | null, number | null, string | null, number]>(
    'UPDATE deliveries SET state = ?, due_ms = ?, ended_ms = ?, ref = coalesce(?, ref) WHERE seq = ?',
  );
  return (settlement, nowMs) => {
    const { deliveryId, attempt, startedAtMs, endedAtMs, outcome, detail, status, bytes, ref, next } =
      settlement;
    const row = select.get(deliveryId);
    if (!row) return;
    record.run(row.seq, row.seq, startedAtMs, endedAtMs, outcome, detail, status ?? null, bytes ?? null);
    if (row.state !== 'sending' || (attempt !== undefined && attempt !== row.attempts)) return;
    if (next.state === 'pending') move.run(next.state, next.dueAtMs, null, null, row.seq);
    else move.run(next.state, null, endedAtMs, ref ?? null, row.seq);
    if (next.state === 'parked' && next.fallback !== undefined) giveTo(row.seq, next.fallback, detail, nowMs);
  };
};
