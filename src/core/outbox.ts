import type { Act } from './acts.ts';
import type { ConditionChange } from './conditions.ts';
import type { DecidedAlert, NewAlert } from './decided.ts';
import type { Delivery, DeliveryState } from './delivery.ts';
import type { SinkGate } from './gate.ts';
import type { Lease } from './lease.ts';

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
  /** The receiver's status (HTTP, SMTP), when there was one. */
  readonly status?: number;
  /** Bytes of the message. */
  readonly bytes?: number;
  /** The receiver's own name for the message, when it was sent. */
  readonly ref?: string;
  /** The state the delivery goes to. */
  readonly next:
    | { readonly state: 'sent' }
    | { readonly state: 'pending'; readonly dueAtMs: number }
    /** `fallback`: the sink that gets the alert instead. */
    | { readonly state: 'parked'; readonly fallback?: string };
}

/** How a claim is made. */
export interface ClaimOptions {
  /**
   * Under which the sink is worked: once it has passed on, nothing is claimed, and the claim rejects with a LeaseLostError. So a
   * process that slept over its end sends nothing more.
   */
  readonly lease?: Lease;
  /**
   * When more than so many deliveries of the sink are due, all of them are folded into one digest first, which is then
   * the delivery to be claimed. Left out: never.
   */
  readonly foldAbove?: number;
  /** A probe of a sink in trouble: also a delivery whose next attempt is not due yet may be claimed. */
  readonly early?: boolean;
  /** Kept with the claim, so that pacing goes on where it was after a restart. */
  readonly gate?: (claimed: number) => SinkGate;
}

/** What is done about the sink itself when attempts are settled. */
export interface SinkSettlement {
  readonly sink: string;
  readonly gate: SinkGate;
  /** The sink takes deliveries again: what waits for its next attempt is due at once. */
  readonly hasten: boolean;
}

/** What has waited too long for a sink whose receiver does not answer. */
export interface Overdue {
  readonly sink: string;
  /** Waiting since then or longer, epoch ms. */
  readonly beforeMs: number;
  /** At most so many at once. */
  readonly limit: number;
  /** Why, for the history. */
  readonly detail: string;
  /** The sink that gets the alerts instead. */
  readonly fallback: string | undefined;
}

/** Which deliveries an act is about: all given conditions hold. */
export interface DeliverySelection {
  readonly ids?: readonly string[] | undefined;
  readonly sink?: string | undefined;
  readonly ruleId?: string | undefined;
  /** Half-open [fromMs, toMs) of the time the delivery was put into the outbox. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** The durable queue between deciding and sending. */
export interface Outbox {
  /**
   * Leases up to `limit` due deliveries of a sink, oldest first, for `leaseMs`: they are `sending` until settled,
   * released, or until the lease expires (a crash), and then due again. Bundles that are due are folded first.
   */
  claim(sink: string, limit: number, leaseMs: number, options?: ClaimOptions): Promise<readonly Delivery[]>;
  /**
   * Records attempts and next states in ONE transaction, together with the conditions they open or close (parked,
   * recovered): an alert about a parked delivery is as durable as the parking. A delivery that is no longer
   * `sending` (its lease expired and another attempt ended first) keeps its state; the attempt is recorded.
   * Resolves with the keys of the conditions that changed. When `lease` has passed on, only what became of the attempts is
   * written: whoever works the sink now knows better what to say of it.
   */
  settle(
    settlements: readonly Settlement[],
    changes: readonly ConditionChange[],
    about?: SinkSettlement,
    lease?: Lease,
  ): Promise<readonly string[]>;
  /** The gate of a sink as last kept; undefined when it never was. */
  gate(sink: string): Promise<SinkGate | undefined>;
  /**
   * Gives the alerts that wait for a sink in trouble to its fallback as well: each once, with a delivery of its own. The
   * sink's own deliveries go on waiting. Drills are not given. Resolves with the number of new deliveries.
   */
  handOver(sink: string, fallback: string): Promise<number>;
  /** How many deliveries of a sink have been waiting since `beforeMs` or longer; those being sent are not counted. */
  overdue(sink: string, beforeMs: number): Promise<number>;
  /** Parks the oldest of them; nothing was tried, so no attempt is recorded. Resolves with their number. */
  parkOverdue(overdue: Overdue): Promise<number>;
  /**
   * Makes every delivery that is `sending` due at once, of one sink or of all: for the process that has just taken the lease
   * under which they are sent, so that what a crash left behind need not wait for its claim to expire. Resolves with their
   * number. Rejects with a LeaseLostError, and does nothing, once `lease` has passed on.
   */
  reclaim(sink?: string, lease?: Lease): Promise<number>;
  /**
   * Gives claimed deliveries back untouched: no attempt is recorded, they are due at once. Rejects with a LeaseLostError, and
   * does nothing, once `lease` has passed on: by then they may be claimed by somebody else.
   */
  release(deliveryIds: readonly string[], lease?: Lease): Promise<void>;
  /** When the sink's next delivery is due (a running lease counts with its expiry); undefined: nothing waits. */
  nextDueMs(sink: string): Promise<number | undefined>;
  /**
   * Makes parked deliveries due again, by a person's decision (`act`, kept in the history for each). A delivery counts
   * as new from then on: its age is measured anew. Resolves with their number; others are left alone.
   */
  retry(which: DeliverySelection, act?: Pick<Act, 'by' | 'detail'>): Promise<number>;
  /**
   * Gives up deliveries that are parked or waiting in one of `states`, by a person's decision. They stay in the history
   * as `dropped`. Resolves with their number.
   */
  drop(
    which: DeliverySelection & { readonly states: readonly Extract<DeliveryState, 'pending' | 'parked'>[] },
    act: Pick<Act, 'by' | 'detail'>,
  ): Promise<number>;
  /** Puts alerts into the outbox that no window gave rise to: system alerts and drills. Known ids are dropped. */
  enqueue(alerts: readonly NewAlert[]): Promise<readonly DecidedAlert[]>;
}
