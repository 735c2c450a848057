import { type CatchUp, catchUp, HISTORY } from './catch-up.ts';
import { type DatabaseServer, startDatabase, writtenBytes } from './database.ts';
import { type Delivered, deliver, manyAlerts, postBare, startHook } from './delivery.ts';
import { type Program, startSimulator } from './installation.ts';
import {
  type Body,
  fetchesPerSecond,
  fetchPages,
  insertBodies,
  insertRemotely,
  parsePages,
  syncsPerSecond,
} from './limits.ts';
import { createPlace } from './place.ts';
import { measurePolling, type Polling, quietAccounts, startQuietApi } from './polling.ts';
import { median, perSecond } from './statistics.ts';
import type { Figure } from './table.ts';

/** Accounts of the throughput of polls, polled as often as is allowed: nobody waits for anything but the work. */
const ACCOUNTS = 200;
const INTERVAL = '50ms';
/** Fetches at a time, beside the polls. */
const FETCHING = 16;

/** What was measured of a file, and of a database. */
interface Both<T> {
  readonly sqlite: T[];
  readonly postgres: T[];
}

const both = <T>(): Both<T> => ({ sqlite: [], postgres: [] });

/** One after the other, each the first one in every second round: what a machine does to both is the same. */
const inTurn = async <T>(
  round: number,
  results: Both<T>,
  server: DatabaseServer,
  run: (server: DatabaseServer | undefined) => Promise<T>,
): Promise<void> => {
  const sides = ['sqlite', 'postgres'] as const;
  for (const side of round % 2 === 0 ? sides : sides.toReversed())
    results[side].push(await run(side === 'postgres' ? server : undefined));
};

/**
 * The same monitor over a file and over a PostgreSQL server, both durable, in one run: catch-up, deliveries and polls, the limits
 * of either beside them, and what an event, a delivery and a pass cost the process, the server and the disk.
 */
export const measureSideBySide = async (
  program: Program,
  options: {
    readonly events: number;
    readonly deliveries: number;
    readonly rounds: number;
    readonly seconds: number;
  },
): Promise<readonly Figure[]> => {
  const { rounds } = options;
  const server = await startDatabase();
  try {
    const syncs: number[] = [];
    const figures: Figure[] = [];
    for (const measure of [catchUps, deliveries, polls]) {
      syncs.push(syncsPerSecond());
      figures.push(...(await measure(program, server, { ...options, rounds })));
    }
    return [
      {
        name: `bare syncs of a page (PostgreSQL ${server.version})`,
        value: median(syncs),
        unit: '/s',
        runs: syncs,
      },
      ...figures,
    ];
  } finally {
    await server.close();
  }
};

type Options = Parameters<typeof measureSideBySide>[1];
type Measure = (program: Program, server: DatabaseServer, options: Options) => Promise<readonly Figure[]>;

const catchUps: Measure = async (program, server, { events, rounds }) => {
  const simulator = await startSimulator(events, HISTORY);
  try {
    const runs = both<CatchUp>();
    const bare = both<number>();
    const { pages } = await fetchPages(simulator.url, events);
    const { bodies } = parsePages(pages.map((page) => page.toString('utf8')));
    for (let round = 0; round < rounds; round += 1) {
      await inTurn(round, bare, server, async (on) => perSecond(events, await insertBare(bodies, on)));
      await inTurn(round, runs, server, (on) => catchUp(program, simulator.url, events, on));
    }
    const name = `catch-up of ${events.toLocaleString('en')} events`;
    const alerts = median(runs.sqlite.map((run) => run.alerts));
    return [
      ...rates(name, 'events/s', runs, (run) => run.eventsPerSecond, bare, 'bare inserts'),
      ...costs('event', runs, () => events),
      { name: 'resident memory in it, peak, PostgreSQL', ...sides(runs, (run) => run.peakMb), unit: 'MB' },
      {
        name: 'bytes stored per event, PostgreSQL',
        ...sides(runs, (run) => run.bytes / events),
        unit: 'bytes',
      },
      { name: 'alerts decided in it', value: alerts, unit: 'alerts' },
    ];
  } finally {
    await simulator.kill();
  }
};

const insertBare = async (bodies: readonly Body[], server: DatabaseServer | undefined): Promise<number> => {
  if (!server) return insertBodies(bodies).ms;
  const database = await server.create();
  const { ms } = await insertRemotely(bodies, database);
  await database.drop();
  return ms;
};

