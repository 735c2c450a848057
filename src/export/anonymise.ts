import type { Pseudonyms } from './pseudonyms.ts';
import { createScan, type Kind, kindOfKey, pseudonymOf, type Scan } from './sensitive.ts';

/** JSON with the source text of numbers (ECMAScript 2026), which the type definitions do not know yet. */
const json = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  stringify(value: unknown): string;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
};

type Leaf = { readonly kind: Kind | undefined; readonly text: string };

/** Beyond so many different names and ids, looking for each of them in every text takes too long. */
const MAX_KNOWN = 1_000;
/** What tells the kind and the time of an event, and which one it is. */
const KEPT: readonly string[] = ['id', 'event_type', 'created_at'];
/** They name the host and the account, and tell nothing. */
const LEFT_OUT = '_links';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value);

/** Visits every text and number, with the kind that its key, or the key of what it is in, says. */
const visit = (value: unknown, kind: Kind | undefined, see: (leaf: Leaf) => void): void => {
  if (typeof value === 'string') see({ kind, text: value });
  else if (json.isRawJSON(value)) see({ kind, text: value.rawJSON });
  else if (Array.isArray(value)) for (const item of value) visit(item, kind, see);
  else if (isObject(value))
    for (const [key, inner] of Object.entries(value)) visit(inner, kindOfKey(key) ?? kind, see);
};

/** An event (its JSON as stored) with pseudonyms, as JSON on one line. What cannot be walked is left out, never passed on. */
export type Anonymise = (text: string) => string;

/** Makes {@link Anonymise}. */
export const createAnonymise = (pseudonyms: Pseudonyms): Anonymise => {
  /** Every value whose key says that it is sensitive, with its pseudonym: it may stand in other texts as well. */
  const knownIn = (event: unknown): ReadonlyMap<string, string> => {
    const known = new Map<string, string>();
    visit(event, undefined, ({ kind, text }) => {
      const value = text.trim();
      if (kind === undefined || value.length < 2) return;
      const pseudonym = pseudonymOf(pseudonyms, kind, value);
      if (pseudonym === undefined) return;
      known.set(value, pseudonym);
      const digits = value.replace(/\D/g, '');
      if (kind === 'phone' && digits.length >= 7) known.set(digits, pseudonyms.phone(digits));
      // `jane.doe` of jane.doe@example.com is a name, `info` is none.
      const local = /^([^@]{5,64})@/.exec(value)?.[1];
      if (local !== undefined && /[._\d]/.test(local)) known.set(local, pseudonyms.name(local));
    });
    return known;
  };

  const turn = (
    value: unknown,
    kind: Kind | undefined,
    scan: Scan,
    known: ReadonlyMap<string, string>,
  ): unknown => {
    if (typeof value === 'string') return (kind && pseudonymOf(pseudonyms, kind, value)) ?? scan(value);
    if (json.isRawJSON(value)) {
      // A number that nothing says to be personal, here or elsewhere in the event, is an amount or a time.
      const text = value.rawJSON;
      const isDigits = kind !== undefined && /^\d{4,}$/.test(text);
      const other = isDigits ? pseudonyms.phone(text) : (known.get(text) ?? text);
      return /^\d+$/.test(other) || other === text ? json.rawJSON(other) : other;
    }
    if (Array.isArray(value)) return value.map((item) => turn(item, kind, scan, known));
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        scan(key),
        turn(inner, kindOfKey(key) ?? kind, scan, known),
      ]),
    );
  };
  return (text) => {
    let event: unknown;
    try {
      event = json.parse(text, (_key, value, { source }) =>
        typeof value === 'number' && source !== undefined ? json.rawJSON(source) : value,
      );
      if (!isObject(event)) return left('no object');
      const { [LEFT_OUT]: _, ...rest } = event;
      const known = knownIn(rest);
      if (known.size > MAX_KNOWN) return json.stringify({ ...kept(event), _left_out: 'too many names' });
      const scan = createScan(pseudonyms, known);
      return json.stringify({ ...(turn(rest, undefined, scan, known) as object), ...kept(event) });
    } catch {
      // Nested too deeply to be walked.
      return isObject(event)
        ? json.stringify({ ...kept(event), _left_out: 'nested too deeply' })
        : left('unreadable');
    }
  };
};

const left = (why: string): string => json.stringify({ _left_out: why });
const kept = (event: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(KEPT.filter((key) => typeof event[key] === 'string').map((key) => [key, event[key]]));
