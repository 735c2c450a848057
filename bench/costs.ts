import { startDatabase, writtenBytes } from './database.ts';
import type { Program } from './installation.ts';
import { createPlace } from './place.ts';
import { measurePolling, type Polling, quietAccounts, startQuietApi } from './polling.ts';
import type { Figure } from './table.ts';

/** Passes a second of all accounts together, so that no process is at its limit; and the bounds of the interval. */
const PER_SECOND = 40;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 60_000;

/** What it costs to watch quiet accounts, over a file and over a database: for each pass, and for each account that is held. */
export const measureAccounts = async (
  program: Program,
  options: { readonly sizes: readonly number[]; readonly seconds: number },
): Promise<readonly Figure[]> => {
  const server = await startDatabase();
  const api = await startQuietApi(Math.max(...options.sizes), 0);
  try {
    const figures: Figure[] = [];
    let first: { readonly sqlite: Polling; readonly postgres: Polling } | undefined;
    for (const accounts of options.sizes) {
      const evenMs = Math.round((accounts * 1_000) / PER_SECOND);
      const intervalMs = Math.min(Math.max(SHORTEST_MS, evenMs), LONGEST_MS);
      const interval = `${intervalMs}ms`;
      const measure = async (on: typeof server | undefined): Promise<Polling> => {
        const place = await createPlace(on, api.url, quietAccounts(accounts, interval));
        // All begin at the same time: whoever looks for less than an interval sees all of them, or none.
        const seconds = Math.max(options.seconds, intervalMs / 1_000);
        try {
          return await measurePolling(program, place, { accounts, warmSeconds: 5, seconds });
        } finally {
          await place.remove();
        }
      };
      const sqlite = await measure(undefined);
      const postgres = await measure(server);
      first ??= { sqlite, postgres };
      figures.push(...rows(`${accounts.toLocaleString('en')} accounts every ${interval}`, sqlite, postgres));
      if (first.sqlite !== sqlite) {
        const more = accounts - (options.sizes[0] ?? 0);
        const kb = (now: Polling, before: Polling): number => ((now.nowMb - before.nowMb) * 1_000) / more;
        figures.push({
          name: '  memory for each account more, PostgreSQL',
          value: kb(postgres, first.postgres),
          unit: 'kB',
          beside: { name: 'SQLite', value: kb(sqlite, first.sqlite) },
        });
      }
    }
    return figures;
  } finally {
    await api.kill();
    await server.close();
  }
};

const rows = (name: string, sqlite: Polling, postgres: Polling): readonly Figure[] => {
  const each = (of: (run: Polling) => number) => ({
    value: of(postgres) / postgres.passes,
    beside: { name: 'SQLite', value: of(sqlite) / sqlite.passes },
  });
  const ofServer = (key: 'cpuMs' | 'walBytes' | 'walSyncs' | 'commits'): number =>
    (postgres.server?.[key] ?? Number.NaN) / postgres.passes;
  return [
    {
      name: `${name}, PostgreSQL`,
      value: postgres.perSecond,
      unit: 'passes/s',
      beside: { name: 'SQLite', value: sqlite.perSecond },
    },
    { name: '  processor time of the monitor per pass', ...each((run) => run.monitor.cpuMs), unit: 'ms' },
    { name: '  processor time of the server per pass', value: ofServer('cpuMs'), unit: 'ms' },
    {
      name: '  write calls of the monitor per pass',
      ...each((run) => run.monitor.writeCalls),
      unit: 'calls',
    },
    {
      name: '  bytes to the disk per pass',
      value: (postgres.server ? writtenBytes(postgres.server) : Number.NaN) / postgres.passes,
      unit: 'bytes',
      beside: { name: 'SQLite', value: sqlite.monitor.diskBytes / sqlite.passes },
    },
    { name: '  bytes of the log per pass', value: ofServer('walBytes'), unit: 'bytes' },
    { name: '  waits for the disk per pass', value: ofServer('walSyncs'), unit: 'syncs' },
    { name: '  commits per pass', value: ofServer('commits'), unit: 'commits' },
    {
      name: '  start until all were polled',
      value: postgres.allPolledMs,
      unit: 'ms',
      beside: { name: 'SQLite', value: sqlite.allPolledMs },
    },
    {
      name: '  resident memory of the monitor',
      value: postgres.nowMb,
      unit: 'MB',
      beside: { name: 'SQLite', value: sqlite.nowMb },
    },
  ];
};
