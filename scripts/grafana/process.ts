import { m, type Row } from './panel.ts';

export const PROCESS: Row = [
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
];
