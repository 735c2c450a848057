type Catalogue = Readonly<Record<string, readonly [help: string, labels: readonly LabelName[]]>>;

/**
 * Every label, and what bounds its values. Nothing an event says becomes a label by itself: a type that nobody has
 * vouched for, a rule that is not loaded, a status that HTTP does not know are all `other`.
 */
export const LABELS = {
  account: 'Name of an account of the configuration.',
  budget:
    'A budget of requests: `all` (`api.requests_per_second`), `reconcile` (the second reader), `backfill`.',
  condition: 'Name of a condition, such as `blind`.',
  event_type:
    'A type of event that the API lists, that we know by name, or that was in the history at start; every other one is `other`.',
  hash: 'Hash of a configuration; one at a time.',
  kind: '`rule`, `system`, `drill` or `summary`.',
  level: '`informational`, `low`, `medium`, `high` or `critical`.',
  outcome: 'What came of it; the values are in the meaning of each metric.',
  plan: '`send`, `held`, `grouped`, `suppressed`, `silenced`, or `none`: recorded and sent nowhere.',
  rule: 'Id of a rule that is loaded; for other alerts `system`, `drill`, `summary`.',
  sink: 'Name of a sink of the configuration, or of a former one that still has deliveries.',
  state: 'State of a delivery.',
  status: 'HTTP status of the answer, `none` when there was none.',
  subject: 'The account, sink or rule that a condition is about; empty: the monitor as a whole.',
  sweep: 'A window of `reconcile.windows`, such as `1h`.',
  title: 'Title of a rule.',
  version: 'Version of the program.',
} as const satisfies Record<string, string>;
type LabelName = keyof typeof LABELS;

/** Every counter, without its `vonage_audit_monitor_` prefix: help text and label names. */
export const COUNTERS = {
  api_requests_total: [
    'Requests to the Audit API by outcome: ok, blind, unavailable, invalid, aborted, failed.',
    ['account', 'outcome', 'status'],
  ],
  api_budget_waited_seconds_total: ['How long requests have waited for their budget.', ['budget']],
  polls_total: [
    'Passes by outcome: completed, blind, unavailable, invalid, store, failed.',
    ['account', 'outcome'],
  ],
  events_total: ['New audit events stored.', ['account']],
  events_by_type_total: ['New audit events stored, by type.', ['event_type']],
  events_judged_total: ['New audit events held against the rules.', []],
  events_quarantined_total: ['Elements that were no event we understand.', ['account']],
  events_late_total: ['New events that lay behind the watermark when they were found.', ['account']],
  events_reconciled_total: ['New events found by the second reader.', ['account']],
  windows_unverified_total: ['Windows about which the API contradicted itself.', ['account']],
  windows_reread_total: [
    'Windows read by the second reader, by outcome: verified, unverified.',
    ['account', 'outcome'],
  ],
  drift_total: ['Forms of events that were never seen before.', ['account']],
  alerts_total: ['Alerts decided.', ['kind', 'level']],
  rule_matches_total: ['Matches of a rule, shadow rules included.', ['rule']],
  rule_alerts_total: ['Alerts of a rule that were new.', ['rule']],
  rule_errors_total: ['Times a rule failed on an event.', ['rule']],
  rule_values_cut_total: ['Values longer than 64 KiB that were cut for matching.', []],
  rule_events_ungrouped_total: ['Events that lacked a group-by field and took no part in a correlation.', []],
  rule_groups_evicted_total: ['Groups of stateful rules forgotten since there were too many.', []],
  rule_events_late_total: ['Events too late for the correlation window they belong to.', []],
  deliveries_planned_total: [
    'Deliveries of alerts of events as decided, by rule and plan.',
    ['rule', 'plan'],
  ],
  delivery_attempts_total: ['Attempts by outcome: sent, retry, rejected.', ['sink', 'outcome']],
  feed_attempts_total: [
    'Attempts to hand over a batch of audit events, by outcome: sent, retry, rejected.',
    ['sink', 'outcome'],
  ],
  feed_events_total: [
    'Audit events fed to a sink: sent, refused, or pruned before they were sent.',
    ['sink', 'outcome'],
  ],
  heartbeats_total: ['Heartbeats by outcome: sent, withheld, failed.', ['outcome']],
  drills_total: ['Scheduled drills by outcome: arrived, failed.', ['sink', 'outcome']],
  config_reloads_total: [
    'Times configuration and rules were read again, by outcome: applied, refused.',
    ['outcome'],
  ],
  trace_spans_total: ['Spans of traces by outcome: exported, dropped, refused.', ['outcome']],
  metric_series_dropped_total: ['Label sets that were not counted since a metric had too many.', []],
} as const satisfies Catalogue;

