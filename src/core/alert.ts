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
  /** Name of the account; '' when the alert is about the monitor as a whole. */
  readonly account: string;
  /** The sentence a woken person reads first. Raw text. */
  readonly message: string;
  /** Facts worth showing, in order. */
  readonly fields: readonly AlertField[];
  /** Verbatim content of the events behind it, oldest first; empty for system alerts. */
  readonly events: readonly JsonObject[];
  readonly eventIds: readonly string[];
  readonly eventTypes: readonly string[];
  /** Sinks named by the rule itself (`monitor.to`), which then decide instead of the routes. */
  readonly to?: readonly string[];
  /** When it happened: `created_at` of the newest event, or the start of the condition. Epoch ms. */
  readonly createdAtMs: number;
  /** When the monitor decided it. Epoch ms. */
  readonly decidedAtMs: number;
}

/** An alert with the deliveries its routes ask for; what one transaction writes together. */
export interface DecidedAlert {
  readonly alert: Alert;
  /** Names of sinks, each once. Empty: recorded, sent nowhere. */
  readonly sinks: readonly string[];
}
