import { setTimeout as sleep } from 'node:timers/promises';
import type { NewAlert } from '../src/core/decided.ts';
import type { Child } from './child.ts';
import { limitCpu } from './cpu-limit.ts';
import { type DatabaseServer, startDatabase } from './database.ts';
import { type Hook, hookSinks, manyAlerts, startHook } from './delivery.ts';
import { type Program, startMonitor } from './installation.ts';
import { createPlace, type Place } from './place.ts';
import { quietAccounts, scrape, startQuietApi } from './polling.ts';
import { median, perSecond } from './statistics.ts';
import type { Figure } from './table.ts';
import { usageOf } from './usage.ts';

/** Every answer of the API and of the receiver comes after this. */
const LATENCY_MS = 50;
/** At least this share of N times the work of one. */
const LEAST = 0.8;

/** How much there is to do, and with how much. */
interface Load {
  readonly accounts: number;
  readonly interval: string;
  readonly sinks: number;
  readonly deliveries: number;
  /** Hundredths of a core that each replica gets; undefined: all it can have. */
  readonly percent: number | undefined;
}

/** What so many replicas did. */
interface Done {
  readonly perSecond: number;
  /** Processor time of all replicas, in cores. */
  readonly cores: number;
}

const COUNTS = [1, 2, 3] as const;
/** Accounts where deliveries are measured: there to be held, and polled once. */
const IDLE = { accounts: 3, interval: '1h' };

/**
 * 1, 2 and 3 replicas as real processes on one PostgreSQL server. First the same work for all of them, each bounded to a part of
 * a core as if it had a small machine of its own, so that one alone cannot do it; then work that grows with them and leaves
 * all of them waiting.
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
  },
): Promise<readonly Figure[]> => {
  const { rounds, seconds } = options;
  const server = await startDatabase();
  try {
    const same: Load = { ...options, interval: '250ms' };
    const growing = (count: number): Load => ({
      accounts: 100 * count,
      interval: '2s',
      sinks: 2 * count,
      deliveries: 2_000 * count,
      percent: undefined,
    });
    const figures: Figure[] = [];
    const measure = async (
      name: string,
      unit: string,
      run: (count: number) => Promise<Done>,
    ): Promise<void> => {
      const done: Done[][] = COUNTS.map(() => []);
      for (let round = 0; round < rounds; round += 1)
        for (const [index, count] of COUNTS.entries()) {
          const one = await run(count);
          console.error(`  ${name}: ${count} × → ${Math.round(one.perSecond)} ${unit}`);
          done[index]?.push(one);
        }
      figures.push(...rows(name, unit, done));
    };
    const bound = `${same.percent} % of a core each`;
    await measure(`${same.accounts} accounts, ${bound}`, 'passes/s', (count) =>
      withReplicas(program, server, { ...same, sinks: 3 }, count, (replicas) => passesOf(replicas, seconds)),
    );
    await measure(`${same.sinks} sinks, ${bound}`, 'deliveries/s', (count) =>
      withReplicas(program, server, { ...same, ...IDLE }, count, deliveriesOf),
    );
    await measure('100 accounts for each replica', 'passes/s', (count) =>
      withReplicas(program, server, growing(count), count, (replicas) => passesOf(replicas, seconds)),
    );
    await measure('2 sinks for each replica', 'deliveries/s', (count) =>
      withReplicas(program, server, { ...growing(count), ...IDLE }, count, deliveriesOf),
    );
    return figures;
  } finally {
    await server.close();
  }
};

const rows = (name: string, unit: string, done: readonly (readonly Done[])[]): readonly Figure[] => {
  const of = (index: number, key: keyof Done): readonly number[] =>
    (done[index] ?? []).map((one) => one[key]);
  const first = median(of(0, 'perSecond'));
  return COUNTS.flatMap((count, index): Figure[] => [
    {
      name: index === 0 ? `${name}: 1 replica` : `  ${count} replicas`,
      value: median(of(index, 'perSecond')),
      unit,
      runs: of(index, 'perSecond'),
      ...(index > 0 && { beside: { name: `${count} × one`, value: count * first }, aim: { share: LEAST } }),
    },
    { name: '    processor time of all of them', value: median(of(index, 'cores')), unit: 'cores' },
  ]);
};

/** A number of replicas at work. */
interface Running {
  readonly replicas: readonly Child[];
  readonly place: Place;
  readonly hook: Hook;
  readonly load: Load;
}

