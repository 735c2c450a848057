import { type DatabaseServer, startDatabase } from './database.ts';
import type { Program } from './installation.ts';
import {
  type Done,
  delivering,
  type Load,
  passing,
  type Running,
  startApiOf,
  storing,
  withReplicas,
} from './replica-load.ts';
import { median } from './statistics.ts';
import type { Figure } from './table.ts';

/** At least this share of N times the work of one. */
const LEAST = 0.8;
const COUNTS = [1, 2, 3] as const;
/** Accounts where deliveries are measured: there to be held, and polled once. */
const IDLE = { accounts: 3, interval: '1h' };
/**
 * A backlog is read from its beginning to its end in one pass, in windows so small that many accounts at a time fit into memory.
 * It has to last until all is measured, also with three replicas and a fast machine.
 */
const BACKLOG = { interval: '1h', sinks: 0, deliveries: 0 };
const POLL = { interval: '1h', start: '25h', max_window_events: 1_000 };
const BACKLOG_ACCOUNTS = 42;
const BACKLOG_EVENTS = 12_000;
/** One account alone waits for the API all the time if its pages are small: four of them come in each latency. */
const SMALL_PAGE = 10;
const LONE_EVENTS = 60_000;

/** What can be measured of replicas. */
export const WORKS = ['polls', 'deliveries', 'catch-up'] as const;
/** One of {@link WORKS}. */
export type WorkName = (typeof WORKS)[number];

interface Measured {
  readonly of: WorkName;
  readonly name: string;
  readonly unit: string;
  readonly load: (count: number) => Load;
  readonly measure: (running: Running) => Promise<Done>;
}

/**
 * 1, 2 and 3 replicas as real processes on one PostgreSQL server. First the same work for all of them, each bounded to a part of
 * a core as if it had a small machine of its own, so that one alone cannot do it; then work that grows with them and leaves
 * all of them waiting. Rounds go up and down, so that a machine which gets slower meanwhile favours nobody.
 */
export const measureReplicas = async (
  program: Program,
  options: {
    readonly accounts: number;
    readonly sinks: number;
    readonly deliveries: number;
    readonly percent: number;
    readonly rounds: number;
    readonly seconds: number;
    readonly works: readonly WorkName[];
  },
): Promise<readonly Figure[]> => {
  const server = await startDatabase();
  try {
    const figures: Figure[] = [];
    for (const measured of measurements(options).filter(({ of }) => options.works.includes(of))) {
      figures.push(...rows(measured, await roundsOf(measured, program, server, options.rounds)));
    }
    return figures;
  } finally {
    await server.close();
  }
};

const roundsOf = async (
  { name, unit, load, measure }: Measured,
  program: Program,
  server: DatabaseServer,
  rounds: number,
): Promise<readonly (readonly Done[])[]> => {
  const api = await startApiOf(load(COUNTS.length));
  try {
    const done: Done[][] = COUNTS.map(() => []);
    for (let round = 0; round < rounds; round += 1)
      for (const count of round % 2 === 0 ? COUNTS : COUNTS.toReversed()) {
        const one = await withReplicas(program, server, api.url, load(count), count, measure);
        const cores = one.cores.toFixed(2);
        console.error(`  ${name}: ${count} × → ${Math.round(one.perSecond)} ${unit}, ${cores} cores`);
        done[count - 1]?.push(one);
      }
    return done;
  } finally {
    await api.kill();
  }
};

const measurements = (options: Parameters<typeof measureReplicas>[1]): readonly Measured[] => {
  const { accounts, sinks, deliveries, percent, seconds } = options;
  const bound = `${percent} % of a core each`;
  return [
    {
      of: 'polls',
      name: `${accounts} accounts as often as possible, ${bound}`,
      unit: 'passes/s',
      load: () => ({ accounts, interval: '250ms', sinks: 3, deliveries: 1, percent }),
      measure: (running) => passing(running, seconds),
    },
    {
      of: 'deliveries',
      name: `${sinks} sinks, ${bound}`,
      unit: 'deliveries/s',
      load: () => ({ ...IDLE, sinks, deliveries, percent }),
      measure: delivering,
    },
    {
      of: 'catch-up',
      name: `catch-up of ${BACKLOG_ACCOUNTS} accounts, ${bound}`,
      unit: 'events/s',
      load: () => ({
        ...BACKLOG,
        accounts: BACKLOG_ACCOUNTS,
        backlog: BACKLOG_EVENTS,
        percent,
        poll: POLL,
      }),
      measure: (running) => storing(running, seconds),
    },
    {
      of: 'polls',
      name: '100 accounts every 2 s for each replica',
      unit: 'passes/s',
      load: (count) => ({
        accounts: 100 * count,
        interval: '2s',
        sinks: 2 * count,
        deliveries: 1,
        percent: undefined,
      }),
      measure: (running) => passing(running, seconds),
    },
    {
      of: 'deliveries',
      name: '2 sinks for each replica',
      unit: 'deliveries/s',
      load: (count) => ({ ...IDLE, sinks: 2 * count, deliveries: 2_000 * count, percent: undefined }),
      measure: delivering,
    },
    {
      of: 'catch-up',
      name: `catch-up of one account with pages of ${SMALL_PAGE} for each replica`,
      unit: 'events/s',
      load: (count) => ({
        ...BACKLOG,
        accounts: count,
        backlog: LONE_EVENTS,
        percent: undefined,
        poll: POLL,
        pageSize: SMALL_PAGE,
      }),
      measure: (running) => storing(running, seconds),
    },
  ];
};

const rows = ({ name, unit }: Measured, done: readonly (readonly Done[])[]): readonly Figure[] => {
  const of = (index: number, key: keyof Done): readonly number[] =>
    (done[index] ?? []).map((one) => one[key]);
  const one = of(0, 'perSecond');
  return COUNTS.flatMap((count, index): Figure[] => {
    const rates = of(index, 'perSecond');
    const head: Figure = {
      name: index === 0 ? `${name}: 1 replica` : `  ${count} replicas`,
      value: median(rates),
      unit,
      runs: rates,
      ...(index > 0 && {
        beside: { name: `${count} × one`, value: count * median(one) },
        aim: { share: LEAST },
      }),
    };
    const shares = rates.map((rate, round) => rate / (count * (one[round] ?? Number.NaN)));
    return [
      head,
      ...(index > 0
        ? [
            {
              name: `    of ${count} × one, round by round`,
              value: median(shares),
              unit: 'times',
              runs: shares,
            },
          ]
        : []),
      { name: '    processor time of all of them', value: median(of(index, 'cores')), unit: 'cores' },
    ];
  });
};
