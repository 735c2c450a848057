import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { AuditEvent } from '../core/event.ts';

/** How many events a group of a correlation keeps word for word, to show them in its alert. */
export const MAX_BODIES = 20;

/** An event as rule state keeps it: its verbatim JSON, from which the fields are read again. */
export const encodeEvent = (event: AuditEvent): Json => [
  event.id,
  event.account,
  event.eventType,
  event.createdAtMs,
  event.json,
];

// Whole numbers past 2^53 are texts in `fields`, here as in the reader of the API, so that no digit is lost.
const reviver = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === 'number' &&
  !Number.isSafeInteger(value) &&
  context?.source !== undefined &&
  /^-?\d+$/.test(context.source)
    ? context.source
    : value;

const fieldsOf = (json: string): JsonObject | undefined => {
  try {
    const parsed: unknown = /\d{16}/.test(json) ? JSON.parse(json, reviver) : JSON.parse(json);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

/** The event of {@link encodeEvent}; undefined when it is none. */
export const decodeEvent = (value: Json): AuditEvent | undefined => {
  if (!Array.isArray(value)) return undefined;
  const [id, account, eventType, createdAtMs, json] = value as readonly Json[];
  if (
    typeof id !== 'string' ||
    typeof account !== 'string' ||
    typeof eventType !== 'string' ||
    typeof createdAtMs !== 'number' ||
    typeof json !== 'string'
  )
    return undefined;
  let fields: JsonObject | undefined;
  // Parsed only when an alert shows it: most kept events are forgotten unread.
  return {
    id,
    account,
    eventType,
    createdAtMs,
    json,
    get fields() {
      fields ??= fieldsOf(json) ?? {};
      return fields;
    },
  };
};
