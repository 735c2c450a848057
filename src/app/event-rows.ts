import { describeEvent } from '../alerts/describe-event.ts';
import { fieldText } from '../alerts/event-field.ts';
import { parseSingle } from '../audit/page.ts';
import type { JsonObject } from '../base/json.ts';
import type { EventAlert, History, StoredEvent } from '../core/history.ts';
import type { EventRow } from '../server/trail-shapes.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** What is in an event; what cannot be read any more has nothing in it. */
export const fieldsOf = ({ account, json }: Pick<StoredEvent, 'account' | 'json'>): JsonObject => {
  const parsed = parseSingle(account, json);
  return 'value' in parsed ? parsed.value.fields : {};
};

/** An event as a row of a list: who, from where, and in words what. */
export const eventRowOf = (
  event: StoredEvent,
  fields: JsonObject,
  alerts: readonly EventAlert[],
): EventRow => ({
  account: event.account,
  id: event.id,
  event_type: event.eventType,
  created_at: iso(event.createdAtMs),
  seen_at: iso(event.seenAtMs),
  who: fieldText(fields, 'user_email') || fieldText(fields, 'user_id') || '',
  ip: fieldText(fields, 'source_ip') ?? '',
  country: fieldText(fields, 'source_country') ?? '',
  sentence: describeEvent(fields, event.eventType).sentence,
  alerts: alerts.map(({ id, level, kind, title }) => ({ id, level, kind, title })),
});

/** The row of an event, with its alerts looked up. */
export const readEventRow = async (
  history: Pick<History, 'alertsOf'>,
  event: StoredEvent,
): Promise<EventRow> => eventRowOf(event, fieldsOf(event), await history.alertsOf(event.account, event.id));
