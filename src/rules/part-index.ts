import { PART_LENGTH } from './necessary.ts';

/** Rules by a text that a value must contain, found by one of its groups of three characters. */
export interface PartIndex {
  /** Adds a rule under one group of the text: the one that is least common among the texts of all rules. */
  add(text: string, rule: number): void;
  /** Calls `found` for every rule whose group is in the value, once per place; and for some others. */
  visit(value: string, found: (rule: number) => void): void;
}

// Different groups may share a number; that costs an evaluation, never a match.
const groupAt = (text: string, at: number): number =>
  ((text.charCodeAt(at) << 14) ^ (text.charCodeAt(at + 1) << 7) ^ text.charCodeAt(at + 2)) & 0x3fffffff;

const FILTER_BITS = 8_191;

/** How often each group of three characters stands in the texts of all rules. */
export type GroupCounts = Map<number, number>;

/** Counts the groups of a text. */
export const countGroups = (text: string, counts: GroupCounts): void => {
  for (let at = 0; at + PART_LENGTH <= text.length; at += 1) {
    const group = groupAt(text, at);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
};

/** Makes an empty index; `counts` is of all texts that will be added anywhere. */
export const createPartIndex = (counts: GroupCounts): PartIndex => {
  const rules = new Map<number, number[]>();
  // Most groups of a value are in no rule: a look into a small array says so without a look into the map.
  const filter = new Uint8Array(FILTER_BITS + 1);
  return {
    add(text, rule) {
      let best = groupAt(text, 0);
      for (let at = 1; at + PART_LENGTH <= text.length; at += 1) {
        const group = groupAt(text, at);
        if ((counts.get(group) ?? 0) < (counts.get(best) ?? 0)) best = group;
      }
      filter[best & FILTER_BITS] = 1;
      const known = rules.get(best);
      if (known) known.push(rule);
      else rules.set(best, [rule]);
    },
    visit(value, found) {
      const last = value.length - PART_LENGTH;
      for (let at = 0; at <= last; at += 1) {
        const group = groupAt(value, at);
        if (filter[group & FILTER_BITS] === 0) continue;
        const list = rules.get(group);
        if (list) for (const rule of list) found(rule);
      }
    },
  };
};
