import type { Match, RuleState } from '../core/match.ts';
import { createAbsence, type WindowEnd } from './absence.ts';
import { MAX_BODIES } from './body.ts';
import { type Contribution, createContributionReader } from './contribution.ts';
import { type CorrelationSpec, withinLimits } from './correlation.ts';
import { createMatchMaker } from './correlation-match.ts';
import { countedOf, isDecidedByTime, limitsOf, stepsOf } from './decided-by-time.ts';
import { createDueQueue, type DueQueue } from './due-queue.ts';
import type { EngineCounters } from './engine.ts';
import {
  dropBefore,
  type Entry,
  emptyGroup,
  firstSince,
  forgetBody,
  type Group,
  groupCodec,
  insert,
  newestMs,
} from './group.ts';
import { createMemory, createPerState } from './memory.ts';
import { createMetric, hasNot } from './metric.ts';
import { stateKey } from './state-keys.ts';
import type { StateTable } from './state-table.ts';
import { thin } from './thin.ts';

/** One correlation at work. All memory is in the RuleState. */
export interface Correlator {
  /** Takes what one event (or one tick) contributed. */
  add(contributions: readonly Contribution[], state: RuleState): readonly Match[];
  /** Tells what the clock, at `nowMs`, has made true; forgets groups whose window has long ended. */
  tick(nowMs: number, state: RuleState): readonly Match[];
  /** Whether the passing of time alone can make it match. */
  readonly clockDriven: boolean;
  /** When `tick` is next needed: before that it tells nothing. Infinity: never. */
  nextDueMs(state: RuleState): number;
  flush(state: RuleState): void;
}

interface Live {
  readonly table: StateTable<Group>;
  readonly queue: DueQueue;
}

// A group is kept for this long after its window has ended, for events that become visible late.
const GRACE_MS = 3_600_000;
const NO_MATCHES: readonly Match[] = [];
const NO_ENDS: readonly WindowEnd[] = [];

const keyOf = (texts: readonly string[]): string =>
  texts.length === 1 ? (texts[0] as string) : JSON.stringify(texts);

/**
 * Makes the correlator of a checked correlation, whose version is a hash of its definition. Entries are remembered for `lateMs`
 * longer than the window, so that events which come so much later still find those of their own time.
 */
