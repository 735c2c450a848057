import { isObject, type Json, type JsonObject, own } from '../base/json.ts';
import type { AuditPage } from '../core/audit-reader.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';
import type { ClockReading } from './api-clock.ts';
import { type Element, MAX_EVENT_DEPTH, quarantine, readElement } from './element.ts';
import { arraySpans, type JsonSpan } from './json-spans.ts';

/** An answer understood, or what is wrong with it as a whole (no secret, none of its text). */
export type Parsed<T> =
  | { readonly value: T }
  | { readonly problem: string /** It holds more than is read. */; readonly tooLarge?: boolean };

/** More elements than any honest page has (`size` ends at 100, but a server may ignore it and answer everything). */
const MAX_ELEMENTS = 50_000;
const MAX_OUTER_DEPTH = 1_000;

const parseJson = (text: string): Parsed<Json> => {
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    // The parser's own message quotes the text; the excerpt in our errors is redacted, that quotation is not.
    return { problem: text.trim() === '' ? 'the body is empty' : 'the body is no JSON, or is cut off' };
  }
};

/** Keeps integers that a double cannot hold, and numbers beyond its range, as the text they were written in. */
const keepDigits = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === 'number' && context?.source !== undefined && !Number.isSafeInteger(value)
    ? Number.isFinite(value) && !/^-?\d+$/.test(context.source)
      ? value
      : context.source
    : value;

const tooDeep = (span: JsonSpan): boolean => span.depth > MAX_EVENT_DEPTH;

/** The text with the elements that are nested too deeply replaced by null, so that parsing it is cheap. */
const withoutDeep = (text: string, spans: readonly JsonSpan[]): string => {
  let kept = '';
  let from = 0;
  for (const span of spans) {
    if (!tooDeep(span)) continue;
    kept += `${text.slice(from, span.start)}null`;
    from = span.end;
  }
  return from === 0 ? text : kept + text.slice(from);
};

const elementOf = (account: string, text: string, span: JsonSpan, value: Json): Element => {
  const json = text.slice(span.start, span.end);
  if (tooDeep(span))
    return quarantine(
      account,
      json,
      `the element is nested ${span.depth} deep, allowed are ${MAX_EVENT_DEPTH} levels`,
    );
  return readElement(account, json, span.longNumbers ? (JSON.parse(json, keepDigits) as Json) : value);
};

const countOf = (page: Json | undefined, key: string): number | undefined => {
  const value = isObject(page) ? own(page, key) : undefined;
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
};

/** Absent, or written as null. */
const isAbsent = (value: Json | undefined): value is null | undefined =>
  value === undefined || value === null;

/**
 * What stands where `_embedded.events` should. An answer without it is an empty page only when something else shows
 * that it is a page: any other JSON (a gateway's notice, `{}`) is a failed read.
 */
const eventsOf = (body: Json): Parsed<readonly Json[]> => {
  if (!isObject(body)) return { problem: 'the body is JSON of another shape: an object is allowed' };
  const embedded = own(body, '_embedded');
  if (!isAbsent(embedded) && !isObject(embedded)) return { problem: '_embedded is no object' };
  const events = isAbsent(embedded) ? undefined : own(embedded, 'events');
  if (Array.isArray(events)) return { value: events };
  if (!isAbsent(events)) return { problem: '_embedded.events is no array' };
  return isObject(own(body, 'page')) || isObject(own(body, '_links'))
    ? { value: [] }
    : { problem: 'the body is JSON of another shape: it has neither _embedded.events nor page nor _links' };
};

/**
 * Reads the answer to `GET /events`. The text is scanned for where each event stands (its verbatim JSON), then parsed
 * once as a whole, which also proves the scan; parsing event by event measured slower. Only events in which the scan
 * saw numbers of 16 digits or more are parsed again, with their digits kept.
 */
export const parsePage = (account: string, text: string, clock: ClockReading): Parsed<AuditPage> => {
  const { elements = [], outerDepth } = arraySpans(text, ['_embedded', 'events'], MAX_ELEMENTS + 1);
  if (outerDepth > MAX_OUTER_DEPTH) return { problem: `the body is nested ${outerDepth} deep` };
  if (elements.length > MAX_ELEMENTS) {
    return { problem: `the page has more than ${MAX_ELEMENTS} elements`, tooLarge: true };
  }
  const body = parseJson(withoutDeep(text, elements));
  if ('problem' in body) return body;
  const values = eventsOf(body.value);
  if ('problem' in values) return values;

  const events: AuditEvent[] = [];
  const quarantined: QuarantinedEvent[] = [];
  for (const [index, span] of elements.entries()) {
    const element = elementOf(account, text, span, values.value[index] ?? null);
    if ('event' in element) events.push(element.event);
    else quarantined.push(element.quarantined);
  }
  const page = own(body.value as JsonObject, 'page');
  return {
    value: {
      events,
      quarantined,
      count: elements.length,
      totalElements: countOf(page, 'totalElements'),
      number: countOf(page, 'number'),
      ...clock,
    },
  };
};

/** Reads the answer to `GET /events/{id}`: one event by itself. */
export const parseSingle = (account: string, text: string): Parsed<AuditEvent> => {
  // As an array of one, so that verbatim text, depth and digits are handled in one place.
  const list = `[${text}]`;
  const [span, second] = arraySpans(list, []).elements ?? [];
  if (!span || second || tooDeep(span)) return { problem: 'the body is no single JSON object' };
  const parsed = parseJson(text);
  if ('problem' in parsed) return parsed;
  const element = elementOf(account, list, span, parsed.value);
  return 'event' in element ? { value: element.event } : { problem: element.quarantined.reason };
};

/** One type of event as the API describes it. */
export interface EventType {
  readonly type: string;
  readonly description: string;
}

/** Reads the answer to `OPTIONS /events`; undefined when the body is empty. Entries without a type are left out. */
export const parseEventTypes = (text: string): Parsed<readonly EventType[] | undefined> => {
  if (text.trim() === '') return { value: undefined };
  if (arraySpans(text, []).outerDepth > MAX_OUTER_DEPTH) return { problem: 'the body is nested too deeply' };
  const parsed = parseJson(text);
  if ('problem' in parsed) return parsed;
  const list = isObject(parsed.value) ? own(parsed.value, 'eventTypes') : undefined;
  if (!Array.isArray(list)) return { problem: 'eventTypes is no array' };
  const types: EventType[] = [];
  for (const entry of list as readonly Json[]) {
    const type = isObject(entry) ? own(entry, 'type') : undefined;
    const description = isObject(entry) ? own(entry, 'description') : undefined;
    if (isText(type)) types.push({ type, description: isText(description) ? description : '' });
  }
  return { value: types };
};

const isText = (value: Json | undefined): value is string => typeof value === 'string' && value !== '';
