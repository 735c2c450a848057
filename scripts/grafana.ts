import { mkdirSync, writeFileSync } from 'node:fs';

/* Writes the dashboard for Grafana. It is described here, panel by panel; the JSON is what Grafana imports. */

const FILE = new URL('../deploy/grafana/vonage-audit-monitor.json', import.meta.url);

/** A metric of ours, of the jobs chosen at the top. */
const m = (name: string, labels = ''): string =>
  `vonage_audit_monitor_${name}{job=~"$job"${labels === '' ? '' : `,${labels}`}}`;
const ACCOUNT = 'account=~"$account"';
const SINK = 'sink=~"$sink"';
/** Per second, as a sum by some labels. */
const rate = (name: string, by: string, labels = ''): string =>
  `sum by (${by}) (rate(${m(name, labels)}[$__rate_interval]))`;
const quantile = (q: number, name: string, by: string, labels = ''): string =>
  `histogram_quantile(${q}, sum by (${by === '' ? 'le' : `le, ${by}`}) (rate(${m(`${name}_bucket`, labels)}[$__rate_interval])))`;
/** Of several processes on one store the one that holds the lease knows best: the largest value counts. */
const largest = (by: string, expr: string): string => `max by (${by}) (${expr})`;
/** Titles in place of ids. */
const titled = (expr: string): string =>
  `(${expr}) * on (rule) group_left (title) max by (rule, title) (${m('rule_info')})`;

type Step = readonly [color: 'green' | 'yellow' | 'orange' | 'red' | 'blue', from: number];
interface PanelSpec {
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries' | 'table' | 'state-timeline' | 'bargauge';
  /** Of 24. */
  readonly width: number;
  readonly height?: number;
  readonly unit?: string;
  readonly queries: readonly (readonly [expr: string, legend: string])[];
  /** Colours from these values on; the first one holds below the second. */
  readonly steps?: readonly Step[];
  readonly stacked?: boolean;
  readonly texts?: Readonly<Record<string, readonly [text: string, color: string]>>;
  readonly instant?: boolean;
  readonly max?: number;
}

const GOOD_AT_ZERO: readonly Step[] = [
  ['green', 0],
  ['red', 1],
];
const age = (warn: number, bad: number): readonly Step[] => [
  ['green', 0],
  ['orange', warn],
  ['red', bad],
];

