import type { Json } from '../base/json.ts';
import type { DecidedAlert, NewAlert } from './decided.ts';
import type { DriftChange } from './drift.ts';
import type { AuditEvent, QuarantinedEvent } from './event.ts';
import type { Lease } from './lease.ts';

/** How far an account's trail is known. */
export interface Progress {
  /** `fromMs` of the first window ever committed: what lies before it is never read, not even by the overlap. */
  readonly startMs: number;
  /** Everything with created_at < this is known to be completely read. Epoch ms, whole seconds. */
  readonly watermarkMs: number;
  /** When the last pass committed. Epoch ms. */
  readonly committedAtMs: number;
}

/** A change of rule state: a value to keep, or null to forget the key. */
export interface StateChange {
  readonly key: string;
  readonly value: Json;
}

/** What the monitor makes of new events; pure, computed inside the transaction that stores it. */
export interface Decision {
  readonly alerts: readonly NewAlert[];
  readonly state: readonly StateChange[];
  /** What was new about the form of the events. */
  readonly drift?: readonly DriftChange[];
}

/**
 * Who has read a window. `poll`: the regular pass. `repair`: it was unverified and is read again. `sweep`: a stretch that
 * was read before is read once more. `backfill`: somebody wants to have read what never was.
 */
export type Reader = 'poll' | 'repair' | 'sweep' | 'backfill';

/** How what a reader finds is told. */
export interface Manner {
  readonly reader: Reader;
  /** Alerts are recorded and told to nobody. */
  readonly quiet: boolean;
}

/** Makes decisions about one account's new events, with the memory of stateful rules behind it. */
export interface Decider {
  /** Loads the memory if it is not there. To be awaited before each commit. */
  prepare(): Promise<void>;
  /**
   * Synchronous and pure but for that memory; called inside the transaction. `watermarkMs` is the watermark after this
   * commit: the time up to which the absence of events can be judged; undefined: there is none yet.
   */
  decide(
    fresh: readonly AuditEvent[],
    quarantined: readonly QuarantinedEvent[],
    watermarkMs: number | undefined,
    manner: Manner,
  ): Decision;
  /** Forgets the memory: the commit failed, the store knows better. */
  discard(): void;
}

/** One chunk of one pass, as read. */
export interface WindowCommit {
  readonly account: string;
  /** Half-open [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
  /** Sorted by {@link byTime}, distinct ids, seen ones included. */
  readonly events: readonly AuditEvent[];
  readonly quarantined: readonly QuarantinedEvent[];
  /** False: the API contradicted itself, the window is recorded as unverified. */
  readonly verified: boolean;
  /** The new watermark. The store never moves it backwards; undefined: it stays (any reader but the poll). */
  readonly watermarkMs: number | undefined;
  readonly nowMs: number;
  /** `poll` unless said. */
  readonly reader?: Reader;
  /** Why it is not verified. */
  readonly doubt?: string;
  /** Read by, or again for, a quiet backfill. */
  readonly quiet?: boolean;
  /** Id of the backfill whose counts it adds to. */
  readonly backfill?: string;
}

/** What was new in a committed window. */
export interface Committed {
  readonly fresh: readonly AuditEvent[];
  readonly quarantined: readonly QuarantinedEvent[];
  /** The alerts that were new, with their sinks. */
  readonly alerts: readonly DecidedAlert[];
  /** How many of the fresh ones lie where the trail had been read before. */
  readonly late: number;
}

/** Progress and history of collecting. */
export interface CollectStore {
  progress(account: string): Promise<Progress | undefined>;
  /** When each account that was ever read was last committed, by its name. Epoch ms. */
  committed(): Promise<ReadonlyMap<string, number>>;
  /** All rule state of an account, as last committed. */
  ruleState(account: string): Promise<ReadonlyMap<string, Json>>;
  /**
   * Writes one window in ONE transaction: events (those whose (account, id) is known are dropped), quarantine, the
   * decision about the fresh ones (alerts that are new, their deliveries, rule state), the window with its reading in
   * the ledger, and the watermark.
   * An event that is known with other content is quarantined beside the stored one. `decide` must be synchronous and
   * pure; if it throws, nothing is written. Rejects with {@link LeaseLostError} when `lease` is no longer held.
   */
  commitWindow(
    lease: Lease,
    commit: WindowCommit,
    decide: (
      fresh: readonly AuditEvent[],
      quarantined: readonly QuarantinedEvent[],
      watermarkMs: number | undefined,
    ) => Decision,
  ): Promise<Committed>;
}
