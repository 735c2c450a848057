import { errorText } from '../base/errors.ts';
import { createLatch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import type { Sink } from '../core/delivery.ts';
import type { Log } from '../core/log.ts';
import type { Planner, PlannerMemory } from '../core/planner.ts';
import type { Store } from '../core/store.ts';
import type { Figures } from '../core/telemetry.ts';
import type { Tracer } from '../core/tracer.ts';
import type { AlertLinks } from './alert-links.ts';
import { configHash } from './config-changes.ts';
import { feedsOfSinks } from './feeds.ts';
import type { Ready } from './load.ts';
import type { EventTypeLabels } from './metric-labels.ts';
import type { Monitor, MonitorParts } from './parts.ts';
import { plannerFor } from './planner.ts';
import { createSinks } from './sinks.ts';
import { packageVersion } from './version.ts';

/** All that is made of one configuration. */
export interface Generation {
  readonly monitor: Monitor;
  readonly planner: Planner;
  /** See {@link configHash}. */
  readonly hash: string;
  /** When it was made. Epoch ms. */
  readonly loadedAtMs: number;
  /** Closes the sinks, within seconds. Never rejects. */
  close(): Promise<void>;
}

/** What outlives configurations. */
export interface Lasting {
  /** But for settings and rules, which are those of the start. */
  readonly parts: MonitorParts;
  readonly store: Store;
  readonly telemetry: Figures;
  readonly tracer: Tracer;
  readonly eventTypes: EventTypeLabels;
  readonly links: AlertLinks | undefined;
  /** See {@link Monitor.refusal}. */
  readonly refusal: () => string | undefined;
}

/** A receiver that does not let go is left to itself after this. */
const CLOSE_MS = 5_000;

/** Makes what works by a configuration; nothing of it is begun. Throws UsageError for sinks that cannot be made. */
export const createGeneration = (ready: Ready, lasting: Lasting): Generation => {
  const { store, telemetry, tracer, eventTypes, links, refusal } = lasting;
  const parts: MonitorParts = { ...lasting.parts, ...ready };
  const { settings, log, now, random } = parts;
  const planner = plannerFor(settings);
  const sinks = createSinks(settings.sinks, {
    log,
    now,
    random,
    version: packageVersion(),
    proxyFor: settings.proxy.urlFor,
    actionsFor: links?.actionsFor,
  });
  const wakes = new Map(sinks.map((sink) => [sink.name, createLatch()]));
  const monitor: Monitor = {
    parts,
    store,
    telemetry,
    tracer,
    eventTypes,
    sinks,
    wakes,
    feedWakes: new Map(feedsOfSinks(settings.feeds, sinks).map(({ sink }) => [sink.name, createLatch()])),
    fleetWake: createLatch(),
    wake(names = wakes.keys()) {
      for (const name of names) wakes.get(name)?.ring();
    },
    planWithoutStore: (alert) => planner.plan({ alert }, NO_MEMORY, now()),
    refusal,
  };
  let closing: Promise<void> | undefined;
  return {
    monitor,
    planner,
    hash: configHash(ready),
    loadedAtMs: now(),
    close() {
      closing ??= closeAll(sinks, log);
      return closing;
    },
  };
};

const closeAll = async (sinks: readonly Sink[], log: Log): Promise<void> => {
  const closed = new AbortController();
  const closing = sinks.map(async (sink) => {
    try {
      await sink.close();
    } catch (error) {
      const warning = `it could not be closed: ${errorText(error)}`;
      log.warn('config.warning', { sink: sink.name, warning });
    }
  });
  await Promise.race([Promise.all(closing), sleep(CLOSE_MS, closed.signal)]);
  closed.abort();
};

const NO_MEMORY: PlannerMemory = { get: () => undefined, set() {}, silences: () => [] };
