import { formatDuration } from '../base/duration.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import type { SinkLoopOptions } from './sink-loop-options.ts';

/* What becomes of deliveries that a receiver which is down does not take: its fallback gets them, or they become too old. */

/** Parked at once for their age; more follow in steps, with others in between. */
const MAX_PARKED = 500;

/** Makes what gives the fallback the alerts as well while the receiver is down; it does so until `signal` aborts. */
export const createHandOver =
  (
    { sink, outbox, policy, log, wake, onHandedOver }: SinkLoopOptions,
    gatekeeper: Gatekeeper,
    signal: AbortSignal,
  ): (() => Promise<void>) =>
  async () => {
    if (policy.fallback === undefined || !gatekeeper.isOpen) return;
    let count = 0;
    // In steps, until nothing is left: the loop may not look again before the next probe.
    for (let step = 1; step > 0 && !signal.aborted; count += step)
      step = await outbox.handOver(sink.name, policy.fallback);
    if (count === 0) return;
    log.warn('delivery.handed_over', { sink: sink.name, fallback: policy.fallback, deliveries: count });
    onHandedOver(policy.fallback);
    // It takes a bounded number at once: there may be more.
    wake.ring();
  };

/** Deliveries of a sink that are too old: one was parked for its age while the receiver is down, and the others of that age would only take its place. */
export interface Overdue {
  /** Whether there may be some. */
  readonly isFound: boolean;
  found(): void;
  /** Parks them all. */
  park(): Promise<void>;
}

/** Makes an {@link Overdue}, which parks until `signal` aborts. */
export const createOverdue = (
  { sink, outbox, policy, now, log, onHandedOver }: SinkLoopOptions,
  signal: AbortSignal,
): Overdue => {
  let isFound = false;
  return {
    get isFound() {
      return isFound;
    },
    found() {
      isFound = true;
    },
    async park() {
      const { fallback, maxAgeMs } = policy;
      const detail = `older than ${formatDuration(maxAgeMs)}`;
      let count = 0;
      for (let step = MAX_PARKED; step === MAX_PARKED && !signal.aborted; count += step)
        step = await outbox.parkOverdue({
          sink: sink.name,
          beforeMs: now() - maxAgeMs,
          limit: MAX_PARKED,
          detail,
          fallback,
        });
      isFound = false;
      if (count === 0) return;
      log.error('delivery.overdue', { sink: sink.name, deliveries: count, reason: detail });
      if (fallback !== undefined) onHandedOver(fallback);
    },
  };
};
