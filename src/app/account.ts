import { createLatch } from '../base/latch.ts';
import { createTurns } from '../base/turns.ts';
import type { Backfiller } from '../collect/backfiller.ts';
import { createPoller, type Poller } from '../collect/poller.ts';
import type { AccountSettings } from '../config/settings.ts';
import type { Committed, Reader } from '../core/collect-store.ts';
import type { Trouble } from '../core/conditions.ts';
import type { Lease } from '../core/lease.ts';
import { createAccountClient, whileHeld } from './account-client.ts';
import type { BackfillWatch } from './backfill-watch.ts';
import { createCommittedReporter } from './committed.ts';
import { createDecider } from './decide.ts';
import { createDriftMemory, type DriftMemory } from './drift-memory.ts';
import { readEventTypes } from './event-types.ts';
import { afterFirstPasses } from './first-passes.ts';
import type { AccountMemory } from './memory.ts';
import { createOverlap } from './overlap.ts';
import type { Pace } from './pace.ts';
import type { Monitor } from './parts.ts';
import { createReaders } from './readers.ts';
import type { RuleFailures } from './rule-failures.ts';
import { runTogether, type Task } from './tasks.ts';

/** One account being watched. */
export interface Account {
  readonly poller: Poller;
  /** Polls, and reads again what was read, until the signal aborts; a pass under way then goes on until `hurry` does. */
  readonly run: Task;
  /** Looks up how far the overlap has to reach. To be awaited before the first pass. */
  prepare(): Promise<void>;
  /** Reads what is unverified and due once more. */
  repair(signal: AbortSignal): Promise<void>;
  /** Reads what somebody asks to be read, as {@link Backfiller.run}. */
  readonly backfill: Backfiller['run'];
  close(): Promise<void>;
}

/** Budgets of requests that accounts share; undefined: no limit. */
export interface Paces {
  readonly all: Pace | undefined;
  readonly reconcile: Pace;
  readonly backfill: Pace;
}

/** How many pages of one window may be under way at once. */
const PAGE_CONCURRENCY = 4;
/** How often a window is read again when the API's counts disagree. */
const REREADS = 2;
/** A clock that is off by more than this is worth a word even with a tiny settle time. */
const MIN_SKEW_REPORTED_MS = 5_000;

/**
 * Puts together clients, decider, poller and the other readers of one account. `isHeld` is asked before every request; where it says
 * no, it has aborted what runs.
 */
