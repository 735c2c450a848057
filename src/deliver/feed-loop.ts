import { setImmediate as turn } from 'node:timers/promises';
import { errorText } from '../base/errors.ts';
import type { Latch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { FedEvent, FedSink } from '../core/delivery.ts';
import type { FeedStart, Feeds } from '../core/feed.ts';
import { type Lease, LeaseLostError } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { FeedConditions } from './feed-condition.ts';
import type { FeedPolicy } from './feed-policy.ts';
import { createFeedReport } from './feed-report.ts';
import { createFeedSteps, type Next } from './feed-steps.ts';

/** Hands the audit events to one sink, in the order in which they were stored. Feeds share nothing with each other. */
export interface FeedLoop {
  /**
   * Makes the feed in the store, if it is new: what is stored from then on is what a feed from `now` sends. To be awaited
   * before anything is collected. Rejects with the store's error.
   */
  open(): Promise<void>;
  /**
   * Feeds the sink until `signal` aborts; then lets the attempt in flight end and resolves, within `graceMs` plus about
   * two seconds; without the grace when `lost` aborts: the feed is, or may be, somebody else's. A failing store is logged and tried again;
   * this rejects only with a LeaseLostError.
   */
  run(signal: AbortSignal, lost?: AbortSignal): Promise<void>;
  /**
   * Feeds the sink with what there is and resolves with whether it took all of it; what has to be tried again later
   * stays. Rejects with the store's error when the store keeps failing.
   */
  drain(signal: AbortSignal): Promise<boolean>;
}

/** What {@link createFeedLoop} works with. */
export interface FeedLoopOptions {
  readonly sink: FedSink;
  /** Where the feed begins when it is new. */
  readonly from: FeedStart;
  /** Whether the sink gets this event; undefined: every one. Pure. */
  readonly wants: ((event: FedEvent) => boolean) | undefined;
  readonly feeds: Feeds;
  /** Under which the feed is worked. Left out: nothing is guarded. */
  readonly lease?: Lease;
  /** Asked before every attempt: whether the lease may still be relied on. Where it says no, `lost` has aborted. Left out: it may. */
  readonly isHeld?: () => boolean;
  readonly now: Clock;
  readonly random: Random;
  readonly policy: FeedPolicy;
  /** Rung by every commit that stored events. The loop is its only waiter. */
  readonly wake: Latch;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly conditions: FeedConditions;
  /** Takes secrets out of reasons before they are stored. */
  readonly redact: (text: string) => string;
}

/** Pauses while the store fails. */
const STORE_BACKOFF = { baseMs: 250, capMs: 30_000 };
/** A one-shot run gives up after this many failures of the store in a row. */
const MAX_DRAIN_FAILURES = 5;

/** Makes the loop of one feed. */
export const createFeedLoop = (options: FeedLoopOptions): FeedLoop => ({
  open: () => options.feeds.open(options.sink.name, options.from),
  async run(signal, lost) {
    await work(options, signal, false, lost);
  },
  drain: (signal) => work(options, signal, true),
});

const work = async (
  options: FeedLoopOptions,
  signal: AbortSignal,
  untilIdle: boolean,
  lost?: AbortSignal,
): Promise<boolean> => {
  const { sink, random, policy, wake, log } = options;
  const hardStop = new AbortController();
  let grace: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    grace ??= setTimeout(() => hardStop.abort(), policy.graceMs);
  };
  signal.addEventListener('abort', onStop, { once: true });
  if (signal.aborted) onStop();
  const onLost = (): void => hardStop.abort();
  lost?.addEventListener('abort', onLost, { once: true });
  if (lost?.aborted) onLost();

  const report = createFeedReport(sink.name, options);
  const steps = createFeedSteps({ ...options, report, stopping: signal, hardStop: hardStop.signal });
  let failures = 0;
  /** One step, or a pause when the store refuses. Rejects when it has refused too often for a one-shot run. */
  const step = async (): Promise<Next> => {
    try {
      const next = await steps.next();
      failures = 0;
      return next;
    } catch (error) {
      if (error instanceof LeaseLostError) throw error;
      failures += 1;
      const ms = backoffMs(failures, STORE_BACKOFF, random);
      const reason = errorText(error);
      log.error('store.error', { sink: sink.name, operation: 'feed', reason, retry_in_ms: ms });
      if (untilIdle && failures >= MAX_DRAIN_FAILURES) throw error;
      return { kind: 'pause', ms, store: true };
    }
  };

  let took = false;
  try {
    while (!signal.aborted) {
      const next = await step();
      if (next.kind === 'idle') {
        if (untilIdle) {
          took = true;
          break;
        }
        await wake.wait(next.ms, signal);
      } else if (next.kind === 'again') {
        // A long way through events that nobody wants must leave room for everybody else.
        await turn();
      } else {
        if (untilIdle && next.store !== true) break;
        // A new event may be the one by which a lone refused one is judged; nothing else shortens a pause.
        if (next.untilRung) await wake.wait(next.ms, signal);
        else await sleep(next.ms, signal);
      }
    }
  } finally {
    signal.removeEventListener('abort', onStop);
    lost?.removeEventListener('abort', onLost);
    clearTimeout(grace);
  }
  return took;
};
