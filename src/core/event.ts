import type { JsonObject } from '../base/json.ts';

/** One audit event as the API gave it, nothing dropped, beside the few facts that the monitor itself needs. */
export interface AuditEvent {
  /** The API's id (a UUID in practice); (account, id) is the identity of an event. */
  readonly id: string;
  /** Name of the configured account whose trail it was read from. */
  readonly account: string;
  /** `event_type`, such as `NUMBER_UPDATED`; types outside every published list are normal. */
  readonly eventType: string;
  /** `created_at`, epoch milliseconds. The API's resolution is one second and its zone, by our reading, UTC. */
  readonly createdAtMs: number;
  /** The event's JSON, byte for byte as it stood in the API's answer. What is stored and exported. */
  readonly json: string;
  /** The parsed JSON, unknown fields included. Integers past 2^53 are texts, so that no digit is lost. */
  readonly fields: JsonObject;
}

/** Fields of every event, as the documents of the API name them. Others may appear, and below `context` anything may. */
export const EVENT_FIELDS = [
  'id',
  'event_type',
  'event_type_description',
  'created_at',
  'account_id',
  'user_email',
  'user_id',
  'source',
  'source_description',
  'source_ip',
  'source_country',
  'context',
] as const;

/** Something in an answer that is no event we can understand. Kept verbatim and reported once. */
export interface QuarantinedEvent {
  readonly account: string;
  /** Stable hash of the content: the identity that makes re-reads count once. */
  readonly key: string;
  readonly json: string;
  /** Why, for people: names the field, the value found and what is allowed. */
  readonly reason: string;
}

/** Order of events everywhere: by (`created_at`, `id`). The API promises no order, so we make our own. */
export const byTime = (a: AuditEvent, b: AuditEvent): number =>
  a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
