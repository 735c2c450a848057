import { UsageError } from '../base/errors.ts';
import type { Act } from '../core/acts.ts';
import { type Alert, accountOfEvent } from '../core/alert.ts';
import type {
  ActQuery,
  AttemptRecord,
  DeliveryQuery,
  DeliveryRecord,
  History,
  StoredEvent,
} from '../core/history.ts';
import { everyItem } from '../core/paging.ts';

/** One delivery with everything that became of it. */
export interface DeliveryStory {
  readonly delivery: DeliveryRecord;
  readonly attempts: readonly AttemptRecord[];
  /** What people did to it. */
  readonly acts: readonly Act[];
  /** The delivery of the summary it was folded into; undefined when it was not. */
  readonly summary: DeliveryRecord | undefined;
}

/** Everything that is known about one alert. */
export interface AlertStory {
  readonly alert: Alert;
  /** The events behind it, as far as they are still kept. */
  readonly events: readonly StoredEvent[];
  readonly deliveries: readonly DeliveryStory[];
  /** For a summary: the alerts that were folded into it, as far as they are still kept; the first of them. */
  readonly folded: readonly Alert[];
  /** What people did to the alert itself. */
  readonly acts: readonly Act[];
}

/** Members of a summary that the story names. */
const MAX_FOLDED = 20;

const actsOf = async (history: History, subject: string): Promise<readonly Act[]> => {
  const acts: Act[] = [];
  for await (const act of everyItem((query: ActQuery) => history.acts(query), { subject })) acts.push(act);
  return acts;
};

const deliveryById = async (history: History, id: string): Promise<DeliveryRecord | undefined> =>
  (await history.deliveries({ id, limit: 1 })).items[0];

const alertById = async (history: History, id: string): Promise<Alert | undefined> =>
  (await history.alerts({ id, limit: 1 })).items[0];

const foldedInto = async (
  history: History,
  deliveries: readonly DeliveryRecord[],
): Promise<readonly Alert[]> => {
  const alerts: Alert[] = [];
  for (const { id } of deliveries) {
    const { items } = await history.deliveries({ foldedInto: id, limit: MAX_FOLDED });
    for (const { alertId } of items) {
      const alert = await alertById(history, alertId);
      if (alert && alerts.length < MAX_FOLDED) alerts.push(alert);
    }
    if (alerts.length > 0) break;
  }
  return alerts;
};

/**
 * The story of an alert, by its own id or that of one of its deliveries. Rejects with a UsageError when there is no such
 * alert or delivery (any more).
 */
export const storyOf = async (history: History, id: string): Promise<AlertStory> => {
  const delivery = await deliveryById(history, id);
  const alert = await alertById(history, delivery?.alertId ?? id);
  if (!alert)
    throw new UsageError(
      `there is no delivery and no alert with the id ${JSON.stringify(id.slice(0, 80))}; "deliveries list" shows both`,
    );
  const records: DeliveryRecord[] = [];
  for await (const one of everyItem((query: DeliveryQuery) => history.deliveries(query), {
    alertId: alert.id,
  }))
    records.push(one);
  const events: StoredEvent[] = [];
  for (const [index, eventId] of alert.eventIds.entries()) {
    const account = accountOfEvent(alert, index);
    events.push(...(await history.events({ id: eventId, account, limit: 1 })).items);
  }
  return {
    alert,
    events,
    deliveries: await Promise.all(
      records.map(async (one) => ({
        delivery: one,
        attempts: await history.attempts(one.id),
        acts: await actsOf(history, one.id),
        summary: one.foldedInto === undefined ? undefined : await deliveryById(history, one.foldedInto),
      })),
    ),
    folded: alert.summary ? await foldedInto(history, records) : [],
    acts: await actsOf(history, alert.id),
  };
};
