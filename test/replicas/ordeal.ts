import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { createScope } from '../../src/base/scope.ts';
import { createTurns } from '../../src/base/turns.ts';
import { seeded } from '../e2e/kill.ts';
import { createPostgresWithStandby } from '../support/standby-postgres.ts';
import { watchBusy } from './busy.ts';
import {
  accountedFor,
  decidedOnce,
  drills,
  groupedRightly,
  readRemains,
  silencedRightly,
  systemOnce,
  undecided,
} from './decided.ts';
import { createEpisodes } from './episodes.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { inflict, reload, type Stage } from './inflict.ts';
import { followedLate, type Gap, gaps, held, isEven, overlaps, stored, unfinished } from './invariants.ts';
import { drawPlan, type Fault, type Step } from './plan.ts';
import { EPISODE_RULES } from './rules.ts';
import { received, told, unknown } from './told.ts';
import { wholeVariant } from './variant.ts';

/** How hard it is to be. */
export interface OrdealOptions {
  readonly seed: number;
  readonly faults: number;
  readonly accounts: number;
  readonly intervalMs: number;
  readonly leaseMs: number;
  /** Events a second. */
  readonly events: number;
  readonly only?: string | undefined;
  readonly say?: (line: string) => void;
  readonly logFile?: string | undefined;
}

/** What became of it. */
export interface OrdealResult {
  readonly violations: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly events: number;
  readonly alerts: number;
  readonly polls: number;
  readonly repeats: number;
  readonly handoversMs: readonly number[];
  readonly longestGap: Gap | undefined;
  /** Decisions over several events, by a plain reading. */
  readonly decisions: number;
  readonly summaries: number;
  readonly drills: number;
}

const REPLICAS = 3;
const LATENCY_MS = 30;
const EVENTS_EVERY_MS = 100;
/** So many faults are over before a sweep could begin. */
const SHORT = 50;
const DIGEST_INTERVAL_MS = 4_000;
const DIGEST = { wait: '1s', interval: `${DIGEST_INTERVAL_MS}ms` } as const;
/** Its minute is not over before the first replica works. */
const DRILL_AFTER_MS = 20_000;
const LOOK_EVERY_MS = 1_000;
const DECIDED_EVERY_MS = 500;
/**
 * On top of a lease and an interval: beats of the others until they see what is free, their claim, tries of a store in trouble
 * every two seconds, and what a machine takes to start processes; on a busy one as many times as much as it is slower.
 */
const SLACK_MS = 4_000;

