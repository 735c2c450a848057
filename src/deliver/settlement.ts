import { backoffMs, MAX_RETRY_AFTER_MS } from '../core/backoff.ts';
import type { Random } from '../core/clock.ts';
import type { Delivery, Verdict } from '../core/delivery.ts';
import type { Settlement } from '../core/outbox.ts';
import type { DeliveryPolicy } from './policy.ts';

/** The longest receipt or reason that is kept with an attempt, in characters. */
const MAX_DETAIL_LENGTH = 1_000;

/** What one attempt came to and when. Times in epoch ms. */
export interface Ended {
  readonly delivery: Delivery;
  readonly verdict: Verdict;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/**
 * When the next attempt is due: exponential backoff with full jitter, or what the receiver asked for (`afterMs`), but
 * never sooner than the first step: a receiver that asks for zero and refuses again must not be hammered.
 */
const nextDueMs = (
  ended: Ended,
  afterMs: number | undefined,
  policy: DeliveryPolicy,
  random: Random,
): number => {
  const ownMs = backoffMs(ended.delivery.attempt, policy, random);
  if (afterMs === undefined || !Number.isFinite(afterMs)) return ended.endedAtMs + ownMs;
  return ended.endedAtMs + Math.min(Math.max(afterMs, policy.baseMs), MAX_RETRY_AFTER_MS);
};

const nextState = (ended: Ended, policy: DeliveryPolicy, random: Random): Settlement['next'] => {
  const { verdict, delivery, endedAtMs } = ended;
  if (verdict.outcome === 'sent') return { state: 'sent' };
  const parked = {
    state: 'parked',
    ...(policy.fallback === undefined ? {} : { fallback: policy.fallback }),
  } as const;
  if (verdict.outcome === 'rejected') return parked;
  // The age is measured here and nowhere else: a delivery that waited long but goes through is simply sent.
  if (endedAtMs - delivery.createdAtMs >= policy.maxAgeMs) return parked;
  return { state: 'pending', dueAtMs: nextDueMs(ended, verdict.afterMs, policy, random) };
};

/** The pure decision after an attempt: sent, tried again when, or parked. `redact` takes secrets out of the detail. */
export const settlementOf = (
  ended: Ended,
  policy: DeliveryPolicy,
  random: Random,
  redact: (text: string) => string,
): Settlement & { readonly attempt: number } => {
  const { verdict, delivery } = ended;
  const text = redact(verdict.outcome === 'sent' ? verdict.receipt : verdict.reason);
  return {
    deliveryId: delivery.id,
    attempt: delivery.attempt,
    startedAtMs: ended.startedAtMs,
    endedAtMs: ended.endedAtMs,
    outcome: verdict.outcome,
    detail: text.slice(0, MAX_DETAIL_LENGTH).toWellFormed(),
    ...(verdict.status === undefined ? {} : { status: verdict.status }),
    ...(verdict.bytes === undefined ? {} : { bytes: verdict.bytes }),
    ...(verdict.outcome === 'sent' && verdict.ref !== undefined ? { ref: verdict.ref } : {}),
    next: nextState(ended, policy, random),
  };
};