const withReplicas = async (
  program: Program,
  server: DatabaseServer,
  load: Load,
  count: number,
  measure: (running: Running) => Promise<Done>,
): Promise<Done> => {
  const api = await startQuietApi(load.accounts, LATENCY_MS);
  const hook = await startHook(load.deliveries, LATENCY_MS);
  const place = await createPlace(server, api.url, {
    ...quietAccounts(load.accounts, load.interval),
    ...hookSinks(sinksOf(load), hook.url),
  });
  const replicas: Child[] = [];
  const unbound: (() => void)[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const replica = startMonitor(program, place.installation);
      replicas.push(replica);
      await replica.line('http.listening');
      // Only now: starting is no work that replicas share.
      if (load.percent === undefined) continue;
      const remove = limitCpu(replica.pid, load.percent);
      if (!remove) throw new Error('this system lets us bound no process; run it as root on Linux');
      unbound.push(remove);
    }
    await balanced(replicas, load);
    const done = await measure({ replicas, place, hook, load });
    for (const replica of replicas) await replica.stop();
    return done;
  } finally {
    await Promise.all(replicas.map((replica) => replica.kill()));
    for (const remove of unbound) remove();
    await Promise.all([api.kill(), hook.kill()]);
    await place.remove();
  }
};

const sinksOf = ({ sinks }: Load): readonly string[] =>
  Array.from({ length: sinks }, (_, index) => `hook-${index}`);

const cpuOf = (replicas: readonly Child[]): number =>
  replicas.reduce((sum, { pid }) => sum + usageOf(pid).cpuMs, 0);

/** Waits until every account was polled and each replica holds its part. */
const balanced = async (replicas: readonly Child[], load: Load): Promise<void> => {
  for (;;) {
    const scrapes = await Promise.all(replicas.map(scrape));
    const polled = scrapes.reduce((sum, one) => sum + one.polled, 0);
    const isEven = (kind: string, all: number): boolean =>
      scrapes.every(
        (one) =>
          one.shares(kind) >= Math.floor(all / replicas.length) &&
          one.shares(kind) <= Math.ceil(all / replicas.length),
      );
    if (isEven('account', load.accounts) && isEven('sink', load.sinks) && polled >= load.accounts) return;
    await sleep(500);
  }
};

const passesOf = async ({ replicas }: Running, seconds: number): Promise<Done> => {
  const passes = async (): Promise<number> =>
    (await Promise.all(replicas.map(scrape))).reduce((sum, one) => sum + one.passes, 0);
  // What was handed over last is counted from its first pass on.
  await sleep(2_000);
  const before = { passes: await passes(), cpuMs: cpuOf(replicas), atMs: performance.now() };
  await sleep(seconds * 1_000);
  const after = { passes: await passes(), cpuMs: cpuOf(replicas), atMs: performance.now() };
  const ms = after.atMs - before.atMs;
  return {
    perSecond: perSecond(after.passes - before.passes, ms),
    cores: (after.cpuMs - before.cpuMs) / ms,
  };
};

/** Puts alerts into the outbox, spread evenly over the sinks, and waits until all have arrived. */
const deliveriesOf = async ({ replicas, place, hook, load }: Running): Promise<Done> => {
  const names = sinksOf(load);
  const alerts = manyAlerts(load.deliveries).map((alert, index): NewAlert => {
    const sink = names[index % names.length] ?? '';
    return { alert, sinks: [sink] };
  });
  const store = await place.open();
  const cpuMs = cpuOf(replicas);
  const done = hook.round();
  await store.outbox.enqueue(alerts);
  const ms = await done;
  const cores = (cpuOf(replicas) - cpuMs) / ms;
  await store.close();
  return { perSecond: perSecond(load.deliveries, ms), cores };
};
