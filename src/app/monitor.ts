import { errorText } from '../base/errors.ts';
import { createScope, type Scope } from '../base/scope.ts';
import { FLEET } from '../core/fleet.ts';
import type { Store } from '../core/store.ts';
import { noTracer } from '../core/tracer.ts';
import { KNOWN_EVENT_TYPES } from '../rules/lint.ts';
import { createTelemetry } from '../server/telemetry.ts';
import { type AlertLinks, createAlertLinks } from './alert-links.ts';
import { announce } from './announce.ts';
import { countForScrape, createEngineCount, dropReported, tellRules } from './figures.ts';
import { isFleetJudged } from './fleet.ts';
import { createGeneration } from './generation.ts';
import { createGenerations, type Generations } from './generations.ts';
import { holderName } from './holder.ts';
import { createEventTypeLabels } from './metric-labels.ts';
import { openPatiently } from './open-patiently.ts';
import type { MonitorParts } from './parts.ts';
import { plannerFor } from './planner.ts';
import { refuseFutureStart } from './refuse-future-start.ts';
import { BY_FILES, createReloader, forgetFigures, tellSuccess } from './reload.ts';
import { createLoneProcess, type Mode } from './run-alone.ts';
import { createReplicaProcess } from './run-replica.ts';
import { serve } from './serve.ts';
import { createSwitchPlanner } from './switch-planner.ts';
import { runTogether } from './tasks.ts';
import { packageVersion } from './version.ts';
import { watchSources } from './watch-sources.ts';

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
  const store = await openPatiently(parts, mode === 'daemon', planner, signal);
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
        feeds: [...feedWakes.keys(), ...(isFleetJudged(inForce) ? [FLEET] : [])],
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
  const onState = (state: 'standby' | 'active'): void => {
    active = state === 'active';
    telemetry.gauge('lease_held', active ? 1 : 0);
    if (!active) dropReported(telemetry);
  };
  const startedAtMs = now();
  const current = (): Generations => generations;
  if (mode !== 'daemon') {
    const lone = createLoneProcess({ mode, store, generations: current, onState });
    await lone.run(signal);
    return lone.ok();
  }
  const worker = store.replicas
    ? createReplicaProcess({
        id: holderName(),
        store,
        replicas: store.replicas,
        generations: current,
        telemetry,
        startedAtMs,
        leaseMs: settings.store.leaseMs,
        onState,
      })
    : createLoneProcess({ mode, store, generations: current, onState });
  const { listen } = settings.http;
  if (listen) {
    const server = await serve({
      listen,
      parts,
      store,
      generations: current,
      reloader,
      metrics,
      links,
      startedAtMs,
      active: () => active,
      worker,
    });
    scope.defer('server', () => server.close());
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
  await runTogether([worker.run, watching], signal);
  return true;
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
