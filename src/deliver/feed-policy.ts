import type { BackoffPolicy } from '../core/backoff.ts';

/** How one feed is tried. Durations in ms. */
export interface FeedPolicy {
  /** After an attempt to which the receiver said "not now". */
  readonly retry: BackoffPolicy;
  /** While the sink refuses whatever it is given. */
  readonly held: BackoffPolicy;
  readonly attemptTimeoutMs: number;
  /** How long an attempt in flight may take to end when the monitor stops. */
  readonly graceMs: number;
  /** A feed that nothing was taken from for so long, though there is something, is told as trouble. */
  readonly troubledAfterMs: number;
  /** For how long after an event was set aside the condition stays open at least. */
  readonly recoverAfterMs: number;
}

export const DEFAULT_FEED_POLICY: FeedPolicy = {
  // A SIEM that comes back after a restart should not wait for an hour to be fed.
  retry: { baseMs: 1_000, capMs: 300_000 },
  held: { baseMs: 1_000, capMs: 3_600_000 },
  attemptTimeoutMs: 60_000,
  graceMs: 5_000,
  troubledAfterMs: 900_000,
  recoverAfterMs: 60_000,
};