/** Every gauge, as {@link COUNTERS}. */
export const GAUGES = {
  build_info: ['Always 1; the version is a label.', ['version']],
  lease_held: ['Whether this process polls and delivers (1) or stands by (0).', []],
  replicas: ['Living processes that share the store, as this one saw them last.', []],
  replica_shares: ['Accounts, sinks, feeds and duties that this replica works.', ['kind']],
  poll_interval_seconds: ['Time between two passes of one account, as configured.', []],
  watermark_timestamp_seconds: ['Up to when the trail is completely read.', ['account']],
  last_poll_timestamp_seconds: ['When the last pass was committed.', ['account']],
  unverified_ranges: ['Stretches of the trail that were read and are not proven complete.', ['account']],
  unverified_seconds: ['Length of what was read and is not proven complete.', ['account']],
  overlap_seconds: ['How far behind the watermark passes read again.', ['account']],
  overlap_proposed_seconds: ['The overlap that fits the lateness measured.', ['account']],
  sweep_progress_ratio: ['How far the second reader is through a sweep, 0 to 1.', ['account', 'sweep']],
  sweep_completed_timestamp_seconds: ['When a sweep was last completed.', ['account', 'sweep']],
  backfills_waiting: ['Backfills that are not done.', ['account']],
  backfill_unread_seconds: ['How much of the oldest waiting backfill is still to be read.', ['account']],
  api_budget_interval_seconds: ['Time between two requests that a budget allows.', ['budget']],
  quarantined_elements: ['Elements in quarantine, at most 100000 counted.', []],
  store_bytes: ['Size of the database with its write-ahead log.', []],
  store_events: ['Audit events kept.', []],
  rules_loaded: ['Rules that are evaluated.', []],
  rule_info: ['Always 1; title and level of a loaded rule are labels.', ['rule', 'title', 'level']],
  silences_in_force: ['Silences that hide alerts now.', []],
  deliveries: ['Deliveries in the outbox by state.', ['sink', 'state']],
  oldest_delivery_age_seconds: [
    'Age of the oldest delivery that is due, being sent or to be tried again; 0: there is none.',
    ['sink'],
  ],
  delivery_overdue_seconds: ['How long the delivery that is due longest has been due.', ['sink']],
  last_delivery_timestamp_seconds: ['When a delivery was last taken, since the start.', ['sink']],
  circuit_open: ['Whether the receiver counts as down and is only probed (1).', ['sink']],
  sink_pause_seconds: ['For how long the receiver still asked for a pause.', ['sink']],
  feed_lag_events: [
    'Audit events that a fed sink has still to get; `(fleet)`: that fleet rules have still to judge.',
    ['sink'],
  ],
  feed_lag_seconds: ['How long the oldest of them has been stored.', ['sink']],
  conditions_open: ['Open conditions of the monitor about itself.', ['condition']],
  condition_since_timestamp_seconds: ['When an open condition began.', ['condition', 'subject']],
  last_heartbeat_timestamp_seconds: ['When a heartbeat was last taken, since the start.', []],
  last_drill_timestamp_seconds: ['When the last scheduled drill that arrived was started.', ['sink']],
  config_info: ['Always 1; the hash of the configuration in force is a label.', ['hash']],
  config_last_reload_successful: [
    'Whether the configuration in force is the latest that was read (1), or the latest was refused (0).',
    [],
  ],
  config_last_reload_success_timestamp_seconds: ['When the configuration in force was read.', []],
} as const satisfies Catalogue;

/** Every histogram, as {@link COUNTERS}. */
export const HISTOGRAMS = {
  api_request_duration_seconds: ['Duration of requests to the Audit API.', ['account']],
  poll_duration_seconds: ['Duration of passes.', ['account']],
  event_lateness_seconds: ['How long after its created_at an event was first seen.', ['account']],
  rule_evaluation_duration_seconds: ['Time to hold the new events of one window against all rules.', []],
  delivery_duration_seconds: ['Duration of attempts.', ['sink']],
} as const satisfies Catalogue;

export type CounterName = keyof typeof COUNTERS;
export type GaugeName = keyof typeof GAUGES;
export type HistogramName = keyof typeof HISTOGRAMS;
