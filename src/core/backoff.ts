import type { Random } from './clock.ts';

/** How delays between attempts grow. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Milliseconds until the next attempt after `attempt` failed ones (1 for the first): exponential with full jitter, so
 * that many waiters do not come back together; never below a quarter of the step, so that it always is a wait.
 */
export const backoffMs = (attempt: number, policy: BackoffPolicy, random: Random): number => {
  const step = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(Math.max(attempt, 1) - 1, 30));
  return Math.round(step * (0.25 + 0.75 * random()));
};

/** The longest `Retry-After` we obey. A receiver that asks for more is asked again after this. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Milliseconds asked for by a `Retry-After` header (RFC 9110, 10.2.3: seconds or an HTTP date), clamped to
 * [0, {@link MAX_RETRY_AFTER_MS}]; undefined when it is missing or no valid value.
 */
export const retryAfterMs = (header: string | null | undefined, nowMs: number): number | undefined => {
  const text = header?.trim();
  if (!text) return undefined;
  const ms = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  if (Number.isNaN(ms)) return undefined;
  return Math.min(Math.max(Math.round(ms), 0), MAX_RETRY_AFTER_MS);
};
