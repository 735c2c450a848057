import type { AuditEvent } from '../core/event.ts';
import type { Match, RuleInfo, RuleState } from '../core/match.ts';

/** A rule that failed on an event; the other rules were not touched by it. */
export interface RuleFailure {
  readonly rule: RuleInfo;
  readonly error: unknown;
}

/** What evaluating one event, or one tick of the clock, came to. */
export interface Evaluation {
  readonly matches: readonly Match[];
  readonly failures: readonly RuleFailure[];
}

/** What the engine had to leave out, counted since it was made. */
export interface EngineCounters {
  /** Values longer than 64 KiB that were cut for matching (and leaves past the bound of keyword searches). */
  cutValues: number;
  /** Events that took no part in a correlation since a group-by field was missing. */
  ungroupedEvents: number;
  /** Groups forgotten since a rule had more than its cap. */
  evictedGroups: number;
  /** Events too late for the window they belong to. */
  lateEvents: number;
}

/**
 * Compiled rules. Synchronous and pure: no I/O, no clock. All memory is in the {@link RuleState} handed in.
 */
export interface RuleEngine {
  /** Holds one new event against all rules. Events come in order of (`created_at`, `id`), each id once. */
  evaluate(event: AuditEvent, state: RuleState): Evaluation;
  /** Lets time pass: absences whose window ended at or before `nowMs` match. Call it at least once per pass. */
  tick(nowMs: number, state: RuleState): Evaluation;
  /**
   * Writes what `evaluate` and `tick` have changed to `state`, once per key. To be called at the end of a batch,
   * before its commit. When the commit fails, throw the RuleState away and make a new one from the store.
   */
  flush(state: RuleState): void;
  /** Whether a key of the state is used by one of the rules. */
  isOwnState(key: string): boolean;
  readonly counters: Readonly<EngineCounters>;
}
