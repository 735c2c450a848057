import { createLatch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import type { Poller } from '../collect/poller.ts';
import type { Replicas } from '../core/replicas.ts';
import { mayPass, type Store } from '../core/store.ts';
import type { Figures } from '../core/telemetry.ts';
import { beginPatiently } from './begin-patiently.ts';
import type { Generation } from './generation.ts';
import type { Generations } from './generations.ts';
import type { HeldShare } from './held-shares.ts';
import { isDead } from './holder.ts';
import { createMemory, type Holdings } from './memory.ts';
import type { Budget } from './pace.ts';
import type { Monitor } from './parts.ts';
import { patienceMs } from './patience.ts';
import { createHeadPublisher } from './publish-heads.ts';
import { createReplica, type Replica } from './replica.ts';
import { ringWhenTold } from './ring-when-told.ts';
import { runShares } from './run-shares.ts';
import { type SharedWork, sharesOf, startSharedWork } from './share-work.ts';
import { steadyTasks, storeWatch } from './steady.ts';
import { runTogether } from './tasks.ts';
import { packageVersion } from './version.ts';

/** A process that shares the work on its store with others. */
export interface ReplicaProcess {
  readonly replica: Replica;
  /** Of the accounts that are polled here at the moment. */
  pollers(): readonly Poller[];
  budget(): Budget | undefined;
  /** Works until the signal aborts. Rejects with what ends the monitor. */
  run(signal: AbortSignal): Promise<void>;
}

/** What {@link createReplicaProcess} works with. */
export interface ReplicaProcessOptions {
  readonly id: string;
  readonly store: Store;
  readonly replicas: Replicas;
  readonly generations: () => Generations;
  readonly telemetry: Figures;
  readonly startedAtMs: number;
  /** How long a lease lasts without a beat. */
  readonly leaseMs: number;
  /** Told when this process begins and ceases to take part. */
  readonly onState: (state: 'standby' | 'active') => void;
}

/** What is open or due may have been told unheard: looked for so often at least. */
const LOOK_EVERY_MS = 15_000;
/** Between two rings, however much is told. */
const MIN_GAP_MS = 50;

/** Makes a {@link ReplicaProcess}. */
export const createReplicaProcess = (options: ReplicaProcessOptions): ReplicaProcess => {
  const { id, store, replicas, telemetry } = options;
  const current = (): Monitor => options.generations().current.monitor;
  const { log, now, ticks = () => performance.now() } = current().parts;
  const accounts = new Set<string>();

  const onBeat = (
    { replicas: living }: { readonly replicas: readonly unknown[] },
    held: readonly HeldShare[],
  ): void => {
    telemetry.gauge('replicas', living.length);
    const kinds = new Map<string, number>([
      ['account', 0],
      ['sink', 0],
      ['feed', 0],
      ['duty', 0],
    ]);
    for (const { name } of held) {
      const kind = name.slice(0, name.indexOf(':'));
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    telemetry.replace(
      'replica_shares',
      [...kinds].map(([kind, value]) => ({ labels: { kind }, value })),
    );
    // What is measured of an account is said by who polls it, and by nobody else.
    const present = new Set(
      held.filter(({ name }) => name.startsWith('account:')).map(({ name }) => name.slice('account:'.length)),
    );
    for (const account of accounts) if (!present.has(account)) telemetry.forget({ account });
    accounts.clear();
    for (const account of present) accounts.add(account);
  };

  const replica = createReplica({
    id,
    replicas,
    facts() {
      const { hash, monitor } = options.generations().current;
      return {
        version: packageVersion(),
        configHash: hash,
        refusal: monitor.refusal(),
        startedAtMs: options.startedAtMs,
        wants: sharesOf(monitor),
      };
    },
    ttlMs: options.leaseMs,
    isDead: (other) => isDead({ holder: other }),
    onBeat,
    log,
    ticks,
    now,
  });

  let work: SharedWork | undefined;
  const memory = createMemory();
  const holdings: Holdings = new Map();
  const heads = createHeadPublisher({
    chains: store.chains,
    now,
    log,
    isHeld: () => replica.holds('duty:clock'),
  });

  let isFirst = true;
  const underOne = async (one: Generation, until: AbortSignal, ending: AbortSignal): Promise<void> => {
    const begin = (): Promise<SharedWork> => startSharedWork(one.monitor, replica, memory, holdings);
    // The database may go away between the opening of the store and this. What will not pass is told to whoever started us.
    const begun = await beginPatiently(begin, log, until, isFirst ? mayPass : undefined);
    isFirst = false;
    work = begun;
    try {
      await begun?.run(until, ending);
    } finally {
      work = undefined;
    }
  };

  /** Others commit deliveries and events for what is worked here, and people act elsewhere. */
  const hearOthers = async (until: AbortSignal): Promise<void> => {
    const bell = createLatch();
    void ringWhenTold(replicas.toldOfWork, bell, until);
    while (!until.aborted) {
      await bell.wait(LOOK_EVERY_MS, until);
      const { wake, feedWakes, fleetWake } = current();
      wake();
      for (const feed of feedWakes.values()) feed.ring();
      fleetWake.ring();
      await sleep(MIN_GAP_MS, until);
    }
  };

  const keepClock = async (until: AbortSignal): Promise<void> => {
    try {
      await runTogether(steadyTasks(current, heads), until);
    } finally {
      await heads.publish();
    }
  };

  return {
    replica,
    pollers: () => work?.pollers() ?? [],
    budget: () => work?.budget,
    async run(signal) {
      const left = new AbortController();
      const stop = (): void => replica.stop();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      const failed = new AbortController();
      // Beats go on until all that is held has ended: a lease that ran out meanwhile would be no proof any more.
      const beating = replica.run(left.signal).catch((error: unknown) => {
        failed.abort();
        throw error;
      });
      beating.catch(() => undefined);
      options.onState('active');
      try {
        await runTogether(
          [
            (until) => options.generations().run(underOne, until),
            (until) =>
              runShares(
                replica,
                (name) => (name === 'duty:clock' ? (_lease, ends) => keepClock(ends) : undefined),
                log,
                until,
              ),
            hearOthers,
            storeWatch(current, () => patienceMs(id, replica.standing())),
          ],
          AbortSignal.any([signal, failed.signal]),
        );
      } finally {
        signal.removeEventListener('abort', stop);
        replica.stop();
        left.abort();
        await beating.finally(() => options.onState('standby'));
      }
    },
  };
};