/** Puts three replicas, with a database of their own, through a plan of faults, and looks whether all held. */
export const endure = async (options: OrdealOptions): Promise<OrdealResult> => {
  const { seed, accounts, leaseMs, intervalMs, say = () => undefined } = options;
  const random = seeded(seed);
  const plan = drawPlan({ faults: options.faults, replicas: REPLICAS, leaseMs, random, only: options.only });
  const scope = createScope();
  try {
    const folder = mkdtempSync(join(tmpdir(), 'vam-replicas-'));
    scope.defer('folder', () => rmSync(folder, { recursive: true, force: true }));
    const database = await createPostgresWithStandby(folder);
    scope.defer('database', () => database.close());
    await database.start();
    const busy = watchBusy();
    scope.defer('busy', async () => busy.close());
    const isLong = options.faults > SHORT;
    await makeDatabase(database.url);
    const fleet = await createFleet({
      databaseUrl: `${database.url}/monitor`,
      databasePort: database.port,
      accounts,
      guests: Math.ceil(accounts / 10),
      replicas: REPLICAS,
      random,
      leaseMs,
      intervalMs,
      latencyMs: LATENCY_MS,
      ownHosts: true,
      patienceMs: 90_000,
      logFile: options.logFile,
      digest: DIGEST,
      rules: EPISODE_RULES,
      sections: {
        timezone: 'UTC',
        drill: { at: new Date(Date.now() + DRILL_AFTER_MS).toISOString().slice(11, 16) },
        // A sweep comes after a minute at the earliest.
        reconcile: isLong
          ? { requests_per_minute: 6_000, windows: [{ last: '1h', every: '1m' }] }
          : { windows: 'off' },
      },
    });
    scope.defer('fleet', () => fleet.close());
    const arrived = new WeakMap<object, number>();
    for (const receiver of [...fleet.receivers, ...(fleet.digest ? [fleet.digest] : [])])
      receiver.answer(async (request) => {
        arrived.set(request, Date.now());
        // Long enough for faults to come in between.
        await pause(random() * 20);
        return random() < 0.01 ? 'reset in body' : {};
      });
    const stage: Stage = {
      fleet,
      database,
      databaseInTurn: createTurns(),
      variant: wholeVariant(0),
      handovers: [],
      lost: [],
      databaseBackMs: 0,
    };
    await Promise.all(fleet.replicas.map((run) => run.startUp()));
    await settle(stage);
    const faultsBegun: { readonly fault: Fault; readonly atMs: number; toMs: number }[] = [];
    const begunMs = Date.now();

    const carry = Math.max(1, Math.round((options.events * EVENTS_EVERY_MS) / 1_000));
    const episodes = createEpisodes({
      simulator: fleet.simulator,
      silences: fleet.store.silences,
      accounts: fleet.accounts,
      secret: 's',
      random,
      late: isLong,
    });
    const inTurn = createTurns();
    let isWorking = false;
    const happening = setInterval(() => {
      fleet.addEvents(carry);
      if (isWorking) return;
      isWorking = true;
      void inTurn(() => episodes.go(Date.now())).finally(() => {
        isWorking = false;
      });
    }, EVENTS_EVERY_MS);
    scope.defer('events', () => clearInterval(happening));
    const looking = setInterval(() => void fleet.tenures.read().catch(() => undefined), LOOK_EVERY_MS);
    scope.defer('tenures', () => clearInterval(looking));
    const running = new Set<Promise<void>>();
    let failure: { readonly error: unknown } | undefined;
    const begin = ({ fault }: Step): void => {
      const noted = { fault, atMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
      faultsBegun.push(noted);
      const over = inflict(fault, stage)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          noted.toMs = Date.now();
          running.delete(over);
        });
      running.add(over);
    };
    for (const [at, step] of plan.entries()) {
      say(`${at + 1}/${plan.length} ${JSON.stringify(step.fault)}${step.calm ? '' : ' and on'}`);
      begin(step);
      if (step.calm) {
        await Promise.all(running);
        if (!failure) await settle(stage);
      } else await pause(step.pauseMs);
      if (failure) throw failure.error;
    }
    clearInterval(happening);
    const endedMs = Date.now();
    await inTurn(() => episodes.end());
    for (const id of episodes.late()) fleet.expected.add(id);

    stage.variant = wholeVariant(plan.length + 1);
    for (const run of fleet.replicas) await reload(run, stage);
    await settle(stage);
    await fleet
      .until(() => told(fleet).missing.length === 0, 'every alert at every receiver')
      .catch(() => undefined);
    await fleet
      .until(
        async () => undecided(await readRemains(fleet.databaseUrl), episodes.expected()).length === 0,
        'all is decided',
        DECIDED_EVERY_MS,
      )
      .catch(() => undefined);
    for (const { id } of await fleet.store.silences.list({ nowMs: Date.now(), ended: false }))
      await fleet.store.silences.expire(id, 'ordeal', Date.now());
    await fleet
      .until(
        async () => accountedFor(await readRemains(fleet.databaseUrl)).length === 0,
        'all that was folded or hidden is told',
        DECIDED_EVERY_MS,
      )
      .catch(() => undefined);
    await fleet
      .until(async () => (await stored(fleet)).length === 0, 'all is stored', DECIDED_EVERY_MS)
      .catch(() => undefined);
    await fleet
      .until(
        async () => systemOnce(await readRemains(fleet.databaseUrl), episodes.blinded()).length === 0,
        'the conditions of the monitor have ended',
        DECIDED_EVERY_MS,
      )
      .catch(() => undefined);
    await fleet
      .until(async () => (await unfinished(fleet)) === 0, 'no delivery is unfinished')
      .catch(() => undefined);
    clearInterval(looking);
    await fleet.tenures.read();
    const remains = await readRemains(fleet.databaseUrl);
    const { missing, repeats, violations } = told(fleet);
    const all = gaps(fleet, begunMs, endedMs);
    const hitIn = ({ fromMs, toMs }: Gap) =>
      faultsBegun.filter((noted) => noted.atMs < toMs && noted.toMs > fromMs - leaseMs);
    const allowed = (gap: Gap): number => {
      const hit = hitIn(gap);
      // Who is suspended in the middle of a commit is ended by the server before its lease has run out.
      const heldMs = leaseMs * Math.max(1, hit.length);
      return heldMs + intervalMs * 1.1 + SLACK_MS * busy.factor(gap.fromMs, gap.toMs);
    };
    const result: OrdealResult = {
      violations: [
        ...missing.map((event) => `the alert of ${event} was not sent everywhere`),
        ...violations,
        ...overlaps(fleet.polls, held(fleet), new Map(fleet.replicas.map((run) => [run.name, run.wokeMs()]))),
        ...unknown(fleet, remains, stage.lost, (request) => arrived.get(request) ?? 0),
        ...received(fleet, remains),
        ...decidedOnce(remains, episodes.expected()),
        ...silencedRightly(remains, episodes.addedMs()),
        ...accountedFor(remains),
        ...groupedRightly(remains, {
          sink: 'digest',
          intervalMs: DIGEST_INTERVAL_MS,
          again: stage.lost.length,
        }),
        ...systemOnce(remains, episodes.blinded()),
        ...(drills(remains) > 1 ? [`there were ${drills(remains)} drills at one time`] : []),
        ...all
          .filter((gap) => gap.ableMs > allowed(gap))
          .map(
            (gap) =>
              `${gap.account} was not polled for ${gap.toMs - gap.fromMs} ms from ${new Date(gap.fromMs).toISOString()}, in ${gap.ableMs} of which somebody could; allowed are ${allowed(gap)} with ${
                hitIn(gap)
                  .map(({ fault, atMs }) => `${fault.kind} ${atMs - gap.fromMs}`)
                  .join(', ') || 'no fault'
              }, the machine ${busy.factor(gap.fromMs, gap.toMs).toFixed(1)} times as slow, this process late by ${busy.lateMs(gap.fromMs, gap.toMs)}`,
          ),
        ...followedLate(stage.handovers, leaseMs, busy.factor),
        ...((await unfinished(fleet)) === 0 ? [] : ['there are unfinished deliveries at the end']),
        ...(await stored(fleet)),
      ],
      faults: Object.fromEntries(
        [...Map.groupBy(plan, ({ fault }) => fault.kind)].map(([kind, of]) => [kind, of.length]),
      ),
      events: fleet.generated() + episodes.events(),
      alerts: fleet.expected.size,
      polls: fleet.polls.length,
      repeats,
      handoversMs: stage.handovers.map(({ ms }) => ms),
      longestGap: all[0],
      decisions: episodes.expected().length,
      summaries: [...remains.alerts.values()].filter(({ alert }) => alert.kind === 'summary').length,
      drills: drills(remains),
    };
    for (const run of fleet.replicas) await run.end('SIGTERM');
    return result;
  } finally {
    await scope.close();
  }
};

