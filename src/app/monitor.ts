import { decidedAlert } from '../alerts/route-alert.ts';
import { systemAlert } from '../alerts/system-alert.ts';
import { createAuditClient } from '../audit/client.ts';
import { createLatch, type Latch } from '../base/latch.ts';
import { createScope, type Scope } from '../base/scope.ts';
import { createPoller, type Poller } from '../collect/poller.ts';
import type { Settings } from '../config/settings.ts';
import type { Alert, DecidedAlert } from '../core/alert.ts';
import type { Log } from '../core/log.ts';
import type { Clock, Lease, Random, Store } from '../core/ports.ts';
import { formatProblem, type Problem } from '../core/problem.ts';
import { createSinkLoop, type SinkLoop } from '../deliver/sink-loop.ts';
import { createServer } from '../server/server.ts';
import { createTelemetry } from '../server/telemetry.ts';
import { openStore } from '../store/open-store.ts';
import { createCommittedReporter } from './committed.ts';
import { createDecider } from './decide.ts';
import { readEventTypes } from './event-types.ts';
import { readiness } from './health.ts';
import { holderName } from './holder.ts';
import { underLease } from './lease.ts';
import type { CompiledRules } from './load.ts';
import { pruneForEver } from './prune.ts';
import { createSinks } from './sinks.ts';
import { allOrNothing } from './tasks.ts';
import { createTrouble } from './trouble.ts';
import { packageVersion } from './version.ts';
import { watch } from './watchdog.ts';

/** What a monitor is made of. */
export interface MonitorParts {
  readonly settings: Settings;
  readonly rules: CompiledRules;
  /** Told once at start. */
  readonly warnings: readonly Problem[];
  readonly log: Log;
  readonly now: Clock;
  readonly random: Random;
}

/** How many pages of one window may be under way at once. */
const PAGE_CONCURRENCY = 4;
/** How often a window is read again when the API's counts disagree. */
const REREADS = 2;

/**
 * Builds all parts in order, runs them until the signal aborts, closes them in reverse. In mode `once` it makes one pass
 * of every account and delivers what is due. Resolves with whether all went well (always true for a stopped daemon).
 * Rejects when the monitor cannot run: the store cannot be opened, the address is taken.
 */
export const runMonitor = async (
  parts: MonitorParts,
  mode: 'daemon' | 'once',
  signal: AbortSignal,
): Promise<boolean> => {
  const scope = createScope();
  try {
    return await build(parts, mode, scope, signal);
  } finally {
    await scope.close();
    parts.log.info('monitor.stopped');
  }
};

const build = async (
  parts: MonitorParts,
  mode: 'daemon' | 'once',
  scope: Scope,
  signal: AbortSignal,
): Promise<boolean> => {
  const { settings, rules, log, now, random } = parts;
  const version = packageVersion();
  const { telemetry, page } = createTelemetry();
  telemetry.gauge('build_info', 1, { version });
  telemetry.gauge('rules_loaded', rules.rules.length);

  const store = openStore({ path: settings.store.path, now });
  scope.defer('store', () => store.close());

  const sinks = createSinks(settings.sinks, {
    log,
    now,
    random,
    version,
    proxyUrl: settings.proxy,
  });
  for (const sink of sinks) scope.defer(`sink ${sink.name}`, () => sink.close());
  const wakes = new Map<string, Latch>(sinks.map((sink) => [sink.name, createLatch()]));
  const wake = (names: Iterable<string>): void => {
    for (const name of names) wakes.get(name)?.ring();
  };
  const live = sinks.map((sink) => sink.name);
  const route = (alert: Alert, except: readonly string[] = []): DecidedAlert =>
    decidedAlert(alert, settings.routes, live, { except });

  announce(parts, version, live);
  return true;
};
