import { ACCOUNT, age, GOOD_AT_ZERO, largest, m, type Row, SINK } from './panel.ts';

export const STATE: Row = [
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
      queries: [[`sum by (level) (increase(${m('alerts_total', 'kind=~"rule|system"')}[1h]))`, '{{level}}']],
    },
  ],
];
