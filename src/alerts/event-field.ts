import { isObject, type Json, type JsonObject, own } from '../base/json.ts';
import { MAX_VALUE_LENGTH, visibleText } from './visible-text.ts';

/** Paths deeper than this lead nowhere: a hostile event must not be able to exhaust the stack. */
const MAX_DEPTH = 32;

const collect = (value: Json, name: string, depth: number, found: Json[]): void => {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const element of value) collect(element, name, depth + 1, found);
    return;
  }
  if (!isObject(value)) return;
  const literal = own(value, name);
  if (literal !== undefined) {
    found.push(literal);
    return;
  }
  const dot = name.indexOf('.');
  if (dot < 0) return;
  const next = own(value, name.slice(0, dot));
  if (next !== undefined) collect(next, name.slice(dot + 1), depth + 1, found);
};

const flatten = (values: readonly Json[], depth: number): readonly Json[] =>
  depth > MAX_DEPTH
    ? []
    : values.flatMap((value) => (Array.isArray(value) ? flatten(value, depth + 1) : [value]));

/**
 * All values of a dotted field name: a key that is literally named so wins, then the path into nested objects; arrays
 * fan out. Empty when the event has no such field. null stays in.
 */
export const fieldValues = (fields: JsonObject, name: string): readonly Json[] => {
  const found: Json[] = [];
  collect(fields, name, 0, found);
  return flatten(found, 0);
};

/** A scalar as its text, an object as compact JSON; undefined for null. Raw: neither cut nor made visible. */
export const scalarText = (value: Json): string | undefined => {
  if (value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

const MAX_LISTED = 20;

/** Values joined for people, each once: `a, b, c and 5 more`; undefined when there is nothing but null. */
export const listText = (
  values: readonly Json[],
  maxLength: number = MAX_VALUE_LENGTH,
): string | undefined => {
  const texts = new Set<string>();
  for (const value of values) {
    const text = scalarText(value);
    if (text !== undefined) texts.add(visibleText(text, maxLength));
  }
  if (texts.size === 0) return undefined;
  const shown = [...texts].slice(0, MAX_LISTED).join(', ');
  const more = texts.size > MAX_LISTED ? ` and ${texts.size - MAX_LISTED} more` : '';
  return `${visibleText(shown, maxLength)}${more}`;
};

/** A dotted field of an event as one line for people; undefined when it is missing or null. */
export const fieldText = (fields: JsonObject, name: string, maxLength?: number): string | undefined =>
  listText(fieldValues(fields, name), maxLength);
