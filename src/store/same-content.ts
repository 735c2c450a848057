import { canonicalJson, isObject, type Json, type JsonObject } from '../base/json.ts';

/** Hypermedia, not content: its host and scheme differ between two answers about the same event. */
const LINKS = '_links';

/**
 * An event's content for comparison and identity: canonical JSON without `_links`, with integers past 2^53 kept digit
 * by digit. Text that cannot be read so (nested too deeply for the stack) stands for itself.
 */
export const contentOf = (json: string): string => {
  try {
    const value = parseExact(json);
    if (!isObject(value)) return canonicalJson(value);
    return canonicalJson(withoutLinks(value));
  } catch {
    return json;
  }
};

/** Names of the top-level members in which two events differ, `_links` left out; empty when they cannot be told. */
export const differingMembers = (stored: string, other: string): readonly string[] => {
  try {
    const a = parseExact(stored);
    const b = parseExact(other);
    if (!isObject(a) || !isObject(b)) return [];
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    names.delete(LINKS);
    return [...names].filter((name) => member(a, name) !== member(b, name)).sort();
  } catch {
    return [];
  }
};

const member = (object: JsonObject, name: string): string | undefined =>
  Object.hasOwn(object, name) ? canonicalJson(object[name] as Json) : undefined;

const withoutLinks = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== LINKS));

/** JSON.parse hands the source text of each number to the reviver; the type definitions do not know it yet. */
type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

const exactIntegers: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
    ? source
    : value;

const parseExact = (json: string): Json =>
  JSON.parse(json, exactIntegers as (this: unknown, key: string, value: unknown) => unknown) as Json;
