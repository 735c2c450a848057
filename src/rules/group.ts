import type { Json } from '../base/json.ts';
import type { AuditEvent } from '../core/event.ts';
import { decodeEvent, encodeEvent } from './body.ts';
import type { Codec } from './state-table.ts';

/** One contribution to a correlation. */
export interface Entry {
  /** `created_at`, epoch ms. */
  readonly atMs: number;
  /** Which of the correlation's rules matched, by its place in the list. */
  readonly ref: number;
  /** What is counted or computed with; undefined where the type needs none. */
  readonly value: string | number | undefined;
  /** The events behind it, while they are kept. */
  events: readonly AuditEvent[];
}

/** What of its entries a group counts. */
export type Counted = 'value' | 'ref' | undefined;

/** The window of one group of a correlation. */
export interface Group {
  /** Texts of the group-by fields, in their order. */
  readonly texts: readonly string[];
  /** Since when the group is watched, for absence. */
  sinceMs: number;
  /** By order of time; the ones before `head` have left the window. */
  entries: Entry[];
  head: number;
  /** How often each value (of `value_count`) or rule (of temporal types) is in the window; not kept for other types. */
  readonly counts: Map<string | number, number> | undefined;
  readonly counted: Counted;
  /** An absence was told; nothing more until it has ended. */
  quiet: boolean;
  /** When the absence that was told fell due; undefined when none was, or when an older release told it. Epoch ms. */
  firedMs: number | undefined;
  /** When the clock has to look at it next; Infinity: never. */
  dueMs: number;
}

const NO_EVENTS: readonly AuditEvent[] = [];

/** Makes a group without entries. */
export const emptyGroup = (texts: readonly string[], sinceMs: number, counted: Counted): Group => ({
  texts,
  sinceMs,
  entries: [],
  head: 0,
  counts: counted && new Map(),
  counted,
  quiet: false,
  firedMs: undefined,
  dueMs: Number.POSITIVE_INFINITY,
});

const count = (group: Group, entry: Entry, step: 1 | -1): void => {
  const { counts, counted } = group;
  if (!counts || !counted) return;
  const key = entry[counted];
  if (key === undefined) return;
  const now = (counts.get(key) ?? 0) + step;
  if (now > 0) counts.set(key, now);
  else counts.delete(key);
};

/** Time of the newest entry; -Infinity when there is none. What has left the window does not count: a restart would not know it. */
export const newestMs = ({ entries, head }: Group): number =>
  entries.length > head ? (entries[entries.length - 1] as Entry).atMs : Number.NEGATIVE_INFINITY;

/** Index of the first entry at or after `fromMs`; the number of entries when there is none. */
export const firstSince = ({ entries, head }: Group, fromMs: number): number => {
  let low = head;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as Entry).atMs < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Puts an entry where it belongs by time and answers its index. The usual case, the newest, is O(1). */
export const insert = (group: Group, entry: Entry): number => {
  count(group, entry, 1);
  const { entries } = group;
  let index = entries.length;
  while (index > group.head && (entries[index - 1] as Entry).atMs > entry.atMs) index -= 1;
  if (index === entries.length) entries.push(entry);
  else entries.splice(index, 0, entry);
  return index;
};

/** Forgets entries older than `fromMs`; O(1) amortised. */
export const dropBefore = (group: Group, fromMs: number): void => {
  // `dropOldest` replaces the list now and then, so it is looked up anew every time.
  while (group.head < group.entries.length && (group.entries[group.head] as Entry).atMs < fromMs)
    dropOldest(group);
};

/** Forgets the oldest entry. */
export const dropOldest = (group: Group): void => {
  const { entries } = group;
  count(group, entries[group.head] as Entry, -1);
  group.head += 1;
  if (group.head > 32 && group.head * 2 > entries.length) {
    group.entries = entries.slice(group.head);
    group.head = 0;
  }
};

/** Keeps only the entries for which `keep` answers true. */
export const retain = (group: Group, keep: (entry: Entry) => boolean): void => {
  group.entries = group.entries.slice(group.head).filter((entry) => {
    const kept = keep(entry);
    if (!kept) count(group, entry, -1);
    return kept;
  });
  group.head = 0;
};

/** Forgets all entries. */
export const clear = (group: Group): void => {
  group.entries = [];
  group.head = 0;
  group.counts?.clear();
};

/** The entry `back` places before the newest gives its events up, unless it has only just come, and late. */
export const forgetBody = (group: Group, back: number, fresh: Entry): void => {
  const entry = group.entries[group.entries.length - 1 - back];
  if (group.entries.length - 1 - back >= group.head && entry && entry !== fresh) entry.events = NO_EVENTS;
};

/**
 * The group as JSON: times are differences to the one before, bodies stand once per event. `firedMs` stands at the end
 * and only while an absence lasts, so that older releases still read it.
 */
export const groupCodec = (counted: Counted): Codec<Group> => ({
  encode(group) {
    const bodies: Json[] = [];
    const places = new Map<string, number>();
    let before = 0;
    const entries = group.entries.slice(group.head).map((entry): Json => {
      const delta = entry.atMs - before;
      before = entry.atMs;
      const value = entry.value ?? null;
      if (entry.events.length === 0) return value === null ? [delta, entry.ref] : [delta, entry.ref, value];
      const refs = entry.events.map((event) => {
        // Of two accounts, two events may have the same id.
        const key = `${event.account}\0${event.id}`;
        let place = places.get(key);
        if (place === undefined) {
          place = bodies.push(encodeEvent(event)) - 1;
          places.set(key, place);
        }
        return place;
      });
      return [delta, entry.ref, value, refs];
    });
    const record: Json[] = [group.texts, group.sinceMs, group.quiet, entries, bodies];
    return group.firedMs === undefined ? record : [...record, group.firedMs];
  },
  decode(json) {
    if (!Array.isArray(json)) return undefined;
    const [texts, sinceMs, quiet, entries, bodies, firedMs] = json as readonly Json[];
    if (!Array.isArray(texts) || typeof sinceMs !== 'number') return undefined;
    if (!Array.isArray(entries) || !Array.isArray(bodies)) return undefined;
    const events = (bodies as readonly Json[]).map(decodeEvent);
    const group = emptyGroup(
      (texts as readonly Json[]).filter((text) => typeof text === 'string'),
      sinceMs,
      counted,
    );
    group.quiet = quiet === true;
    group.firedMs = typeof firedMs === 'number' ? firedMs : undefined;
    let atMs = 0;
    for (const entry of entries as readonly Json[]) {
      if (!Array.isArray(entry)) return undefined;
      const [delta, ref, value, places] = entry as readonly Json[];
      if (typeof delta !== 'number' || typeof ref !== 'number') return undefined;
      atMs += delta;
      const kept = Array.isArray(places)
        ? (places as readonly Json[])
            .map((place) => events[Number(place)])
            .filter((event) => event !== undefined)
        : NO_EVENTS;
      insert(group, {
        atMs,
        ref,
        value: typeof value === 'string' || typeof value === 'number' ? value : undefined,
        events: kept,
      });
    }
    return group;
  },
});
