import type { Json } from '../base/json.ts';
import type { Alert, AlertKind, DecidedAlert, Level } from './alert.ts';
import type { Delivery, DeliveryState } from './delivery.ts';
import type { AuditEvent, QuarantinedEvent } from './event.ts';

/*
 * What the parts ask of each other. Every port returns promises even where SQLite answers at once: a second store is
 * planned, and nothing may rely on there being a single process except where a lease says so.
 */

/** Epoch milliseconds. Injected everywhere, so that a test owns the time. */
export type Clock = () => number;
/** A number in [0, 1). Injected wherever jitter is drawn. */
export type Random = () => number;

// ---------------------------------------------------------------------------------------------------- audit API

/** One page of `GET /events`, already told apart into events and what could not be understood. */
export interface AuditPage {
  readonly events: readonly AuditEvent[];
  readonly quarantined: readonly QuarantinedEvent[];
  /** Number of elements in the answer, understood or not. */
  readonly count: number;
  /** `page.totalElements`: how many the API says the whole query has; undefined when it did not say. */
  readonly totalElements: number | undefined;
  /** `page.number` as answered, or undefined. A page that is not the one asked for cannot prove completeness. */
  readonly number: number | undefined;
  /** The server's clock (HTTP `Date`) minus ours, in ms; undefined when it sent none. */
  readonly clockSkewMs: number | undefined;
}

/** Reads one account's trail. Rejects with {@link AuditError}; retries of reads happen behind this port. */
export interface AuditReader {
  /**
   * Page `page` (from 1) of all events with `fromMs` ≲ created_at ≲ `toMs` (bounds may be inclusive or not), in pages
   * of `size` elements (1 to 100; as configured unless given).
   */
  readPage(
    query: {
      readonly fromMs: number;
      readonly toMs: number;
      readonly page: number;
      readonly size?: number;
    },
    signal: AbortSignal,
  ): Promise<AuditPage>;
}

/**
 * Why a read failed for good. `blind`: 401/403, the account cannot be seen at all. `unavailable`: network, timeouts,
 * 429 and 5xx after all retries. `invalid`: an answer that is not what the contract says (HTML, cut off, other shape).
 */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly kind: 'blind' | 'unavailable' | 'invalid';
  /** HTTP status when there was an answer. */
  readonly status: number | undefined;
  /** The answer was larger than is read: a question about fewer events may be answered. Only ever with `invalid`. */
  readonly tooLarge: boolean;
  constructor(
    kind: AuditError['kind'],
    message: string,
    options?: { status?: number; cause?: unknown; tooLarge?: boolean },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.status = options?.status;
    this.tooLarge = options?.tooLarge ?? false;
  }
}

// ------------------------------------------------------------------------------------------------------- leases

/** Proof of holding a lease. The token grows with every change of holder, so a woken sleeper cannot write. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
}

/** Who may act when several processes share a store. */
export interface Leases {
  /** Takes the lease when free, expired or already ours; else says who holds it until when. */
  acquire(
    name: string,
    holder: string,
    ttlMs: number,
  ): Promise<{ readonly lease: Lease } | { readonly held: Lease; readonly expiresAtMs: number }>;
  /** Extends by `ttlMs` from now; false when the lease was lost in the meantime. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  /** Ends the lease at once if holder and token still are the current ones (ours, or a holder known to be dead). */
  release(lease: Lease): Promise<void>;
}

/** A write was refused since the lease it was made under has passed to another holder. Nothing was written. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

// ------------------------------------------------------------------------------------------------------ collect

/** Conditions the parts notice in themselves; `subject` is the account or sink. Text and routing are made elsewhere. */
export type ConditionName =
  | 'blind'
  | 'stale'
  | 'unverified'
  | 'clock_skew'
  | 'parked'
  | 'rule_failing'
  | 'store';

/** Where a part reports trouble with itself. Both are no-ops when the condition already is in that state. */
export interface Trouble {
  raise(condition: ConditionName, subject: string, detail: string): Promise<void>;
  clear(condition: ConditionName, subject: string): Promise<void>;
}

/** Makes decisions about one account's new events, with the memory of stateful rules behind it. */
export interface Decider {
  /** Loads the memory if it is not there. To be awaited before each commit. */
  prepare(): Promise<void>;
  /**
   * Synchronous and pure but for that memory; called inside the transaction. `watermarkMs` is the watermark that this
   * commit writes: the time up to which the absence of events can be judged.
   */
  decide(
    fresh: readonly AuditEvent[],
    quarantined: readonly QuarantinedEvent[],
    watermarkMs: number,
  ): Decision;
  /** Forgets the memory: the commit failed, the store knows better. */
  discard(): void;
}

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
  readonly alerts: readonly DecidedAlert[];
  readonly state: readonly StateChange[];
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
  /** The new watermark. The store never moves it backwards. */
  readonly watermarkMs: number;
  readonly nowMs: number;
}

