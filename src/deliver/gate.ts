import { type BackoffPolicy, backoffMs, MAX_RETRY_AFTER_MS } from '../core/backoff.ts';
import type { Random } from '../core/clock.ts';
import type { Verdict } from '../core/delivery.ts';
import type { SinkGate } from '../core/gate.ts';

/** What a sink's receiver can stand, and when it counts as down. */
export interface GatePolicy {
  /** Deliveries a second in the long run, and how many at once after a quiet time; undefined: not paced. */
  readonly pace: { readonly perSecond: number; readonly burst: number } | undefined;
  /** Failures in a row that open the circuit, and how long it stays open before the first and later probes. */
  readonly circuit: BackoffPolicy & { readonly failures: number };
}

/** Whether and how much may be sent now. */
export interface Admission {
  /** Most deliveries to claim; 0: none before `retryAtMs`. */
  readonly most: number;
  readonly retryAtMs: number;
  /** What it waits for when nothing may be claimed. */
  readonly because: 'pause' | 'circuit' | 'pace' | undefined;
  /** The circuit is open and this is a probe: also a delivery that is not due may be tried. */
  readonly probe: boolean;
  /** The gate after `claimed` deliveries were taken. */
  taken(claimed: number): SinkGate;
}

/** A sink of which nothing is known yet. */
export const freshGate = (policy: GatePolicy, nowMs: number): SinkGate => ({
  tokens: policy.pace?.burst ?? 0,
  atMs: nowMs,
  failures: 0,
  opens: 0,
  openUntilMs: 0,
  pausedUntilMs: 0,
});

/** A time of waiting that is still to come; one further away than can be meant comes from a clock that was set back. */
const ahead = (untilMs: number, nowMs: number, longestMs: number): boolean =>
  untilMs > nowMs && untilMs - nowMs <= longestMs;

/**
 * The gate as it counts after the clock was set back: the bucket fills on from now, instead of waiting until the clock
 * has come back to where it was.
 */
export const rebased = (gate: SinkGate, nowMs: number): SinkGate =>
  gate.atMs > nowMs ? { ...gate, atMs: nowMs } : gate;

const refilled = (gate: SinkGate, policy: GatePolicy, nowMs: number): SinkGate => {
  if (!policy.pace) return gate;
  const elapsedMs = Math.max(nowMs - gate.atMs, 0);
  const tokens = Math.min(policy.pace.burst, gate.tokens + (elapsedMs * policy.pace.perSecond) / 1_000);
  return { ...gate, tokens, atMs: nowMs };
};

/**
 * The decision before a claim, pure: nothing while the receiver asked for a pause or the circuit is open, one delivery
 * at a time when it is half-open, else what the bucket holds.
 */
export const admission = (gate: SinkGate, policy: GatePolicy, probing: boolean, nowMs: number): Admission => {
  const closed = (because: Admission['because'], retryAtMs: number): Admission => ({
    most: 0,
    retryAtMs,
    because,
    probe: false,
    taken: () => gate,
  });
  const open: Admission = {
    most: Number.POSITIVE_INFINITY,
    retryAtMs: nowMs,
    because: undefined,
    probe: false,
    taken: () => gate,
  };
  if (ahead(gate.pausedUntilMs, nowMs, MAX_RETRY_AFTER_MS)) return closed('pause', gate.pausedUntilMs);
  if (gate.opens > 0) {
    if (ahead(gate.openUntilMs, nowMs, policy.circuit.capMs)) return closed('circuit', gate.openUntilMs);
    // The probe's end rings the bell.
    if (probing) return closed('circuit', Number.POSITIVE_INFINITY);
    return { ...open, most: 1, probe: true };
  }
  if (!policy.pace) return open;
  const full = refilled(gate, policy, nowMs);
  // A bucket filled in steps of a float may hold 0.9999999 of a token.
  const most = Math.floor(full.tokens + 1e-6);
  if (most < 1) {
    const waitMs = Math.ceil(((1 - full.tokens) * 1_000) / policy.pace.perSecond - 1e-6);
    return closed('pace', nowMs + waitMs);
  }
  return {
    ...open,
    most,
    taken: (claimed) => ({ ...full, tokens: Math.max(full.tokens - claimed, 0) }),
  };
};

/**
 * The gate after attempts ended, in the order of their end; pure. Taking or refusing a delivery closes the circuit, since
 * the receiver is there. A wish to wait pauses the whole sink and is no failure, nor is "too many" (429) without one: the
 * receiver is alive and says so. One that wishes for a second again and again, for hours, is asked less and less.
 */
export const gateAfter = (
  gate: SinkGate,
  verdicts: readonly Verdict[],
  policy: GatePolicy,
  nowMs: number,
  random: Random,
): SinkGate => {
  let next = gate;
  for (const verdict of verdicts) {
    if (verdict.outcome !== 'retry') {
      if (next.failures > 0 || next.opens > 0 || (next.refusals ?? 0) > 0)
        next = { ...next, failures: 0, opens: 0, openUntilMs: 0, refusals: 0 };
    } else {
      // Attempts that were under way when the circuit opened say nothing new about it.
      const probed = next.opens > 0 && !ahead(next.openUntilMs, nowMs, policy.circuit.capMs);
      const wish = verdict.afterMs !== undefined && Number.isFinite(verdict.afterMs);
      if (wish) {
        // A pause of before the clock was set back does not count, and must not outlast this one.
        const knownMs = ahead(next.pausedUntilMs, nowMs, MAX_RETRY_AFTER_MS) ? next.pausedUntilMs : 0;
        // Those that were under way together are one refusal.
        const refusals = (next.refusals ?? 0) + (knownMs === 0 ? 1 : 0);
        const beyond = refusals - policy.circuit.failures;
        const ownMs = beyond > 0 && knownMs === 0 ? backoffMs(beyond, policy.circuit, random) : 0;
        const wishMs = Math.min(Math.max(verdict.afterMs ?? 0, 0), MAX_RETRY_AFTER_MS);
        next = { ...next, refusals, pausedUntilMs: Math.max(knownMs, nowMs + Math.max(wishMs, ownMs)) };
      }
      if (wish || verdict.status === 429) {
        // No failure, but no success either: the next probe waits as well, or it would follow at once, again and again.
        if (probed) next = { ...next, openUntilMs: nowMs + backoffMs(next.opens, policy.circuit, random) };
      } else {
        const failures = next.failures + 1;
        if (probed || (next.opens === 0 && failures >= policy.circuit.failures)) {
          const opens = next.opens + 1;
          const openUntilMs = nowMs + backoffMs(opens, policy.circuit, random);
          next = { ...next, failures, opens, openUntilMs };
        } else {
          next = { ...next, failures };
        }
      }
    }
  }
  return next;
};
