import type { Json } from '../base/json.ts';
import type { RuleInfo, RuleState } from '../core/match.ts';
import type { EngineCounters } from './engine.ts';
import { createMemory } from './memory.ts';
import type { Changed, FirstSeen } from './monitor.ts';

/** What a rule with `first_seen` or `changed` makes of an event. */
export interface Novelty {
  /** False: nothing new, the rule does not match. */
  readonly holds: boolean;
  /** For the message and the reader. */
  readonly values: Readonly<Record<string, Json>>;
}

/** A gate behind a rule's detection that remembers. */
export interface NoveltyGate {
  /**
   * Looks at an event the rule is tried on. `matched`: its detection holds. `read` gives the texts of a field.
   */
  look(matched: boolean, atMs: number, read: (field: string) => readonly string[], state: RuleState): Novelty;
  flush(state: RuleState): void;
}

/** Values and groups one rule remembers at most. */
const MAX_RECORDS = 100_000;
const NOTHING: Novelty = { holds: false, values: {} };

const groupOf = (by: readonly string[], read: (field: string) => readonly string[]): string[] | undefined => {
  const group: string[] = [];
  for (const field of by) {
    const texts = read(field);
    if (texts.length === 0) return undefined;
    group.push(texts.length === 1 ? (texts[0] as string) : JSON.stringify(texts));
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
): NoveltyGate => {
  const { field, by, learnMs, rememberMs } = settings;
  const memory = createMemory<number>({
    prefix: `first-seen/${rule.id}`,
    version,
    cap: MAX_RECORDS,
    codec: { encode: (ms) => ms, decode: (json) => (typeof json === 'number' ? json : undefined) },
    onEvicted: () => {
      counters.evictedGroups += 1;
    },
  });
  return {
    look(matched, atMs, read, state) {
      if (!matched) return NOTHING;
      const group = groupOf(by, read);
      const values = read(field);
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
      for (const value of values) {
        const key = JSON.stringify([...group, { value }]);
        const lastMs = table.get(key);
        const isNew = lastMs === undefined || atMs - lastMs > rememberMs;
        if (isNew) fresh ??= value;
        if (isNew || atMs - lastMs > rememberMs / 64) table.put(key, atMs);
      }
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
): NoveltyGate => {
  const memory = createMemory<LastValue>({
    prefix: `changed/${rule.id}`,
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
    look(matched, atMs, read, state) {
      const group = groupOf(settings.by, read);
      const values = read(settings.field);
      if (!group || values.length === 0) {
        if (matched) counters.ungroupedEvents += 1;
        return NOTHING;
      }
      const text = values.length === 1 ? (values[0] as string) : JSON.stringify(values);
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