/** What was new in a committed window. */
export interface Committed {
  readonly fresh: readonly AuditEvent[];
  readonly quarantined: readonly QuarantinedEvent[];
  /** The alerts that were new, with their sinks. */
  readonly alerts: readonly DecidedAlert[];
}

/** Progress and history of collecting. */
export interface CollectStore {
  progress(account: string): Promise<Progress | undefined>;
  /** All rule state of an account, as last committed. */
  ruleState(account: string): Promise<ReadonlyMap<string, Json>>;
  /**
   * Writes one window in ONE transaction: events (those whose (account, id) is known are dropped), quarantine, the
   * decision about the fresh ones (alerts that are new, their deliveries, rule state), the window and the watermark.
   * An event that is known with other content is quarantined beside the stored one. `decide` must be synchronous and
   * pure; if it throws, nothing is written. Rejects with {@link LeaseLostError} when `lease` is no longer held.
   */
  commitWindow(
    lease: Lease,
    commit: WindowCommit,
    decide: (fresh: readonly AuditEvent[], quarantined: readonly QuarantinedEvent[]) => Decision,
  ): Promise<Committed>;
}

// ------------------------------------------------------------------------------------------------------ deliver

/** The end of one attempt, as the outbox keeps it. */
export interface Settlement {
  readonly deliveryId: string;
  /**
   * {@link Delivery.attempt} of the claim this settles. Given, it tells an attempt that outlived its lease from the
   * one that has taken over since; left out, any attempt settles a delivery that is `sending`.
   */
  readonly attempt?: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly outcome: 'sent' | 'retry' | 'rejected';
  /** Receipt or redacted reason. */
  readonly detail: string;
  /** The state the delivery goes to. */
  readonly next:
    | { readonly state: 'sent' }
    | { readonly state: 'pending'; readonly dueAtMs: number }
    | { readonly state: 'parked' };
}

/** The durable queue between deciding and sending. */
export interface Outbox {
  /**
   * Leases up to `limit` due deliveries of a sink, oldest first, for `leaseMs`: they are `sending` until settled,
   * released, or until the lease expires (a crash), and then due again.
   */
  claim(sink: string, limit: number, leaseMs: number): Promise<readonly Delivery[]>;
  /**
   * Records attempts and next states in ONE transaction, together with the conditions they open or close (parked,
   * recovered): an alert about a parked delivery is as durable as the parking. A delivery that is no longer
   * `sending` (its lease expired and another attempt ended first) keeps its state; the attempt is recorded.
   * Resolves with the keys of the conditions that changed.
   */
  settle(settlements: readonly Settlement[], changes: readonly ConditionChange[]): Promise<readonly string[]>;
  /**
   * Makes every delivery that is `sending` due at once: for the process that has just taken the lease under which
   * deliveries are sent, so that what a crash left behind need not wait for its claim to expire. Resolves with their
   * number.
   */
  reclaim(): Promise<number>;
  /** Gives claimed deliveries back untouched: no attempt is recorded, they are due at once. */
  release(deliveryIds: readonly string[]): Promise<void>;
  /** When the sink's next delivery is due (a running lease counts with its expiry); undefined: nothing waits. */
  nextDueMs(sink: string): Promise<number | undefined>;
  /**
   * Makes parked deliveries due again, by a person's decision: those of the ids, or all of a sink's. Resolves with their
   * number. Deliveries in other states are left alone.
   */
  retry(which: { readonly ids: readonly string[] } | { readonly sink: string }): Promise<number>;
  /** Puts alerts into the outbox that no window gave rise to: system alerts and drills. Known ids are dropped. */
  enqueue(alerts: readonly DecidedAlert[]): Promise<readonly DecidedAlert[]>;
}

/** The opening or closing of one condition of the monitor about itself, such as `blind:default`. */
export interface ConditionChange {
  readonly key: string;
  readonly open: boolean;
  /**
   * The alert to store when this really is a change of state. `sinceMs` is when the condition was opened: now for an
   * opening, the stored time for a closing. Synchronous and pure; runs inside the transaction.
   */
  alert(sinceMs: number): DecidedAlert;
}

/** Conditions are kept in the store, so a restart neither repeats an alert nor forgets to resolve it. */
export interface Conditions {
  /**
   * Applies changes in one transaction: opening an open condition or closing a closed one does nothing. Resolves with
   * the keys that changed; their alerts and deliveries are then in the store.
   */
  change(changes: readonly ConditionChange[]): Promise<readonly string[]>;
  /** Keys that are open, with their start. */
  open(): Promise<ReadonlyMap<string, number>>;
}

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
    unverifiedWindows: number;
    bytes: number;
  }>;
}

/** Removes what is older than the retention, in small steps so that no poll waits for it. */
export interface Retention {
  /**
   * Deletes up to `limit` rows whose time is before `beforeMs` (events, alerts whose deliveries have all ended,
   * attempts, windows, quarantine). Returns how many; fewer than `limit` means done.
   */
  prune(beforeMs: number, limit: number): Promise<number>;
}

// ------------------------------------------------------------------------------------------------- store errors

