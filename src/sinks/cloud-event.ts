import type { JsonObject } from '../base/json.ts';
import type { PublicAlert } from './alert-json.ts';

/** Content type of an event in structured mode (CloudEvents 1.0, HTTP protocol binding 3.2). */
export const CLOUD_EVENT_TYPE = 'application/cloudevents+json; charset=utf-8';

/**
 * An alert as a CloudEvent in structured mode (cloudevents.io, specification 1.0.2). `id` is the delivery id, so that
 * `source` and `id` together are the same on every attempt, as the specification asks of repetitions.
 */
export const cloudEvent = (alert: PublicAlert): JsonObject => ({
  specversion: '1.0',
  id: alert.delivery_id,
  source: `/vonage-audit-monitor/${alert.account === null ? 'monitor' : `accounts/${encodeURIComponent(alert.account.toWellFormed())}`}`,
  type: `vonage-audit-monitor.alert.${alert.kind}.${alert.status}`,
  ...(alert.rule.id === '' ? {} : { subject: alert.rule.id }),
  ...(alert.created_at === null ? {} : { time: alert.created_at }),
  datacontenttype: 'application/json',
  data: { ...alert } as unknown as JsonObject,
});
