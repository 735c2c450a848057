import { m, quantile, type Row, titled } from './panel.ts';

export const RULES: Row = [
  'Rules',
  [
    {
      title: 'Matches by rule, last day',
      description: 'The rules that matched most, rules in shadow included.',
      type: 'bargauge',
      width: 8,
      instant: true,
      queries: [
        [`topk(10, ${titled(`sum by (rule) (increase(${m('rule_matches_total')}[1d]))`)} > 0)`, '{{title}}'],
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
];
