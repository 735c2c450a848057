import { ACCOUNT, largest, m, quantile, type Row, rate } from './panel.ts';

export const COLLECTING: Row = [
  'Collecting',
  [
    {
      title: 'Behind the present, by account',
      description:
        'Age of the watermark. A saw with teeth of one poll interval is normal; a line that climbs is an account that is not read.',
      type: 'timeseries',
      width: 12,
      unit: 's',
      queries: [[`time() - ${largest('account', m('watermark_timestamp_seconds', ACCOUNT))}`, '{{account}}']],
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
];
