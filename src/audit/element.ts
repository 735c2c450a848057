import { stableId } from '../base/hash.ts';
import { canonicalJson, isObject, type Json, type JsonObject, own } from '../base/json.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';
import { CREATED_AT_FORM, parseCreatedAt } from './created-at.ts';

/** One element of an answer, told apart. */
export type Element = { readonly event: AuditEvent } | { readonly quarantined: QuarantinedEvent };

/** Longest id we take for one; the API's are UUIDs. */
const MAX_ID_LENGTH = 200;

/**
 * Deepest nesting of an event that goes on into the monitor. Its other parts walk events by recursion, and one event
 * must never be able to end the process: what is deeper is quarantined, which is reported.
 */
export const MAX_EVENT_DEPTH = 200;

/** A value for people: texts cut, objects and arrays only named. */
const shown = (value: Json | undefined): string => {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return isObject(value) ? 'an object' : JSON.stringify(value);
};

const isText = (value: Json | undefined): value is string => typeof value === 'string' && value !== '';

const problems = (fields: JsonObject): string => {
  const id = own(fields, 'id');
  const eventType = own(fields, 'event_type');
  const createdAt = own(fields, 'created_at');
  const found: string[] = [];
  if (!isText(id)) found.push(`id is ${shown(id)}, allowed is a text that is not empty`);
  else if (id.length > MAX_ID_LENGTH)
    found.push(`id is ${shown(id)} with ${id.length} characters, allowed are ${MAX_ID_LENGTH}`);
  if (!isText(eventType))
    found.push(`event_type is ${shown(eventType)}, allowed is a text that is not empty`);
  if (!isText(createdAt) || parseCreatedAt(createdAt) === undefined)
    found.push(`created_at is ${shown(createdAt)}, allowed is ${CREATED_AT_FORM}`);
  return found.join('; ');
};

/**
 * Identity of something in quarantine. The same content in another order of keys is the same: servers that write
 * their objects from hash tables would otherwise have it reported on every pass.
 */
const contentKey = (json: string, value: Json | undefined): string => {
  try {
    return stableId('quarantine', value === undefined ? json : canonicalJson(value));
  } catch {
    return stableId('quarantine', json);
  }
};

/** Makes a quarantined element of text that was not even parsed. */
export const quarantine = (
  account: string,
  json: string,
  reason: string,
  value?: Json,
): { readonly quarantined: QuarantinedEvent } => ({
  quarantined: { account, key: contentKey(json, value), json, reason },
});

/** Tells an element apart: an event when it has an id, a type and a date, else quarantine with the reason. */
export const readElement = (account: string, json: string, value: Json): Element => {
  if (!isObject(value))
    return quarantine(account, json, `the element is ${shown(value)}, allowed is an object`, value);
  // The usual case in one go; the reasons are only worked out for an element that has any.
  const id = own(value, 'id');
  const eventType = own(value, 'event_type');
  const createdAt = own(value, 'created_at');
  const createdAtMs = typeof createdAt === 'string' ? parseCreatedAt(createdAt) : undefined;
  if (isText(id) && id.length <= MAX_ID_LENGTH && isText(eventType) && createdAtMs !== undefined)
    return { event: { id, account, eventType, createdAtMs, json, fields: value } };
  return quarantine(account, json, problems(value), value);
};
