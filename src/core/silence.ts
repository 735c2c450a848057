import type { Matchers } from './matcher.ts';
import type { TimeWindowSettings } from './time-window.ts';

/** Keeps alerts from being sent, not from being recorded. */
export interface Silence {
  readonly id: string;
  /** Never empty: a silence of everything would be a monitor that is off. */
  readonly match: Matchers;
  /** Who made it. */
  readonly author: string;
  /** Why, in the author's words. */
  readonly reason: string;
  readonly createdAtMs: number;
  /** In force from here … */
  readonly startsAtMs: number;
  /** … up to here (not included). */
  readonly endsAtMs: number;
  /** In force only inside this time of the week: a recurring maintenance window. */
  readonly schedule: TimeWindowSettings | undefined;
  /** When it was ended early, and by whom. */
  readonly expired: { readonly atMs: number; readonly by: string } | undefined;
}

/** A silence with what it has hidden so far. */
export interface SilenceRecord extends Silence {
  /** Alerts it hid. */
  readonly hidden: number;
  /** Those of them that no summary has told yet. */
  readonly untold: number;
}

/** Silences in the store. Every change is an act in the history, written with it. */
export interface Silences {
  /** Puts a silence into force. */
  add(silence: Silence): Promise<void>;
  /** All, newest first; those that have ended at `nowMs` only on request. */
  list(options: { readonly nowMs: number; readonly ended: boolean }): Promise<readonly SilenceRecord[]>;
  /** Ends a silence now. Resolves with whether there was one that had not ended. */
  expire(id: string, by: string, nowMs: number): Promise<boolean>;
  /**
   * Tells what silences have hidden and no longer hide: for each that is not in force at this moment and has something
   * untold, one summary to the sinks that would have had the alerts. Resolves with those silences; the summaries are
   * in the outbox.
   */
  tellEnded(): Promise<readonly EndedSilence[]>;
}

/** A silence of which a summary was put into the outbox. */
export interface EndedSilence {
  readonly silence: Silence;
  readonly hidden: number;
  readonly sinks: readonly string[];
}
