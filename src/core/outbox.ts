import type { DecidedAlert } from './alert.ts';
import type { ConditionChange } from './conditions.ts';
import type { Delivery } from './delivery.ts';

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
