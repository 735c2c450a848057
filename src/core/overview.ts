import type { Level } from './alert.ts';
import type { Backfill } from './backfill.ts';
import type { Progress } from './collect-store.ts';
import type { DeliveryState } from './delivery.ts';
import type { SinkGate } from './gate.ts';
import type { LatenessCount } from './lateness.ts';
import type { LedgerRange } from './ledger.ts';
import type { ReplicaFacts } from './replicas.ts';
import type { Silence } from './silence.ts';

/** A lease as it stands, held or not. */
export interface LeaseState {
  readonly holder: string;
  readonly renewedAtMs: number;
  /** When it ends unless it is renewed. */
  readonly expiresAtMs: number;
}

/** A living process of those that share the work on a store, with what it holds. */
export interface ReplicaOverview extends Omit<ReplicaFacts, 'wants'> {
  readonly seenAtMs: number;
  readonly accounts: number;
  readonly sinks: number;
  readonly feeds: number;
  readonly duties: number;
}

/** What the store knows of an account that was ever read. */
export interface AccountFacts extends Progress {
  readonly account: string;
  /** How many events are stored. */
  readonly events: number;
  /** The ledger, in order. */
  readonly ranges: readonly LedgerRange[];
  /** How late events were found, over the days since {@link OverviewQuery.latenessSinceMs}. */
  readonly lateness: readonly LatenessCount[];
  /** Those that are not done, oldest first. */
  readonly backfills: readonly Backfill[];
}

/** What the store knows of a sink, whether it is configured or not. */
export interface SinkFacts {
  readonly sink: string;
  /** How many deliveries of each state; states without any are left out. */
  readonly counts: Readonly<Partial<Record<DeliveryState, number>>>;
  /** Deliveries that wait for their time and were never tried: for a group, or until a route opens. */
  readonly held: number;
  /** Deliveries under way that have failed before, counted up to a bound. */
  readonly tried: number;
  /** Since when the oldest delivery waits that is due or was tried in vain; undefined: none does. Epoch ms. */
  readonly waitingSinceMs: number | undefined;
  /** When it took its latest delivery; undefined: not among the newest deliveries of all sinks. Epoch ms. */
  readonly lastSentMs: number | undefined;
  readonly gate: SinkGate | undefined;
  /** What it has still to be fed with; undefined: it never was. */
  readonly feed: { readonly events: number; readonly oldestSeenAtMs: number | undefined } | undefined;
}

/** Everything that says how a monitor is, as of one moment. */
export interface Overview {
  /** The lease asked for; undefined: it was never taken. */
  readonly lease: LeaseState | undefined;
  /** In the order of their ids; none where one process at a time works on the store. */
  readonly replicas: readonly ReplicaOverview[];
  readonly accounts: readonly AccountFacts[];
  /** Of every sink that was asked for or has a delivery. */
  readonly sinks: readonly SinkFacts[];
  /** Keys of open conditions, such as `blind:default`, with their start (epoch ms). */
  readonly conditions: ReadonlyMap<string, number>;
  /** Silences that are not over, with how many alerts each has hidden. */
  readonly silences: readonly (Silence & { readonly hidden: number })[];
  /** Alerts of rules and of the monitor about itself since {@link OverviewQuery.alertsSinceMs}; levels without any are left out. */
  readonly alerts: Readonly<Partial<Record<Level, number>>>;
  readonly totals: {
    readonly events: number;
    readonly alerts: number;
    readonly quarantined: number;
    readonly bytes: number;
  };
}

/** What an overview is asked for. Times are epoch ms. */
export interface OverviewQuery {
  readonly nowMs: number;
  readonly lease: string;
  /** Sinks that are to be in the answer even when they never had a delivery. */
  readonly sinks: readonly string[];
  readonly latenessSinceMs: number;
  readonly alertsSinceMs: number;
}

/**
 * Reads how a monitor is, for `status`. Costs a look at every account and sink, at what is under way and at the alerts
 * of the time asked for, however much is stored. Never writes.
 */
export type ReadOverview = (query: OverviewQuery) => Promise<Overview>;
