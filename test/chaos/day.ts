import { writeFileSync } from 'node:fs';
import { silenceOf } from '../../src/app/silence-acts.ts';
import { createRand } from '../../src/simulator/random.ts';
import { openStoreAt } from '../../src/store/open.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { createPostgresDay } from './day-on-postgres.ts';
import { createSqliteDay, type DayStore } from './day-store.ts';
import { findViolations, type Sums } from './invariants.ts';
import { type Act, drawPlan, type Plan } from './plan.ts';
import { type Episode, type LinkTrouble, SINKS } from './trouble.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';
import { createWorld, type World } from './world.ts';

/** What came of a day. */
export interface DayResult {
  readonly seed: number;
  /** Everything that should not be; empty when the day was survived. */
  readonly violations: readonly string[];
  readonly sums: Sums;
  /** Virtual time from the beginning to the end of the last check. */
  readonly virtualMs: number;
}

/** How to live through one. */
export interface DayOptions {
  readonly hours?: number;
  /** Where what the monitor said is written, with what the plan did to it. */
  readonly logFile?: string | undefined;
  readonly store?: 'sqlite' | 'postgres';
}

const HOUR_MS = 3_600_000;

/**
 * Lives through the day of a seed: the whole monitor in this process, against the simulator and receivers on loopback,
 * with everything the plan has for it; then lets it come to rest and looks at what is left.
 */
export const liveDay = async (
  seed: number,
  { hours, logFile, store: kind = 'sqlite' }: DayOptions = {},
): Promise<DayResult> => {
  const plan = drawPlan(seed, hours, kind);
  // A sink loads this when it first sends; a real file in the middle of virtual time would look like a slow receiver.
  await import('nodemailer');
  const mayFill = plan.episodes.some(({ trouble }) => trouble.kind === 'store');
  const database = kind === 'postgres' ? await createPostgresDay() : undefined;
  const time = createVirtualTime(plan.startMs);
  const makeStore = (folder: string): DayStore => database?.store(time) ?? createSqliteDay(folder, mayFill);
  try {
    const world = await createWorld(plan, time, makeStore);
    try {
      for (const fault of plan.habits) world.simulator.faults.add(fault);
      for (const { key, event, visibleAtMs } of plan.events) world.simulator.add(key, event, visibleAtMs);
      await world.start();
      for (const { atMs, run } of stepsOf(plan, world, time)) {
        await time.advanceTo(atMs);
        await run();
      }
      await comeToRest(plan, world, time);
      return { seed, ...(await findViolations(plan, world)), virtualMs: time.now() - plan.startMs };
    } finally {
      if (logFile !== undefined) writeLog(logFile, plan, world);
      await world.stop();
      await world.close();
    }
  } finally {
    time.restore();
    await database?.close();
  }
};

const writeLog = (file: string, plan: Plan, world: World): void => {
  const done = plan.episodes.map(({ fromMs, toMs, trouble }) =>
    JSON.stringify({ from: new Date(fromMs), to: new Date(toMs), trouble }),
  );
  const said = world.lines.flatMap((lines, life) => lines.map((line) => JSON.stringify({ life, ...line })));
  writeFileSync(file, [...done, ...plan.acts.map((act) => JSON.stringify(act)), ...said].join('\n'));
};

interface Step {
  readonly atMs: number;
  readonly run: () => Promise<void>;
}

/** Beginnings and ends of all episodes, and what people do, in order. */
const stepsOf = (plan: Plan, world: World, time: VirtualTime): readonly Step[] => {
  const steps: Step[] = [];
  for (const [index, episode] of plan.episodes.entries()) {
    const begin = begins(plan, episode, index, world, time);
    let end: (() => void | Promise<void>) | undefined;
    steps.push({
      atMs: episode.fromMs,
      run: async () => {
        end = await begin();
      },
    });
    steps.push({ atMs: episode.toMs, run: async () => end?.() });
  }
  for (const { atMs, act } of plan.acts) steps.push({ atMs, run: () => perform(act, world) });
  return steps.sort((a, b) => a.atMs - b.atMs);
};

type Begin = () => Promise<(() => void | Promise<void>) | undefined>;

