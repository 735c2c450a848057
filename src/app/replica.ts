import { errorText } from '../base/errors.ts';
import { createLatch } from '../base/latch.ts';
import { createTurns } from '../base/turns.ts';
import { assignShares } from '../core/balance.ts';
import type { Clock, Ticks } from '../core/clock.ts';
import type { Lease } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import type { BeatAnswer, ReplicaFacts, Replicas, ShareName } from '../core/replicas.ts';
import { mayPass } from '../core/store.ts';

/** A share that this process holds. */
export interface HeldShare {
  readonly name: ShareName;
  readonly lease: Lease;
  /** Aborts when it is to be given back: what is under way may end first. */
  readonly ending: AbortSignal;
  /** Aborts when it is lost, or may be: nothing more may be done for it. */
  readonly lost: AbortSignal;
}

/** How this process takes part in the work of all that share its store. */
export interface Replica {
  readonly id: string;
  /** What it holds at the moment. */
  held(): readonly HeldShare[];
  /**
   * Whether what it holds is its own for certain. Asked before anything leaves the process: one that slept learns it here, and
   * all that is `lost` has aborted when the answer is no.
   */
  isHeld(): boolean;
  /** How things stood at the latest beat; undefined before the first. */
  standing(): BeatAnswer | undefined;
  /** Has `listener` called whenever what is held may have changed; until the function that is returned is called. */
  onChange(listener: () => void): () => void;
  /** Says that a share is being worked: it is given back only after {@link end}. False when it is no longer held. */
  begin(share: HeldShare): boolean;
  /** Nobody works it any more. It is given back if that is due, and held on to otherwise. Never rejects. */
  end(share: HeldShare): Promise<void>;
  /** A write was refused: somebody else has it. */
  lose(share: HeldShare): void;
  /** From now on nothing is taken, and what ends is given back at once. */
  stop(): void;
  /** Takes part until the signal aborts, then leaves. Rejects when the store is of no use any more. */
  run(signal: AbortSignal): Promise<void>;
}

/** What {@link createReplica} works with. */
export interface ReplicaOptions {
  readonly id: string;
  readonly replicas: Replicas;
  /** What to say of this process, as it is now. */
  readonly facts: () => Omit<ReplicaFacts, 'id'>;
  /** How long a lease lasts without a beat. */
  readonly ttlMs: number;
  /** Whether another replica certainly is dead: see `isDead`. */
  readonly isDead: (id: string) => boolean;
  /** Told after every beat. */
  readonly onBeat?: (answer: BeatAnswer, held: readonly HeldShare[]) => void;
  readonly log: Log;
  /** A clock that does not jump, and stands still while the machine sleeps. */
  readonly ticks: Ticks;
  /** The clock of the machine: it goes on while it sleeps. One that is set ahead costs a beat. */
  readonly now: Clock;
}

/** Beats in one lease time: some may fail. */
const BEATS_PER_LEASE = 5;
/** The part of a lease after which its holder does not rely on it any more: nobody else can have it before the rest is over. */
const RELIED_ON = 0.8;
/** Between two beats, however much is told. */
const MIN_GAP_MS = 100;
/** Named in one log line. */
const MAX_NAMED = 20;

interface Own extends HeldShare {
  readonly end: AbortController;
  readonly drop: AbortController;
  isWorked: boolean;
}

/** Taken once, and under one life of the database server: after a failover, what was remembered may never have been committed. */
const isSame = (lease: Lease, other: Lease | undefined): boolean =>
  other?.token === lease.token && other.server === lease.server;