export const createAccount = (
  settings: AccountSettings,
  monitor: Monitor,
  lease: Lease,
  trouble: Trouble,
  failures: RuleFailures,
  paces: Paces,
  memory: AccountMemory,
  asked: BackfillWatch['asked'],
  isHeld: () => boolean = () => true,
): Account => {
  const { store, telemetry } = monitor;
  const { log, now, ticks, random } = monitor.parts;
  const { api, poll, drift: driftSettings, log: logSettings } = monitor.parts.settings;
  const account = settings.name;
  // Of another key nothing is known: it is tried at once.
  if (memory.apiKey !== settings.apiKey) {
    delete memory.nextMs;
    delete memory.typesReadMs;
  }
  memory.apiKey = settings.apiKey;

  const client = createAccountClient(settings, monitor, paces.all, isHeld);
  const drift = createDriftMemory(account, store.drift, driftSettings.learnMs);
  const inTurn = createTurns();
  const types = monitor.eventTypes;
  const report = createCommittedReporter({
    account,
    typeLabel: types.labelOf,
    events: logSettings.events,
    now,
    log,
    telemetry,
    wake: monitor.wake,
  });
  const tell = async (committed: Committed, reader: Reader): Promise<void> => {
    if (committed.fresh.length > 0) {
      for (const bell of monitor.feedWakes.values()) bell.ring();
      monitor.fleetWake.ring();
    }
    report.committed(committed, reader);
    await failures.report();
  };
  /** Of what may have to be read again the second reader hears at once. */
  const secondBell = createLatch();
  const note = ({ window }: { readonly window: { readonly verified: boolean } }): void => {
    if (!window.verified) secondBell.ring();
  };
  const laterMs = afterFirstPasses(monitor.parts);
  const commit = {
    store: store.collect,
    decider: createDecider({
      account,
      evaluator: monitor.parts.rules.engine,
      store: store.collect,
      drift,
      now,
      log,
      telemetry,
      onRuleFailure: (rule, reason) => failures.note(rule.title, reason),
    }),
    lease: () => lease,
    inTurn,
    now,
    random,
    log,
    telemetry,
    trouble,
    tracer: monitor.tracer,
  };
  const reading = {
    account,
    pageSize: api.pageSize,
    maxWindowEvents: poll.maxWindowEvents,
    pageConcurrency: PAGE_CONCURRENCY,
    rereads: REREADS,
    tracer: monitor.tracer,
  };
  const known = poll.overlapAuto && memory.overlapMs !== undefined ? { overlapMs: memory.overlapMs } : {};
  const overlap = createOverlap(
    account,
    { ...poll, ...known },
    { ledger: store.ledger, now, log, telemetry },
  );
  const poller = createPoller(
    {
      ...reading,
      reader: client,
      start: poll.start,
      overlapMs: overlap.currentMs,
      settleMs: poll.settleMs,
      maxClockSkewMs: Math.max(poll.settleMs, MIN_SKEW_REPORTED_MS),
      intervalMs: poll.intervalMs,
      memory,
    },
    {
      ...commit,
      ticks,
      onCommitted(committed) {
        note(committed);
        return tell(committed, 'poll');
      },
    },
  );
  const readers = createReaders(
    {
      reading,
      overlap,
      /** Behind the poll in every way: its pass ends first, then both budgets are asked. */
      clientBehindPoll: (pace) =>
        client.atPace(
          whileHeld(isHeld, async (signal) => {
            await pace(signal);
            await poller.whenIdle();
            await paces.all?.(signal);
          }),
        ),
      paces,
      commit,
      onReread(reread) {
        note(reread);
        return tell(reread, reread.manner.reader);
      },
      bell: secondBell,
      firstLookMs: laterMs,
      asked: (signal) => asked(account, signal),
    },
    monitor,
  );
  const listing = {
    account,
    client,
    drift,
    store: store.drift,
    lease,
    inTurn,
    onAlerts: report.alerts,
    memory,
    laterMs,
    onListed: types.learn,
  };
  return {
    poller,
    run: (signal, hurry) =>
      runTogether(
        [
          poller.run,
          (until) => readEventTypes({ ...listing, now, log }, until),
          readers.second.run,
          (until) => readers.backfiller.run(until),
        ],
        signal,
        hurry,
      ),
    async prepare() {
      // What it proposes, the second reader's first look says as well.
      if (poll.overlapAuto) await overlap.refresh();
      await tellKnown(account, drift, monitor);
    },
    repair: (signal) => readers.second.repair(signal),
    backfill: readers.backfiller.run,
    async close() {
      if (poll.overlapAuto) memory.overlapMs = overlap.currentMs();
      await client.close();
    },
  };
};

/**
 * What an earlier life has left: how far the trail was read then, so that who watches the figure sees an account that
 * cannot be read since, and the types of its events.
 */
const tellKnown = async (
  account: string,
  drift: DriftMemory,
  { store, telemetry, eventTypes }: Monitor,
): Promise<void> => {
  const progress = await store.collect.progress(account);
  if (progress) {
    telemetry.gauge('watermark_timestamp_seconds', progress.watermarkMs / 1_000, { account });
    telemetry.gauge('last_poll_timestamp_seconds', progress.committedAtMs / 1_000, { account });
  }
  const known = await drift.known();
  eventTypes.learn(known.filter(({ kind }) => kind === 'type' || kind === 'listed').map(({ name }) => name));
};