export const createCorrelator = (
  spec: CorrelationSpec,
  version: string,
  { maxGroups, lateMs = 0 }: { readonly maxGroups: number; readonly lateMs?: number },
  counters: EngineCounters,
): Correlator => {
  const { spanMs, type, groupBy } = spec;
  const keptMs = spanMs + lateMs;
  const rule = spec.header.info;
  const temporal = type === 'temporal' || type === 'temporal_ordered';
  const counted = countedOf(spec);
  const steps = stepsOf(spec);
  const metric = createMetric(spec, steps);
  const distinctSteps = new Set(steps).size;
  const limits = limitsOf(spec);
  // All rules have to be there, so that a group that has not met them all need not be looked at.
  const needsAll = temporal && spec.limits.length === 0 && !spec.names;
  const holdsFor = (value: number): boolean => withinLimits(limits, value);
  const negated = spec.names !== undefined && hasNot(spec.names);
  const clockDriven = isDecidedByTime(spec);
  const absence = clockDriven ? createAbsence(spec, limits, metric, negated) : undefined;
  const { encode, decode } = groupCodec(counted);
  const memory = createMemory<Group>({
    prefix: stateKey('correlation', rule.id),
    version,
    cap: maxGroups,
    codec: {
      encode,
      decode(json) {
        const group = decode(json);
        if (group) absence?.arm(group);
        return group;
      },
    },
    onEvicted: () => {
      counters.evictedGroups += 1;
    },
  });

  const { of: liveOf } = createPerState<Live>((state) => {
    const live = { table: memory.of(state), queue: createDueQueue() };
    for (const [key, group] of live.table.entries()) live.queue.push(key, group.dueMs);
    return live;
  });
  // Without group-by there is one group, and it is watched before anything was heard of it.
  const isBornByTime = groupBy.length === 0 && !negated;
  const unborn = (table: StateTable<Group>): boolean => isBornByTime && table.size === 0;

  const { textsOf, valueOf } = createContributionReader(spec);

  const { matchOf, fire } = createMatchMaker(spec, steps);

  // The windows that a new entry is in are those that end at it or, when it came late, at one after it.
  const firedBy = (group: Group, index: number): Match | undefined => {
    if (needsAll && group.counts && group.counts.size < distinctSteps) return undefined;
    for (let end = index; end < group.entries.length; end += 1) {
      const endMs = (group.entries[end] as Entry).atMs;
      if (endMs > (group.entries[index] as Entry).atMs + spanMs) return undefined;
      const from = firstSince(group, endMs - spanMs);
      const value = metric(group, from, end + 1);
      if (holdsFor(value)) return fire(group, from, end + 1, value);
    }
    return undefined;
  };

  const sweep = (table: StateTable<Group>, nowMs: number): void => {
    for (let oldest = table.oldest(); oldest; oldest = table.oldest()) {
      if (newestMs(oldest) >= nowMs - spanMs - Math.max(GRACE_MS, lateMs)) return;
      table.delete(table.oldestKey() as string);
    }
  };

  const addOne = (
    contribution: Contribution,
    texts: string[],
    key: string,
    { table, queue }: Live,
  ): readonly Match[] => {
    const { atMs, ref, events } = contribution;
    const entry: Entry = { atMs, ref, value: valueOf(contribution), events };
    if (spec.fields.length > 0 && entry.value === undefined) {
      counters.ungroupedEvents += 1;
      return [];
    }
    const group = table.get(key) ?? emptyGroup(texts, atMs, counted);
    if (atMs < newestMs(group) - keptMs) {
      counters.lateEvents += 1;
      return [];
    }
    if (absence) {
      const ends = group.dueMs < atMs ? absence.settle(group, atMs) : NO_ENDS;
      const found = ends.map((end) => matchOf(group, end.entries, end.value, end.startMs, end.atMs));
      const back = absence.hear(group, entry);
      table.put(key, group);
      queue.push(key, group.dueMs);
      if (!back) return found;
      const { value, startMs, firedMs } = back;
      const resolved = matchOf(group, [entry], value, startMs, back.atMs);
      return [...found, { ...resolved, status: 'resolved', ended: { sinceMs: startMs, firedAtMs: firedMs } }];
    }
    insert(group, entry);
    if (!temporal) forgetBody(group, MAX_BODIES, entry);
    dropBefore(group, newestMs(group) - keptMs);
    thin(group, type, steps);
    const last = group.entries.length - 1;
    const index = group.entries[last] === entry ? last : group.entries.indexOf(entry, group.head);
    const match = index < 0 ? undefined : firedBy(group, index);
    if (match) {
      table.delete(key);
      return [match];
    }
    table.put(key, group);
    sweep(table, atMs);
    return NO_MATCHES;
  };

  return {
    clockDriven,
    add(contributions, state) {
      const live = liveOf(state);
      const [only] = contributions;
      if (only && contributions.length === 1) {
        const texts = textsOf(only);
        if (texts) return addOne(only, texts, keyOf(texts), live);
        counters.ungroupedEvents += 1;
        return NO_MATCHES;
      }
      const matches: Match[] = [];
      const seen = new Set<string>();
      for (const contribution of contributions) {
        const texts = textsOf(contribution);
        if (!texts) {
          counters.ungroupedEvents += 1;
          continue;
        }
        const key = keyOf(texts);
        // An event that matched several of the rules is still one event; temporal types ask for the rules themselves.
        if (!temporal) {
          if (seen.has(key)) continue;
          seen.add(key);
        }
        for (const match of addOne(contribution, texts, key, live)) matches.push(match);
      }
      return matches;
    },
    nextDueMs(state) {
      if (!absence) return Number.POSITIVE_INFINITY;
      if (!memory.isBegun(state)) return isBornByTime ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
      const { table, queue } = liveOf(state);
      return unborn(table) ? Number.NEGATIVE_INFINITY : queue.nextMs();
    },
    tick(nowMs, state) {
      // With many accounts most rules have heard of nothing in most of them: a table each would fill the memory.
      if (!memory.isBegun(state) && !(absence && isBornByTime)) return NO_MATCHES;
      const { table, queue } = liveOf(state);
      if (!absence) {
        sweep(table, nowMs);
        return NO_MATCHES;
      }
      const matches: Match[] = [];
      if (unborn(table)) {
        const group = emptyGroup([], nowMs, counted);
        absence.arm(group);
        table.put('[]', group);
        queue.push('[]', group.dueMs);
      }
      while (queue.nextMs() < nowMs) {
        const { key, ms } = queue.pop() as { key: string; ms: number };
        const group = table.get(key);
        if (!group) continue;
        if (group.dueMs <= ms) {
          for (const end of absence.settle(group, ms + 1))
            matches.push(matchOf(group, end.entries, end.value, end.startMs, end.atMs));
          if (negated && group.entries.length === group.head) table.delete(key);
          else table.put(key, group);
        }
        queue.push(key, group.dueMs);
      }
      return matches;
    },
    flush(state) {
      memory.flush(state);
    },
  };
};
