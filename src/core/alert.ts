import type { JsonObject } from '../base/json.ts';

/** Severity, as in Sigma, least severe first. `informational` and `low` page nobody by the shipped default. */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof LEVELS)[number];

/** `rule`: a finding. `system`: the monitor about itself. `drill`: a test. `summary`: folded ones. */
export const ALERT_KINDS = ['rule', 'system', 'drill', 'summary'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** What an alert says of the rule (or system condition) behind it. */
export interface AlertRule {
  /** Sigma id, or `system.<condition>` for system alerts. */
  readonly id: string;
  readonly title: string;
  readonly level: Level;
  readonly tags: readonly string[];
  /** Links for the reader: runbooks, vendor pages. */
  readonly references: readonly string[];
}

/** One line of facts in an alert. Texts are raw: every sink escapes by its own rules. */
export interface AlertField {
  readonly name: string;
  readonly value: string;
}

/** Something a person or a machine should be told. Decided once, stored before anything is sent, never changed. */
export interface Alert {
  /** Stable hash of rule id and event ids (or condition and its start): evaluating twice cannot make two alerts. */
  readonly id: string;
  readonly kind: AlertKind;
  /** `resolved` only for what can end: conditions of the monitor, and an absence. */
  readonly status: 'firing' | 'resolved';
  readonly rule: AlertRule;
  /** Name of the account; `(fleet)` for that of a rule over all accounts; '' when it is about the monitor as a whole. */
  readonly account: string;
  /** The sentence a woken person reads first. Raw text. */
  readonly message: string;
  /** Facts worth showing, in order. */
  readonly fields: readonly AlertField[];
  /** Verbatim content of the events behind it, oldest first; empty for system alerts. */
  readonly events: readonly JsonObject[];
  readonly eventIds: readonly string[];
  /** For that of a rule over all accounts: of which account each of {@link eventIds} is. */
  readonly eventAccounts?: readonly string[];
  readonly eventTypes: readonly string[];
  /** Sinks named by the rule itself (`monitor.to`), which then decide instead of the routes. */
  readonly to?: readonly string[];
  /** For `status: resolved`: id of the alert that told the beginning. Both have {@link incidentOf} in common. */
  readonly resolves?: string;
  /** Silences do not apply (`monitor.unsilenceable`). */
  readonly unsilenceable?: boolean;
  /** `monitor.suppress`: after the first alert of a key, those within `forMs` are folded into one summary. */
  readonly suppress?: { readonly key: string; readonly forMs: number };
  /** For `kind: summary`: what was folded into it. */
  readonly summary?: Summary;
  /** When it happened: `created_at` of the newest event, or the start of the condition. Epoch ms. */
  readonly createdAtMs: number;
  /** When the monitor decided it. Epoch ms. */
  readonly decidedAtMs: number;
}

/** The account of the event at `index` of an alert's {@link Alert.eventIds}. */
export const accountOfEvent = (alert: Pick<Alert, 'account' | 'eventAccounts'>, index: number): string =>
  alert.eventAccounts?.[index] ?? alert.account;

/** Why alerts were folded: `suppressed` by their rule, `group` of a route, `backlog` of a sink, `held` until a time
 * window opened, `silenced` and told at the end of the silence. */
export const SUMMARY_REASONS = ['suppressed', 'group', 'backlog', 'held', 'silenced'] as const;
export type SummaryReason = (typeof SUMMARY_REASONS)[number];

/** One alert in a summary, as far as a summary shows it. Texts are raw. */
export interface SummaryMember {
  readonly alertId: string;
  readonly kind: AlertKind;
  readonly status: Alert['status'];
  readonly level: Level;
  readonly title: string;
  readonly account: string;
  readonly message: string;
  readonly createdAtMs: number;
}

/** What a summary tells. */
export interface Summary {
  readonly reason: SummaryReason;
  /** How many alerts were folded, those not listed included. At least 1. */
  readonly total: number;
  /** How many of each level; levels without any are left out. */
  readonly levels: Readonly<Partial<Record<Level, number>>>;
  /** The most severe first, newest first among equals; a bounded number. */
  readonly members: readonly SummaryMember[];
}

/** What an alert and the one that resolves it have in common: the identity a receiver's incident should have. */
export const incidentOf = (alert: Pick<Alert, 'id' | 'resolves'>): string => alert.resolves ?? alert.id;
