import pRetry from 'p-retry';
import { type BackoffPolicy, backoffMs, MAX_RETRY_AFTER_MS } from '../core/backoff.ts';
import type { Clock, Random } from '../core/clock.ts';
import { ReadFailure } from './failure.ts';

export interface RetryOptions {
  /** Attempts after the first one. */
  readonly retries: number;
  readonly backoff: BackoffPolicy;
  readonly now: Clock;
  readonly random: Random;
  /** The longest that one read waits because the server asked for it (`Retry-After`); asked for more, it fails. */
  readonly maxWaitMs: number;
  /** Resolves after `ms`, or as soon as the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told before every wait. */
  readonly onRetry: (failure: ReadFailure, attempt: number, delayMs: number) => void;
}

/** Repeats reads, and only reads: nothing that sends alerts goes through here. */
export interface Retry {
  /**
   * Runs `attempt` until it succeeds, fails for good, or the retries are used up; then rejects with the last failure.
   * Rejects with the reason of `signal` as soon as that aborts.
   */
  run<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/**
 * Pauses once a whole read was refused with "too many" (429, or any wish to wait): a server that says "in a second" for
 * hours gets fewer questions, not the same number for hours. The longest is short enough to notice its end in time.
 */
const REFUSED_BACKOFF: BackoffPolicy = { baseMs: 5_000, capMs: 120_000 };

const isRefusal = (error: unknown): error is ReadFailure =>
  error instanceof ReadFailure && error.retry && (error.status === 429 || error.afterMs !== undefined);

/**
 * Makes a {@link Retry}. A `Retry-After` counts for all reads that share it, so that the pages of one window, fetched
 * side by side, do not keep knocking while one of them waits. Nobody sits out a long one: until it is over, reads fail
 * without a request, so that whoever asked hears of it and a pass never hangs for hours.
 */
export const createRetry = (options: RetryOptions): Retry => {
  const { retries, backoff, now, random, maxWaitMs, sleep, onRetry } = options;
  let closed = { setAtMs: 0, untilMs: 0 };
  /** Refusals in a row, with no answer between them. Those that were under way together count as one. */
  let refusals = 0;

  /** The failure of an attempt, with the pause that follows from it; `before`: the refusals when it was begun. */
  const weighed = (error: unknown, before: number): unknown => {
    if (!isRefusal(error)) return error;
    if (before === refusals) refusals += 1;
    const beyond = refusals - (retries + 1);
    if (beyond < 1) return error;
    const afterMs = Math.max(error.afterMs ?? 0, backoffMs(beyond, REFUSED_BACKOFF, random));
    const { kind, message, retry, status } = error;
    return new ReadFailure(kind, message, { retry, afterMs, ...(status !== undefined && { status }) });
  };

  const waitUntilOpen = async (signal: AbortSignal): Promise<void> => {
    const nowMs = now();
    // When the clock went back, the note is worthless and must not hold us for longer than was asked.
    if (nowMs < closed.setAtMs || nowMs >= closed.untilMs) return;
    const leftMs = Math.min(closed.untilMs - nowMs, MAX_RETRY_AFTER_MS);
    if (leftMs > maxWaitMs) {
      throw new ReadFailure(
        'unavailable',
        `not asked: the API wants to be left alone until ${new Date(closed.untilMs).toISOString()} (${refusals > 1 ? `it has refused ${refusals} times in a row` : 'Retry-After'})`,
        { retry: false },
      );
    }
    await sleep(leftMs + backoffMs(1, backoff, random), signal);
    signal.throwIfAborted();
  };

  const isWorthwhile = (error: Error): boolean =>
    error instanceof ReadFailure && error.retry && (error.afterMs ?? 0) <= maxWaitMs;

  return {
    run: (attempt, signal) =>
      pRetry(
        async () => {
          await waitUntilOpen(signal);
          const before = refusals;
          try {
            const value = await attempt();
            refusals = 0;
            return value;
          } catch (error) {
            throw weighed(error, before);
          }
        },
        {
          retries,
          signal,
          // The waiting is ours (below): p-retry knows neither Retry-After nor our source of randomness.
          minTimeout: 0,
          shouldRetry: ({ error }) => isWorthwhile(error),
          async onFailedAttempt({ error, attemptNumber, retriesLeft }) {
            if (!(error instanceof ReadFailure) || !error.retry) return;
            const nowMs = now();
            if (error.afterMs !== undefined && nowMs + error.afterMs > closed.untilMs)
              closed = { setAtMs: nowMs, untilMs: nowMs + error.afterMs };
            if (retriesLeft <= 0 || !isWorthwhile(error)) return;
            // Never earlier than asked, and never all at once when the time has come.
            const delayMs = (error.afterMs ?? 0) + backoffMs(attemptNumber, backoff, random);
            onRetry(error, attemptNumber, delayMs);
            await sleep(delayMs, signal);
          },
        },
      ),
  };
};
