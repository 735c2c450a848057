import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { Clock } from '../core/clock.ts';
import type { DecidedAlert, NewAlert, PlannedDelivery } from '../core/decided.ts';
import type { Planner } from '../core/planner.ts';
import { plan } from './planner-memory.ts';
import { insert, inserts, many, type Steps, tellOthers } from './steps.ts';

/**
 * Stores alerts, plans their deliveries and puts those into the outbox. Alerts whose id is known are dropped, before
 * anything is planned for them: what is told again must not count as another one. Returns the new ones. To be called
 * inside a transaction.
 */
export type InsertAlerts = (requests: readonly NewAlert[], nowMs: number) => Steps<readonly DecidedAlert[]>;

/** One delivery to be put into the outbox. */
export interface NewDelivery {
  readonly alertId: string;
  readonly alertSeq: number;
  readonly delivery: PlannedDelivery;
}

const ALERT_COLUMNS = 'id, account, kind, level, rule, decided_ms, json';
const INSERT_ALERTS = {
  sqlite: `INSERT INTO alerts (${ALERT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  postgres: `INSERT INTO alerts (${ALERT_COLUMNS}) SELECT ${ALERT_COLUMNS}
    FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[]) WITH ORDINALITY
      AS new (id, account, kind, level, rule, decided_ms, json, place)
    ORDER BY place ON CONFLICT (id) DO NOTHING`,
};
const INSERT_ALERT_EVENTS = {
  sqlite: 'INSERT INTO alert_events (event, alert) VALUES (?, ?) ON CONFLICT DO NOTHING',
  postgres: `INSERT INTO alert_events (event, alert) SELECT * FROM unnest(?::text[], ?::bigint[])
    ON CONFLICT DO NOTHING`,
};
const DELIVERY_COLUMNS = `id, alert, sink, state, attempts, created_ms, due_ms, ended_ms, since_ms, thread, bundle, silence, why`;
const INSERT_DELIVERY = `INSERT INTO deliveries (${DELIVERY_COLUMNS}) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING`;
const INSERT_DELIVERIES = {
  sqlite: INSERT_DELIVERY,
  postgres: `INSERT INTO deliveries (${DELIVERY_COLUMNS})
    SELECT id, alert, sink, state, 0, created_ms, due_ms, ended_ms, since_ms, thread, bundle, silence, why
    FROM unnest(?::text[], ?::bigint[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
                ?::text[], ?::text[], ?::text[], ?::text[]) WITH ORDINALITY
      AS new (id, alert, sink, state, created_ms, due_ms, ended_ms, since_ms, thread, bundle, silence, why, place)
    ORDER BY place ON CONFLICT (id) DO NOTHING`,
};

/** Stores alerts; answers the `seq` of each, or undefined when it is known. */
function* storeAlerts(alerts: readonly Alert[]): Steps<readonly (number | undefined)[]> {
  const seqs = yield* inserts(
    INSERT_ALERTS,
    alerts.map((alert) => {
      const { id, account, kind, rule, decidedAtMs } = alert;
      return [id, account, kind, rule.level, rule.id, decidedAtMs, JSON.stringify(alert)];
    }),
  );
  yield* many(
    INSERT_ALERT_EVENTS,
    alerts.flatMap(({ eventIds }, index) => {
      const seq = seqs[index];
      return seq === undefined ? [] : eventIds.map((event) => [event, seq]);
    }),
  );
  return seqs;
}

/** Stores one alert; answers its `seq`, or undefined when it is known. */
export function* insertAlert(alert: Alert): Steps<number | undefined> {
  return (yield* storeAlerts([alert]))[0];
}

const deliveryColumns = ({ alertId, alertSeq, delivery }: NewDelivery, nowMs: number) => {
  const { sink, state, dueAtMs, thread, bundle, silence, why } = delivery;
  const waits = state === 'pending';
  return [
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
  ];
};

/** Puts one delivery into the outbox; answers its `seq`, or undefined when there is one of that alert and sink. */
export const insertDelivery = (delivery: NewDelivery, nowMs: number): Steps<number | undefined> =>
  insert(INSERT_DELIVERY, ...deliveryColumns(delivery, nowMs));

/** Makes {@link InsertAlerts}. */
export const createInsertAlerts = (planner: Planner, now: Clock): InsertAlerts =>
  function* insertAlerts(requests, nowMs) {
    const seqs = yield* storeAlerts(requests.map(({ alert }) => alert));
    const fresh = requests.flatMap((request, index) => {
      const seq = seqs[index];
      return seq === undefined ? [] : [{ request, seq }];
    });
    if (fresh.length === 0) return [];
    const planned = yield* plan(
      planner,
      fresh.map(({ request }) => request),
      nowMs,
      now,
    );
    const deliveries = planned.flatMap(({ alert, deliveries }, index) =>
      deliveries.map((delivery) => ({ alertId: alert.id, alertSeq: fresh[index]?.seq ?? 0, delivery })),
    );
    if (deliveries.length > 0) yield* tellOthers();
    yield* many(
      INSERT_DELIVERIES,
      deliveries.map((delivery) => deliveryColumns(delivery, nowMs)),
    );
    return planned;
  };