/** How an episode begins; that answers how it ends. */
const begins = (
  plan: Plan,
  { trouble, toMs }: Episode,
  index: number,
  world: World,
  time: VirtualTime,
): Begin => {
  const linked =
    (to: Parameters<World['link']>[0], link: LinkTrouble): Begin =>
    async () => {
      await world.link(to, linkWith(plan, link, index));
      return () =>
        world.link(to, (proxy) => {
          proxy.always(undefined);
          return proxy.up();
        });
    };
  /** The store is in trouble as long as it lasts. */
  const troubled =
    (begin: Begin): Begin =>
    async () => {
      const end = await begin();
      if (!end) return undefined;
      const over = world.troubleStore();
      return async () => {
        await end();
        over();
      };
    };
  // A monitor cannot begin or take over on a full disk; who looks after one sees to it first. One whose server is away is begun anew.
  const mayBegin = (): boolean => world.store.kind === 'postgres' || world.store.isUsable();
  switch (trouble.kind) {
    case 'api lies':
    case 'api fails':
      return async () => world.simulator.faults.add(trouble.fault);
    case 'api link':
      return linked('api', trouble.link);
    case 'sink link':
      return linked(trouble.sink, trouble.link);
    case 'database link':
      return troubled(linked('database', trouble.link));
    case 'database':
      return troubled(() => world.inflict(trouble.fault));
    case 'sink':
      return async () => {
        world.treat(trouble.sink, trouble.treatment);
        return () => world.treat(trouble.sink, undefined);
      };
    case 'clock':
      return async () => {
        world.clock.skewMs = trouble.skewMs;
        return () => {
          world.clock.skewMs = 0;
        };
      };
    case 'restart':
    case 'kill':
      return async () => {
        if (!world.isRunning() || !mayBegin()) return undefined;
        if (trouble.kind === 'kill') {
          await time.interruptAfter(trouble.afterTraffic, Math.min(time.now() + plan.poll.intervalMs, toMs));
          await world.kill();
        } else await world.stop();
        return () => world.start();
      };
    case 'api undated':
      return async () => world.simulator.faults.add({ kind: 'undated' });
    case 'store':
      return troubled(async () => {
        const isAlone = world.isRunning() && !world.hasRival();
        if ((world.store.kind === 'sqlite' && !isAlone) || !(await world.fillStore())) return undefined;
        return () => world.freeStore();
      });
    case 'rotation':
      return async () => {
        world.rotate(trouble.of, trouble.to);
        return () => world.deliverSecret(trouble.of);
      };
    case 'rival':
      break;
  }
  return async () => (world.isRunning() && mayBegin() ? world.startRival() : undefined);
};

const linkWith = (
  plan: Plan,
  link: LinkTrouble,
  index: number,
): ((proxy: FaultProxy) => void | Promise<void>) => {
  if (link === 'down') return (proxy) => proxy.down();
  const rand = createRand('chaos link', plan.seed, index);
  return (proxy) => {
    proxy.always(() => (rand.chance(link.probability) ? rand.pick(link.faults) : undefined));
    proxy.cut();
  };
};

/** What a person does: at the command line, over a connection to the database of its own, or by the HTTP server. */
const perform = async (act: Act, world: World): Promise<void> => {
  if (act.kind === 'click') return world.click(act.action, act.nth);
  if (act.kind === 'look') return world.look();
  // Nothing can be written, by nobody.
  if (!world.store.isUsable()) return;
  const store = await openStoreAt(world.store.place(), { now: world.now });
  const by = { by: 'chaos', detail: act.kind };
  try {
    switch (act.kind) {
      case 'silence': {
        const nowMs = world.now();
        await store.silences.add(
          silenceOf(
            {
              match: act.match,
              author: 'chaos',
              reason: 'a quiet time',
              startsAtMs: nowMs,
              endsAtMs: nowMs + act.forMs,
              ...(act.hours === undefined ? {} : { schedule: { hours: [act.hours] } }),
            },
            { timezone: 'Europe/London' },
            nowMs,
          ),
        );
        return;
      }
      case 'expire silences':
        for (const { id } of await store.silences.list({ nowMs: world.now(), ended: false }))
          await store.silences.expire(id, 'chaos', world.now());
        return;
      case 'retry parked':
        await store.outbox.retry({}, by);
        return;
      case 'drop parked':
        await store.outbox.drop({ sink: act.sink, states: ['parked'] }, by);
    }
  } finally {
    await store.close();
  }
};

/** The end of all trouble, and time for everything to come out of it. */
const comeToRest = async (plan: Plan, world: World, time: VirtualTime): Promise<void> => {
  await time.advanceTo(plan.endMs);
  world.simulator.faults.clear();
  world.clock.skewMs = 0;
  await world.freeStore();
  for (const sink of SINKS) world.treat(sink, undefined);
  for (const to of ['api', 'database', ...SINKS] as const)
    await world.link(to, (proxy) => {
      proxy.always(undefined);
      return proxy.up();
    });
  if (!world.isRunning()) await world.start();
  await perform({ kind: 'expire silences' }, world);
  await perform({ kind: 'retry parked' }, world);
  await time.advanceTo(plan.endMs + 4 * HOUR_MS);
  // What was parked by age meanwhile: somebody looks again.
  await perform({ kind: 'retry parked' }, world);
  for (const { key, event } of plan.closing) {
    const created_at = new Date(time.now() - 10_000).toISOString().slice(0, 19);
    world.simulator.add(key, { ...event, created_at });
  }
  await time.advanceTo(plan.endMs + 6 * HOUR_MS);
  await world.look();
  await world.stop();
};
