import { setTimeout as sleep } from 'node:timers/promises';
import type { NewAlert } from '../src/core/decided.ts';
import type { Child } from './child.ts';
import { limitCpu } from './cpu-limit.ts';
import { type DatabaseServer, startDatabase } from './database.ts';
import { hookSinks, manyAlerts, startHook } from './delivery.ts';
import { type Program, startMonitor } from './installation.ts';
import { createPlace, type Place } from './place.ts';
import { quietAccounts, scrape, startQuietApi } from './polling.ts';
import { perSecond } from './statistics.ts';
import type { Figure } from './table.ts';
import { usageOf } from './usage.ts';

/** Every answer of the API and of the receiver comes after this. */
const LATENCY_MS = 50;
/** At least this share of N times the work of one. */
const LEAST = 0.8;

/** How much there is to do, and by whom. */
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
  readonly passes: number;
  readonly deliveries: number;
  /** Processor time of all replicas in the time of the passes, in cores; and of the server. */
  readonly cores: number;
  readonly serverCores: number;
}

const COUNTS = [1, 2, 3] as const;

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
    readonly seconds: number;
  },
): Promise<readonly Figure[]> => {
  const { seconds } = options;
  const server = await startDatabase();
  try {
    const same: Load = { ...options, interval: '500ms' };
    const growing = (count: number): Load => ({
      accounts: 100 * count,
      interval: '2s',
      sinks: 2 * count,
      deliveries: 2_000 * count,
      percent: undefined,
    });
    const figures: Figure[] = [];
    for (const [name, load] of [
      [
        `the same ${same.accounts} accounts and ${same.sinks} sinks, ${same.percent} % of a core each`,
        () => same,
      ],
      ['100 accounts and 2 sinks for each', growing],
    ] as const) {
      const done: Done[] = [];
      for (const count of COUNTS) {
        console.error(`  ${name}: ${count} …`);
        done.push(await run(program, server, load(count), count, seconds));
      }
      figures.push(...rows(name, 'passes/s', done, (one) => one.passes));
      figures.push(...rows(name, 'deliveries/s', done, (one) => one.deliveries));
      figures.push(
        ...done.map(
          (one, index): Figure => ({
            name: `  cores used in the passes, ${index + 1}`,
            value: one.cores,
            unit: 'cores',
            beside: { name: 'the server', value: one.serverCores },
          }),
        ),
      );
    }
    return figures;
  } finally {
    await server.close();
  }
};

const rows = (
  name: string,
  unit: string,
  done: readonly Done[],
  of: (one: Done) => number,
): readonly Figure[] =>
  done.map((one, index) => {
    const count = index + 1;
    const [first] = done;
    return {
      name: index === 0 ? `${name}: 1 replica` : `  ${count} replicas`,
      value: of(one),
      unit,
      ...(index > 0 &&
        first && { beside: { name: `${count} × one`, value: count * of(first) }, aim: { share: LEAST } }),
    };
  });

const run = async (
  program: Program,
  server: DatabaseServer,
  load: Load,
  count: number,
  seconds: number,
): Promise<Done> => {
  const api = await startQuietApi(load.accounts, LATENCY_MS);
  const hook = await startHook(load.deliveries, LATENCY_MS);
  const names = Array.from({ length: load.sinks }, (_, index) => `hook-${index}`);
  const place = await createPlace(server, api.url, {
    ...quietAccounts(load.accounts, load.interval),
    ...hookSinks(names, hook.url),
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
    const polled = await passesOf(replicas, place, seconds);
    const deliveries = await deliver(place, hook, names, load.deliveries);
    for (const replica of replicas) await replica.stop();
    return { ...polled, deliveries };
  } finally {
    await Promise.all(replicas.map((replica) => replica.kill()));
    for (const remove of unbound) remove();
    await Promise.all([api.kill(), hook.kill()]);
    await place.remove();
  }
};

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

const passesOf = async (
  replicas: readonly Child[],
  place: Place,
  seconds: number,
): Promise<Omit<Done, 'deliveries'>> => {
  const passes = async (): Promise<number> =>
    (await Promise.all(replicas.map(scrape))).reduce((sum, one) => sum + one.passes, 0);
  const cpuMs = (): number => replicas.reduce((sum, { pid }) => sum + usageOf(pid).cpuMs, 0);
  // What was handed over last is counted from its first pass on.
  await sleep(2_000);
  const serverBefore = await place.use();
  const before = { passes: await passes(), cpuMs: cpuMs(), atMs: performance.now() };
  await sleep(seconds * 1_000);
  const after = { passes: await passes(), cpuMs: cpuMs(), atMs: performance.now() };
  const serverAfter = await place.use();
  const elapsedMs = after.atMs - before.atMs;
  return {
    passes: perSecond(after.passes - before.passes, elapsedMs),
    cores: (after.cpuMs - before.cpuMs) / elapsedMs,
    serverCores: ((serverAfter?.cpuMs ?? 0) - (serverBefore?.cpuMs ?? 0)) / elapsedMs,
  };
};

/** Puts alerts into the outbox, spread evenly over the sinks, and waits until all have arrived. */
const deliver = async (
  place: Place,
  hook: Awaited<ReturnType<typeof startHook>>,
  names: readonly string[],
  deliveries: number,
): Promise<number> => {
  const done = hook.round();
  const store = await place.open();
  const alerts = manyAlerts(deliveries).map((alert, index): NewAlert => {
    const sink = names[index % names.length] ?? '';
    return { alert, sinks: [sink] };
  });
  await store.outbox.enqueue(alerts);
  const ms = await done;
  await store.close();
  return perSecond(deliveries, ms);
};
