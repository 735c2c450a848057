import type { Condition } from './condition.ts';
import type { CorrelationSpec } from './correlation.ts';
import type { Entry, Group } from './group.ts';

/** What a correlation computes over a window: the entries from index `from` (inclusive) to `to` (exclusive). */
export type Metric = (group: Group, from: number, to: number) => number;

const whole = (group: Group, from: number, to: number): boolean =>
  from === group.head && to === group.entries.length;

const numbers = (group: Group, from: number, to: number): number[] => {
  const found: number[] = [];
  for (let index = from; index < to; index += 1) {
    const { value } = group.entries[index] as Entry;
    if (typeof value === 'number') found.push(value);
  }
  return found;
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The value below which `percent` of the values lie, interpolated between neighbours; NaN of none. */
const percentileOf = (values: readonly number[], percent: number): number => {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (percent / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] as number;
  const high = sorted[Math.ceil(rank)] as number;
  return low + (high - low) * (rank - Math.floor(rank));
};

const distinct = (group: Group, from: number, to: number, of: 'ref' | 'value'): number => {
  const seen = new Set<unknown>();
  for (let index = from; index < to; index += 1) seen.add((group.entries[index] as Entry)[of]);
  return seen.size;
};

/**
 * The longest beginning of the list of rules that was met in order, as indexes of entries. Entries of the same second
 * count as in order: the API's times have no finer resolution.
 */
export const orderedChain = (group: Group, from: number, to: number, refs: readonly number[]): number[] => {
  const { entries } = group;
  // Backwards: for the rule at the end take its last entry, for the one before the last entry not after that, …
  for (let length = refs.length; length > 0; length -= 1) {
    const chain: number[] = [];
    let limitMs = Number.POSITIVE_INFINITY;
    const used = new Set<number>();
    for (let step = length - 1; step >= 0; step -= 1) {
      let found = -1;
      for (let index = to - 1; index >= from && found < 0; index -= 1) {
        const entry = entries[index] as Entry;
        if (entry.ref === refs[step] && entry.atMs <= limitMs && !used.has(index)) found = index;
      }
      if (found < 0) break;
      used.add(found);
      chain.unshift(found);
      limitMs = (entries[found] as Entry).atMs;
    }
    if (chain.length === length) return chain;
  }
  return [];
};

/** Whether a condition over names holds when exactly the names for which `has` answers true are there. */
export const conditionHolds = (condition: Condition, has: (name: string) => boolean): boolean => {
  switch (condition.op) {
    case 'and':
      return condition.items.every((item) => conditionHolds(item, has));
    case 'or':
      return condition.items.some((item) => conditionHolds(item, has));
    case 'not':
      return !conditionHolds(condition.item, has);
    case 'name':
      break;
  }
  return has(condition.name);
};

/** Whether a condition says `not` anywhere. */
export const hasNot = (condition: Condition): boolean => {
  if (condition.op === 'not') return true;
  return condition.op !== 'name' && condition.items.some(hasNot);
};

/**
 * The metric of a correlation. For a temporal one it is the number of rules that matched, or, with a condition over
 * names, 1 or 0. Counting over the whole window is O(1); the others go over the window.
 */
export const createMetric = (spec: CorrelationSpec, refs: readonly number[]): Metric => {
  const { names } = spec;
  switch (spec.type) {
    case 'event_count':
      return (_, from, to) => to - from;
    case 'value_count':
      return (group, from, to) =>
        whole(group, from, to) && group.counts ? group.counts.size : distinct(group, from, to, 'value');
    case 'value_sum':
      return (group, from, to) => sum(numbers(group, from, to));
    case 'value_avg':
      return (group, from, to) => {
        const values = numbers(group, from, to);
        return values.length === 0 ? Number.NaN : sum(values) / values.length;
      };
    case 'value_percentile':
    case 'value_median':
      return (group, from, to) => percentileOf(numbers(group, from, to), spec.percentile);
    case 'temporal_ordered':
      return (group, from, to) => orderedChain(group, from, to, refs).length;
    case 'temporal':
      break;
  }
  if (!names)
    return (group, from, to) =>
      whole(group, from, to) && group.counts ? group.counts.size : distinct(group, from, to, 'ref');
  return (group, from, to) => {
    const seen = new Set<string>();
    for (let index = from; index < to; index += 1)
      seen.add(spec.rules[(group.entries[index] as Entry).ref] as string);
    return conditionHolds(names, (name) => seen.has(name)) ? 1 : 0;
  };
};
