import type { Clock } from '../core/clock.ts';
import type { ConditionChange } from '../core/conditions.ts';
import type { Settled } from './settled.ts';

/** What the alert about a parked delivery can tell. */
export interface ParkedNotice {
  readonly sink: string;
  /** Deliveries parked by this commit, and right after it. */
  readonly count: number;
  /** Receiver's reason for the first of them, redacted. */
  readonly reason: string;
  readonly deliveryId: string;
  readonly nowMs: number;
}

/** Builds the stored condition `parked:<sink>`; composed outside, since the alert behind it must be routed. */
export interface SinkConditions {
  parked(notice: ParkedNotice): ConditionChange;
  recovered(sink: string, nowMs: number): ConditionChange;
}

/** The condition `parked:<sink>` as this process knows it. */
export interface ParkedCondition {
  /**
   * The changes that belong into the transaction that settles `group`; so many `more` will be parked right after it, for
   * the same reason.
   */
  changes(group: readonly Settled[], more: number): readonly ConditionChange[];
  /** To be called once that transaction is committed. */
  committed(group: readonly Settled[], changes: readonly ConditionChange[]): void;
}

/**
 * The condition opens with every parking (opening an open one does nothing) and is closed by a delivery that goes
 * through, but not within `recoverAfterMs` of the last parking. Closed means: the sink takes deliveries again. What was
 * parked stays parked.
 */
export const createParkedCondition = (
  sink: string,
  conditions: SinkConditions,
  recoverAfterMs: number,
  now: Clock,
): ParkedCondition => {
  // Unknown at start: an earlier process may have opened it, so the first success closes it once.
  let mayBeOpen = true;
  let lastParkedMs: number | undefined;
  const isQuiet = (): boolean => {
    if (lastParkedMs === undefined) return true;
    const elapsedMs = now() - lastParkedMs;
    // A clock that went backward must not keep the condition open.
    return elapsedMs < 0 || elapsedMs >= recoverAfterMs;
  };
  return {
    changes(group, more) {
      const parked = group.filter(({ settlement }) => settlement.next.state === 'parked');
      const first = parked[0]?.settlement;
      if (first) {
        const { deliveryId, detail: reason } = first;
        return [conditions.parked({ sink, count: parked.length + more, reason, deliveryId, nowMs: now() })];
      }
      const sent = group.some(({ settlement }) => settlement.next.state === 'sent');
      return sent && mayBeOpen && isQuiet() ? [conditions.recovered(sink, now())] : [];
    },
    committed(group, changes) {
      if (group.some(({ settlement }) => settlement.next.state === 'parked')) {
        mayBeOpen = true;
        lastParkedMs = now();
      } else if (changes.length > 0) {
        mayBeOpen = false;
      }
    },
  };
};
