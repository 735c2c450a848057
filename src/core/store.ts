import type { Act } from './acts.ts';
import type { Backfills } from './backfill.ts';
import type { Browse } from './browse.ts';
import type { Chains } from './chain.ts';
import type { CollectStore } from './collect-store.ts';
import type { Conditions } from './conditions.ts';
import type { DeliveryState } from './delivery.ts';
import type { DriftStore } from './drift.ts';
import type { Feeds } from './feed.ts';
import type { FleetStore } from './fleet.ts';
import type { History } from './history.ts';
import type { Leases } from './lease.ts';
import type { LedgerStore } from './ledger-store.ts';
import type { Outbox } from './outbox.ts';
import type { ReadOverview } from './overview.ts';
import type { Replicas } from './replicas.ts';
import type { RuleMemory } from './rule-memory.ts';
import type { Silences } from './silence.ts';
import type { StoreFigures } from './store-figures.ts';

/*
 * What the parts ask of each other is written down in the files beside this one. Every port returns promises even where
 * SQLite answers at once, and nothing may rely on there being a single process except where a lease says so.
 */

/** Counts for status, readiness and metrics. */
export interface StoreStatus {
  /** Whether another process has written to the store since this was last asked; a second store may always say yes. */
  changedByOthers(): Promise<boolean>;
  /** Rejects when the store cannot be written to. */
  probe(): Promise<void>;
  deliveryCounts(): Promise<readonly { sink: string; state: DeliveryState; count: number }[]>;
  totals(): Promise<{
    events: number;
    alerts: number;
    quarantined: number;
    /** Ranges of the ledger. */
    unverifiedWindows: number;
    bytes: number;
  }>;
}

/** Removes what is older than the retention, in small steps so that no poll waits for it. */
export interface Retention {
  /**
   * Deletes up to `limit` rows whose time is before `beforeMs`: events; alerts whose deliveries have all ended, those of
   * their summaries and of what they sum up as well; attempts, windows, quarantine, acts, silences that have ended,
   * records of refused events, ended backfills, ranges of the ledger. The facts of single windows go after two days
   * already: what they say in sum is in the ledger. Returns how many; fewer than `limit` means done. Events that a feed had not sent yet go
   * as well, and are counted there.
   */
  prune(beforeMs: number, limit: number): Promise<number>;
}

/**
 * Why the store refused an operation. `corrupt`, `newer`, `foreign`: the file is not one this version can use;
 * `readonly`, `full`, `io`, `missing`: the place it lies in; `unreachable`: a server that does not answer, which passes;
 * `busy`: another process kept it locked; `closed`: used after its end; `failed`: anything else.
 */
export type StoreErrorKind =
  | 'corrupt'
  | 'newer'
  | 'foreign'
  | 'readonly'
  | 'full'
  | 'io'
  | 'missing'
  | 'unreachable'
  | 'busy'
  | 'closed'
  | 'failed';

/** The store cannot do what was asked, and did nothing. The message names the file, the cause and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;
  constructor(kind: StoreErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
  }
}

/** What a log line says of trouble that is the store's: all who use it have it at once, and are told of together. */
export const kindOfTrouble = (error: unknown): { readonly kind?: 'store' } =>
  error instanceof StoreError ? { kind: 'store' } : {};

/** What stays so until a person has done something: trying again helps nobody. */
const LASTING: ReadonlySet<StoreErrorKind> = new Set(['corrupt', 'newer', 'foreign', 'closed']);

/**
 * Whether `error` is trouble of the store that may pass by itself. During a failover a database is not only away: for a while
 * it answers that it is busy, that it is for reading alone, or that it knows nobody.
 */
export const mayPass = (error: unknown): boolean => error instanceof StoreError && !LASTING.has(error.kind);

/** Everything a store offers. */
export interface Store {
  readonly collect: CollectStore;
  readonly ledger: LedgerStore;
  readonly backfills: Backfills;
  readonly drift: DriftStore;
  readonly leases: Leases;
  /** Undefined: one process at a time works on this store, and others stand by. */
  readonly replicas?: Replicas;
  readonly outbox: Outbox;
  readonly silences: Silences;
  readonly ruleMemory: RuleMemory;
  /** Keeps what a person did when nothing else in the store changes by it. Listed by {@link History.acts}. */
  readonly acts: { record(act: Act): Promise<void> };
  /** The key that links in alerts are signed with: 32 random bytes, made at the first call and kept. */
  linkKey(): Promise<Buffer>;
  readonly conditions: Conditions;
  readonly status: StoreStatus;
  readonly overview: ReadOverview;
  readonly figures: StoreFigures;
  readonly retention: Retention;
  readonly feeds: Feeds;
  readonly fleet: FleetStore;
  readonly history: History;
  readonly browse: Browse;
  readonly chains: Chains;
  /** Ends all access; later calls reject with a {@link StoreError} of kind `closed`. */
  close(): Promise<void>;
}