/**
 * Why the store refused an operation. `corrupt`, `newer`, `foreign`: the file is not one this version can use;
 * `readonly`, `full`, `io`, `missing`: the place it lies in; `busy`: another process kept it locked; `closed`: used
 * after its end; `failed`: anything else.
 */
export type StoreErrorKind =
  | 'corrupt'
  | 'newer'
  | 'foreign'
  | 'readonly'
  | 'full'
  | 'io'
  | 'missing'
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

// ------------------------------------------------------------------------------------------------------ history

/** Part of a long answer, in the order asked for. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page starts; undefined after the last one. Opaque, and good only for the same query. */
  readonly next: string | undefined;
}

/** Which part of an answer to read. A cursor that the store never gave is refused with a RangeError. */
export interface PageQuery {
  /** {@link Page.next} of the page before. */
  readonly after?: string | undefined;
  /** Most items of the page, at least 1. Default 100. */
  readonly limit?: number | undefined;
  /** Newest first instead of oldest first. */
  readonly newestFirst?: boolean | undefined;
}

/** Which events to read; what is left out does not restrict. */
export interface EventQuery extends PageQuery {
  readonly account?: string | undefined;
  /** Half-open [fromMs, toMs) of created_at. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Any of these event types. */
  readonly types?: readonly string[] | undefined;
  readonly id?: string | undefined;
}

/** An event as the store keeps it. */
export interface StoredEvent {
  readonly account: string;
  readonly id: string;
  readonly eventType: string;
  readonly createdAtMs: number;
  /** When the window that brought it was committed. Epoch ms. */
  readonly seenAtMs: number;
  /** Byte for byte as the API gave it. */
  readonly json: string;
}

/** Which alerts to read. */
export interface AlertQuery extends PageQuery {
  readonly id?: string | undefined;
  readonly account?: string | undefined;
  readonly kind?: AlertKind | undefined;
  readonly level?: Level | undefined;
  readonly ruleId?: string | undefined;
  /** Half-open [fromMs, toMs) of the time the alert was decided. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** Which deliveries to read. */
export interface DeliveryQuery extends PageQuery {
  readonly id?: string | undefined;
  readonly alertId?: string | undefined;
  readonly sink?: string | undefined;
  readonly state?: DeliveryState | undefined;
}

/** A delivery as the outbox keeps it, without the alert itself. */
export interface DeliveryRecord {
  readonly id: string;
  readonly alertId: string;
  readonly sink: string;
  readonly state: DeliveryState;
  /** Attempts begun and not given back. */
  readonly attempts: number;
  readonly createdAtMs: number;
  /** When it is due again; while `sending`, when its lease expires; undefined once it has ended. */
  readonly dueAtMs: number | undefined;
  /** When it was sent or parked; undefined while it is under way. */
  readonly endedAtMs: number | undefined;
}

/** One attempt as recorded. */
export interface AttemptRecord {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly outcome: Settlement['outcome'];
  readonly detail: string;
}

/** Which windows of the ledger to read. */
export interface WindowQuery extends PageQuery {
  readonly account?: string | undefined;
  /** Only those that were committed as unverified (false) or verified (true). */
  readonly verified?: boolean | undefined;
}

/** One committed window. */
export interface WindowRecord {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly verified: boolean;
  /** Events the API gave, seen ones included. */
  readonly events: number;
  /** Those of them that were new. */
  readonly fresh: number;
  /** New ones that lay behind the watermark when they were found. */
  readonly late: number;
  readonly committedAtMs: number;
}

/** Which quarantined content to read. */
export interface QuarantineQuery extends PageQuery {
  readonly account?: string | undefined;
}

/** Quarantined content, with when it was first found. */
export interface QuarantineRecord extends QuarantinedEvent {
  readonly foundAtMs: number;
}

/** Reads what was kept, page by page, for people: command line, server, export. Never writes. */
export interface History {
  /** Ordered by (created_at, id, account). */
  events(query: EventQuery): Promise<Page<StoredEvent>>;
  /** In the order they were stored, as all that follow. */
  alerts(query: AlertQuery): Promise<Page<Alert>>;
  deliveries(query: DeliveryQuery): Promise<Page<DeliveryRecord>>;
  /** All attempts of one delivery, oldest first; empty when it is unknown. */
  attempts(deliveryId: string): Promise<readonly AttemptRecord[]>;
  windows(query: WindowQuery): Promise<Page<WindowRecord>>;
  quarantine(query: QuarantineQuery): Promise<Page<QuarantineRecord>>;
  /** Names of all accounts that ever committed a window, sorted. */
  accounts(): Promise<readonly string[]>;
}

/** Everything a store offers. */
export interface Store {
  readonly collect: CollectStore;
  readonly leases: Leases;
  readonly outbox: Outbox;
  readonly conditions: Conditions;
  readonly status: StoreStatus;
  readonly retention: Retention;
  readonly history: History;
  /** Ends all access; later calls reject with a {@link StoreError} of kind `closed`. */
  close(): Promise<void>;
}
