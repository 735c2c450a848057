import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../base/errors.ts';
import { createLatch } from '../base/latch.ts';
import { createScope } from '../base/scope.ts';
import { didYouMean } from '../base/similar.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { ConditionChange } from '../core/conditions.ts';
import type { Sink } from '../core/delivery.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../core/store.ts';
import { noTelemetry } from '../core/telemetry.ts';
import { DEFAULT_DELIVERY_POLICY } from '../deliver/policy.ts';
import { createSinkLoop } from '../deliver/sink-loop.ts';
import { openStore } from '../store/open-store.ts';
import { drillAlert } from './drill-alert.ts';
import { createSinks, switchOf } from './sinks.ts';
import { packageVersion } from './version.ts';

/** What came of the drill at one sink. */
export interface DrillResult {
  readonly sink: string;
  readonly outcome: 'sent' | 'retry' | 'rejected' | 'not tried';
  /** The sink's receipt, or why it did not take the drill. */
  readonly detail: string;
}

/**
 * Sends one marked alert to each named sink (all that are on, when none is named) through a real outbox, the real
 * delivery loop and the sink as configured. The outbox is a store of its own in a temporary folder: a drill works beside
 * a running monitor, leaves no trace in its history, and is tried once. Rejects with a UsageError for an unknown name or
 * a sink that is off.
 */
export const runDrill = async (
  options: {
    readonly settings: Settings;
    readonly names: readonly string[];
    readonly log: Log;
    readonly redact: (text: string) => string;
    readonly now: Clock;
    readonly random: Random;
  },
  signal: AbortSignal,
): Promise<readonly DrillResult[]> => {
  const { settings, log, now, random } = options;
  const chosen = choose(settings, options.names);
  const scope = createScope();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'vonage-audit-monitor-drill-'));
    scope.defer('temporary folder', () => rm(folder, { recursive: true, force: true }));
    const store = openStore({ path: join(folder, 'drill.db'), now });
    scope.defer('store', () => store.close());
    const sinks = createSinks(
      settings.sinks.filter((sink) => chosen.includes(sink.name)),
      { log, now, random, version: packageVersion(), proxyFor: settings.proxy.urlFor },
    );
    for (const sink of sinks) scope.defer(`sink ${sink.name}`, () => sink.close());
    const accounts = settings.accounts.map((account) => account.name);
    const drill = drillAlert(accounts, `${now()} ${process.pid}`, now());
    await store.outbox.enqueue([{ alert: drill, sinks: chosen }]);
    return await Promise.all(sinks.map((sink) => drillOne(sink, store, options, signal)));
  } finally {
    await scope.close();
  }
};

const choose = (settings: Settings, names: readonly string[]): readonly string[] => {
  const all = settings.sinks.map((sink) => sink.name);
  for (const name of names) {
    const sink = settings.sinks.find((candidate) => candidate.name === name);
    if (!sink) {
      throw new UsageError(
        `no sink is called "${name}"; there are ${all.join(', ')}${didYouMean(name, all)}`,
      );
    }
    if (sink.off) throw new UsageError(`sink "${name}" is off: its ${switchOf(sink)} is empty`);
  }
  return settings.sinks
    .filter((sink) => !sink.off && (names.length === 0 || names.includes(sink.name)))
    .map((sink) => sink.name);
};

const drillOne = async (
  sink: Sink,
  store: Store,
  options: {
    readonly log: Log;
    readonly redact: (text: string) => string;
    readonly now: Clock;
    readonly random: Random;
  },
  signal: AbortSignal,
): Promise<DrillResult> => {
  const nothing = (key: string): ConditionChange => ({
    key,
    open: false,
    alert: () => {
      throw new Error('a drill opens no conditions');
    },
  });
  await createSinkLoop({
    sink,
    outbox: store.outbox,
    policy: DEFAULT_DELIVERY_POLICY,
    wake: createLatch(),
    telemetry: noTelemetry,
    conditions: {
      parked: ({ sink: name }) => nothing(`parked:${name}`),
      recovered: (name) => nothing(`parked:${name}`),
      opened: ({ sink: name }) => nothing(`circuit:${name}`),
      closed: (name) => nothing(`circuit:${name}`),
    },
    onConditions() {},
    onHandedOver() {},
    ...options,
  }).drain(signal);
  const [delivery] = (await store.history.deliveries({ sink: sink.name })).items;
  const attempt = delivery && (await store.history.attempts(delivery.id)).at(-1);
  return attempt
    ? { sink: sink.name, outcome: attempt.outcome, detail: attempt.detail }
    : { sink: sink.name, outcome: 'not tried', detail: 'interrupted before the first attempt' };
};
