import { formatDuration } from '../base/duration.ts';
import type { Settings } from '../config/settings.ts';
import { DELIVERY_STATES } from '../core/delivery.ts';
import { gapsOf } from '../core/ledger.ts';
import type { GaugeName } from '../core/metrics.ts';
import type { Store } from '../core/store.ts';
import type { Figures, GaugeSeries } from '../core/telemetry.ts';
import type { CompiledRules } from './load.ts';
import { splitKey } from './trouble.ts';

/** What is counted when somebody looks. */
export interface ScrapeOptions {
  readonly settings: Pick<Settings, 'accounts' | 'reconcile'>;
  readonly store: Pick<Store, 'status' | 'figures' | 'feeds' | 'conditions' | 'ledger'>;
  readonly telemetry: Figures;
  /** Names of the sinks that are on. */
  readonly sinks: readonly string[];
  /** Names of those of them that are fed with events. */
  readonly feeds: Iterable<string>;
  readonly nowMs: number;
}

const seconds = (ms: number): number => Math.max(ms, 0) / 1_000;

/**
 * Sets the gauges that are counted rather than reported, before a scrape. They are replaced as a whole, so that what is
 * gone (a sink without deliveries, a condition that has ended) has no series any more. One part that cannot be counted
 * does not keep the others from it: rejects with the first failure when all have been tried.
 */
export const countForScrape = async (options: ScrapeOptions): Promise<void> => {
  const parts = [countDeliveries, countSinks, countFeeds, countReaders, countStore];
  const ended = await Promise.allSettled(parts.map((part) => part(options)));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
};

/** States without deliveries are not counted by the store: they are 0. */
const countDeliveries = async ({ store, telemetry, sinks }: ScrapeOptions): Promise<void> => {
  const counts = await store.status.deliveryCounts();
  const bySink = new Map(
    [...sinks, ...counts.map(({ sink }) => sink)].map((sink) => [sink, new Map<string, number>()]),
  );
  for (const { sink, state, count } of counts) bySink.get(sink)?.set(state, count);
  telemetry.replace(
    'deliveries',
    [...bySink].flatMap(([sink, states]) =>
      DELIVERY_STATES.map((state) => ({ labels: { sink, state }, value: states.get(state) ?? 0 })),
    ),
  );
};

const countSinks = async ({ store, telemetry, sinks, nowMs }: ScrapeOptions): Promise<void> => {
  const waiting = new Map((await store.figures.waiting(nowMs)).map((row) => [row.sink, row]));
  const gates = await store.figures.gates();
  const put = (name: GaugeName, names: Iterable<string>, value: (sink: string) => number): void =>
    telemetry.replace(
      name,
      [...names].map((sink) => ({ labels: { sink }, value: value(sink) })),
    );
  // Also of former sinks: what still waits for one is late, whoever looks.
  const all = new Set([...sinks, ...waiting.keys()]);
  put('oldest_delivery_age_seconds', all, (sink) => seconds(nowMs - (waiting.get(sink)?.sinceMs ?? nowMs)));
  put('delivery_overdue_seconds', all, (sink) => seconds(nowMs - (waiting.get(sink)?.dueMs ?? nowMs)));
  put('circuit_open', sinks, (sink) => ((gates.get(sink)?.opens ?? 0) > 0 ? 1 : 0));
  put('sink_pause_seconds', sinks, (sink) => seconds((gates.get(sink)?.pausedUntilMs ?? 0) - nowMs));
};

const countFeeds = async ({ store, telemetry, feeds, nowMs }: ScrapeOptions): Promise<void> => {
  const events: GaugeSeries[] = [];
  const lag: GaugeSeries[] = [];
  for (const sink of feeds) {
    const backlog = await store.feeds.backlog(sink);
    events.push({ labels: { sink }, value: backlog.events });
    lag.push({ labels: { sink }, value: seconds(nowMs - (backlog.oldestSeenAtMs ?? nowMs)) });
  }
  telemetry.replace('feed_lag_events', events);
  telemetry.replace('feed_lag_seconds', lag);
};

