import { errorText } from '../base/errors.ts';
import { createLatch } from '../base/latch.ts';
import { createScope, type Scope } from '../base/scope.ts';
import type { Poller } from '../collect/poller.ts';
import { fileState } from '../config/secrets.ts';
import { DELIVERY_STATES } from '../core/delivery.ts';
import type { PlannerMemory } from '../core/planner.ts';
import { formatProblem } from '../core/problem.ts';
import type { Store } from '../core/store.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { createServer } from '../server/server.ts';
import { createTelemetry } from '../server/telemetry.ts';
import { openStore } from '../store/open-store.ts';
import { type AlertLinks, createAlertLinks } from './alert-links.ts';
import { createApiSource } from './api-source.ts';
import { feedsOfSinks, refreshFeedGauges } from './feeds.ts';
import { readiness } from './health.ts';
import { holderName } from './holder.ts';
import { STANDBY_LOOKS_EVERY_MS, underLease } from './lease.ts';
import { createLiveRules } from './live-rules.ts';
import type { CompiledRules } from './load.ts';
import type { Budget } from './pace.ts';
import type { Monitor, MonitorParts } from './parts.ts';
import { plannerFor } from './planner.ts';
import { createSinks, switchOf } from './sinks.ts';
import { packageVersion } from './version.ts';
import { startWork } from './work.ts';

/** What a process is for. */
export type Mode = 'daemon' | 'once' | 'backfill';

/**
 * Builds all parts in order, runs them until the signal aborts, and closes them in reverse. In mode `once` it makes one
 * pass of every account and delivers what is due. Resolves with whether all went well (always true for one that was
 * stopped); in mode `backfill` it fulfils requests for backfills and nothing else, as long as nobody else
 * holds the lease, until the signal aborts. Rejects when the monitor cannot run, for instance since the store cannot be opened or the address is taken.
 */
export const runMonitor = async (parts: MonitorParts, mode: Mode, signal: AbortSignal): Promise<boolean> => {
  const scope = createScope();
  const stopping = (): void => parts.log.info('monitor.stopping');
  signal.addEventListener('abort', stopping, { once: true });
  let failure: { readonly error: unknown } | undefined;
  let ok = false;
  try {
    ok = await runBuilt(parts, mode, scope, signal);
  } catch (error) {
    failure = { error };
  }
  signal.removeEventListener('abort', stopping);
  try {
    await scope.close();
  } catch (error) {
    // What went wrong first is the cause; a failure to close is told only when there is nothing else to tell.
    failure ??= { error };
  }
  if (failure) {
    parts.log.error('monitor.failed', { reason: errorText(failure.error) });
    throw failure.error;
  }
  parts.log.info('monitor.stopped');
  return ok;
};

const runBuilt = async (
  parts: MonitorParts,
  mode: Mode,
  scope: Scope,
  signal: AbortSignal,
): Promise<boolean> => {
  const { settings, rules, log, now, random } = parts;
  const version = packageVersion();
  const planner = plannerFor(settings);
  const store = openStore({ path: settings.store.path, now, planner });
  scope.defer('store', () => store.close());

  const { telemetry, metrics } = createTelemetry({
    log,
    async refresh() {
      countEngine();
      await refreshGauges(store, live, telemetry);
      await refreshFeedGauges(store, feedWakes.keys(), now, telemetry);
    },
  });
  const countEngine = createEngineCount(rules.engine.counters, telemetry);
  telemetry.gauge('build_info', 1, { version });
  telemetry.gauge('rules_loaded', rules.rules.length);

  const links = await linksOf(parts, store);
  const sinks = createSinks(settings.sinks, {
    log,
    now,
    random,
    version,
    proxyFor: settings.proxy.urlFor,
    actionsFor: links?.actionsFor,
  });
  for (const sink of sinks) scope.defer(`sink ${sink.name}`, () => sink.close());
  const wakes = new Map(sinks.map((sink) => [sink.name, createLatch()]));
  const live = sinks.map((sink) => sink.name);
  const feedWakes = new Map(
    feedsOfSinks(settings.feeds, sinks).map(({ sink }) => [sink.name, createLatch()]),
  );
  const monitor: Monitor = {
    parts,
    liveRules: createLiveRules({
      rules,
      listState: () => settings.listFiles.map((path) => fileState(path) ?? 'none').join(),
      reload: parts.reload,
      now,
      log,
    }),
    store,
    telemetry,
    sinks,
    wakes,
    feedWakes,
    wake(names = live) {
      for (const name of names) wakes.get(name)?.ring();
    },
    planWithoutStore: (alert) => planner.plan({ alert }, NO_MEMORY, now()),
  };
  announce(parts, version, live);

  let active = false;
  let pollers: readonly Poller[] = [];
  let budget: Budget | undefined;
  const { listen } = settings.http;
  if (listen && mode === 'daemon') {
    const startedAtMs = now();
    const api = createApiSource({
      store,
      storeKind: 'sqlite',
      listen,
      settings: () => settings,
      rules: () => monitor.liveRules.compiled(),
      live: () => ({
        active,
        startedAtMs,
        pollers,
        probe: () => store.status.probe(),
        config: {
          file: settings.file,
          hash: null,
          loaded_at: new Date(startedAtMs).toISOString(),
          last_reload: null,
        },
        apiBudget: budget
          ? { requests_per_second: budget.requestsPerSecond, used_ratio: budget.usedRatio() }
          : null,
        redact: parts.redact,
      }),
      reload: async () => ({ ok: false, changes: [], problems: ['this version cannot'], needs_restart: [] }),
      wake: () => monitor.wake(),
      now,
      log,
    });
    const server = await createServer({
      listen,
      log,
      metrics,
      acts: links,
      api,
      mayReadMetrics: api.mayReadMetrics,
      health: {
        ready: () =>
          readiness({
            active,
            pollers,
            intervalMs: settings.poll.intervalMs,
            now,
            store: store.status,
            ledger: store.ledger,
          }),
      },
    });
    scope.defer('server', () => server.close());
  }

  // Stopped before it could begin, a one-shot run has not done what it was asked for.
  let ok = mode !== 'once';
  await underLease(
    {
      leases: store.leases,
      name: 'monitor',
      holder: holderName(),
      log,
      once: mode === 'once',
      ...(mode === 'backfill' ? { pauseMs: STANDBY_LOOKS_EVERY_MS * 2 } : {}),
      onState(state) {
        active = state === 'active';
      },
    },
    async (lease, held) => {
      const work = await startWork(monitor, lease);
      pollers = work.pollers;
      budget = work.budget;
      try {
        if (mode === 'once') ok = await work.once(held);
        else if (mode === 'backfill') await work.backfill(held);
        else await work.run(held);
      } finally {
        await work.close();
      }
    },
    signal,
  );
  return ok;
};

