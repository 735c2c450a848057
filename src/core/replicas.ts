import type { Lease } from './lease.ts';

/*
 * Several processes that share one store share its work: every account, every sink, every feed and every duty is a *share*
 * with a lease of its own. Who holds what is settled in the store; nobody talks to anybody.
 */

/** What a share is of. A duty is work that only one process at a time may do, whatever there is to watch. */
export const SHARE_KINDS = ['account', 'sink', 'feed', 'duty'] as const;
export type ShareKind = (typeof SHARE_KINDS)[number];

/** The name of a share is that of its lease: `account:default`, `sink:ops`, `feed:siem`, `duty:clock`. */
export type ShareName = `${ShareKind}:${string}`;

/** What a share is of, by its name. */
export const kindOf = (share: ShareName): ShareKind => share.slice(0, share.indexOf(':')) as ShareKind;

/** What a process says of itself. */
export interface ReplicaFacts {
  /** Its name as the holder of leases, unique for ever. */
  readonly id: string;
  readonly version: string;
  /** Of the configuration and rules it works by. */
  readonly configHash: string;
  /** Why the latest configuration is not in force there; undefined: it is. Holds no secret. */
  readonly refusal: string | undefined;
  /** When the process began, by its own clock. Epoch ms. */
  readonly startedAtMs: number;
  /** Shares that its configuration knows. */
  readonly wants: readonly ShareName[];
}

/** A process as the others see it. */
export interface ReplicaState extends ReplicaFacts {
  /** Its latest beat, by the clock of the store. Epoch ms. */
  readonly seenAtMs: number;
  /** From then on it counts as dead, unless it beats. By the clock of the store, epoch ms. */
  readonly expiresAtMs: number;
}

/** A share as it stands. */
export interface ShareState {
  readonly name: ShareName;
  /** Under which it is held; undefined: it is free, or its lease has expired. */
  readonly lease: Lease | undefined;
}

/** How things stand right after a beat. */
export interface BeatAnswer {
  /** By the clock of the store. Epoch ms. */
  readonly nowMs: number;
  /** Every lease of the replica, renewed. One that is missing here was lost. */
  readonly leases: readonly Lease[];
  /** Those that are alive, the one that beats among them, in the order of their ids. */
  readonly replicas: readonly ReplicaState[];
  /** Every share that one of them wants, in the order of names. */
  readonly shares: readonly ShareState[];
  /**
   * Until then others may still act on what a former life of the database server told them, and this life may have lost: nothing may
   * be taken that was not held before. By the clock of the store, epoch ms; in the past when there is nothing to wait for.
   */
  readonly unsureUntilMs: number;
}

/**
 * How the processes that share a store divide its work. All times are those of the store's own clock: nobody has to agree with
 * anybody about what time it is. Leases that are taken here are those of {@link Leases}, and guard commits in the same way.
 */
export interface Replicas {
  /**
   * Says that the replica is alive for `ttlMs` more, renews all of its leases for as long, and tells how things stand, in one
   * transaction. Rows of replicas that have been dead for a day are removed.
   */
  beat(facts: ReplicaFacts, ttlMs: number): Promise<BeatAnswer>;
  /**
   * Takes those of the shares that are free or whose lease has expired, for `ttlMs`; passes over those that somebody else is
   * just taking. Each that is taken gets a larger token than it ever had. A replica without a living row gets none, and nobody gets any
   * while a process that does all the work (`--once`, `backfill`, `state reset`) holds the lease `monitor`.
   */
  claim(id: string, shares: readonly ShareName[], ttlMs: number): Promise<readonly Lease[]>;
  /** Gives shares back, so that another replica can have them at once; the others are told. Those that were lost are passed over. */
  release(leases: readonly Lease[]): Promise<void>;
  /** The replica is no more: it gives back all it holds, and the others are told. */
  leave(id: string): Promise<void>;
  /** Who is alive and how the shares stand, without a beat: for people. */
  list(): Promise<Pick<BeatAnswer, 'nowMs' | 'replicas' | 'shares'>>;
  /** Resolves as soon as another process has given shares back, or may have; or when the signal aborts. */
  told(signal: AbortSignal): Promise<void>;
  /** Resolves as soon as another process has committed work for others (events, deliveries, what a person did), or may have. */
  toldOfWork(signal: AbortSignal): Promise<void>;
}
