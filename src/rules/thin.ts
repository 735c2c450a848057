import { type CorrelationType, MAX_COUNT } from './correlation.ts';
import { dropOldest, type Entry, type Group, retain } from './group.ts';

const MAX_ENTRIES = 10_000;
const THIN_ABOVE = 40;
const THIN_VALUES_ABOVE = 1_000;

/**
 * Keeps what can still matter for a window that ends at the newest entry or later, once a group has grown long. `steps`
 * are the rules of a temporal correlation in order. What is dropped changes no result, except that of an event that
 * comes late into a very busy group, and except past the bounds above.
 */
export const thin = (group: Group, type: CorrelationType, steps: readonly number[]): void => {
  const temporal = type === 'temporal' || type === 'temporal_ordered';
  const counted = type === 'value_count';
  const live = group.entries.length - group.head;
  if (temporal && live > Math.max(THIN_ABOVE, steps.length ** 2)) {
    const kept = new Set<Entry>();
    let later: Entry[] = [];
    for (let step = steps.length - 1; step >= 0; step -= 1) {
      const mine: Entry[] = [];
      const latestTo = (limitMs: number): void => {
        for (let index = group.entries.length - 1; index >= group.head; index -= 1) {
          const entry = group.entries[index] as Entry;
          if (entry.ref !== steps[step] || entry.atMs > limitMs || mine.includes(entry)) continue;
          mine.push(entry);
          return;
        }
      };
      latestTo(Number.POSITIVE_INFINITY);
      if (type === 'temporal_ordered') for (const entry of later) latestTo(entry.atMs);
      for (const entry of mine) kept.add(entry);
      later = mine;
    }
    retain(group, (entry) => kept.has(entry));
  }
  if (counted && live > THIN_VALUES_ABOVE) {
    const latest = new Map<string | number | undefined, Entry>();
    for (const entry of group.entries) latest.set(entry.value, entry);
    retain(group, (entry) => latest.get(entry.value) === entry);
  }
  const most = type === 'event_count' || counted ? MAX_COUNT : MAX_ENTRIES;
  while (group.entries.length - group.head > most) dropOldest(group);
};
