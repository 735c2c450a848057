/**
 * How far a sink is open at the moment: its token bucket and its circuit. Kept in the store beside the outbox, so that a
 * restart neither lets a burst through nor forgets that a receiver is down.
 */
export interface SinkGate {
  /** Tokens of the bucket at `atMs`; a delivery takes one. */
  readonly tokens: number;
  readonly atMs: number;
  /** Failures in a row. */
  readonly failures: number;
  /** How often the circuit has opened in a row; 0: closed. */
  readonly opens: number;
  /** While the circuit is open: no attempt before this, epoch ms; then one at a time. */
  readonly openUntilMs: number;
  /** No attempt before this, epoch ms: the receiver asked for a pause (Retry-After). 0: it did not. */
  readonly pausedUntilMs: number;
  /** How often in a row the receiver asked for a pause instead of taking anything; absent: 0. */
  readonly refusals?: number;
}
