import type { Json } from '../base/json.ts';
import type { RuleInfo, RuleState } from '../core/match.ts';
import type { EngineCounters } from './engine.ts';
import { createMemory, createPerState } from './memory.ts';
import type { Changed, FirstSeen } from './monitor.ts';
import { stateKey } from './state-keys.ts';
import { type FieldValue, textOf } from './view.ts';

/** What a rule with `first_seen` or `changed` makes of an event. */
export interface Novelty {
  /** False: nothing new, the rule does not match. */
  readonly holds: boolean;
  /** For the message and the reader. */
  readonly values: Readonly<Record<string, Json>>;
}

/** A gate behind a rule's detection that remembers. */
export interface NoveltyGate {
  /** Looks at the event that is shown, on which the rule is tried. `matched`: its detection holds. */
  look(matched: boolean, atMs: number, state: RuleState): Novelty;
  flush(state: RuleState): void;
}

/** Values and groups one rule remembers at most. */
const MAX_RECORDS = 100_000;
/** Values that are found again without writing their key. */
const MAX_RECENT = 10_000;
const NOTHING: Novelty = { holds: false, values: {} };

/** Gives the reader of a field of the event that is shown. */
export type ReadField = (field: string) => () => FieldValue;

const groupOf = (by: readonly (() => FieldValue)[]): string[] | undefined => {
  const group: string[] = [];
  for (const read of by) {
    const text = textOf(read());
    if (text === undefined) return undefined;
    group.push(text);
  }
  return group;
};

/**
 * Values that are new for their group, among the events the detection holds for. A value that was not met for
 * `remember` is new again (its last time is kept to within a sixty-fourth of that, so that a value met all day long
 * is not written all day long).
 */
export const createFirstSeen = (
  settings: FirstSeen,
  rule: RuleInfo,
  version: string,
  counters: EngineCounters,
  readField: ReadField,
): NoveltyGate => {
  const { learnMs, rememberMs } = settings;
  const readValue = readField(settings.field);
  const by = settings.by.map(readField);
  // What was met of late, by group and value: nearly every event brings only that, and then no key has to be written.
  const recent = createPerState(() => ({ groups: new Map<string, Map<string, number>>(), size: 0 }));
  const forget = (state: RuleState): void => {
    recent.of(state).groups.clear();
    recent.of(state).size = 0;
  };
  const memory = createMemory<number>({
    prefix: stateKey('first-seen', rule.id),
    version,
    cap: MAX_RECORDS,
    codec: { encode: (ms) => ms, decode: (json) => (typeof json === 'number' ? json : undefined) },
    onEvicted(state) {
      counters.evictedGroups += 1;
      forget(state);
    },
  });
  const recall = (groupText: string, value: string, atMs: number, state: RuleState): boolean => {
    const lastMs = recent.of(state).groups.get(groupText)?.get(value);
    return lastMs !== undefined && atMs - lastMs <= rememberMs / 64;
  };
  const remind = (groupText: string, value: string, lastMs: number, state: RuleState): void => {
    if (recent.of(state).size >= MAX_RECENT) forget(state);
    const known = recent.of(state);
    const group = known.groups.get(groupText);
    if (group) group.set(value, lastMs);
    else known.groups.set(groupText, new Map([[value, lastMs]]));
    known.size += 1;
  };
  return {
    look(matched, atMs, state) {
      if (!matched) return NOTHING;
      const { leaves } = readValue();
      const only = by.length < 2 && leaves.length === 1 ? leaves[0]?.text : undefined;
      const groupText = only === undefined ? undefined : by[0] ? textOf(by[0]()) : '';
      if (only !== undefined && groupText !== undefined && recall(groupText, only, atMs, state))
        return NOTHING;
      const group = groupOf(by);
      const values = leaves.map((leaf) => leaf.text);
      if (!group || values.length === 0) {
        counters.ungroupedEvents += 1;
        return NOTHING;
      }
      const table = memory.of(state);
      const groupKey = JSON.stringify(group);
      let startMs = table.get(groupKey);
      if (startMs === undefined) {
        startMs = atMs;
        table.put(groupKey, atMs);
      }
      let fresh: string | undefined;
      let put = false;
      for (const value of values) {
        const key = JSON.stringify([...group, { value }]);
        const lastMs = table.get(key);
        const isNew = lastMs === undefined || atMs - lastMs > rememberMs;
        if (isNew) fresh ??= value;
        if (isNew || atMs - lastMs > rememberMs / 64) {
          table.put(key, atMs);
          put = true;
        }
        if (only !== undefined && groupText !== undefined)
          remind(groupText, only, table.get(key) ?? atMs, state);
      }
      // What was changed longest ago goes first when there is too much: a group without its beginning would learn anew, and say
      // nothing meanwhile.
      if (put) table.put(groupKey, startMs);
      if (fresh === undefined || atMs < startMs + learnMs) return NOTHING;
      return { holds: true, values: { value: fresh } };
    },
    flush: (state) => memory.flush(state),
  };
};

interface LastValue {
  readonly text: string;
  readonly atMs: number;
}

/**
 * Values that differ from the group's last one. Every event of the rule's types that has the field is remembered, also
 * one that a filter leaves out: else a change back to an old value would pass unnoticed. A group's first value holds,
 * with `previous` null: what it was before is not known, and silence would be the wrong guess.
 */
export const createChanged = (
  settings: Changed,
  rule: RuleInfo,
  version: string,
  counters: EngineCounters,
  readField: ReadField,
): NoveltyGate => {
  const readValue = readField(settings.field);
  const by = settings.by.map(readField);
  const memory = createMemory<LastValue>({
    prefix: stateKey('changed', rule.id),
    version,
    cap: MAX_RECORDS,
    codec: {
      encode: ({ text, atMs }) => [text, atMs],
      decode(json) {
        if (!Array.isArray(json)) return undefined;
        const [text, atMs] = json as readonly Json[];
        return typeof text === 'string' && typeof atMs === 'number' ? { text, atMs } : undefined;
      },
    },
    onEvicted: () => {
      counters.evictedGroups += 1;
    },
  });
  return {
    look(matched, atMs, state) {
      const text = textOf(readValue());
      const group = text === undefined ? undefined : groupOf(by);
      if (!group || text === undefined) {
        if (matched) counters.ungroupedEvents += 1;
        return NOTHING;
      }
      const table = memory.of(state);
      const key = JSON.stringify(group);
      const last = table.get(key);
      if (last?.text === text) return NOTHING;
      // An event that comes late tells of a change, but not of the present value.
      if (!last || atMs >= last.atMs) table.put(key, { text, atMs });
      return matched ? { holds: true, values: { previous: last?.text ?? null, value: text } } : NOTHING;
    },
    flush: (state) => memory.flush(state),
  };
};
