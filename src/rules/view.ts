import { isObject, type Json, type JsonObject, own } from '../base/json.ts';
import type { AuditEvent } from '../core/event.ts';
import { fold } from './text-pattern.ts';

/** Longest text that is compared; the rest of a longer one is not looked at (and that is counted). */
const MAX_TEXT_LENGTH = 65_536;
/** Levels of nesting below which neither fields nor keywords are looked for. */
const MAX_FIELD_DEPTH = 32;
// Keyword rules look at every leaf; a bound keeps an absurd event from costing seconds.
const MAX_KEYWORD_LEAVES = 20_000;

/** One scalar of an event in the forms that comparisons need. */
export interface Leaf {
  readonly raw: string | number | boolean;
  /** Canonical text: numbers and booleans as JSON writes them. */
  readonly text: string;
  /** The text folded to lower case. */
  readonly folded: string;
}

/** What an event has under a field name; several leaves when arrays are on the way. */
export interface FieldValue {
  /** The name exists, even when its value is null, an object or an empty array. */
  readonly present: boolean;
  /** The name is missing or a JSON null is among its values. */
  readonly nothing: boolean;
  readonly leaves: readonly Leaf[];
}

/** The text of a field; several values are one JSON list; undefined when there is none. */
export const textOf = ({ leaves }: FieldValue): string | undefined =>
  leaves.length > 1 ? JSON.stringify(leaves.map((leaf) => leaf.text)) : leaves[0]?.text;

/** How often something was not looked at in full. */
export interface ViewCounters {
  cutValues: number;
}

const MISSING: FieldValue = { present: false, nothing: true, leaves: [] };

/**
 * One event as rules see it. Every field is read and lower-cased at most once per event, whatever the number of
 * rules; slots are given out when rules are compiled.
 */
export interface EventView {
  /** Shows the next event; everything remembered of the one before is void. */
  show(event: AuditEvent): void;
  readonly event: AuditEvent;
  field(slot: number): FieldValue;
  /** Every scalar leaf of the event, for keyword searches. */
  keywords(): readonly Leaf[];
}

const leafOf = (raw: string | number | boolean, counters: ViewCounters): Leaf => {
  let text = typeof raw === 'string' ? raw : String(raw);
  if (text.length > MAX_TEXT_LENGTH) {
    counters.cutValues += 1;
    text = text.slice(0, MAX_TEXT_LENGTH);
  }
  return { raw, text, folded: fold(text) };
};

interface Found {
  present: boolean;
  nothing: boolean;
  readonly leaves: Leaf[];
}

const take = (value: Json, into: Found, depth: number, counters: ViewCounters): void => {
  into.present = true;
  if (value === null) into.nothing = true;
  else if (Array.isArray(value)) {
    if (depth < MAX_FIELD_DEPTH) for (const item of value) take(item as Json, into, depth + 1, counters);
  } else if (typeof value !== 'object') into.leaves.push(leafOf(value, counters));
};

// `rest[i]` is the dotted name from segment i on: at every level the literal key wins over the nested path.
const walk = (
  value: Json,
  segments: readonly string[],
  rest: readonly string[],
  index: number,
  depth: number,
  into: Found,
  counters: ViewCounters,
): void => {
  if (depth > MAX_FIELD_DEPTH) return;
  if (Array.isArray(value)) {
    for (const item of value) walk(item as Json, segments, rest, index, depth + 1, into, counters);
    return;
  }
  if (!isObject(value)) return;
  const literal = own(value, rest[index] as string);
  if (literal !== undefined) {
    take(literal, into, depth, counters);
    return;
  }
  if (index + 1 >= segments.length) return;
  const child = own(value, segments[index] as string);
  if (child !== undefined) walk(child, segments, rest, index + 1, depth + 1, into, counters);
};

const readPath = (
  fields: JsonObject,
  segments: readonly string[],
  rest: readonly string[],
  counters: ViewCounters,
): FieldValue => {
  const name = rest[0] as string;
  let value = own(fields, name);
  if (value === undefined && segments.length === 2) {
    // The usual case, `context.msisdn`, without the general walk.
    const parent = own(fields, segments[0] as string);
    if (parent === undefined) return MISSING;
    if (isObject(parent)) {
      value = own(parent, segments[1] as string);
      if (value === undefined) return MISSING;
    }
  }
  if (value !== undefined && typeof value !== 'object')
    return { present: true, nothing: false, leaves: [leafOf(value, counters)] };
  if (value === undefined && segments.length === 1) return MISSING;
  const found: Found = { present: false, nothing: false, leaves: [] };
  if (value === undefined) walk(fields, segments, rest, 0, 0, found, counters);
  else take(value, found, 0, counters);
  return found.present ? found : MISSING;
};

const collect = (value: Json, into: Leaf[], depth: number, counters: ViewCounters): void => {
  if (into.length >= MAX_KEYWORD_LEAVES || depth > MAX_FIELD_DEPTH) {
    counters.cutValues += 1;
    return;
  }
  if (Array.isArray(value)) for (const item of value) collect(item as Json, into, depth + 1, counters);
  else if (isObject(value)) {
    for (const key of Object.keys(value)) collect(value[key] as Json, into, depth + 1, counters);
  } else if (value !== null) into.push(leafOf(value as string | number | boolean, counters));
};

/** The value of a dotted field name in an event, read once; for templates, group-by and explanations. */
export const createFieldReader = (
  name: string,
  counters: ViewCounters,
): ((fields: JsonObject) => FieldValue) => {
  const segments = name.split('.');
  const rest = segments.map((_, index) => segments.slice(index).join('.'));
  return (fields) => readPath(fields, segments, rest, counters);
};

/** Makes a view over the fields with these names; a field's slot is its place in the list. */
export const createView = (names: readonly string[], counters: ViewCounters): EventView => {
  const readers = names.map((name) => createFieldReader(name, counters));
  const values: (FieldValue | undefined)[] = names.map(() => undefined);
  const stamps = new Float64Array(names.length);
  let stamp = 0;
  let event: AuditEvent | undefined;
  let leaves: Leaf[] | undefined;
  return {
    show(next) {
      event = next;
      stamp += 1;
      leaves = undefined;
    },
    get event() {
      if (!event) throw new Error('no event is shown');
      return event;
    },
    field(slot) {
      if (stamps[slot] === stamp) return values[slot] as FieldValue;
      const read = readers[slot] as (fields: JsonObject) => FieldValue;
      const value = read((event as AuditEvent).fields);
      values[slot] = value;
      stamps[slot] = stamp;
      return value;
    },
    keywords() {
      if (!leaves) {
        leaves = [];
        collect((event as AuditEvent).fields, leaves, 0, counters);
      }
      return leaves;
    },
  };
};
