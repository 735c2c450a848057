import type { Database } from 'better-sqlite3';
import type { Alert } from '../core/alert.ts';
import type { Clock } from '../core/clock.ts';
import type { Delivery } from '../core/delivery.ts';
import type { Outbox, Settlement } from '../core/outbox.ts';
import type { InsertAlerts } from './alerts.ts';
import type { ApplyConditions } from './conditions.ts';
import type { Connection } from './connection.ts';

/**
 * Claims take the oldest of this many that have been due longest. Up to so many waiting deliveries leave in the order
 * they were decided, even after an outage has mixed up their due times; a longer queue leaves roughly so, and no claim
 * has to sort all of it.
 */
const ORDER_POOL = 256;

/** The outbox in SQLite. */
export const createOutbox = (
  connection: Connection,
  insertAlerts: InsertAlerts,
  applyConditions: ApplyConditions,
  now: Clock,
): Outbox => {
  const { db } = connection;
  const due = db.prepare<[string, number, number, number], DueRow>(
    `SELECT d.seq, d.id, d.sink, d.attempts, d.created_ms, a.json
     FROM (SELECT seq FROM deliveries WHERE sink = ? AND due_ms <= ? ORDER BY due_ms, seq LIMIT ?) AS pool
     JOIN deliveries AS d ON d.seq = pool.seq JOIN alerts AS a ON a.seq = d.alert
     ORDER BY d.seq LIMIT ?`,
  );
  const claim = db.prepare<[number, number]>(
    "UPDATE deliveries SET state = 'sending', due_ms = ?, attempts = attempts + 1 WHERE seq = ?",
  );
  const release = db.prepare<[number, string]>(
    `UPDATE deliveries SET state = 'pending', due_ms = ?, attempts = attempts - 1
     WHERE id = ? AND state = 'sending'`,
  );
  // The attempt that a crash cut off counts: it may have reached its receiver.
  const reclaim = db.prepare<[number]>(
    "UPDATE deliveries SET state = 'pending', due_ms = ? WHERE state = 'sending'",
  );
  const retryOne = db.prepare<[number, string]>(
    "UPDATE deliveries SET state = 'pending', due_ms = ?, ended_ms = NULL WHERE id = ? AND state = 'parked'",
  );
  const retrySink = db.prepare<[number, string]>(
    "UPDATE deliveries SET state = 'pending', due_ms = ?, ended_ms = NULL WHERE sink = ? AND state = 'parked'",
  );
  const nextDue = db
    .prepare<[string], number>(
      'SELECT due_ms FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL ORDER BY due_ms LIMIT 1',
    )
    .pluck();
  const settle = createSettle(db);

  return {
    claim: (sink, limit, leaseMs) =>
      connection.commitLightly(() => {
        const nowMs = now();
        const rows = due.all(sink, nowMs, Math.max(limit, ORDER_POOL), limit);
        for (const row of rows) claim.run(nowMs + leaseMs, row.seq);
        return rows.map(deliveryOf);
      }),

    settle: (settlements, changes) =>
      connection.commit(() => {
        for (const settlement of settlements) settle(settlement);
        return applyConditions(changes);
      }),

    release: (deliveryIds) =>
      connection.commitLightly(() => {
        const nowMs = now();
        for (const id of deliveryIds) release.run(nowMs, id);
      }),

    reclaim: () => connection.commitLightly(() => reclaim.run(now()).changes),

    retry: (which) =>
      connection.commit(() =>
        'sink' in which
          ? retrySink.run(now(), which.sink).changes
          : which.ids.reduce((count, id) => count + retryOne.run(now(), id).changes, 0),
      ),

    nextDueMs: (sink) => connection.read(() => nextDue.get(sink)),

    enqueue: (alerts) => connection.commit(() => insertAlerts(alerts, now())),
  };
};

interface DueRow {
  readonly seq: number;
  readonly id: string;
  readonly sink: string;
  readonly attempts: number;
  readonly created_ms: number;
  readonly json: string;
}

const deliveryOf = (row: DueRow): Delivery => ({
  id: row.id,
  sink: row.sink,
  alert: JSON.parse(row.json) as Alert,
  attempt: row.attempts + 1,
  createdAtMs: row.created_ms,
});

/**
 * Records one attempt and moves its delivery on, inside the caller's transaction. The state is left alone when the
 * delivery no longer is `sending` or when a later claim is: its attempt will settle it. Unknown ids (pruned since) are
 * ignored.
 */
const createSettle = (db: Database): ((settlement: Settlement) => void) => {
  const select = db.prepare<[string], { seq: number; state: string; attempts: number }>(
    'SELECT seq, state, attempts FROM deliveries WHERE id = ?',
  );
  const record = db.prepare<[number, number, number, number, string, string]>(
    `INSERT INTO attempts (delivery, number, started_ms, ended_ms, outcome, detail)
     VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE delivery = ?), ?, ?, ?, ?)`,
  );
  const move = db.prepare<[string, number | null, number | null, number]>(
    'UPDATE deliveries SET state = ?, due_ms = ?, ended_ms = ? WHERE seq = ?',
  );
  return ({ deliveryId, attempt, startedAtMs, endedAtMs, outcome, detail, next }) => {
    const row = select.get(deliveryId);
    if (!row) return;
    record.run(row.seq, row.seq, startedAtMs, endedAtMs, outcome, detail);
    if (row.state !== 'sending' || (attempt !== undefined && attempt !== row.attempts)) return;
    if (next.state === 'pending') move.run(next.state, next.dueAtMs, null, row.seq);
    else move.run(next.state, null, endedAtMs, row.seq);
  };
};
