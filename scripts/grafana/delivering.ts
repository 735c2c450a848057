import { largest, m, quantile, type Row, rate, SINK } from './panel.ts';

export const DELIVERING: Row = [
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
      description: 'How long ago, since the process started. A quiet sink is no dead sink: only drills tell.',
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
        [`sum(increase(${m('feed_attempts_total', `${SINK},outcome!="sent"`)}[1h]))`, 'attempts that failed'],
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
];
