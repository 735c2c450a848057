import { errorText } from '../base/errors.ts';
import { createLatch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import type { Sink } from '../core/delivery.ts';
import type { Log } from '../core/log.ts';
import type { Planner, PlannerMemory } from '../core/planner.ts';
import type { Store } from '../core/store.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { AlertLinks } from './alert-links.ts';
import { configHash } from './config-changes.ts';
import { feedsOfSinks } from './feeds.ts';
import type { CompiledRules, Ready } from './load.ts';
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
  /** Hands what the rule engine has counted since to the metrics. */
  readonly countEngine: () => void;
  /** Closes the sinks, within seconds. Never rejects. */
  close(): Promise<void>;
}

/** What outlives configurations. */
export interface Lasting {
  /** But for settings and rules, which are those of the start. */
  readonly parts: MonitorParts;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly links: AlertLinks | undefined;
  /** See {@link Monitor.refusal}. */
  readonly refusal: () => string | undefined;
}

/** A receiver that does not let go is left to itself after this. */
const CLOSE_MS = 5_000;

/** Makes what works by a configuration; nothing of it is begun. Throws UsageError for sinks that cannot be made. */
export const createGeneration = (ready: Ready, lasting: Lasting): Generation => {
  const { store, telemetry, links, refusal } = lasting;
  const parts: MonitorParts = { ...lasting.parts, ...ready };
  const { settings, rules, log, now, random } = parts;
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
    sinks,
    wakes,
    feedWakes: new Map(feedsOfSinks(settings.feeds, sinks).map(({ sink }) => [sink.name, createLatch()])),
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
    countEngine: createEngineCount(rules.engine.counters, telemetry),
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
