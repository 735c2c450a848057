import { type CorrelationSpec, type Limit, withinLimits } from './correlation.ts';
import { clear, dropBefore, dropOldest, type Entry, type Group, insert, newestMs, retain } from './group.ts';
import type { Metric } from './metric.ts';

/*
 * Conditions that hold for an empty window (`lt`, `lte`, `eq 0`) or that say `not` of a rule cannot be decided by an
 * event: only the end of a window can. A group is watched from its first event on, and nothing is said before one full
 * window has passed. What was said holds until the events that came since, within one window, no longer meet the
 * condition; that is said once as well, and the watch begins anew.
 */

/** A window that ended with the condition holding. */
export interface WindowEnd {
  /** What was in it, for a condition with `not`; empty for plain absence. */
  readonly entries: readonly Entry[];
  readonly value: number;
  readonly startMs: number;
  readonly atMs: number;
}

/** An absence that an entry has ended. */
export interface Return {
  /** What there is now. */
  readonly value: number;
  /** The window of the absence. */
  readonly startMs: number;
  readonly firedMs: number;
  readonly atMs: number;
}

/** The clock-driven half of a correlation. */
export interface Absence {
  /** Computes when the group has to be looked at next. To be called after it was read back from the state. */
  arm(group: Group): void;
  /** The windows that ended before `nowMs`, in order. */
  settle(group: Group, nowMs: number): WindowEnd[];
  /** Takes an entry; answers when it ends an absence that was told. `settle` up to its time comes first. */
  hear(group: Group, entry: Entry): Return | undefined;
}

// Fewer than this many is an absence; undefined when the limits say more than that.
const neededCount = (limits: readonly Limit[]): number | undefined => {
  let needed = Number.POSITIVE_INFINITY;
  for (const [op, limit] of limits) {
    if (op === 'lt') needed = Math.min(needed, Math.ceil(limit));
    else if (op === 'lte') needed = Math.min(needed, Math.floor(limit) + 1);
    else if (op === 'eq' && limit === 0) needed = Math.min(needed, 1);
    else if (!(op === 'gte' && limit <= 0) && !(op === 'gt' && limit < 0)) return undefined;
  }
  return Number.isFinite(needed) ? needed : undefined;
};

// A condition such as "a and not b": the window opens with its first event and is judged when it ends.
const createNegated = (spanMs: number, limits: readonly Limit[], metric: Metric): Absence => {
  const first = (group: Group): Entry | undefined => group.entries[group.head];
  const arm = (group: Group): void => {
    const opening = first(group);
    group.dueMs = opening ? opening.atMs + spanMs : Number.POSITIVE_INFINITY;
  };
  return {
    arm,
    settle(group, nowMs) {
      const ends: WindowEnd[] = [];
      for (let opening = first(group); opening && opening.atMs + spanMs < nowMs; opening = first(group)) {
        const endMs = opening.atMs + spanMs;
        let to = group.head;
        while (to < group.entries.length && (group.entries[to] as Entry).atMs <= endMs) to += 1;
        const value = metric(group, group.head, to);
        const entries = group.entries.slice(group.head, to);
        if (withinLimits(limits, value)) {
          ends.push({ entries, value, startMs: opening.atMs, atMs: endMs });
          for (let dropped = 0; dropped < entries.length; dropped += 1) dropOldest(group);
        } else dropOldest(group);
      }
      arm(group);
      return ends;
    },
    hear(group, entry) {
      insert(group, entry);
      // Repetitions of one rule within the same window change nothing but its size.
      if (group.entries.length - group.head > 1_000) {
        const latest = new Map(group.entries.map((kept) => [kept.ref, kept]));
        const opening = first(group);
        retain(group, (kept) => kept === opening || latest.get(kept.ref) === kept);
      }
      arm(group);
      return undefined;
    },
  };
};

// An older release did not keep what it told: there the group is watched anew, and no end is told.
const wakeUntold = (group: Group, atMs: number): void => {
  if (!group.quiet || group.firedMs !== undefined) return;
  clear(group);
  group.quiet = false;
  group.sinceMs = atMs;
};

// While an absence lasts, only what came after the beginning of its window and within one window counts.
const takeWhileAbsent = (group: Group, spanMs: number, firedMs: number): void => {
  dropBefore(group, Math.max(newestMs(group), firedMs) - spanMs + 1);
};

