import { fieldText, scalarText } from '../alerts/event-field.ts';
import type { Alert } from '../core/alert.ts';
import type { RuleInfo } from '../core/match.ts';
import type { PastAlert } from './backtest.ts';

/** Alerts of one rule. */
export interface RuleTally {
  readonly rule: RuleInfo;
  readonly count: number;
  /** Alerts by day, `2026-01-31`, in order. */
  readonly days: readonly (readonly [day: string, count: number])[];
  /** The first ones, in full. */
  readonly examples: readonly Alert[];
}

/** Alerts of one rule about one group: who it is about. */
export interface GroupTally {
  readonly rule: RuleInfo;
  readonly group: string;
  readonly count: number;
}

/** Counts alerts in memory that does not grow with their number. */
export interface Tally {
  add(past: PastAlert): void;
  /** Noisiest rule first. */
  rules(): readonly RuleTally[];
  /** Noisiest first. */
  groups(limit: number): readonly GroupTally[];
}

const EXAMPLES = 2;
/** Groups that are counted at once. Beyond that, the rarest make room; the noisy ones that a reader wants stay. */
const MAX_GROUPS = 20_000;
const DAY_MS = 86_400_000;

/** Fields that say who or what an alert is about, the first that the event has. */
const WHO = ['user_email', 'user_id', 'source_ip', 'context.email', 'source'] as const;

const groupOf = ({ match }: PastAlert): string => {
  const newest = match.events.at(-1);
  const named = Object.entries(match.values).filter(
    ([name]) => !['count', 'value', 'previous'].includes(name),
  );
  if (match.group !== undefined)
    return named.length > 0 ? named.map(([, value]) => scalarText(value) ?? '-').join(', ') : 'all events';
  const who = newest && WHO.map((name) => fieldText(newest.fields, name)).find((text) => text !== undefined);
  return who ?? 'nobody named';
};

interface RuleCount {
  readonly rule: RuleInfo;
  count: number;
  readonly days: Map<number, number>;
  readonly examples: Alert[];
}

/** Makes a {@link Tally}. `offsetMs` gives what to add to a time so that its UTC date is the day people mean. */
export const createTally = (offsetMs: (atMs: number) => number): Tally => {
  const rules = new Map<string, RuleCount>();
  let groups = new Map<string, { readonly rule: RuleInfo; readonly group: string; count: number }>();

  // Lossy counting: halving everything keeps whoever is noisy, and loses only what is rare.
  const makeRoom = (): void => {
    const kept = [...groups].sort(([, a], [, b]) => b.count - a.count).slice(0, MAX_GROUPS / 2);
    groups = new Map(kept);
  };

  return {
    add(past) {
      const { rule, atMs } = past.match;
      let entry = rules.get(rule.id);
      if (!entry) {
        entry = { rule, count: 0, days: new Map(), examples: [] };
        rules.set(rule.id, entry);
      }
      entry.count += 1;
      const day = Math.floor((atMs + offsetMs(atMs)) / DAY_MS);
      entry.days.set(day, (entry.days.get(day) ?? 0) + 1);
      if (entry.examples.length < EXAMPLES) entry.examples.push(past.alert());
      const group = groupOf(past);
      const key = JSON.stringify([rule.id, group]);
      const known = groups.get(key);
      if (known) known.count += 1;
      else {
        if (groups.size >= MAX_GROUPS) makeRoom();
        groups.set(key, { rule, group, count: 1 });
      }
    },
    rules: () =>
      [...rules.values()]
        .sort((a, b) => b.count - a.count || (a.rule.title < b.rule.title ? -1 : 1))
        .map(({ rule, count, days, examples }) => ({
          rule,
          count,
          days: [...days]
            .sort(([a], [b]) => a - b)
            .map(([day, each]) => [new Date(day * DAY_MS).toISOString().slice(0, 10), each] as const),
          examples,
        })),
    groups: (limit) =>
      [...groups.values()].sort((a, b) => b.count - a.count || (a.group < b.group ? -1 : 1)).slice(0, limit),
  };
};
