import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openHistory } from '../src/store/open-history.ts';
import { openStore } from '../src/store/open-store.ts';
import type { Installation } from '../test/support/installation.ts';
import { cpuMsOf, memoryOf, ROOT, startNode } from './child.ts';
import { install, type Program, startMonitor } from './installation.ts';
import { accountKey, accountName, fillStore, SCALE_SECRET, STORED_MS } from './scale-store.ts';
import { median } from './statistics.ts';
import type { Figure } from './table.ts';

/** What is measured of one store. */
interface Scale {
  readonly firstPollMs: number;
  readonly passMs: number;
  readonly passCpuMs: number;
  readonly idleMb: number;
  readonly pruneMs: number;
  readonly nothingToPruneMs: number;
  readonly pageMs: number;
  readonly deliveriesMs: number;
  readonly parkedMs: number;
  readonly rulesMs: number;
  readonly bytes: number;
}

const ROWS: readonly (readonly [key: keyof Scale, name: string, unit: string])[] = [
  ['firstPollMs', 'start to first completed poll', 'ms'],
  ['passMs', 'one pass of one account', 'ms'],
  ['passCpuMs', '  CPU time of that', 'ms'],
  ['idleMb', 'resident memory, idle', 'MB'],
  ['pruneMs', 'one step of pruning, 500 rows', 'ms'],
  ['nothingToPruneMs', 'a look for something to prune', 'ms'],
  ['pageMs', 'a page of the history, newest 100 of all accounts', 'ms'],
  ['deliveriesMs', '`deliveries list`, the whole command', 'ms'],
  ['parkedMs', '`deliveries list --state parked`', 'ms'],
  ['rulesMs', '`rules list` with its hits', 'ms'],
  ['bytes', 'database, bytes per stored event', 'bytes'],
];

/**
 * One process over ever larger stores: what it costs to start, to poll, to be idle, to prune and to look back must not
 * grow with what is stored. All accounts are watched, one of which always fails and one of which is slow. Beside every
 * figure stands the one of the smallest store.
 */
export const measureScale = async (
  program: Program,
  options: { readonly sizes: readonly number[]; readonly accounts: number; readonly seconds: number },
): Promise<readonly Figure[]> => {
  const { accounts } = options;
  const api = startNode([`${ROOT}bench/scale-api.ts`, String(accounts)]);
  try {
    const { fields } = await api.line('api.listening');
    const measured: Scale[] = [];
    for (const events of options.sizes) {
      const installation = install(String(fields.url), sections(accounts));
      try {
        const bytes = await fillStore(installation.database, accounts, events);
        console.error(`  ${events.toLocaleString('en')} events stored …`);
        measured.push({
          ...(await run(program, installation, accounts, options.seconds)),
          ...(await lookBack(program, installation)),
          bytes: bytes / events,
        });
      } finally {
        installation.remove();
      }
    }
    const [first] = measured;
    return ROWS.flatMap(([key, name, unit]) =>
      measured.map((scale, index): Figure => {
        const stored = `${(options.sizes[index] ?? 0).toLocaleString('en')} stored`;
        const beside = index > 0 && first ? { beside: { name: 'smallest store', value: first[key] } } : {};
        return { name: `${name}, ${stored}`, value: scale[key], unit, ...beside };
      }),
    );
  } finally {
    await api.kill();
  }
};

const sections = (accounts: number): object => ({
  accounts: Array.from({ length: accounts }, (_, index) => ({
    name: accountName(index),
    api_key: accountKey(index),
    api_secret: SCALE_SECRET,
  })),
  poll: { interval: '10s', start: 'now' },
});

/** The monitor over a store: its start, then its passes and its memory over some seconds. */
const run = async (
  program: Program,
  installation: Installation,
  accounts: number,
  seconds: number,
): Promise<Pick<Scale, 'firstPollMs' | 'passMs' | 'passCpuMs' | 'idleMb'>> => {
  const monitor = startMonitor(program, installation);
  try {
    const { atMs } = await monitor.line('poll.completed');
    const listening = await monitor.line('http.listening');
    const passes = async (): Promise<Passes> =>
      passesOf(await (await fetch(`${String(listening.fields.url)}/metrics`)).text());
    // The first pass of each account brings the events that are new to the store.
    await sleep(15_000);
    const before = await passes();
    const cpuBefore = cpuMsOf(monitor.pid);
    await sleep(seconds * 1_000);
    const cpuMs = cpuMsOf(monitor.pid) - cpuBefore;
    const after = await passes();
    const { nowMb } = memoryOf(monitor.pid);
    if (after.accounts < accounts - 2)
      throw new Error(`${after.accounts} of ${accounts} accounts were polled`);
    await monitor.stop();
    return {
      firstPollMs: atMs - monitor.spawnedMs,
      passMs: ((after.seconds - before.seconds) * 1_000) / (after.count - before.count),
      passCpuMs: cpuMs / (after.count - before.count),
      idleMb: nowMb,
    };
  } finally {
    await monitor.kill();
  }
};

interface Passes {
  readonly accounts: number;
  readonly count: number;
  readonly seconds: number;
}

/** Completed passes, as the metrics tell them; those of the slow account (the third) are left out. */
const passesOf = (metrics: string): Passes => {
  const sum = (name: string): { accounts: number; total: number } => {
    const lines = metrics.matchAll(new RegExp(`^\\w*${name}\\{account="([^"]+)"\\} (\\S+)$`, 'gm'));
    const values = [...lines]
      .filter(([, account]) => account !== accountName(2))
      .map((found) => Number(found[2]));
    return { accounts: values.length, total: values.reduce((total, value) => total + value, 0) };
  };
  const { accounts, total: count } = sum('poll_duration_seconds_count');
  return { accounts, count, seconds: sum('poll_duration_seconds_sum').total };
};

const REPEATS = 15;

/** What is asked of a store by people and by the clock. */
const lookBack = async (
  program: Program,
  { database, config }: Installation,
): Promise<Omit<Scale, 'firstPollMs' | 'passMs' | 'passCpuMs' | 'idleMb' | 'bytes'>> => {
  const { history, close } = openHistory(database);
  const pageMs = await repeated(() => history.events({ newestFirst: true, limit: 100 }));
  await close();
  const command = (...args: readonly string[]): Promise<number> =>
    repeated(() => {
      const { status, stderr } = spawnSync(process.execPath, [program.main, ...args, '--config', config], {
        env: program.cache === '' ? {} : { NODE_COMPILE_CACHE: program.cache },
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
    }, 3);
  const deliveriesMs = await command('deliveries', 'list');
  const parkedMs = await command('deliveries', 'list', '--state', 'parked');
  const rulesMs = await command('rules', 'list');

  const store = openStore({ path: database, now: Date.now });
  const nothingToPruneMs = await repeated(() => store.retention.prune(Date.now() - 2 * STORED_MS, 500));
  // A day of everything is old enough.
  const beforeMs = Date.now() - STORED_MS + 86_400_000;
  const pruneMs = await repeated(() => store.retention.prune(beforeMs, 500));
  await store.close();
  return { pageMs, deliveriesMs, parkedMs, rulesMs, nothingToPruneMs, pruneMs };
};

/** The median time of some runs, in ms. */
const repeated = async (work: () => unknown, runs = REPEATS): Promise<number> => {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return median(times);
};