const ROWS: readonly (readonly [title: string, panels: readonly PanelSpec[]])[] = [
  [
    'Is everything all right?',
    [
      {
        title: 'Open conditions',
        description:
          'What the monitor says is wrong with itself. 0: nothing. The table beside it has each one with its account, sink or rule.',
        type: 'stat',
        width: 4,
        queries: [[`sum(${largest('condition', m('conditions_open'))})`, '']],
        steps: GOOD_AT_ZERO,
        texts: { '0': ['All is well', 'green'] },
      },
      {
        title: 'Behind the present',
        description:
          'How far the account that is furthest behind is completely read. Normal is one poll interval and some seconds; what is older than this is known to be seen.',
        type: 'stat',
        width: 4,
        unit: 's',
        queries: [[`max(time() - ${largest('account', m('watermark_timestamp_seconds', ACCOUNT))})`, '']],
        steps: age(180, 600),
      },
      {
        title: 'Oldest alert on its way',
        description:
          'Age of the oldest alert that is due and has not reached its receiver. What a route or a rule holds on purpose does not count.',
        type: 'stat',
        width: 4,
        unit: 's',
        queries: [[`max(${m('oldest_delivery_age_seconds', SINK)})`, '']],
        steps: age(60, 600),
      },
      {
        title: 'Parked alerts',
        description: 'Alerts that no retry will bring to their receiver: a person has to look at them.',
        type: 'stat',
        width: 4,
        queries: [[`sum(${largest('sink', m('deliveries', `state="parked",${SINK}`))})`, '']],
        steps: GOOD_AT_ZERO,
      },
      {
        title: 'Not proven complete',
        description:
          'How much of the trail was read without proof that nothing is missing. The second reader mends it by itself, as a rule within hours.',
        type: 'stat',
        width: 4,
        unit: 's',
        queries: [[`sum(${largest('account', m('unverified_seconds', ACCOUNT))})`, '']],
        steps: age(1, 3_600),
      },
      {
        title: 'Findings in 24 hours',
        description: 'Alerts of rules, whatever became of them.',
        type: 'stat',
        width: 4,
        queries: [[`sum(increase(${m('alerts_total', 'kind="rule"')}[24h]))`, '']],
        steps: [['blue', 0]],
      },
      {
        title: 'Conditions that are open',
        description: 'For how long each has been open. docs/operations.md has a section for each condition.',
        type: 'table',
        width: 12,
        height: 7,
        unit: 's',
        instant: true,
        queries: [[`time() - ${largest('condition, subject', m('condition_since_timestamp_seconds'))}`, '']],
      },
      {
        title: 'Alerts by level',
        description: 'Alerts decided, an hour, drills and summaries left out.',
        type: 'timeseries',
        width: 12,
        height: 7,
        stacked: true,
        queries: [
          [`sum by (level) (increase(${m('alerts_total', 'kind=~"rule|system"')}[1h]))`, '{{level}}'],
        ],
      },
    ],
  ],
  [
    'Collecting',
    [
      {
        title: 'Behind the present, by account',
        description:
          'Age of the watermark. A saw with teeth of one poll interval is normal; a line that climbs is an account that is not read.',
        type: 'timeseries',
        width: 12,
        unit: 's',
        queries: [
          [`time() - ${largest('account', m('watermark_timestamp_seconds', ACCOUNT))}`, '{{account}}'],
        ],
      },
      {
        title: 'Passes by outcome',
        description: 'Everything but completed is a pass that failed, by what failed it.',
        type: 'timeseries',
        width: 6,
        unit: 'cpm',
        stacked: true,
        queries: [[`60 * ${rate('polls_total', 'outcome', ACCOUNT)}`, '{{outcome}}']],
      },
      {
        title: 'Duration of passes',
        description: 'Median and 99th percentile.',
        type: 'timeseries',
        width: 6,
        unit: 's',
        queries: [
          [quantile(0.5, 'poll_duration_seconds', '', ACCOUNT), 'p50'],
          [quantile(0.99, 'poll_duration_seconds', '', ACCOUNT), 'p99'],
        ],
      },
      {
        title: 'API requests by status',
        description: 'Answers of the Audit API; none: there was no answer.',
        type: 'timeseries',
        width: 6,
        unit: 'reqps',
        stacked: true,
        queries: [[rate('api_requests_total', 'status', ACCOUNT), '{{status}}']],
      },
      {
        title: 'Duration of API requests',
        description: 'Median and 99th percentile, failures included.',
        type: 'timeseries',
        width: 6,
        unit: 's',
        queries: [
          [quantile(0.5, 'api_request_duration_seconds', '', ACCOUNT), 'p50'],
          [quantile(0.99, 'api_request_duration_seconds', '', ACCOUNT), 'p99'],
        ],
      },
      {
        title: 'Lateness of events',
        description:
          'How long after it happened an event was first seen. Most of it is the API and the poll interval.',
        type: 'timeseries',
        width: 6,
        unit: 's',
        queries: [
          [quantile(0.5, 'event_lateness_seconds', '', ACCOUNT), 'p50'],
          [quantile(0.99, 'event_lateness_seconds', '', ACCOUNT), 'p99'],
          [`max(${m('overlap_seconds', ACCOUNT)})`, 'overlap'],
          [`max(${m('overlap_proposed_seconds', ACCOUNT)})`, 'overlap that would fit'],
        ],
      },
      {
        title: 'Events by type',
        description: 'New events an hour; other: types that nobody has vouched for.',
        type: 'timeseries',
        width: 6,
        stacked: true,
        queries: [
          [`topk(12, sum by (event_type) (increase(${m('events_by_type_total')}[1h])))`, '{{event_type}}'],
        ],
      },
      {
        title: 'Events by account',
        description:
          'New events an hour. An account that falls silent may be one whose events are no longer shown.',
        type: 'timeseries',
        width: 6,
        stacked: true,
        queries: [[`sum by (account) (increase(${m('events_total', ACCOUNT)}[1h]))`, '{{account}}']],
      },
      {
        title: 'What was found late',
        description:
          'Events behind the watermark, those that the second reader found, elements nobody understands, new forms. An hour.',
        type: 'timeseries',
        width: 6,
        queries: [
          [`sum(increase(${m('events_late_total', ACCOUNT)}[1h]))`, 'late'],
          [`sum(increase(${m('events_reconciled_total', ACCOUNT)}[1h]))`, 'found by the second reader'],
          [`sum(increase(${m('events_quarantined_total', ACCOUNT)}[1h]))`, 'quarantined'],
          [`sum(increase(${m('drift_total', ACCOUNT)}[1h]))`, 'new forms'],
        ],
      },
      {
        title: 'Not proven complete, by account',
        description: 'Length of what was read without proof, and how often the API contradicted itself.',
        type: 'timeseries',
        width: 6,
        unit: 's',
        queries: [
          [largest('account', m('unverified_seconds', ACCOUNT)), '{{account}}'],
          [`sum(increase(${m('windows_unverified_total', ACCOUNT)}[1h]))`, 'windows an hour'],
        ],
      },
      {
        title: 'Second reader and backfills',
        description: 'How far the sweeps are (1: done), and what backfills have still to read.',
        type: 'timeseries',
        width: 6,
        queries: [
          [`min by (sweep) (${m('sweep_progress_ratio', ACCOUNT)})`, 'sweep {{sweep}}'],
          [`sum(${largest('account', m('backfills_waiting', ACCOUNT))})`, 'backfills waiting'],
          [`sum(${largest('account', m('backfill_unread_seconds', ACCOUNT))}) / 86400`, 'days unread'],
        ],
      },
      {
        title: 'Waiting for request budgets',
        description:
          'Seconds that requests wait for their budget, a second. Above 1 more than one request waits all the time.',
        type: 'timeseries',
        width: 6,
        queries: [[rate('api_budget_waited_seconds_total', 'budget'), '{{budget}}']],
      },
    ],
  ],
  [
    'Rules',
    [
      {
        title: 'Matches by rule, last day',
        description: 'The rules that matched most, rules in shadow included.',
        type: 'bargauge',
        width: 8,
        instant: true,
        queries: [
          [
            `topk(10, ${titled(`sum by (rule) (increase(${m('rule_matches_total')}[1d]))`)} > 0)`,
            '{{title}}',
          ],
        ],
      },
      {
        title: 'Alerts by rule',
        description: 'Alerts that were new, an hour.',
        type: 'timeseries',
        width: 8,
        stacked: true,
        queries: [
          [`topk(10, ${titled(`sum by (rule) (increase(${m('rule_alerts_total')}[1h]))`)} > 0)`, '{{title}}'],
        ],
      },
      {
        title: 'What becomes of alerts',
        description:
          'Deliveries as planned, an hour: sent at once, held, grouped, suppressed, silenced, or recorded only.',
        type: 'timeseries',
        width: 8,
        stacked: true,
        queries: [[`sum by (plan) (increase(${m('deliveries_planned_total')}[1h]))`, '{{plan}}']],
      },
      {
        title: 'Time to judge',
        description: 'Mean time of one event against all rules, and the 99th percentile of whole windows.',
        type: 'timeseries',
        width: 8,
        unit: 's',
        queries: [
          [
            `sum(rate(${m('rule_evaluation_duration_seconds_sum')}[$__rate_interval])) / sum(rate(${m('events_judged_total')}[$__rate_interval]))`,
            'an event',
          ],
          [quantile(0.99, 'rule_evaluation_duration_seconds', ''), 'a window, p99'],
        ],
      },
      {
        title: 'Rules in trouble',
        description: 'Failures by rule, and what stateful rules could not take into account. An hour.',
        type: 'timeseries',
        width: 8,
        queries: [
          [`${titled(`sum by (rule) (increase(${m('rule_errors_total')}[1h]))`)} > 0`, 'failed: {{title}}'],
          [`sum(increase(${m('rule_groups_evicted_total')}[1h]))`, 'groups forgotten'],
          [`sum(increase(${m('rule_events_late_total')}[1h]))`, 'events too late'],
          [`sum(increase(${m('rule_events_ungrouped_total')}[1h]))`, 'events without group'],
          [`sum(increase(${m('rule_values_cut_total')}[1h]))`, 'values cut'],
        ],
      },
      {
        title: 'Rules and silences',
        description: 'Rules that are evaluated, and silences that hide alerts now.',
        type: 'stat',
        width: 8,
        queries: [
          [`max(${m('rules_loaded')})`, 'rules'],
          [`max(${m('silences_in_force')})`, 'silences in force'],
        ],
        steps: [['blue', 0]],
      },
    ],
  ],
  [
    'Delivering',
    [
      {
        title: 'Waiting, by sink',
        description: 'Deliveries that are not sent yet, those held on purpose included.',
        type: 'timeseries',
        width: 8,
        stacked: true,
        queries: [
          [
            `sum by (sink) (${largest('sink, state', m('deliveries', `state=~"pending|sending",${SINK}`))})`,
            '{{sink}}',
          ],
        ],
      },
      {
        title: 'Age of the oldest, by sink',
        description: 'The oldest delivery that is due, and how long one has been due without being tried.',
        type: 'timeseries',
        width: 8,
        unit: 's',
        queries: [
          [largest('sink', m('oldest_delivery_age_seconds', SINK)), '{{sink}}'],
          [`${largest('sink', m('delivery_overdue_seconds', SINK))} > 0`, '{{sink}} overdue'],
        ],
      },
      {
        title: 'Circuits',
        description: 'Open: the receiver counts as down and is only probed.',
        type: 'state-timeline',
        width: 8,
        queries: [[largest('sink', m('circuit_open', SINK)), '{{sink}}']],
        texts: { '0': ['closed', 'green'], '1': ['open', 'red'] },
      },
      {
        title: 'Attempts by outcome',
        description: 'retry: tried again later; rejected: parked.',
        type: 'timeseries',
        width: 8,
        unit: 'ops',
        stacked: true,
        queries: [[rate('delivery_attempts_total', 'outcome', SINK), '{{outcome}}']],
      },
      {
        title: 'Duration of attempts, p99',
        description: 'How long receivers take to answer, by sink.',
        type: 'timeseries',
        width: 8,
        unit: 's',
        queries: [[quantile(0.99, 'delivery_duration_seconds', 'sink', SINK), '{{sink}}']],
      },
      {
        title: 'Last delivery taken',
        description:
          'How long ago, since the process started. A quiet sink is no dead sink: only drills tell.',
        type: 'stat',
        width: 8,
        unit: 's',
        queries: [[`time() - ${largest('sink', m('last_delivery_timestamp_seconds', SINK))}`, '{{sink}}']],
        steps: [['blue', 0]],
      },
      {
        title: 'Pauses asked for',
        description: 'For how long receivers still ask not to be asked (Retry-After).',
        type: 'timeseries',
        width: 6,
        unit: 's',
        queries: [[`${largest('sink', m('sink_pause_seconds', SINK))} > 0`, '{{sink}}']],
      },
      {
        title: 'Feeds',
        description: 'Events that fed sinks have still to get, and for how long the oldest has waited.',
        type: 'timeseries',
        width: 6,
        queries: [
          [largest('sink', m('feed_lag_events', SINK)), '{{sink}} events'],
          [largest('sink', m('feed_lag_seconds', SINK)), '{{sink}} seconds'],
        ],
      },
      {
        title: 'Fed events by outcome',
        description: 'refused: set aside; pruned: deleted by the retention before it was sent. An hour.',
        type: 'timeseries',
        width: 6,
        stacked: true,
        queries: [
          [`sum by (outcome) (increase(${m('feed_events_total', SINK)}[1h]))`, '{{outcome}}'],
          [
            `sum(increase(${m('feed_attempts_total', `${SINK},outcome!="sent"`)}[1h]))`,
            'attempts that failed',
          ],
        ],
      },
      {
        title: 'Proofs',
        description: 'Scheduled drills and heartbeats, an hour.',
        type: 'timeseries',
        width: 6,
        queries: [
          [`sum by (outcome) (increase(${m('drills_total', SINK)}[1h]))`, 'drills {{outcome}}'],
          [`sum by (outcome) (increase(${m('heartbeats_total')}[1h]))`, 'heartbeats {{outcome}}'],
        ],
      },
    ],
  ],
  [
    'Process',
    [
      {
        title: 'Memory',
        description: 'Resident, and the heap of JavaScript.',
        type: 'timeseries',
        width: 6,
        unit: 'bytes',
        queries: [
          ['process_resident_memory_bytes{job=~"$job"}', 'resident {{instance}}'],
          ['nodejs_heap_size_used_bytes{job=~"$job"}', 'heap {{instance}}'],
        ],
      },
      {
        title: 'Processor',
        description:
          '1: one core is busy all the time. The monitor works on one, SQLite and collection included.',
        type: 'timeseries',
        width: 6,
        unit: 'percentunit',
        queries: [['rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval])', '{{instance}}']],
      },
      {
        title: 'Event loop lag, p99',
        description: 'For how long nothing else happened. Commits wait for the disk here.',
        type: 'timeseries',
        width: 6,
        unit: 's',
        queries: [['nodejs_eventloop_lag_p99_seconds{job=~"$job"}', '{{instance}}']],
      },
      {
        title: 'Database',
        description: 'Size of the file with its log; events kept.',
        type: 'timeseries',
        width: 6,
        unit: 'bytes',
        queries: [[`max(${m('store_bytes')})`, 'bytes']],
      },
      {
        title: 'Role and age',
        description: 'Which process polls and delivers, and how long each has been running.',
        type: 'table',
        width: 8,
        height: 6,
        unit: 's',
        instant: true,
        queries: [
          [
            `(time() - process_start_time_seconds{job=~"$job"}) * on (job, instance) group_left (version) ${m('build_info')}`,
            '',
          ],
        ],
      },
      {
        title: 'Holds the lease',
        description: 'Exactly one process of each store does.',
        type: 'state-timeline',
        width: 8,
        height: 6,
        queries: [[m('lease_held'), '{{instance}}']],
        texts: { '0': ['stands by', 'blue'], '1': ['active', 'green'] },
      },
      {
        title: 'Configuration',
        description: 'Whether the configuration in force is the latest that was read.',
        type: 'stat',
        width: 4,
        height: 6,
        queries: [[`min(${m('config_last_reload_successful')})`, '']],
        texts: { '0': ['refused, the old one is in force', 'red'], '1': ['in force', 'green'] },
      },
      {
        title: 'Events kept',
        description: 'And elements in quarantine.',
        type: 'stat',
        width: 4,
        height: 6,
        queries: [
          [`max(${m('store_events')})`, 'events'],
          [`max(${m('quarantined_elements')})`, 'in quarantine'],
        ],
        steps: [['blue', 0]],
      },
    ],
  ],
];

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

