import type { Clock, Random } from '../core/clock.ts';
import type { ConditionChange } from '../core/conditions.ts';
import type { Verdict } from '../core/delivery.ts';
import type { SinkGate } from '../core/gate.ts';
import type { Log } from '../core/log.ts';
import type { Outbox, SinkSettlement } from '../core/outbox.ts';
import { type Admission, admission, freshGate, type GatePolicy, gateAfter, rebased } from './gate.ts';

/** Builds the stored condition `circuit:<sink>`; composed outside, since the alert behind it must be routed. */
export interface CircuitConditions {
  opened(notice: { readonly sink: string; readonly reason: string }): ConditionChange;
  closed(sink: string): ConditionChange;
}

/** What a group of ended attempts does to the sink itself. */
export interface Turn {
  /** What belongs into the transaction that settles the group; undefined when nothing changes. */
  readonly about: SinkSettlement | undefined;
  readonly changes: readonly ConditionChange[];
  readonly gate: SinkGate;
}

/** The gate of one sink: holds what the store keeps, and tells of changes. */
export interface Gatekeeper {
  /** Reads what an earlier process left. To be called before anything else. */
  load(): Promise<void>;
  /** The decision before a claim; `probing`: a delivery is on its way. */
  admit(probing: boolean): Admission;
  /** Takes over the bucket of a gate after a claim; answers the whole gate, to be stored with the claim. */
  claimed(gate: SinkGate): SinkGate;
  /** The change by attempts that ended, in the order of their end. */
  after(verdicts: readonly Verdict[]): Turn;
  /** To be called once the transaction of a turn is committed. */
  committed(turn: Turn): void;
  /** Whether the receiver counts as down. */
  readonly isOpen: boolean;
  /** Whether nothing that was claimed before may be sent any more: the receiver is down or asked for a pause. */
  readonly isShut: boolean;
}

/**
 * A circuit that opens says so in the log at once; the alert waits until the first probe has failed as well: a receiver
 * that restarts need not wake anybody.
 */
const OPENS_BEFORE_ALARM = 2;

/** Makes a {@link Gatekeeper}. */
export const createGatekeeper = (options: {
  readonly sink: string;
  readonly policy: GatePolicy;
  readonly outbox: Pick<Outbox, 'gate'>;
  readonly conditions: CircuitConditions;
  readonly now: Clock;
  readonly random: Random;
  readonly log: Log;
}): Gatekeeper => {
  const { sink, policy, now, random, log } = options;
  let gate = freshGate(policy, now());
  // Unknown at start: an earlier process may have raised it, so the first answer clears it once.
  let mayBeRaised = true;
  return {
    async load() {
      const stored = await options.outbox.gate(sink);
      // The bucket may have been made smaller since.
      if (stored) gate = { ...stored, tokens: Math.min(stored.tokens, policy.pace?.burst ?? 0) };
    },
    admit(probing) {
      gate = rebased(gate, now());
      return admission(gate, policy, probing, now());
    },
    // Claims and settlements overlap: each changes its own half of the gate, so that neither undoes the other.
    claimed({ tokens, atMs }) {
      gate = { ...gate, tokens, atMs };
      return gate;
    },
    after(verdicts) {
      const next = gateAfter(gate, verdicts, policy, now(), random);
      const changes: ConditionChange[] = [];
      const answered = verdicts.some(({ outcome }) => outcome !== 'retry');
      if (next.opens > gate.opens && next.opens >= OPENS_BEFORE_ALARM) {
        const last = verdicts.findLast((verdict) => verdict.outcome === 'retry');
        changes.push(options.conditions.opened({ sink, reason: last?.reason ?? '' }));
      } else if (next.opens === 0 && answered && mayBeRaised) {
        changes.push(options.conditions.closed(sink));
      }
      const hasten = gate.opens > 0 && next.opens === 0;
      return { about: next === gate ? undefined : { sink, gate: next, hasten }, changes, gate: next };
    },
    committed(turn) {
      const before = gate;
      gate = { ...turn.gate, tokens: before.tokens, atMs: before.atMs };
      if (turn.gate.opens > before.opens) {
        if (turn.gate.opens >= OPENS_BEFORE_ALARM) mayBeRaised = true;
        const until = new Date(turn.gate.openUntilMs).toISOString();
        log.warn('circuit.opened', { sink, failures: turn.gate.failures, next_probe_at: until });
      } else if (turn.gate.opens === 0) {
        if (turn.changes.length > 0) mayBeRaised = false;
        if (before.opens > 0) log.info('circuit.closed', { sink });
      }
    },
    get isOpen() {
      return gate.opens > 0;
    },
    get isShut() {
      const { because } = admission(gate, policy, true, now());
      return because === 'circuit' || because === 'pause';
    },
  };
};