/** Until all take part, share everything evenly, and have polled everything since. */
const settle = async ({ fleet, variant }: Stage): Promise<void> => {
  const sinceMs = Date.now();
  // One machine, one clock.
  await fleet.until(async () => {
    const { replicas } = await fleet.store.replicas.list();
    return replicas.filter(({ seenAtMs }) => seenAtMs > sinceMs).length === REPLICAS;
  }, `beats of ${REPLICAS} replicas`);
  const unpolled = new Set(fleet.accounts);
  let at = fleet.polls.findLastIndex(({ beganMs }) => beganMs < sinceMs) + 1;
  await fleet.until(() => {
    for (; at < fleet.polls.length; at += 1) unpolled.delete(fleet.polls[at]?.account ?? '');
    return unpolled.size === 0;
  }, 'polls of all accounts');
  const all = fleet.accounts.length + (variant.guests ? fleet.guests.length : 0);
  await isShared(fleet, 'account', all);
  await isShared(
    fleet,
    'sink',
    fleet.receivers.length + (fleet.digest ? 1 : 0) - (variant.extraSink ? 0 : 1),
  );
};

const isShared = (fleet: Fleet, kind: string, all: number): Promise<void> =>
  fleet.until(
    () => isEven(fleet, REPLICAS, kind, all),
    `${REPLICAS} replicas share ${all} of ${kind} evenly`,
  );

const makeDatabase = async (server: string): Promise<void> => {
  const client = new pg.Client(`${server}/postgres`);
  await client.connect();
  await client.query('CREATE DATABASE monitor TEMPLATE template0');
  await client.end();
};