/** Links in alerts, where people can reach the server that answers them. */
const linksOf = async (parts: MonitorParts, store: Store): Promise<AlertLinks | undefined> => {
  const { externalUrl, listen } = parts.settings.http;
  if (externalUrl === undefined || listen === undefined) return undefined;
  return createAlertLinks({
    externalUrl,
    key: await store.linkKey(),
    store,
    now: parts.now,
    log: parts.log,
  });
};

/** The first lines of a life: what runs, what is off, what is doubtful. */
const announce = (parts: MonitorParts, version: string, live: readonly string[]): void => {
  const { settings, rules, log } = parts;
  for (const warning of parts.warnings) log.warn('config.warning', { warning: formatProblem(warning) });
  for (const sink of settings.sinks.filter((candidate) => candidate.off)) {
    log.info('config.sink_off', {
      sink: sink.name,
      type: sink.type,
      reason: `its ${switchOf(sink)} is empty`,
    });
  }
  log.info('rules.loaded', {
    rules: rules.rules.length,
    left_out: rules.skipped.map(({ info, reason }) => `${info.title} (${reason})`),
  });
  log.info('monitor.started', {
    version,
    node: process.versions.node,
    pid: process.pid,
    config: settings.file,
    accounts: settings.accounts.map((account) => account.name),
    sinks: live,
    store: settings.store.path,
  });
};

const NO_MEMORY: PlannerMemory = { get: () => undefined, set() {}, silences: () => [] };

/** Gauges that are counted when somebody looks. States without deliveries are not counted by the store: they are 0. */
const refreshGauges = async (store: Store, live: readonly string[], telemetry: Telemetry): Promise<void> => {
  const counts = await store.status.deliveryCounts();
  for (const sink of new Set([...live, ...counts.map((row) => row.sink)])) {
    for (const state of DELIVERY_STATES) {
      const row = counts.find((candidate) => candidate.sink === sink && candidate.state === state);
      telemetry.gauge('deliveries', row?.count ?? 0, { sink, state });
    }
  }
};

/** The rule engine counts by itself, for all accounts; what was added since the last look goes to the metrics. */
const createEngineCount = (
  counters: CompiledRules['engine']['counters'],
  telemetry: Telemetry,
): (() => void) => {
  const names = {
    cutValues: 'rule_values_cut_total',
    ungroupedEvents: 'rule_events_ungrouped_total',
    evictedGroups: 'rule_groups_evicted_total',
    lateEvents: 'rule_events_late_total',
  } as const;
  const seen = { cutValues: 0, ungroupedEvents: 0, evictedGroups: 0, lateEvents: 0 };
  return () => {
    for (const key of ['cutValues', 'ungroupedEvents', 'evictedGroups', 'lateEvents'] as const) {
      telemetry.count(names[key], {}, counters[key] - seen[key]);
      seen[key] = counters[key];
    }
  };
};
