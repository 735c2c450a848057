import type { Json } from '../base/json.ts';
import type { Level } from './alert.ts';
import type { AuditEvent } from './event.ts';

/** What the rest of the monitor needs to know of a rule. */
export interface RuleInfo {
  /** Sigma `id`, or a stable hash of the content when the rule has none. */
  readonly id: string;
  readonly title: string;
  readonly description: string | undefined;
  readonly level: Level;
  readonly tags: readonly string[];
  readonly references: readonly string[];
  readonly falsepositives: readonly string[];
  /** Dotted names of the event fields that the alert shows, in order. */
  readonly fields: readonly string[];
  /** `monitor.to`: sinks that get the alert instead of what the routes say. */
  readonly to: readonly string[] | undefined;
  /** `monitor.message`: template of the alert's sentence. */
  readonly message: string | undefined;
  /** Evaluate, record and count, but send nothing. */
  readonly shadow: boolean;
  /** Silences do not apply. */
  readonly unsilenceable: boolean;
  /** `monitor.suppress`: kept for delivery. */
  readonly suppress: { readonly by: readonly string[]; readonly forMs: number } | undefined;
  /** `monitor.first_seen`: the match's `value` was not met before in `field`, among events with the same `by`. */
  readonly firstSeen?: { readonly field: string; readonly by: readonly string[] } | undefined;
  /** `monitor.changed`: `field` was the match's `previous` (null: not known) and is now `value`. */
  readonly changed?: { readonly field: string; readonly by: readonly string[] } | undefined;
  /** File the rule was read from, for messages. */
  readonly file: string;
}

/** The absence that a `resolved` match ends. */
export interface EndedAbsence {
  /** Since when what was expected was missing: where the window that was judged began. Epoch ms. */
  readonly sinceMs: number;
  /** `atMs` of the firing match, whose `group` is the same. Epoch ms. */
  readonly firedAtMs: number;
}

/** A rule holding for an event, or for a group of events in a correlation; or, for absences, holding no longer. */
export interface Match {
  readonly rule: RuleInfo;
  /** `resolved` only for an absence that fired before, once, when what was missing has come back. */
  readonly status: 'firing' | 'resolved';
  /** Of a resolved match: what has ended. Undefined for a firing one. */
  readonly ended?: EndedAbsence;
  /** At least one for detections and correlations, oldest first; empty for an absence; what came back, for its end. */
  readonly events: readonly AuditEvent[];
  /**
   * What tells this match from others of the same rule and events: group and window start of a correlation. A resolved
   * match has that of the firing one.
   */
  readonly group: string | undefined;
  /** Extra values for templates and for the reader: `previous`, `count`, group-by values, … */
  readonly values: Readonly<Record<string, Json>>;
  /** When it happened: `created_at` of the newest event, or the end of an absence window. Epoch ms. */
  readonly atMs: number;
}

/** Memory of stateful rules for one account. Writes are collected and committed with the batch that made them. */
export interface RuleState {
  get(key: string): Json | undefined;
  /** null forgets the key. */
  set(key: string, value: Json): void;
}
