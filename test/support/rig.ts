import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchTrail } from '../../src/app/trail-watch.ts';
import { createAuditClient } from '../../src/audit/client.ts';
import { type Backfiller, createBackfiller } from '../../src/collect/backfiller.ts';
import { type CommittedWindow, type PassDeps, runPass } from '../../src/collect/pass.ts';
import { createPoller, type Poller } from '../../src/collect/poller.ts';
import type { Reread } from '../../src/collect/read-range.ts';
import { createSecondReader, type SecondReader } from '../../src/collect/second-reader.ts';
import type { SweepSettings } from '../../src/collect/sweeps.ts';
import type { ConditionName } from '../../src/core/conditions.ts';
import type { AuditEvent, QuarantinedEvent } from '../../src/core/event.ts';
import type { LedgerRange } from '../../src/core/ledger.ts';
import type { Log, LogFields } from '../../src/core/log.ts';
import type { Store } from '../../src/core/store.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import type { PollStart } from '../../src/core/window.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { openStore } from '../../src/store/open-store.ts';
import { KEY, SECRET } from './installation.ts';

/** The collecting side with real parts (simulator, client, SQLite) and a clock that the test owns. */
export interface Rig {
  readonly simulator: Simulator;
  readonly store: Store;
  /** `skewMs` is added to the monitor's clock alone, as when this machine's clock jumps. */
  readonly clock: { skewMs: number };
  now(): number;
  advance(ms: number): void;
  /** One pass; resolves with its sums, rejects as `runPass` does. */
  pass(): ReturnType<typeof runPass>;
  readonly poller: Poller;
  /** Reads again what was unverified or may have become visible late; reports what the ledger proves. */
  readonly second: SecondReader;
  /** Fulfils requests in the store. */
  readonly backfiller: Backfiller;
  /** Windows of these two, as committed. */
  readonly reread: Reread[];
  /** Closes the store and opens it again, as a restart does. */
  restart(): Promise<void>;
  /** Ids of all events the decider was shown, in order. */
  readonly decided: string[];
  readonly quarantined: QuarantinedEvent[];
  readonly windows: CommittedWindow[];
  readonly lines: { readonly event: string; readonly fields: LogFields }[];
  /** Conditions that are raised now. */
  readonly raised: Set<`${ConditionName}:${string}`>;
  /** All stored events, in order. */
  stored(): Promise<readonly string[]>;
  watermarkMs(): Promise<number | undefined>;
  /** Ranges of the ledger that are not verified. */
  unverified(): Promise<readonly LedgerRange[]>;
  close(): Promise<void>;
}

/** How a {@link Rig} is set up. */
export interface RigOptions {
  readonly startMs: number;
  readonly start?: PollStart;
  readonly overlapMs?: number;
  readonly settleMs?: number;
  readonly pageSize?: number;
  readonly maxWindowEvents?: number;
  readonly timeoutMs?: number;
  readonly maxBodyBytes?: number;
  readonly maxWindowChars?: number;
  readonly retries?: number;
  readonly sweeps?: readonly SweepSettings[];
  readonly retentionMs?: number;
}