const comeBack = (group: Group, value: number, spanMs: number, firedMs: number): Return => {
  group.quiet = false;
  group.firedMs = undefined;
  group.sinceMs = group.entries[group.head]?.atMs ?? firedMs;
  // What comes late may be older than the moment it was missed.
  return { value, startMs: firedMs - spanMs, firedMs, atMs: Math.max(newestMs(group), firedMs) };
};

const end = (group: Group, value: number, atMs: number, spanMs: number): WindowEnd => {
  clear(group);
  group.quiet = true;
  group.firedMs = atMs;
  group.dueMs = Number.POSITIVE_INFINITY;
  return { entries: [], value, startMs: atMs - spanMs, atMs };
};

// "Fewer than n": the window slides, and the moment it holds is when the n-th newest entry leaves it.
const createSliding = (spec: CorrelationSpec, needed: number): Absence => {
  const { spanMs, type } = spec;
  const same = (a: Entry, b: Entry): boolean =>
    type === 'value_count' ? a.value === b.value : a.ref === b.ref;
  const arm = (group: Group): void => {
    const { entries, head, quiet, sinceMs } = group;
    const deciding = entries.length - head < needed ? undefined : (entries[entries.length - needed] as Entry);
    group.dueMs = quiet ? Number.POSITIVE_INFINITY : Math.max(sinceMs, deciding?.atMs ?? sinceMs) + spanMs;
  };
  return {
    arm,
    settle(group, nowMs) {
      const { dueMs } = group;
      if (!(dueMs < nowMs)) return [];
      let value = 0;
      for (const entry of group.entries.slice(group.head)) if (entry.atMs > dueMs - spanMs) value += 1;
      return [end(group, value, dueMs, spanMs)];
    },
    hear(group, entry) {
      wakeUntold(group, entry.atMs);
      if (type !== 'event_count') {
        const again = group.entries.find((kept, index) => index >= group.head && same(kept, entry));
        if (again && again.atMs > entry.atMs) return undefined;
        if (again) retain(group, (kept) => kept !== again);
      }
      insert(group, { ...entry, events: [] });
      while (group.entries.length - group.head > needed) dropOldest(group);
      const { firedMs } = group;
      let back: Return | undefined;
      if (firedMs !== undefined) {
        takeWhileAbsent(group, spanMs, firedMs);
        const count = group.entries.length - group.head;
        if (count >= needed) back = comeBack(group, count, spanMs, firedMs);
      }
      arm(group);
      return back;
    },
  };
};

// Other conditions (sums, `neq`): one window after the other, each judged at its end.
const createTumbling = (spec: CorrelationSpec, limits: readonly Limit[], metric: Metric): Absence => {
  const { spanMs } = spec;
  const arm = (group: Group): void => {
    group.dueMs = group.quiet ? Number.POSITIVE_INFINITY : group.sinceMs + spanMs;
  };
  return {
    arm,
    settle(group, nowMs) {
      while (group.dueMs < nowMs) {
        const { dueMs } = group;
        let to = group.head;
        while (to < group.entries.length && (group.entries[to] as Entry).atMs < dueMs) to += 1;
        const value = metric(group, group.head, to);
        if (withinLimits(limits, value)) return [end(group, value, dueMs, spanMs)];
        dropBefore(group, dueMs);
        group.sinceMs = dueMs;
        arm(group);
      }
      return [];
    },
    hear(group, entry) {
      wakeUntold(group, entry.atMs);
      const { firedMs } = group;
      // Its window was judged already, or lies before the watch: another judgement would be about less than there was.
      if (firedMs === undefined && entry.atMs < group.sinceMs) return undefined;
      insert(group, { ...entry, events: [] });
      let back: Return | undefined;
      if (firedMs !== undefined) {
        takeWhileAbsent(group, spanMs, firedMs);
        const value = metric(group, group.head, group.entries.length);
        if (group.entries.length > group.head && !withinLimits(limits, value))
          back = comeBack(group, value, spanMs, firedMs);
      }
      arm(group);
      return back;
    },
  };
};

/** Makes the clock-driven half of a correlation. */
export const createAbsence = (
  spec: CorrelationSpec,
  limits: readonly Limit[],
  metric: Metric,
  negated: boolean,
): Absence => {
  if (negated) return createNegated(spec.spanMs, limits, metric);
  const needed = neededCount(limits);
  const countable = ['event_count', 'value_count', 'temporal'].includes(spec.type) && !spec.names;
  return needed !== undefined && countable
    ? createSliding(spec, needed)
    : createTumbling(spec, limits, metric);
};