/** Makes a {@link Replica}. */
export const createReplica = (options: ReplicaOptions): Replica => {
  const { id, replicas, ttlMs, log, ticks } = options;
  const own = new Map<ShareName, Own>();
  const listeners = new Set<() => void>();
  // A beat that began before a share was given back must not find it again.
  const inTurn = createTurns();
  const soon = createLatch();
  let standing: BeatAnswer | undefined;
  let isStopping = false;
  let reliedUntil = Number.NEGATIVE_INFINITY;
  let reliedUntilMs = Number.NEGATIVE_INFINITY;
  let fence: NodeJS.Timeout | undefined;

  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const tell = (event: 'shares.taken' | 'shares.given' | 'shares.lost', names: readonly string[]): void => {
    if (names.length === 0) return;
    const level = event === 'shares.lost' ? 'warn' : 'info';
    log[level](event, { shares: names.slice(0, MAX_NAMED), count: names.length });
  };
  const drop = (shares: readonly Own[]): void => {
    for (const share of shares) {
      own.delete(share.name);
      share.drop.abort();
    }
    tell(
      'shares.lost',
      shares.map(({ name }) => name),
    );
    if (shares.length > 0) changed();
  };
  const abandon = (): void => drop([...own.values()]);

  const adopt = (leases: readonly Lease[]): void => {
    const fresh = leases.filter(({ name }) => !own.has(name as ShareName));
    for (const lease of fresh) {
      const [end, lost] = [new AbortController(), new AbortController()];
      const name = lease.name as ShareName;
      own.set(name, { name, lease, ending: end.signal, lost: lost.signal, end, drop: lost, isWorked: false });
    }
    tell(
      'shares.taken',
      fresh.map(({ name }) => name),
    );
    if (fresh.length > 0) changed();
  };

  const giveBack = async (shares: readonly Own[]): Promise<void> => {
    const held = shares.filter((share) => own.get(share.name) === share);
    for (const { name } of held) own.delete(name);
    if (held.length === 0) return;
    await replicas.release(held.map(({ lease }) => lease));
    tell(
      'shares.given',
      held.map(({ name }) => name),
    );
  };

  const ended = new Set<Own>();
  let giving: Promise<void> | undefined;
  /** Gives back all that ended until its turn comes, in one commit: a beat must not wait for one of each. */
  const giveBackTogether = (share: Own): Promise<void> => {
    ended.add(share);
    giving ??= inTurn(async () => {
      giving = undefined;
      const all = [...ended];
      ended.clear();
      await giveBack(all);
    });
    return giving;
  };

  /** What the dead held is free at once, where it is certain that they are dead. */
  const buryTheDead = async (answer: BeatAnswer): Promise<BeatAnswer> => {
    const dead = new Set(
      answer.replicas.map((replica) => replica.id).filter((other) => other !== id && options.isDead(other)),
    );
    for (const other of dead) await replicas.leave(other);
    if (dead.size === 0) return answer;
    return {
      ...answer,
      replicas: answer.replicas.filter((replica) => !dead.has(replica.id)),
      shares: answer.shares.map((share) =>
        share.lease && dead.has(share.lease.holder) ? { ...share, lease: undefined } : share,
      ),
    };
  };

  const beat = async (): Promise<void> => {
    const [began, beganMs] = [ticks(), options.now()];
    const facts = options.facts();
    const said = await replicas.beat({ ...facts, id, wants: isStopping ? [] : facts.wants }, ttlMs);
    const isOurs = ticks() < reliedUntil && options.now() < reliedUntilMs;
    reliedUntil = began + RELIED_ON * ttlMs;
    reliedUntilMs = beganMs + RELIED_ON * ttlMs;
    clearTimeout(fence);
    fence = setTimeout(abandon, Math.max(0, reliedUntil - ticks()));
    // One that holds a hundred thousand must not compare each with each.
    const renewed = new Map(said.leases.map((lease) => [lease.name, lease]));
    const isSure = said.nowMs >= said.unsureUntilMs;
    // What was held until now nobody else can have been given, whatever the server has lost.
    const kept = said.leases.filter(
      ({ name, token }) => isSure || (isOurs && own.get(name as ShareName)?.lease.token === token),
    );
    drop([...own.values()].filter(({ lease }) => !isSame(lease, renewed.get(lease.name))));
    if (!isStopping) adopt(kept);
    const answer = await buryTheDead(said);
    standing = answer;

    const assigned = assignShares(answer.replicas, answer.shares);
    const surplus = [...own.values()].filter(({ name }) => assigned.get(name) !== id);
    for (const share of surplus) share.end.abort();
    await giveBack(surplus.filter(({ isWorked }) => !isWorked));
    const free = answer.shares.filter(({ name, lease }) => lease === undefined && assigned.get(name) === id);
    if (free.length > 0 && !isStopping && isSure)
      adopt(
        await replicas.claim(
          id,
          free.map(({ name }) => name),
          ttlMs,
        ),
      );
    options.onBeat?.(answer, [...own.values()]);
    changed();
  };

  const leave = async (): Promise<void> => {
    clearTimeout(fence);
    abandon();
    try {
      await inTurn(() => replicas.leave(id));
    } catch (error) {
      log.error('store.error', { operation: 'leave', reason: errorText(error) });
    }
  };

  return {
    id,
    held: () => [...own.values()],
    isHeld() {
      if (ticks() < reliedUntil && options.now() < reliedUntilMs) return true;
      abandon();
      return false;
    },
    standing: () => standing,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    begin({ name }) {
      const share = own.get(name);
      if (share) share.isWorked = true;
      return share !== undefined;
    },
    async end({ name }) {
      const share = own.get(name);
      if (!share) return;
      share.isWorked = false;
      if (!isStopping && !share.ending.aborted) return;
      try {
        await giveBackTogether(share);
      } catch (error) {
        // The next beat finds it again, or it expires.
        log.error('store.error', { operation: 'give back a share', reason: errorText(error) });
      }
    },
    lose({ name, lease }) {
      const share = own.get(name);
      // It may have been taken anew since.
      if (share?.lease === lease) drop([share]);
      soon.ring();
    },
    stop() {
      isStopping = true;
    },
    async run(signal) {
      try {
        while (!signal.aborted) {
          try {
            await inTurn(beat);
          } catch (error) {
            if (!mayPass(error)) throw error;
            log.error('store.error', { operation: 'beat', reason: errorText(error) });
          }
          const wait = new AbortController();
          void replicas.told(AbortSignal.any([signal, wait.signal])).then(() => soon.ring());
          await soon.wait(ttlMs / BEATS_PER_LEASE, signal);
          wait.abort();
          const gap = createLatch();
          await gap.wait(Math.min(MIN_GAP_MS, ttlMs / BEATS_PER_LEASE), signal);
        }
      } finally {
        await leave();
      }
    },
  };
};
