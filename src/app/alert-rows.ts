import type { Act } from '../core/acts.ts';
import { type Alert, incidentOf } from '../core/alert.ts';
import { WHY_REASONS } from '../core/decided.ts';
import type { DeliveryRecord } from '../core/history.ts';
import type { Store } from '../core/store.ts';
import type { AlertRow, DeliveryRow } from '../server/alert-shapes.ts';
import type { ActAnswer } from '../server/api-common.ts';
import type { PlacedAlert } from './search-alerts.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

/** How many acts on one alert are looked through for the one that acknowledges it. */
const MAX_ACTS = 100;

/** An act as the API tells it. */
export const actOf = ({ act, atMs, by, subject, detail }: Act): ActAnswer => ({
  act,
  at: iso(atMs),
  by,
  subject,
  detail,
});

const rowOf = (
  alert: Alert,
  acknowledged: Act | undefined,
  deliveries: AlertRow['deliveries'],
): AlertRow => ({
  id: alert.id,
  incident: incidentOf(alert),
  kind: alert.kind,
  status: alert.status,
  level: alert.rule.level,
  rule: { id: alert.rule.id, title: alert.rule.title },
  account: alert.account === '' ? null : alert.account,
  message: alert.message,
  created_at: iso(alert.createdAtMs),
  decided_at: iso(alert.decidedAtMs),
  acknowledged: acknowledged ? { at: iso(acknowledged.atMs), by: acknowledged.by } : null,
  deliveries,
});

/** An alert as a row of a list, with what became of it looked up. */
export const readAlertRow = async (
  store: Pick<Store, 'history' | 'browse'>,
  { seq, alert }: PlacedAlert,
): Promise<AlertRow> => {
  const acts = await store.history.acts({ subject: alert.id, limit: MAX_ACTS, newestFirst: true });
  return rowOf(
    alert,
    acts.items.find(({ act }) => act === 'alert.acknowledged'),
    await store.browse.deliveryStates(seq),
  );
};

/** A delivery as the API tells it. */
export const deliveryRowOf = (delivery: DeliveryRecord, lastDetail: string | undefined): DeliveryRow => ({
  id: delivery.id,
  alert: delivery.alertId,
  sink: delivery.sink,
  state: delivery.state,
  attempts: delivery.attempts,
  created_at: iso(delivery.createdAtMs),
  due_at: isoOrNull(delivery.dueAtMs),
  ended_at: isoOrNull(delivery.endedAtMs),
  silence: delivery.silence ?? null,
  why: delivery.why.map(({ reason, detail }) => ({ reason, text: WHY_REASONS[reason] ?? reason, detail })),
  last_detail: lastDetail ?? null,
});
