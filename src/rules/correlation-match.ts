import type { Json } from '../base/json.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Match } from '../core/match.ts';
import type { CorrelationSpec } from './correlation.ts';
import type { Entry, Group } from './group.ts';
import { orderedChain } from './metric.ts';

/** Makes the matches of a correlation. */
export interface MatchMaker {
  /** A match over these entries of a group, whose window began at `startMs`. */
  matchOf(group: Group, entries: readonly Entry[], value: number, startMs: number, atMs: number): Match;
  /** A match over the entries from index `from` (inclusive) to `to` (exclusive), of which it shows what matters. */
  fire(group: Group, from: number, to: number, value: number): Match;
}

/** Makes a {@link MatchMaker}; `steps` are the rules of a temporal correlation, in order. */
export const createMatchMaker = (spec: CorrelationSpec, steps: readonly number[]): MatchMaker => {
  const { type, groupBy } = spec;
  const rule = spec.header.info;
  const temporal = type === 'temporal' || type === 'temporal_ordered';

  const matchOf = (
    group: Group,
    entries: readonly Entry[],
    value: number,
    startMs: number,
    atMs: number,
  ): Match => {
    const events = new Map<string, AuditEvent>();
    for (const entry of entries)
      for (const event of entry.events) events.set(`${event.account}\0${event.id}`, event);
    const named = groupBy.map((name, index): [string, Json] => [name, group.texts[index] ?? null]);
    const computed: [string, Json][] =
      type.startsWith('value_') && type !== 'value_count'
        ? [
            ['value', value],
            ['count', entries.length],
          ]
        : [['count', temporal ? entries.length : value]];
    return {
      rule,
      status: 'firing',
      events: [...events.values()],
      group: JSON.stringify([...group.texts, startMs]),
      values: Object.fromEntries([...computed, ...named]),
      atMs,
    };
  };

  const fire = (group: Group, from: number, to: number, value: number): Match => {
    let entries = group.entries.slice(from, to);
    if (type === 'temporal') {
      const latest = new Map<number, Entry>();
      for (const entry of entries) latest.set(entry.ref, entry);
      entries = entries.filter((entry) => latest.get(entry.ref) === entry);
    } else if (type === 'temporal_ordered') {
      entries = orderedChain(group, from, to, steps).map((index) => group.entries[index] as Entry);
    }
    const startMs = (entries[0] as Entry).atMs;
    return matchOf(group, entries, value, startMs, (group.entries[to - 1] as Entry).atMs);
  };

  return { matchOf, fire };
};
