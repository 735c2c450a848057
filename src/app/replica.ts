import { errorText } from '../base/errors.ts';
import { createLatch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import { createTurns } from '../base/turns.ts';
import { assignShares } from '../core/balance.ts';
import type { Clock, Ticks } from '../core/clock.ts';
import type { Lease } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import type { BeatAnswer, ReplicaFacts, Replicas, ShareName } from '../core/replicas.ts';
import { mayPass } from '../core/store.ts';
import { createFence } from './fence.ts';
import { createHeldShares, type HeldShare } from './held-shares.ts';
import { ringWhenTold } from './ring-when-told.ts';

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
  /** The same of one share, which it holds. */
  holds(name: ShareName): boolean;
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
/** Between two beats, however much is told. */
const MIN_GAP_MS = 100;

/** What the dead held is free at once, where it is certain that they are dead. */
const buryTheDead = async (
  { id, replicas, isDead }: Pick<ReplicaOptions, 'id' | 'replicas' | 'isDead'>,
  answer: BeatAnswer,
): Promise<BeatAnswer> => {
  const dead = new Set(
    answer.replicas.map((replica) => replica.id).filter((other) => other !== id && isDead(other)),
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

/** Makes a {@link Replica}. */
export const createReplica = (options: ReplicaOptions): Replica => {
  const { id, replicas, ttlMs, log, ticks, now } = options;
  // A beat that began before a share was given back must not find it again.
  const inTurn = createTurns();
  const own = createHeldShares(replicas, inTurn, log);
  const abandon = (): void => own.drop(own.all());
  const fence = createFence({ ttlMs, ticks, now, abandon });
  const soon = createLatch();
  let standing: BeatAnswer | undefined;
  let isStopping = false;
  let expiry: NodeJS.Timeout | undefined;

  /** Beats anew once another one has run out: what it held is free from then on, and is not to wait for the next beat. */
  const beatAtExpiry = ({ nowMs, replicas: living }: BeatAnswer): void => {
    clearTimeout(expiry);
    const others = living.filter((one) => one.id !== id);
    const leftMs = Math.min(...others.map(({ expiresAtMs }) => expiresAtMs - nowMs));
    // What it claimed after its last beat expires a moment later.
    if (leftMs < ttlMs) expiry = setTimeout(soon.ring, leftMs + MIN_GAP_MS);
  };

  /** What was held until now nobody else can have been given, whatever the server has lost. */
  const isOwn = ({ name, token }: Lease): boolean => own.get(name as ShareName)?.lease.token === token;

  const beat = async (): Promise<void> => {
    const [began, beganMs] = [ticks(), now()];
    const facts = options.facts();
    const said = await replicas.beat({ ...facts, id, wants: isStopping ? [] : facts.wants }, ttlMs);
    const isSure = said.nowMs >= said.unsureUntilMs;
    const kept = isSure ? said.leases : fence.holds() ? said.leases.filter(isOwn) : [];
    fence.beaten(began, beganMs);
    own.keepRenewed(said.leases);
    if (!isStopping) own.adopt(kept);
    const answer = await buryTheDead(options, said);
    standing = answer;
    beatAtExpiry(answer);

    const assigned = assignShares(answer.replicas, answer.shares);
    const surplus = own.all().filter(({ name }) => assigned.get(name) !== id);
    for (const share of surplus) share.end.abort();
    await own.giveBack(surplus.filter(({ isWorked }) => !isWorked));
    const free = answer.shares.filter(({ name, lease }) => lease === undefined && assigned.get(name) === id);
    if (free.length > 0 && !isStopping && isSure)
      own.adopt(
        await replicas.claim(
          id,
          free.map(({ name }) => name),
          ttlMs,
        ),
      );
    options.onBeat?.(answer, own.all());
    own.changed();
  };

  const leave = async (): Promise<void> => {
    fence.end();
    clearTimeout(expiry);
    own.leave();
    try {
      await inTurn(() => replicas.leave(id));
    } catch (error) {
      log.error('store.error', { operation: 'leave', reason: errorText(error) });
    }
  };

  return {
    id,
    held: own.all,
    isHeld: fence.holds,
    holds: (name) => fence.holds() && own.get(name) !== undefined,
    standing: () => standing,
    onChange: own.onChange,
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
        await own.giveBackTogether(share);
      } catch (error) {
        // The next beat finds it again, or it expires.
        log.error('store.error', { operation: 'give back a share', reason: errorText(error) });
      }
    },
    lose({ name, lease }) {
      const share = own.get(name);
      // It may have been taken anew since.
      if (share?.lease === lease) own.drop([share]);
      soon.ring();
    },
    stop() {
      isStopping = true;
    },
    async run(signal) {
      void ringWhenTold(replicas.told, soon, signal);
      try {
        while (!signal.aborted) {
          let perLease = BEATS_PER_LEASE;
          try {
            await inTurn(beat);
          } catch (error) {
            if (!mayPass(error)) throw error;
            log.error('store.error', { operation: 'beat', reason: errorText(error) });
            // What is held runs out.
            perLease *= 2;
          }
          await sleep(MIN_GAP_MS, signal);
          await soon.wait(ttlMs / perLease - MIN_GAP_MS, signal);
        }
      } finally {
        await leave();
      }
    },
  };
};