/** How far the second reader and backfills are. */
const countReaders = async ({ settings, store, telemetry }: ScrapeOptions): Promise<void> => {
  const watched = new Set(settings.accounts.map(({ name }) => name));
  const windows = new Set(settings.reconcile.sweeps.map(({ lastMs }) => lastMs));
  const sweeps = (await store.figures.sweeps()).filter(
    ({ account, lastMs }) => watched.has(account) && windows.has(lastMs),
  );
  const labels = ({ account, lastMs }: (typeof sweeps)[number]) => ({
    account,
    sweep: formatDuration(lastMs),
  });
  telemetry.replace(
    'sweep_progress_ratio',
    sweeps.map((sweep) => {
      const { fromMs, toMs, nextMs, endedAtMs } = sweep;
      const done = endedAtMs !== undefined || toMs <= fromMs ? 1 : (nextMs - fromMs) / (toMs - fromMs);
      return { labels: labels(sweep), value: Math.min(Math.max(done, 0), 1) };
    }),
  );
  for (const sweep of sweeps)
    if (sweep.endedAtMs !== undefined)
      telemetry.gauge('sweep_completed_timestamp_seconds', sweep.endedAtMs / 1_000, labels(sweep));

  const waiting = (await store.figures.backfills()).filter(({ account }) => watched.has(account));
  telemetry.replace(
    'backfills_waiting',
    [...watched].map((account) => ({
      labels: { account },
      value: waiting.find((row) => row.account === account)?.waiting ?? 0,
    })),
  );
  const unread: GaugeSeries[] = [];
  for (const { account, fromMs, toMs } of waiting) {
    const gaps = gapsOf(await store.ledger.ranges(account), { fromMs, toMs });
    const unreadMs = gaps.reduce((sum, gap) => sum + (gap.toMs - gap.fromMs), 0);
    unread.push({ labels: { account }, value: unreadMs / 1_000 });
  }
  telemetry.replace('backfill_unread_seconds', unread);
};

const countStore = async ({ store, telemetry, nowMs }: ScrapeOptions): Promise<void> => {
  const { events, quarantined, bytes } = await store.figures.sizes();
  telemetry.gauge('store_events', events);
  telemetry.gauge('store_bytes', bytes);
  telemetry.gauge('quarantined_elements', quarantined);
  telemetry.gauge('silences_in_force', await store.figures.silencesInForce(nowMs));
  telemetry.replace(
    'condition_since_timestamp_seconds',
    [...(await store.conditions.open())].map(([key, sinceMs]) => {
      const [condition, subject] = splitKey(key);
      return { labels: { condition, subject }, value: sinceMs / 1_000 };
    }),
  );
};

/** The rules that are loaded. To be told again whenever they change. */
export const tellRules = (rules: CompiledRules['rules'], telemetry: Figures): void => {
  telemetry.gauge('rules_loaded', rules.length);
  telemetry.replace(
    'rule_info',
    rules.map(({ info: { id, title, level } }) => ({ labels: { rule: id, title, level }, value: 1 })),
  );
};

/**
 * The rule engine counts by itself, for all accounts; what was added since the last look goes to the metrics. An engine
 * that has taken over from another one begins at zero.
 */
export const createEngineCount = (telemetry: Figures): ((engine: CompiledRules['engine']) => void) => {
  const names = {
    cutValues: 'rule_values_cut_total',
    ungroupedEvents: 'rule_events_ungrouped_total',
    evictedGroups: 'rule_groups_evicted_total',
    lateEvents: 'rule_events_late_total',
  } as const;
  const seen = new WeakMap<CompiledRules['engine'], Record<keyof typeof names, number>>();
  return (engine) => {
    const before = seen.get(engine) ?? { cutValues: 0, ungroupedEvents: 0, evictedGroups: 0, lateEvents: 0 };
    for (const key of Object.keys(names) as (keyof typeof names)[])
      telemetry.count(names[key], {}, engine.counters[key] - before[key]);
    seen.set(engine, { ...engine.counters });
  };
};

/** Gauges of what only the process that polls knows: without the lease they would stand still, and look like trouble. */
export const dropReported = (telemetry: Figures): void => {
  for (const name of [
    'watermark_timestamp_seconds',
    'last_poll_timestamp_seconds',
    'unverified_ranges',
    'unverified_seconds',
    'conditions_open',
  ] as const)
    telemetry.replace(name, []);
};
