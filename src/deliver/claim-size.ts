import type { Clock } from '../core/clock.ts';

/** How many deliveries to hold, so that no place is ever empty and nothing is claimed long before it can be sent. */
export interface ClaimSize {
  /** Most deliveries to hold now: those waiting, being sent, and ended but not settled. */
  most(): number;
  /** When no more than so many wait to be sent, more is to be claimed. */
  readonly low: number;
  /** To be called for every send that ended. */
  ended(): void;
}

const HELD_PER_SEND = 4;
/** A claim of this many takes milliseconds, in which nothing else happens. */
export const MAX_CLAIM = 256;
/** What is held lies in memory, and comes again after a crash. */
const MAX_HELD = 1_024;
/** The time whose sends are held in advance: much longer than a commit, much shorter than a lease. */
const AHEAD_MS = 250;
/** Shorter spans say nothing about a rate. */
const MIN_SPAN_MS = 50;

/**
 * Follows the rate at which the sink really takes deliveries. A fast one gets large claims and so large commits; for one
 * that answers once in a second, what waits stays in the outbox, where others can see it.
 */
export const createClaimSize = (concurrency: number, now: Clock): ClaimSize => {
  const least = concurrency * HELD_PER_SEND;
  let sinceMs = now();
  let count = 0;
  let most = least;
  return {
    most() {
      const spanMs = now() - sinceMs;
      if (spanMs < 0 || spanMs >= MIN_SPAN_MS) {
        const ahead = spanMs > 0 ? Math.ceil((count * AHEAD_MS) / spanMs) : 0;
        most = Math.min(Math.max(least, ahead), MAX_HELD);
        sinceMs = now();
        count = 0;
      }
      return most;
    },
    get low() {
      return Math.min(most / 2, MAX_CLAIM) | 0;
    },
    ended() {
      count += 1;
    },
  };
};
