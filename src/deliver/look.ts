import { type ClaimSize, MAX_CLAIM } from './claim-size.ts';
import type { Flight } from './flight.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import type { Overdue } from './hand-over.ts';
import type { SinkLoopOptions } from './sink-loop-options.ts';

/**
 * A due time is looked at again after this, at the latest: timers do not notice a clock that jumped or a machine that
 * slept. Without anything due there is nothing to look at, and the loop waits for the bell alone.
 */
const MAX_WAIT_MS = 60_000;
const MIN_WAIT_MS = 5;

/** What looks at the outbox for what is due. */
export interface Look {
  /** One look. Answers how long to wait for the bell, in ms (undefined: until it rings), or 'idle'. */
  now(): Promise<number | undefined | 'idle'>;
  /** Whether something due was left since the receiver is down or asked for a pause. */
  readonly blocked: boolean;
}

/** What a {@link Look} shares with the rest of the loop. */
export interface LookParts {
  readonly gatekeeper: Gatekeeper;
  readonly claimSize: ClaimSize;
  readonly overdue: Overdue;
  readonly flight: Flight;
  readonly handOver: () => Promise<void>;
}

/** Makes a {@link Look}. It answers 'idle' only with `untilIdle`: when nothing is due any more, or may be sent. */
export const createLook = (
  options: SinkLoopOptions,
  { gatekeeper, claimSize, overdue, flight, handOver }: LookParts,
  signal: AbortSignal,
  untilIdle: boolean,
): Look => {
  const { sink, outbox, lease, now, policy } = options;
  let loaded = false;
  let blocked = false;

  const waitUntil = (dueMs: number): number | undefined =>
    dueMs === Number.POSITIVE_INFINITY
      ? undefined
      : Math.min(Math.max(dueMs - now(), MIN_WAIT_MS), MAX_WAIT_MS);

  const look = async (): Promise<number | undefined | 'idle'> => {
    if (!loaded) await gatekeeper.load();
    loaded = true;
    if (overdue.isFound) await overdue.park();
    const room = claimSize.most() - flight.size;
    // Enough waits: we look again when it runs low, or after the next settlement.
    if (room <= 0 || flight.waiting > claimSize.low) return undefined;
    // A claim of a few costs as much as one of many; as long as nobody has to wait for it, it can grow.
    if (flight.waiting >= sink.concurrency && room * 4 < claimSize.most()) return undefined;
    const admitted = gatekeeper.admit(flight.size > 0);
    if (admitted.most < 1) {
      await handOver();
      blocked = admitted.because !== 'pace';
      if (untilIdle && blocked && flight.size === 0) return 'idle';
      return waitUntil(admitted.retryAtMs);
    }
    blocked = false;
    const wanted = Math.min(room, MAX_CLAIM);
    const limit = Math.min(wanted, admitted.most);
    const leasedUntilMs = now() + policy.leaseMs;
    const claimed = await outbox.claim(sink.name, limit, policy.leaseMs, {
      ...(lease && { lease }),
      ...(policy.foldAbove === undefined ? {} : { foldAbove: policy.foldAbove }),
      early: admitted.probe,
      ...(policy.pace && { gate: (count) => gatekeeper.claimed(admitted.taken(count)) }),
    });
    flight.add(claimed, leasedUntilMs);
    if (signal.aborted) return undefined;
    if (claimed.length >= wanted) return undefined;
    // The bucket is empty: the next token, or the end of a send, is what comes next.
    if (claimed.length >= limit) return waitUntil(gatekeeper.admit(flight.size > 0).retryAtMs);
    if (untilIdle) return flight.size === 0 ? 'idle' : undefined;
    const dueMs = await outbox.nextDueMs(sink.name);
    return dueMs === undefined ? undefined : Math.min(Math.max(dueMs - now(), MIN_WAIT_MS), MAX_WAIT_MS);
  };

  return {
    now: look,
    get blocked() {
      return blocked;
    },
  };
};
