import type { NewAlert } from './decided.ts';

/** Conditions the parts notice in themselves; `subject` is the account or sink. Text and routing are made elsewhere. */
export type ConditionName =
  | 'blind'
  | 'stale'
  | 'unverified'
  | 'clock_skew'
  | 'parked'
  | 'circuit'
  | 'drill'
  | 'feed'
  | 'rule_failing'
  | 'config'
  | 'skew'
  | 'store';

/** Where a part reports trouble with itself. Both are no-ops when the condition already is in that state. */
export interface Trouble {
  raise(condition: ConditionName, subject: string, detail: string): Promise<void>;
  clear(condition: ConditionName, subject: string): Promise<void>;
}

/** The opening or closing of one condition of the monitor about itself, such as `blind:default`. */
export interface ConditionChange {
  readonly key: string;
  readonly open: boolean;
  /**
   * The alert to store when this really is a change of state. `sinceMs` is when the condition was opened: now for an
   * opening, the stored time for a closing. Synchronous and pure; runs inside the transaction.
   */
  alert(sinceMs: number): NewAlert;
}

/** Conditions are kept in the store, so a restart neither repeats an alert nor forgets to resolve it. */
export interface Conditions {
  /**
   * Applies changes in one transaction: opening an open condition or closing a closed one does nothing. Resolves with
   * the keys that changed; their alerts and deliveries are then in the store.
   */
  change(changes: readonly ConditionChange[]): Promise<readonly string[]>;
  /** Keys that are open, with their start. */
  open(): Promise<ReadonlyMap<string, number>>;
}
