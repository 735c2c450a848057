import { setTimeout as sleep } from 'node:timers/promises';
import type { NewAlert } from '../src/core/decided.ts';
import type { Child } from './child.ts';
import { limitCpu } from './cpu-limit.ts';
import type { DatabaseServer } from './database.ts';
import { type Hook, hookSinks, manyAlerts, startHook } from './delivery.ts';
import { type Program, startMonitor } from './installation.ts';
import { createPlace, type Place } from './place.ts';
import { passesOf, polledBy, quietAccounts, sharesHeld, startQuietApi } from './polling.ts';
import { perSecond } from './statistics.ts';
import { usageOf } from './usage.ts';

/** Every answer of the API and of the receiver comes after this. */
const LATENCY_MS = 50;
/** What was handed over last is counted from its first piece of work on. */
const SETTLE_MS = 2_000;

/** How much there is to do, and with how much. */
export interface Load {
  readonly accounts: number;
  readonly interval: string;
  /** Sinks that post to one receiver; 0: alerts are written to the log. */
  readonly sinks: number;
  /** Alerts that are put into the outbox once all is held. */
  readonly deliveries: number;
  /** Events that each account has had for a day; undefined: a few. */
  readonly backlog?: number;
  /** In place of an interval alone. */
  readonly poll?: object;
  /** Events that are asked for at a time; undefined: as many as the API gives. */
  readonly pageSize?: number;
  /** Hundredths of a core that each replica gets; undefined: all it can have. */
  readonly percent: number | undefined;
}

/** What so many replicas did. */
export interface Done {
  readonly perSecond: number;
  /** Processor time of all replicas, in cores. */
  readonly cores: number;
}

/** A number of replicas at work. */
export interface Running {
  readonly replicas: readonly Child[];
  readonly place: Place;
  readonly hook: Hook;
  readonly load: Load;
}

/** The Audit API of such a load; of a smaller one with the same backlog as well. */
export const startApiOf = (load: Load): ReturnType<typeof startQuietApi> =>
  startQuietApi(load.accounts, LATENCY_MS, load.backlog);

/** Starts so many replicas, waits until each holds its part, measures, and ends them. `apiUrl` is that of {@link startApiOf}. */
export const withReplicas = async (
  program: Program,
  server: DatabaseServer,
  apiUrl: string,
  load: Load,
  count: number,
  measure: (running: Running) => Promise<Done>,
): Promise<Done> => {
  const hook = await startHook(load.deliveries, LATENCY_MS);
  const place = await createPlace(server, apiUrl, {
    ...quietAccounts(load.accounts, load.interval),
    ...(load.sinks > 0 && hookSinks(sinksOf(load), hook.url)),
    ...(load.poll && { poll: load.poll }),
    ...(load.pageSize && { api: { base_url: apiUrl, page_size: load.pageSize, timeout: '10s' } }),
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
    await sleep(SETTLE_MS);
    const done = await measure({ replicas, place, hook, load });
    for (const replica of replicas) await replica.stop();
    return done;
  } finally {
    await Promise.all(replicas.map((replica) => replica.kill()));
    for (const remove of unbound) remove();
    await hook.kill();
    await place.remove();
  }
};

const sinksOf = ({ sinks }: Load): readonly string[] =>
  Array.from({ length: sinks }, (_, index) => `hook-${index}`);

const cpuOf = (replicas: readonly Child[]): number =>
  replicas.reduce((sum, { pid }) => sum + usageOf(pid).cpuMs, 0);

/** Waits until each replica holds its part and, where that takes no long work, every account was polled. */
const balanced = async (replicas: readonly Child[], load: Load): Promise<void> => {
  for (;;) {
    const held = await Promise.all(replicas.map(sharesHeld));
    const isEven = (kind: string, all: number): boolean =>
      held.every(
        (of) => of(kind) >= Math.floor(all / replicas.length) && of(kind) <= Math.ceil(all / replicas.length),
      );
    // One that was handed over is polled by two of them, in turn.
    const polled = replicas.reduce((sum, one) => sum + polledBy(one), 0);
    if (
      isEven('account', load.accounts) &&
      (load.sinks === 0 || isEven('sink', load.sinks)) &&
      (load.backlog !== undefined || polled >= load.accounts)
    )
      return;
    await sleep(500);
  }
};

/** What is counted grows over some seconds. */
const over = async (
  replicas: readonly Child[],
  seconds: number,
  count: () => Promise<number> | number,
): Promise<Done> => {
  const before = { count: await count(), cpuMs: cpuOf(replicas), atMs: performance.now() };
  await sleep(seconds * 1_000);
  const after = { count: await count(), cpuMs: cpuOf(replicas), atMs: performance.now() };
  const ms = after.atMs - before.atMs;
  return {
    perSecond: perSecond(after.count - before.count, ms),
    cores: (after.cpuMs - before.cpuMs) / ms,
  };
};

/** Passes a second. */
export const passing = ({ replicas }: Running, seconds: number): Promise<Done> =>
  over(replicas, seconds, () => replicas.reduce((sum, one) => sum + passesOf(one), 0));

/** Events stored a second. Rejects when the backlog comes to its end meanwhile: then something else was measured. */
export const storing = async ({ replicas, place, load }: Running, seconds: number): Promise<Done> => {
  const all = load.accounts * (load.backlog ?? 0);
  const stored = await place.counter('SELECT coalesce(sum(events), 0)::float8 FROM progress');
  try {
    const done = await over(replicas, seconds, stored.count);
    if ((await stored.count()) >= 0.95 * all) throw new Error(`a backlog of ${all} events is too short`);
    return done;
  } finally {
    await stored.close();
  }
};

/** Deliveries a second: puts alerts into the outbox, spread evenly over the sinks, and waits until all have arrived. */
export const delivering = async ({ replicas, place, hook, load }: Running): Promise<Done> => {
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
