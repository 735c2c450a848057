import type { BackoffPolicy } from '../core/backoff.ts';
import type { GatePolicy } from './gate.ts';

/** How one sink's deliveries are tried. Durations in ms. */
export interface DeliveryPolicy extends BackoffPolicy, GatePolicy {
  /** More due deliveries than this are folded into one digest; undefined: never. */
  readonly foldAbove: number | undefined;
  /** The sink that gets what this one cannot take; undefined: none. */
  readonly fallback: string | undefined;
  /** A delivery that fails when it is older than this is parked. */
  readonly maxAgeMs: number;
  /** How long an attempt may take before it is aborted and counts as failed. */
  readonly attemptTimeoutMs: number;
  /**
   * How long a claim keeps others away. At least twice `attemptTimeoutMs`: a send is only started when it must end
   * within its claim, so that no two processes ever send one delivery at the same time.
   */
  readonly leaseMs: number;
  /** How long sends in flight may take to end when the monitor stops. */
  readonly graceMs: number;
  /**
   * For how long after a parking the condition stays open at least. A sink that takes one alert and refuses the next
   * would otherwise tell of trouble and recovery with every pair.
   */
  readonly recoverAfterMs: number;
}

export const DEFAULT_DELIVERY_POLICY: DeliveryPolicy = {
  baseMs: 1_000,
  capMs: 3_600_000,
  maxAgeMs: 3 * 86_400_000,
  attemptTimeoutMs: 60_000,
  leaseMs: 300_000,
  graceMs: 5_000,
  recoverAfterMs: 60_000,
  pace: undefined,
  circuit: { failures: 5, baseMs: 30_000, capMs: 300_000 },
  foldAbove: undefined,
  fallback: undefined,
};
