import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import { backoffMs } from '../core/backoff.ts';
import { LeaseLostError } from '../core/lease.ts';
import { createClaimSize } from './claim-size.ts';
import { createFlight } from './flight.ts';
import { createGatekeeper } from './gatekeeper.ts';
import { createHandOver, createOverdue } from './hand-over.ts';
import { createLook } from './look.ts';
import type { SinkLoopOptions } from './sink-loop-options.ts';

/** Delivers everything in the outbox that is meant for one sink. Sinks share nothing: a dead one delays no other. */
export interface SinkLoop {
  /**
   * Claims, sends and settles until `signal` aborts; then finishes or releases what is in flight and resolves, within
   * `graceMs` plus about two seconds. With `hurry` that time begins only when it aborts. A failing store is logged and
   * tried again; this rejects only with a LeaseLostError.
   */
  run(signal: AbortSignal, hurry?: AbortSignal): Promise<void>;
  /**
   * Delivers what is due now and resolves when nothing more is; what has to be tried again later stays in the outbox.
   * Resolves with whether something due was left since the receiver is down or asked for a pause. Rejects with the
   * store's error when the store keeps failing.
   */
  drain(signal: AbortSignal): Promise<{ readonly blocked: boolean }>;
}

/** Pauses while the store fails. */
const STORE_BACKOFF = { baseMs: 250, capMs: 30_000 };
/** A one-shot run gives up after this many failures of the store in a row. */
const MAX_DRAIN_FAILURES = 5;

/** Makes the loop of one sink. Throws a RangeError when the policy's lease is too short for its timeout. */
export const createSinkLoop = (options: SinkLoopOptions): SinkLoop => {
  const { policy } = options;
  if (policy.leaseMs < 2 * policy.attemptTimeoutMs)
    throw new RangeError(
      `leaseMs is ${policy.leaseMs}; allowed is at least twice attemptTimeoutMs, ${2 * policy.attemptTimeoutMs}`,
    );
  return {
    run: async (signal, hurry) => {
      await work(options, signal, false, hurry);
    },
    drain: (signal) => work(options, signal, true),
  };
};

const work = async (
  options: SinkLoopOptions,
  signal: AbortSignal,
  untilIdle: boolean,
  hurry = signal,
): Promise<{ readonly blocked: boolean }> => {
  const { sink, now, random, wake, log } = options;
  const storeFailed = (operation: string, error: unknown, failures: number): number => {
    const pauseMs = backoffMs(failures, STORE_BACKOFF, random);
    log.error('store.error', { sink: sink.name, operation, reason: errorText(error), retry_in_ms: pauseMs });
    return pauseMs;
  };

  const gatekeeper = createGatekeeper({ ...options, sink: sink.name });
  const claimSize = createClaimSize(sink.concurrency, now);
  const overdue = createOverdue(options, signal);
  const flight = createFlight(options, { gatekeeper, claimSize, overdue, storeFailed }, signal);
  const handOver = createHandOver(options, gatekeeper, signal);
  const look = createLook(options, { gatekeeper, claimSize, overdue, flight, handOver }, signal, untilIdle);

  let failures = 0;
  let fatal: unknown;
  while (!signal.aborted) {
    try {
      const waitMs = await look.now();
      failures = 0;
      if (waitMs === 'idle') break;
      await wake.wait(waitMs, signal);
    } catch (error) {
      if (error instanceof LeaseLostError) {
        fatal = error;
        break;
      }
      failures += 1;
      const pauseMs = storeFailed('claim', error, failures);
      if (untilIdle && failures >= MAX_DRAIN_FAILURES) {
        fatal = error;
        break;
      }
      await sleep(pauseMs, signal);
    }
  }

  await flight.finish(hurry);
  if (fatal !== undefined) throw fatal;
  return { blocked: look.blocked };
};
