import { errorText } from '../base/errors.ts';
import { createScope, type Scope } from '../base/scope.ts';
import { sleep } from '../base/sleep.ts';
import type { Poller } from '../collect/poller.ts';
import type { Lease } from '../core/lease.ts';
import type { Planner } from '../core/planner.ts';
import { mayPass, type Store, StoreError } from '../core/store.ts';
import { noTracer } from '../core/tracer.ts';
import { KNOWN_EVENT_TYPES } from '../rules/lint.ts';
import { createServer } from '../server/server.ts';
import { createTelemetry } from '../server/telemetry.ts';
import { openStoreAt } from '../store/open.ts';
import { type AlertLinks, createAlertLinks } from './alert-links.ts';
import { announce } from './announce.ts';
import { createApiSource } from './api-source.ts';
import { beginPatiently } from './begin-patiently.ts';
import { countForScrape, createEngineCount, dropReported, tellRules } from './figures.ts';
import { createGeneration, type Generation } from './generation.ts';
import { createGenerations, type Generations } from './generations.ts';
import { readiness } from './health.ts';
import { holderName } from './holder.ts';
import { STANDBY_LOOKS_EVERY_MS, underLease } from './lease.ts';
import { createLiveStatus } from './live-status.ts';
import { createMemory } from './memory.ts';
import { createEventTypeLabels } from './metric-labels.ts';
import type { Budget } from './pace.ts';
import type { MonitorParts } from './parts.ts';
import { plannerFor } from './planner.ts';
import { createHeadPublisher } from './publish-heads.ts';
import { refuseFutureStart } from './refuse-future-start.ts';
import { BY_FILES, createReloader, forgetFigures, tellSuccess } from './reload.ts';
import { noticeOthers, steadyTasks, storeWatch } from './steady.ts';
import { createSwitchPlanner } from './switch-planner.ts';
import { runTogether } from './tasks.ts';
import { packageVersion } from './version.ts';
import { watchSources } from './watch-sources.ts';
import { startWork, type Work } from './work.ts';

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
  const { settings, log, now } = parts;
  const planner = createSwitchPlanner(plannerFor(settings));
  const store = await openPatiently(parts, mode, planner, signal);
  scope.defer('store', () => store.close());
  await refuseFutureStart(settings, store.collect, now());

  const { telemetry, metrics } = createTelemetry({
    log,
    async refresh() {
      const { parts: inForce, wakes, feedWakes } = generations.current.monitor;
      countEngine(inForce.rules.engine);
      if (inForce.rules.fleet) countEngine(inForce.rules.fleet);
      await countForScrape({
        settings: inForce.settings,
        store,
        telemetry,
        sinks: [...wakes.keys()],
        feeds: feedWakes.keys(),
        nowMs: now(),
      });
    },
  });
  const countEngine = createEngineCount(telemetry);
  telemetry.gauge('build_info', 1, { version: packageVersion() });
  telemetry.gauge('lease_held', 0);

  const tracing =
    settings.tracing &&
    (await import('./tracing.ts')).createTracing(settings.tracing, settings, parts, telemetry);
  if (tracing) scope.defer('tracing', () => tracing.close());

  const links = await linksOf(parts, store);
  const lasting = {
    parts,
    store,
    telemetry,
    tracer: tracing?.tracer ?? noTracer,
    eventTypes: createEventTypeLabels(KNOWN_EVENT_TYPES),
    links,
  };
  const reloader = createReloader({
    lasting,
    first: parts,
    generations: () => generations,
    telemetry,
    stopping: signal,
  });
  const first = createGeneration(parts, { ...lasting, refusal: reloader.refusal });
  const generations: Generations = createGenerations(first, (fresh, old) => {
    const { settings: next, rules } = fresh.monitor.parts;
    planner.switchTo(fresh.planner);
    countEngine(old.monitor.parts.rules.engine);
    if (old.monitor.parts.rules.fleet) countEngine(old.monitor.parts.rules.fleet);
    forgetFigures(telemetry, old.monitor.parts, fresh.monitor.parts);
    telemetry.gauge('poll_interval_seconds', next.poll.intervalMs / 1_000);
    tellRules(rules.rules, telemetry);
    parts.setLogLevel?.(next.log.level);
  });
  scope.defer('sinks', () => generations.close());
  telemetry.gauge('poll_interval_seconds', settings.poll.intervalMs / 1_000);
  tellRules(parts.rules.rules, telemetry);
  tellSuccess(telemetry, first, now());
  announce(parts, first);

  let active = false;
  let pollers: readonly Poller[] = [];
  let budget: Budget | undefined;
  const onState = (state: 'standby' | 'active'): void => {
    active = state === 'active';
    telemetry.gauge('lease_held', active ? 1 : 0);
    if (!active) dropReported(telemetry);
  };
  const shared =
    store.replicas && mode === 'daemon'
      ? // Where one process does all the work, it need not be loaded.
        (await import('./run-replica.ts')).createReplicaProcess({
          id: holderName(),
          store,
          replicas: store.replicas,
          generations: () => generations,
          telemetry,
          startedAtMs: now(),
          leaseMs: settings.store.leaseMs,
          onState,
        })
      : undefined;
  const { listen } = settings.http;
  if (listen && mode === 'daemon') {
    const inForce = (): MonitorParts => generations.current.monitor.parts;
    const api = createApiSource({
      store,
      storeKind: settings.store.place.kind,
      listen,
      settings: () => inForce().settings,
      rules: () => inForce().rules,
      ruleTexts: () => inForce().texts.rules,
      live: createLiveStatus({
        startedAtMs: now(),
        active: () => active,
        pollers: () => shared?.pollers() ?? pollers,
        budget: () => shared?.budget() ?? budget,
        store,
        reloader,
        redact: parts.redact,
      }),
      reload: reloader.reload,
      wake: () => generations.current.monitor.wake(),
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
            replica: shared?.replica,
            pollers: shared?.pollers() ?? pollers,
            intervalMs: generations.current.monitor.parts.settings.poll.intervalMs,
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
  const work = async (lease: Lease, held: AbortSignal): Promise<void> => {
    const memory = createMemory();
    const heads = createHeadPublisher({ chains: store.chains, now, log });
    const begin = async ({ monitor }: Generation): Promise<Work> => {
      const begun = await startWork(monitor, lease, memory);
      pollers = begun.pollers;
      budget = begun.budget;
      return begun;
    };
    try {
      if (mode !== 'daemon') {
        const begun = await begin(generations.current);
        try {
          if (mode === 'once') ok = await begun.once(held);
          else await begun.backfill(held);
        } finally {
          await begun.close();
        }
        return;
      }
      let isFirst = true;
      const underOne = async (one: Generation, until: AbortSignal, ending: AbortSignal): Promise<void> => {
        const begun = await (isFirst ? begin(one) : beginPatiently(() => begin(one), log, until));
        isFirst = false;
        try {
          await begun?.run(until, ending);
        } finally {
          await begun?.close();
        }
      };
      await runTogether(
        [
          (until) => generations.run(underOne, until),
          ...steadyTasks(() => generations.current.monitor, heads),
          (until) => noticeOthers(() => generations.current.monitor, until),
          storeWatch(() => generations.current.monitor),
        ],
        held,
      );
    } finally {
      // The last commit of this life is vouched for by its last lines.
      await heads.publish();
    }
  };
  const leased = (until: AbortSignal): Promise<void> =>
    underLease(
      {
        leases: store.leases,
        name: 'monitor',
        holder: holderName(),
        log,
        once: mode === 'once',
        ...(mode === 'backfill' ? { pauseMs: STANDBY_LOOKS_EVERY_MS * 2 } : {}),
        onState,
      },
      work,
      until,
    );
  if (mode !== 'daemon') {
    await leased(signal);
    return ok;
  }
  parts.onHangup?.(() => void reloader.reload('SIGHUP'));
  const watching = (until: AbortSignal): Promise<void> =>
    watchSources(
      {
        sources: reloader.sources,
        seen: reloader.seen,
        isOn: () => generations.current.monitor.parts.settings.reload.watch,
        reload: () => reloader.reload(BY_FILES),
      },
      until,
    );
  await runTogether([shared ? shared.run : leased, watching], signal);
  return ok;
};

/** A server that starts together with this process may take longer than it; one that never comes is told to whoever started us. */
const OPEN_TRIES = 10;
const OPEN_PAUSE_MS = 3_000;

const openPatiently = async (
  { settings, now, log }: MonitorParts,
  mode: Mode,
  planner: Planner,
  signal: AbortSignal,
): Promise<Store> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await openStoreAt(settings.store.place, { now, planner });
    } catch (error) {
      // What a configuration says wrongly, and a file that cannot be used, is told at once.
      const passes =
        settings.store.place.kind === 'postgres' &&
        mayPass(error) &&
        !(error instanceof StoreError && error.kind === 'missing');
      if (!passes || mode !== 'daemon' || tries >= OPEN_TRIES || signal.aborted) throw error;
      log.error('store.error', { operation: 'open', reason: errorText(error) });
      await sleep(OPEN_PAUSE_MS, signal);
    }
  }
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
