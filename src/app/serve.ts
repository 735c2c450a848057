import type { Settings } from '../config/settings.ts';
import type { Store } from '../core/store.ts';
import { createServer } from '../server/server.ts';
import type { createTelemetry } from '../server/telemetry.ts';
import type { AlertLinks } from './alert-links.ts';
import { createApiSource } from './api-source.ts';
import type { Generations } from './generations.ts';
import { readiness } from './health.ts';
import { createLiveStatus } from './live-status.ts';
import type { MonitorParts } from './parts.ts';
import type { Reloader } from './reload.ts';
import type { Replica } from './replica.ts';
import type { LoneProcess } from './run-alone.ts';

/** What {@link serve} works with. */
export interface ServeOptions {
  readonly listen: NonNullable<Settings['http']['listen']>;
  /** As they were at the start. */
  readonly parts: MonitorParts;
  readonly store: Store;
  readonly generations: () => Generations;
  readonly reloader: Reloader;
  readonly metrics: ReturnType<typeof createTelemetry>['metrics'];
  readonly links: AlertLinks | undefined;
  readonly startedAtMs: number;
  readonly active: () => boolean;
  readonly worker: Pick<LoneProcess, 'pollers' | 'budget'> & { readonly replica?: Replica };
}

/** Serves health, metrics, the HTTP API and the dashboard of a daemon. Rejects when the address is taken. */
export const serve = (options: ServeOptions): ReturnType<typeof createServer> => {
  const { listen, store, generations, reloader, active, worker } = options;
  const { now, log, redact, settings } = options.parts;
  const inForce = (): MonitorParts => generations().current.monitor.parts;
  const api = createApiSource({
    store,
    storeKind: settings.store.place.kind,
    listen,
    settings: () => inForce().settings,
    rules: () => inForce().rules,
    ruleTexts: () => inForce().texts.rules,
    live: createLiveStatus({
      startedAtMs: options.startedAtMs,
      active,
      pollers: worker.pollers,
      budget: worker.budget,
      store,
      reloader,
      redact,
    }),
    reload: reloader.reload,
    wake: () => generations().current.monitor.wake(),
    now,
    log,
  });
  return createServer({
    listen,
    log,
    metrics: options.metrics,
    acts: options.links,
    api,
    mayReadMetrics: api.mayReadMetrics,
    health: {
      ready: () =>
        readiness({
          active: active(),
          replica: worker.replica,
          pollers: worker.pollers(),
          intervalMs: inForce().settings.poll.intervalMs,
          now,
          store: store.status,
          ledger: store.ledger,
        }),
    },
  });
};