/** Makes a {@link Rig}; the clock stands at `startMs`. */
export const createRig = async (options: RigOptions): Promise<Rig> => {
  let nowMs = options.startMs;
  const simulator = await createSimulator({ now: () => nowMs });
  const folder = mkdtempSync(join(tmpdir(), 'vonage-audit-monitor-rig-'));
  const path = join(folder, 'monitor.db');
  const lines: Rig['lines'] = [];
  const note = (event: string, fields: LogFields = {}): void => void lines.push({ event, fields });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const clock = { skewMs: 0 };
  const monitorNow = (): number => nowMs + clock.skewMs;
  let store = openStore({ path, now: monitorNow, durability: 'off' });
  const client = createAuditClient({
    account: 'default',
    baseUrl: simulator.url,
    pageSize: options.pageSize ?? 10,
    timeoutMs: options.timeoutMs ?? 5_000,
    ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }),
    retries: options.retries ?? 2,
    credentials: () => ({ key: KEY, secret: SECRET }),
    // Waits between attempts are the client's own subject; here they only cost time.
    sleep: () => Promise.resolve(),
    now: monitorNow,
    ticks: () => nowMs,
    random: () => 0.5,
    log,
    telemetry: noTelemetry,
  });
  const raised: Rig['raised'] = new Set();
  const decided: string[] = [];
  const quarantined: QuarantinedEvent[] = [];
  const windows: CommittedWindow[] = [];
  const passOptions = {
    account: 'default',
    reader: client,
    pageSize: options.pageSize ?? 10,
    maxWindowEvents: options.maxWindowEvents ?? 50,
    ...(options.maxWindowChars === undefined ? {} : { maxWindowChars: options.maxWindowChars }),
    pageConcurrency: 3,
    rereads: 2,
    start: options.start ?? { kind: 'at', ms: options.startMs - 3_600_000 },
    overlapMs: options.overlapMs ?? 600_000,
    settleMs: options.settleMs ?? 0,
    maxClockSkewMs: 5_000,
  };
  // The store is opened anew by a restart; whoever was made before must use the new one.
  const live = <K extends 'collect' | 'ledger' | 'backfills'>(part: K): Store[K] =>
    new Proxy(store[part], { get: (_, key) => Reflect.get(store[part], key) as unknown });
  const deps = async (): Promise<PassDeps> => {
    const taken = await store.leases.acquire('monitor', 'rig', 86_400_000_000);
    if (!('lease' in taken)) throw new Error('the lease is not free');
    return {
      store: live('collect'),
      decider: {
        prepare: async () => {},
        decide(fresh: readonly AuditEvent[], bad: readonly QuarantinedEvent[]) {
          decided.push(...fresh.map((event) => event.id));
          quarantined.push(...bad);
          return { alerts: [], state: [] };
        },
        discard() {},
      },
      lease: () => taken.lease,
      now: monitorNow,
      trouble: {
        async raise(condition, subject) {
          raised.add(`${condition}:${subject}`);
        },
        async clear(condition, subject) {
          raised.delete(`${condition}:${subject}`);
        },
      },
      onCommitted: (window) => void windows.push(window),
    };
  };
  const never = new AbortController().signal;
  const reread: Reread[] = [];
  const passDeps = await deps();
  const readerDeps = {
    ...passDeps,
    ledger: live('ledger'),
    random: () => 0.5,
    log,
    onReread: (window: Reread) => void reread.push(window),
  };
  return {
    simulator,
    get store() {
      return store;
    },
    clock,
    now: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
    pass: async () => runPass(passOptions, await deps(), never),
    poller: createPoller(
      { ...passOptions, overlapMs: () => passOptions.overlapMs, intervalMs: 30_000 },
      { ...(await deps()), random: () => 0.5, log, telemetry: noTelemetry },
    ),
    second: createSecondReader(
      {
        ...passOptions,
        sweeps: options.sweeps ?? [],
        overlapMs: () => passOptions.overlapMs,
        retentionMs: options.retentionMs ?? 400 * 86_400_000,
      },
      {
        ...readerDeps,
        onLooked: (ranges) =>
          watchTrail('default', ranges, { trouble: passDeps.trouble, telemetry: noTelemetry }),
      },
    ),
    backfiller: createBackfiller(passOptions, { ...readerDeps, backfills: live('backfills') }),
    reread,
    async restart() {
      await store.close();
      store = openStore({ path, now: monitorNow, durability: 'off' });
    },
    decided,
    quarantined,
    windows,
    lines,
    raised,
    async stored() {
      const ids: string[] = [];
      let after: string | undefined;
      do {
        const page = await store.history.events({ account: 'default', limit: 1_000, after });
        ids.push(...page.items.map((event) => event.id));
        after = page.next;
      } while (after !== undefined);
      return ids;
    },
    watermarkMs: async () => (await store.collect.progress('default'))?.watermarkMs,
    unverified: async () => (await store.ledger.ranges('default')).filter(({ doubt }) => doubt !== undefined),
    async close() {
      await client.close();
      await store.close();
      await simulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
