import type { Latch } from '../base/latch.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Sink } from '../core/delivery.ts';
import type { Lease } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import type { Outbox } from '../core/outbox.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Tracer } from '../core/tracer.ts';
import type { CommitRest } from './commit-rest.ts';
import type { CircuitConditions } from './gatekeeper.ts';
import type { SinkConditions } from './parked-condition.ts';
import type { DeliveryPolicy } from './policy.ts';

/** What the loop of one sink works with. */
export interface SinkLoopOptions {
  readonly sink: Sink;
  readonly outbox: Outbox;
  /** Under which the sink is worked. Left out: nothing is guarded. */
  readonly lease?: Lease;
  /** Asked before every attempt: whether the lease may still be relied on. Left out: it may. */
  readonly isHeld?: () => boolean;
  readonly now: Clock;
  readonly random: Random;
  readonly policy: DeliveryPolicy;
  /** Rung by every commit that may have put deliveries for this sink into the outbox. The loop is its only waiter. */
  readonly wake: Latch;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly tracer?: Tracer;
  readonly conditions: SinkConditions & CircuitConditions;
  /** Told the keys of conditions that changed with a settlement: alerts for other sinks wait in the outbox. */
  readonly onConditions: (keys: readonly string[]) => void;
  /** Told that alerts were given to another sink and wait for it in the outbox. */
  readonly onHandedOver: (sink: string) => void;
  /** Shared with the other sinks of the process, so that they commit together; left out: one of its own. */
  readonly rest?: CommitRest;
  /** Takes secrets out of receipts and reasons before they are stored. */
  readonly redact: (text: string) => string;
}