const panelOf = (spec: PanelSpec, id: number, gridPos: object): object => ({
  id,
  type: spec.type,
  title: spec.title,
  description: spec.description,
  datasource: DATASOURCE,
  gridPos,
  targets: spec.queries.map(([expr, legendFormat], index) => ({
    refId: String.fromCharCode(65 + index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legendFormat === '' ? '__auto' : legendFormat,
    ...(spec.instant ? { instant: true, range: false } : {}),
    ...(spec.type === 'table' ? { format: 'table' } : {}),
  })),
  fieldConfig: {
    defaults: {
      unit: spec.unit ?? 'short',
      min: 0,
      ...(spec.max === undefined ? {} : { max: spec.max }),
      color: { mode: spec.steps === undefined ? 'palette-classic' : 'thresholds' },
      thresholds: {
        mode: 'absolute',
        steps: (spec.steps ?? [['green', 0] as const]).map(([color, from], index) => ({
          color,
          value: index === 0 ? null : from,
        })),
      },
      mappings: [
        {
          type: 'value',
          options: Object.fromEntries(
            Object.entries(spec.texts ?? {}).map(([value, [text, color]], index) => [
              value,
              { text, color, index },
            ]),
          ),
        },
      ].filter(() => spec.texts !== undefined),
      ...(spec.type === 'timeseries'
        ? {
            custom: {
              drawStyle: 'line',
              lineWidth: 1,
              fillOpacity: spec.stacked ? 30 : 8,
              showPoints: 'never',
              spanNulls: false,
              stacking: { mode: spec.stacked ? 'normal' : 'none', group: 'A' },
            },
          }
        : {}),
    },
    overrides: [],
  },
  options:
    spec.type === 'stat'
      ? {
          colorMode: 'background',
          graphMode: 'none',
          reduceOptions: { calcs: ['lastNotNull'] },
          textMode: 'auto',
        }
      : spec.type === 'timeseries'
        ? { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } }
        : spec.type === 'bargauge'
          ? { orientation: 'horizontal', displayMode: 'basic', reduceOptions: { calcs: ['lastNotNull'] } }
          : {},
  ...(spec.type === 'table'
    ? { transformations: [{ id: 'organize', options: { excludeByName: { Time: true, job: true } } }] }
    : {}),
});