const deliveries: Measure = async (program, server, options) => {
  const simulator = await startSimulator(0);
  const hook = await startHook(options.deliveries);
  try {
    const alerts = manyAlerts(options.deliveries);
    const runs = both<Delivered>();
    const bare: number[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      bare.push(await postBare(hook, alerts));
      await inTurn(round, runs, server, (on) => deliver(program, simulator.url, hook, alerts, on));
    }
    const name = `deliveries of ${options.deliveries.toLocaleString('en')} to a webhook`;
    const limit = { sqlite: bare, postgres: bare };
    return [
      ...rates(name, 'deliveries/s', runs, (run) => run.perSecond, limit, 'bare posts'),
      ...costs('delivery', runs, () => options.deliveries),
    ];
  } finally {
    await Promise.all([simulator.kill(), hook.kill()]);
  }
};

const polls: Measure = async (program, server, { rounds, seconds }) => {
  const api = await startQuietApi(ACCOUNTS, 0);
  try {
    const runs = both<Polling>();
    const bare: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await fetchesPerSecond(api.url, ACCOUNTS, FETCHING, 10 * ACCOUNTS));
      await inTurn(round, runs, server, async (on) => {
        const place = await createPlace(on, api.url, quietAccounts(ACCOUNTS, INTERVAL));
        const options = { accounts: ACCOUNTS, warmSeconds: 3, seconds };
        try {
          return await measurePolling(program, place, options);
        } finally {
          await place.remove();
        }
      });
    }
    const limit = { sqlite: bare, postgres: bare };
    return [
      ...rates(
        `passes over ${ACCOUNTS} quiet accounts`,
        'passes/s',
        runs,
        (run) => run.perSecond,
        limit,
        'bare fetches',
      ),
      ...costs('pass', runs, (run) => run.passes),
    ];
  } finally {
    await api.kill();
  }
};

const rates = <T>(
  name: string,
  unit: string,
  runs: Both<T>,
  rate: (run: T) => number,
  limits: Both<number>,
  limit: string,
): readonly Figure[] => {
  const [sqlite, postgres] = [runs.sqlite.map(rate), runs.postgres.map(rate)];
  const beside = (values: readonly number[]) => ({ name: limit, value: median(values) });
  return [
    { name: `${name}, SQLite`, value: median(sqlite), unit, runs: sqlite, beside: beside(limits.sqlite) },
    {
      name: `${name}, PostgreSQL`,
      value: median(postgres),
      unit,
      runs: postgres,
      beside: beside(limits.postgres),
    },
    {
      name: '  PostgreSQL beside SQLite',
      value: median(postgres),
      unit,
      beside: { name: 'SQLite', value: median(sqlite) },
    },
  ];
};

const sides = <T>(runs: Both<T>, of: (run: T) => number): Pick<Figure, 'value' | 'beside'> => ({
  value: median(runs.postgres.map(of)),
  beside: { name: 'SQLite', value: median(runs.sqlite.map(of)) },
});

type Costly = Pick<CatchUp, 'monitor' | 'server'>;

/** What one of them costs. Of a file, what is written to the disk is what the monitor has written. */
const costs = <T extends Costly>(
  one: string,
  runs: Both<T>,
  count: (run: T) => number,
): readonly Figure[] => {
  const each = (of: (run: T) => number) => (run: T) => of(run) / count(run);
  const ofServer = (key: keyof NonNullable<Costly['server']>): number =>
    median(runs.postgres.map(each((run) => run.server?.[key] ?? Number.NaN)));
  return [
    {
      name: `processor time of the monitor per ${one}, PostgreSQL`,
      ...sides(
        runs,
        each((run) => run.monitor.cpuMs * 1_000),
      ),
      unit: 'µs',
    },
    { name: `  of the server`, value: ofServer('cpuMs') * 1_000, unit: 'µs' },
    {
      name: `bytes to the disk per ${one}, PostgreSQL`,
      value: median(runs.postgres.map(each(({ server }) => (server ? writtenBytes(server) : Number.NaN)))),
      unit: 'bytes',
      beside: { name: 'SQLite', value: median(runs.sqlite.map(each((run) => run.monitor.diskBytes))) },
    },
    { name: '  of its log', value: ofServer('walBytes'), unit: 'bytes' },
    { name: `waits for the disk per 1,000 (${one})`, value: ofServer('walSyncs') * 1_000, unit: 'syncs' },
    { name: '  commits', value: ofServer('commits') * 1_000, unit: 'commits' },
    { name: '  pages of tables and indexes', value: ofServer('pages') * 1_000, unit: 'pages' },
  ];
};
