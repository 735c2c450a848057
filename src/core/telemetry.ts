/** Labels of a measurement. Label sets are bounded: names from the configuration, never text from events. */
export type Labels = Readonly<Record<string, string>>;

/** Where the parts report figures. Names come from the catalogues below. */
export interface Telemetry {
  /** Adds to a counter. */
  count(name: CounterName, labels?: Labels, by?: number): void;
  /** Sets a gauge. */
  gauge(name: GaugeName, value: number, labels?: Labels): void;
  /** Adds an observation to a histogram, in the unit its name ends with. */
  observe(name: HistogramName, value: number, labels?: Labels): void;
}

/** Every metric, without its `vonage_audit_monitor_` prefix: help text and label names. */
export const COUNTERS = {
  api_requests_total: ['Requests to the Audit API by outcome.', ['account', 'outcome']],
  polls_total: ['Passes by outcome.', ['account', 'outcome']],
  events_total: ['New audit events stored.', ['account']],
  events_quarantined_total: ['Elements that were no event we understand.', ['account']],
  events_late_total: ['New events that lay behind the watermark when they were found.', ['account']],
  windows_unverified_total: ['Windows about which the API contradicted itself.', ['account']],
  windows_reread_total: ['Windows read by the second reader, by outcome.', ['account', 'outcome']],
  events_reconciled_total: ['New events found by the second reader.', ['account']],
  drift_total: ['Forms of events that were never seen before.', ['account']],
  alerts_total: ['Alerts decided.', ['kind', 'level']],
  rule_errors_total: ['Times a rule failed on an event.', ['rule']],
  rule_values_cut_total: ['Values longer than 64 KiB that were cut for matching.', []],
  rule_events_ungrouped_total: ['Events that lacked a group-by field and took no part in a correlation.', []],
  rule_groups_evicted_total: ['Groups of stateful rules forgotten since there were too many.', []],
  rule_events_late_total: ['Events too late for the correlation window they belong to.', []],
  config_reloads_total: [
    'Times configuration and rules were read again, by outcome: applied, refused.',
    ['outcome'],
  ],
  delivery_attempts_total: ['Attempts by outcome.', ['sink', 'outcome']],
  feed_attempts_total: ['Attempts to hand over a batch of audit events, by outcome.', ['sink', 'outcome']],
  feed_events_total: [
    'Audit events fed to a sink: sent, refused, or pruned before they were sent.',
    ['sink', 'outcome'],
  ],
} as const satisfies Record<string, readonly [string, readonly string[]]>;

export const GAUGES = {
  watermark_timestamp_seconds: ['Up to when the trail is completely read.', ['account']],
  last_poll_timestamp_seconds: ['When the last pass was committed.', ['account']],
  unverified_seconds: ['Length of what was read and is not proven complete.', ['account']],
  overlap_seconds: ['How far behind the watermark passes read again.', ['account']],
  overlap_proposed_seconds: ['The overlap that fits the lateness measured.', ['account']],
  deliveries: ['Deliveries in the outbox by state.', ['sink', 'state']],
  feed_lag_events: ['Audit events that a fed sink has still to get.', ['sink']],
  feed_lag_seconds: ['How long the oldest of them has been stored.', ['sink']],
  conditions_open: ['Open conditions of the monitor about itself.', ['condition']],
  rules_loaded: ['Rules that are evaluated.', []],
  config_last_reload_successful: [
    'Whether the configuration in force is the latest that was read (1), or the latest was refused (0).',
    [],
  ],
  config_last_reload_success_timestamp_seconds: ['When the configuration in force was read.', []],
  config_info: ['Always 1; the hash of the configuration in force is a label.', ['hash']],
  build_info: ['Always 1; the version is a label.', ['version']],
} as const satisfies Record<string, readonly [string, readonly string[]]>;

export const HISTOGRAMS = {
  api_request_duration_seconds: ['Duration of requests to the Audit API.', ['account']],
  poll_duration_seconds: ['Duration of passes.', ['account']],
  event_lateness_seconds: ['How long after its created_at an event was first seen.', ['account']],
  delivery_duration_seconds: ['Duration of attempts.', ['sink']],
} as const satisfies Record<string, readonly [string, readonly string[]]>;

export type CounterName = keyof typeof COUNTERS;
export type GaugeName = keyof typeof GAUGES;
export type HistogramName = keyof typeof HISTOGRAMS;

/** One series of a gauge. */
export interface GaugeSeries {
  readonly labels: Labels;
  readonly value: number;
}

/** {@link Telemetry} for those who know what there is to be measured, and what no longer is. */
export interface Figures extends Telemetry {
  /** Makes these the only series of a gauge: those it had before and that are not among them are gone. */
  replace(name: GaugeName, series: readonly GaugeSeries[]): void;
  /**
   * Drops every series of every metric that has all of these labels, such as `{ account: 'old' }` after that account
   * was taken out of the configuration. To be called when its part has ended: whoever still reports makes it anew.
   */
  forget(labels: Labels): void;
}

/** Telemetry that goes nowhere, for commands that serve no metrics. */
export const noTelemetry: Figures = { count() {}, gauge() {}, observe() {}, replace() {}, forget() {} };
