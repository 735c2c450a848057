import type { Database } from 'better-sqlite3';
import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { DecidedAlert, NewAlert, PlannedDelivery } from '../core/decided.ts';
import type { Planner, PlannerMemory } from '../core/planner.ts';

/**
 * Stores alerts, plans their deliveries and puts those into the outbox. Alerts whose id is known are dropped, before
 * anything is planned for them: what is told again must not count as another one. Returns the new ones. To be called
 * inside a transaction.
 */
export type InsertAlerts = (requests: readonly NewAlert[], nowMs: number) => readonly DecidedAlert[];

/** Puts one delivery into the outbox; answers its `seq`, or undefined when there is one of that alert and sink. */
export type InsertDelivery = (
  alertId: string,
  alertSeq: number | bigint,
  delivery: PlannedDelivery,
  nowMs: number,
) => number | bigint | undefined;

/** Stores one alert; answers its `seq`, or undefined when it is known. */
export type InsertAlert = (alert: Alert) => number | bigint | undefined;

/** Prepares {@link InsertAlert}. */
export const createInsertAlert = (db: Database): InsertAlert => {
  const insert = db.prepare<[string, string, string, string, string, number, string]>(
    `INSERT INTO alerts (id, account, kind, level, rule, decided_ms, json) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  const insertEvent = db.prepare<[string, number | bigint]>(
    'INSERT INTO alert_events (event, alert) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  return (alert) => {
    const { id, account, kind, rule, decidedAtMs } = alert;
    const row = insert.run(id, account, kind, rule.level, rule.id, decidedAtMs, JSON.stringify(alert));
    if (row.changes === 0) return undefined;
    const seq = row.lastInsertRowid;
    for (const event of alert.eventIds) insertEvent.run(event, seq);
    return seq;
  };
};

/** Prepares {@link InsertDelivery}. */
export const createInsertDelivery = (db: Database): InsertDelivery => {
  const insert = db.prepare<
    [
      string,
      number | bigint,
      string,
      string,
      number,
      number | null,
      number | null,
      number,
      string,
      string | null,
      string | null,
      string,
    ]
  >(
    `INSERT INTO deliveries
       (id, alert, sink, state, attempts, created_ms, due_ms, ended_ms, since_ms, thread, bundle, silence, why)
     VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  return (alertId, alertSeq, delivery, nowMs) => {
    const { sink, state, dueAtMs, thread, bundle, silence, why } = delivery;
    const waits = state === 'pending';
    const row = insert.run(
      stableId('delivery', alertId, sink),
      alertSeq,
      sink,
      state,
      nowMs,
      waits ? dueAtMs : null,
      waits ? null : nowMs,
      // What is held on purpose does not grow old by it.
      waits ? Math.max(dueAtMs, nowMs) : nowMs,
      thread,
      bundle ?? null,
      silence ?? null,
      JSON.stringify(why),
    );
    return row.changes === 0 ? undefined : row.lastInsertRowid;
  };
};

/** Prepares {@link InsertAlerts}. */
export const createInsertAlerts = (
  insertAlert: InsertAlert,
  insertDelivery: InsertDelivery,
  planner: Planner,
  memory: PlannerMemory,
): InsertAlerts => {
  return (requests, nowMs) =>
    requests.flatMap((request) => {
      const seq = insertAlert(request.alert);
      if (seq === undefined) return [];
      const decided = planner.plan(request, memory, nowMs);
      for (const delivery of decided.deliveries) insertDelivery(decided.alert.id, seq, delivery, nowMs);
      return [decided];
    });
};