const variable = (name: string, label: string, metric: string): object => ({
  name,
  label,
  type: 'query',
  datasource: DATASOURCE,
  definition: `label_values(${metric}, ${name})`,
  query: { query: `label_values(${metric}, ${name})`, refId: `variable-${name}` },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { selected: true, text: ['All'], value: ['$__all'] },
});

/** The dashboard as Grafana imports it. */
export const dashboardText = (): string => {
  const panels: object[] = [];
  let id = 0;
  let y = 0;
  for (const [title, specs] of ROWS) {
    panels.push({
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const spec of specs) {
      const h = spec.height ?? (spec.type === 'stat' ? 4 : 8);
      if (x + spec.width > 24) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      panels.push(panelOf(spec, ++id, { x, y, w: spec.width, h }));
      x += spec.width;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  const dashboard = {
    uid: 'vonage-audit-monitor',
    title: 'vonage-audit-monitor',
    description: 'Whether the audit trail is read, judged and told. docs/metrics.md explains every figure.',
    tags: ['vonage', 'audit'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {} },
        variable('job', 'Job', 'vonage_audit_monitor_build_info'),
        variable('account', 'Account', 'vonage_audit_monitor_watermark_timestamp_seconds'),
        variable('sink', 'Sink', 'vonage_audit_monitor_deliveries'),
      ],
    },
    annotations: {
      list: [
        {
          name: 'Starts',
          datasource: DATASOURCE,
          enable: true,
          iconColor: 'blue',
          expr: 'changes(process_start_time_seconds{job=~"$job"}[1m]) > 0',
          titleFormat: 'started',
        },
      ],
    },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
};

if (import.meta.main) {
  mkdirSync(new URL('.', FILE), { recursive: true });
  writeFileSync(FILE, dashboardText());
}
