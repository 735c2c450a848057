import type { Clock } from '../core/clock.ts';
import type { Outbox } from '../core/outbox.ts';
import type { RecordAct } from './acts.ts';
import type { InsertAlerts, InsertDelivery } from './alerts.ts';
import type { ApplyConditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import type { FoldDue } from './fold.ts';
import { createPutGate, createReadGate } from './gates.ts';
import { createHandOver } from './hand-over.ts';
import { createOutboxActs } from './outbox-acts.ts';
import { createClaim } from './outbox-claim.ts';
import { createOverdue } from './outbox-overdue.ts';
import { createGiveTo, createSettle } from './outbox-settle.ts';

/** What the outbox shares with the other parts of the store. */
export interface OutboxDeps {
  readonly insertAlerts: InsertAlerts;
  readonly insertDelivery: InsertDelivery;
  readonly applyConditions: ApplyConditions;
  readonly foldDue: FoldDue;
  readonly recordAct: RecordAct;
  readonly now: Clock;
}

/** The outbox in SQLite. */
export const createOutbox = (connection: Connection, deps: OutboxDeps): Outbox => {
  const { db } = connection;
  const { now } = deps;
  const release = db.prepare<[number, string]>(
    `UPDATE deliveries SET state = 'pending', due_ms = ?, attempts = attempts - 1
     WHERE id = ? AND state = 'sending'`,
  );
  // The attempt that a crash cut off counts: it may have reached its receiver. What is sent has a due_ms; saying so lets
  // the small index of what is under way answer, at every start, instead of all deliveries that are kept.
  const reclaim = db.prepare<[number]>(
    "UPDATE deliveries SET state = 'pending', due_ms = ? WHERE due_ms IS NOT NULL AND state = 'sending'",
  );
  const nextDue = db
    .prepare<[string], number>(
      'SELECT due_ms FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL ORDER BY due_ms LIMIT 1',
    )
    .pluck();
  // What was never tried is due when it is due: it may be held on purpose.
  const hasten = db.prepare<[number, string, number]>(
    "UPDATE deliveries SET due_ms = ? WHERE sink = ? AND due_ms > ? AND state = 'pending' AND attempts > 0",
  );
  const putGate = createPutGate(db);
  const readGate = createReadGate(db);
  const claim = createClaim(db, deps.foldDue, putGate);
  const giveTo = createGiveTo(db, deps.insertDelivery);
  const settle = createSettle(db, giveTo);
  const handOver = createHandOver(db, giveTo);
  const overdue = createOverdue(db, giveTo);

  return {
    claim: (sink, limit, leaseMs, options = {}) =>
      connection.commitLightly(() => claim(sink, limit, leaseMs, options, now())),

    // Of all sinks together: each commit waits for the disk, and nothing else happens meanwhile.
    settle: (settlements, changes, about) =>
      connection.commitTogether(() => {
        const nowMs = now();
        settle(settlements, nowMs);
        if (about) {
          putGate(about.sink, about.gate);
          if (about.hasten) hasten.run(nowMs, about.sink, nowMs);
        }
        return deps.applyConditions(changes);
      }),

    gate: (sink) => connection.read(() => readGate(sink)),

    handOver: (sink, fallback) => connection.commit(() => handOver(sink, fallback, now())),

    overdue: (sink, beforeMs) => connection.read(() => overdue.count(sink, beforeMs)),

    parkOverdue: (which) => connection.commit(() => overdue.park(which, now())),

    release: (deliveryIds) =>
      connection.commitLightly(() => {
        const nowMs = now();
        for (const id of deliveryIds) release.run(nowMs, id);
      }),

    reclaim: () => connection.commitLightly(() => reclaim.run(now()).changes),

    nextDueMs: (sink) => connection.read(() => nextDue.get(sink)),

    ...createOutboxActs(connection, deps.recordAct, now),

    enqueue: (alerts) => connection.commit(() => deps.insertAlerts(alerts, now())),
  };
};
