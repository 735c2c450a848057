import { LEVELS, type Level } from '../core/alert.ts';
import type { Clock } from '../core/clock.ts';
import { completenessOf } from '../core/completeness.ts';
import { LATENESS_KEPT_MS, proposedOverlapMs } from '../core/lateness.ts';
import type { LedgerRange } from '../core/ledger.ts';
import type { Store } from '../core/store.ts';
import type { Console } from '../server/api-console.ts';
import type { CalendarAnswer, CompletenessList } from '../server/trail-shapes.ts';
import { createBreath } from './breath.ts';
import { completenessJson } from './completeness.ts';
import type { CompiledRules } from './load.ts';
import { mergedKeys } from './merge-events.ts';

const DAY_MS = 86_400_000;
/** Events are counted in pieces of time that are short even in a busy account. */
const COUNT_MS = 6 * 3_600_000;
const VOLUME_MS = 1_500;
const TYPES_MS = 400;
const CALENDAR_MS = 3_000;
const MAX_RANGES = 2_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** The part of {@link Console} that is about the trail as a whole. */
export const createConsoleTrail = (options: {
  readonly store: Pick<Store, 'history' | 'browse' | 'ledger' | 'drift'>;
  readonly rules: () => CompiledRules;
  readonly now: Clock;
}): Pick<Console, 'volume' | 'eventTypes' | 'completeness' | 'calendar'> => {
  const { now } = options;
  const { history, browse, ledger, drift } = options.store;

  const accountsOf = async (account: string | undefined): Promise<readonly string[]> =>
    (await history.accounts()).filter((name) => account === undefined || name === account);

  return {
    async volume({ account, fromMs, toMs, stepMs }, signal) {
      const steps = Math.max(1, Math.ceil((toMs - fromMs) / stepMs));
      const empty = (): number[] => Array.from({ length: steps }, () => 0);
      const breath = createBreath(VOLUME_MS);
      const add = <K>(counts: Map<K, number[]>, key: K, atMs: number): void => {
        const row = counts.get(key) ?? empty();
        const step = Math.floor((atMs - fromMs) / stepMs);
        row[step] = (row[step] ?? 0) + 1;
        counts.set(key, row);
      };
      const types = new Map<string, number[]>();
      let countedFromMs: number | undefined;
      let looked = 0;
      const all = { fromMs, toMs, newestFirst: true, withMatched: false, after: undefined };
      for await (const key of mergedKeys(browse, await accountsOf(account), all)) {
        add(types, key.eventType, key.createdAtMs);
        looked += 1;
        if (looked % 256 !== 0) continue;
        await breath.take();
        if (!signal.aborted && !breath.isSpent()) continue;
        countedFromMs = key.createdAtMs;
        break;
      }
      const levels = new Map<Level, number[]>();
      let after: { readonly decidedAtMs: number; readonly seq: number } | undefined;
      const more = createBreath(VOLUME_MS);
      for (;;) {
        const keys = await browse.alerts({ fromMs, toMs, newestFirst: true, after, limit: 500 });
        for (const key of keys)
          if ((account === undefined || key.account === account) && ALERTING.has(key.kind))
            add(levels, key.level, key.decidedAtMs);
        after = keys.at(-1);
        await more.take();
        if (keys.length < 500 || !after || signal.aborted) break;
        if (!more.isSpent()) continue;
        countedFromMs = Math.max(countedFromMs ?? 0, after.decidedAtMs);
        break;
      }
      return {
        from: iso(fromMs),
        step_seconds: Math.round(stepMs / 1_000),
        counted_from: countedFromMs === undefined ? null : iso(countedFromMs),
        events: [...types]
          .map(([event_type, counts]) => ({ event_type, counts }))
          .sort((a, b) => sum(b.counts) - sum(a.counts) || (a.event_type < b.event_type ? -1 : 1)),
        alerts: LEVELS.flatMap((level) => {
          const counts = levels.get(level);
          return counts ? [{ level, counts }] : [];
        }),
      };
    },

    async eventTypes(signal) {
      const accounts = await history.accounts();
      const listed = new Set(await drift.listed());
      const counts = new Map<string, { count: number; lastMs: number }>();
      const breath = createBreath(TYPES_MS);
      const all = {
        fromMs: undefined,
        toMs: undefined,
        newestFirst: true,
        withMatched: false,
        after: undefined,
      };
      let looked = 0;
      for await (const { eventType, createdAtMs } of mergedKeys(browse, accounts, all)) {
        const known = counts.get(eventType);
        if (known) known.count += 1;
        else counts.set(eventType, { count: 1, lastMs: createdAtMs });
        looked += 1;
        if (looked % 256 !== 0) continue;
        await breath.take();
        if (signal.aborted || breath.isSpent()) break;
      }
      const named = new Map<string, string[]>();
      for (const { info, eventTypes } of options.rules().rules)
        for (const type of eventTypes ?? []) {
          const key = type.toUpperCase();
          named.set(key, [...(named.get(key) ?? []), info.title]);
        }
      const stored = new Set(await browse.eventTypes());
      const names = new Set([...stored, ...listed, ...named.keys()]);
      return {
        items: [...names].sort().map((event_type) => {
          const found = counts.get(event_type);
          return {
            event_type,
            listed: listed.has(event_type),
            // A type that was not met in the newest events is stored further back, nobody knows how often.
            stored: found ? found.count : stored.has(event_type) ? null : 0,
            last_at: found ? iso(found.lastMs) : null,
            rules: named.get(event_type.toUpperCase()) ?? [],
          };
        }),
      };
    },

    async completeness() {
      const items: CompletenessList['items'] = [];
      const breath = createBreath(CALENDAR_MS);
      const ranges = await ledger.everyRange();
      const lateness = await ledger.everyLateness(now() - LATENESS_KEPT_MS);
      for (const account of await history.accounts()) {
        items.push({
          account,
          ...(completenessJson(completenessOf(ranges.get(account) ?? [])) as Omit<
            CompletenessList['items'][number],
            'account' | 'proposed_overlap_seconds'
          >),
          proposed_overlap_seconds: proposedOverlapMs(lateness.get(account) ?? []) / 1_000,
        });
        await breath.take();
      }
      return { items };
    },

    async calendar(account, fromMs, toMs, signal) {
      if (!(await history.accounts()).includes(account)) return undefined;
      const ranges = (await ledger.ranges(account)).filter(
        (range) => range.toMs > fromMs && range.fromMs < toMs,
      );
      const firstMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
      const late = await browse.lateByDay(account, firstMs);
      const breath = createBreath(CALENDAR_MS);
      const days: CalendarAnswer['days'] = [];
      for (let dayMs = firstMs; dayMs < toMs && !signal.aborted; dayMs += DAY_MS) {
        let events = 0;
        // Days without any reading have no events, and there may be hundreds.
        if (ranges.some((range) => range.toMs > dayMs && range.fromMs < dayMs + DAY_MS))
          for (let atMs = dayMs; atMs < dayMs + DAY_MS; atMs += COUNT_MS) {
            events += await browse.countEvents(account, atMs, atMs + COUNT_MS);
            await breath.take();
          }
        days.push({ ...dayOf(ranges, dayMs, now()), events, late: late.get(dayMs) ?? 0 });
      }
      return {
        account,
        days,
        ranges: ranges.slice(-MAX_RANGES).map((range) => ({
          from: iso(range.fromMs),
          to: iso(range.toMs),
          verified: range.doubt === undefined,
          events: range.events,
          late: range.late,
          read_at: iso(range.readAtMs),
          reason: range.doubt?.text ?? '',
        })),
        lateness: (await ledger.lateness(account, Math.max(firstMs, now() - LATENESS_KEPT_MS))).map(
          ({ edgeMs, count }) => ({ up_to_seconds: edgeMs / 1_000, count }),
        ),
      };
    },
  };
};

/** Alerts of rules and of the monitor about itself: drills and summaries are no news. */
const ALERTING: ReadonlySet<string> = new Set(['rule', 'system']);

const sum = (counts: readonly number[]): number => counts.reduce((all, each) => all + each, 0);

/** How much of the past part of a day was read, with and without proof. */
const dayOf = (
  ranges: readonly LedgerRange[],
  dayMs: number,
  nowMs: number,
): Pick<CalendarAnswer['days'][number], 'date' | 'complete_ratio' | 'unverified_ratio'> => {
  const endMs = Math.min(dayMs + DAY_MS, Math.max(nowMs, dayMs + 1));
  const covered = { complete: 0, unverified: 0 };
  for (const range of ranges) {
    const lengthMs = Math.min(range.toMs, endMs) - Math.max(range.fromMs, dayMs);
    if (lengthMs > 0) covered[range.doubt ? 'unverified' : 'complete'] += lengthMs;
  }
  return {
    date: iso(dayMs).slice(0, 10),
    complete_ratio: covered.complete / (endMs - dayMs),
    unverified_ratio: covered.unverified / (endMs - dayMs),
  };
};
