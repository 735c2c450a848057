import type { FaultSetting } from '../../src/simulator/faults.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createRand, type Rand } from '../../src/simulator/random.ts';
import { STORY_NAMES, type StoryName } from '../../src/simulator/stories.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';
import { drawEpisodes, withServer } from './draw-episodes.ts';
import { DAY_RULES } from './rules.ts';
import { type Episode, HOUR_MS, MINUTE_MS, OVERLAP_MS, SINKS, type SinkName, type Times } from './trouble.ts';

/** What somebody does at the command line, in an alert, or at the HTTP server. */
export type Act =
  /** Follows a link of an alert that has arrived: the `nth` from the newest, and confirms what it asks. */
  | { readonly kind: 'click'; readonly action: 'silence' | 'expected'; readonly nth: number }
  /** Asks how the monitor is. */
  | { readonly kind: 'look' }
  | {
      readonly kind: 'silence';
      readonly match: Readonly<Record<string, readonly string[]>>;
      readonly forMs: number;
      readonly hours?: string;
    }
  | { readonly kind: 'expire silences' }
  | { readonly kind: 'retry parked' }
  | { readonly kind: 'drop parked'; readonly sink: SinkName };

/** Everything that will happen on a day, drawn from its seed before it begins. */
export interface Plan {
  readonly seed: number;
  readonly startMs: number;
  /** When the last trouble has ended. */
  readonly endMs: number;
  readonly accounts: readonly { readonly name: string; readonly key: string; readonly secret: string }[];
  readonly poll: {
    readonly intervalMs: number;
    readonly settleMs: number;
    readonly overlapMs: number;
    readonly pageSize: number;
    readonly maxWindowEvents: number;
  };
  /** How long a lease lasts, where the default would make too many beats of a day. */
  readonly leaseMs?: number;
  /** How the API behaves all day long: order, bounds. */
  readonly habits: readonly FaultSetting[];
  readonly events: readonly {
    readonly key: string;
    readonly event: WireEvent;
    readonly visibleAtMs: number;
  }[];
  /** Told when everything is over, so that every sink gets something to take. */
  readonly closing: readonly { readonly key: string; readonly event: WireEvent }[];
  readonly episodes: readonly Episode[];
  readonly acts: readonly { readonly atMs: number; readonly act: Act }[];
}

const LATEST_MS = 15 * MINUTE_MS;
/** Ordinary ones, the ends of summer time in both directions, and the end of a year. */
const DAYS = ['2026-05-12', '2026-03-28', '2026-10-24', '2026-12-31'];

/** Draws the plan of a day of so many hours. The same seed, hours and store give the same plan. */
export const drawPlan = (seed: number, hours = 24, store: 'sqlite' | 'postgres' = 'sqlite'): Plan => {
  const plan = drawCommon(seed, hours);
  if (store === 'sqlite') return plan;
  const rand = createRand('chaos on a server', seed);
  return {
    ...plan,
    leaseMs: rand.pick([20_000, 30_000, 60_000]),
    episodes: withServer(rand, plan.episodes, plan),
  };
};

/** What happens whatever the store is. */
const drawCommon = (seed: number, hours: number): Plan => {
  const rand = createRand('chaos', seed);
  const startMs = Date.parse(`${rand.pick(DAYS)}T06:00:00Z`);
  const endMs = startMs + hours * HOUR_MS;
  const accounts = ['retail', 'support'].slice(0, rand.int(1, 2)).map((name) => ({
    name,
    key: `key-${name}`,
    secret: `canary-api-${rand.hex(16)}`,
  }));
  const times = { startMs, endMs };
  return {
    seed,
    ...times,
    accounts,
    poll: {
      intervalMs: rand.pick([60_000, 120_000, 300_000]),
      settleMs: rand.pick([0, 5_000]),
      overlapMs: OVERLAP_MS,
      pageSize: rand.pick([10, 30, 100]),
      maxWindowEvents: rand.pick([100, 300, 5_000]),
    },
    habits: [
      { kind: 'order', order: rand.pick(['newest-first', 'oldest-first', 'unordered'] as const) },
      {
        kind: 'bounds',
        from: rand.pick(['inclusive', 'exclusive'] as const),
        to: rand.pick(['inclusive', 'exclusive'] as const),
      },
    ],
    events: accounts.flatMap(({ key }) => drawEvents(rand, seed, key, times)),
    closing: accounts.flatMap(({ key }) => {
      const generator = createGenerator({ seed: `closing ${seed}`, account: key });
      return ['APP_CREATE', 'NUMBER_RELEASE', 'ACCOUNT_SECRET_CREATE', 'AUTORELOAD_ENABLE'].map((type) => ({
        key,
        event: generator.any(endMs, type),
      }));
    }),
    episodes: drawEpisodes(rand, times),
    acts: drawActs(rand, times, hours),
  };
};

/** Types that alert, for the sprinkle over the day. */
const LOUD = [
  'APP_CREATE',
  'APP_UPDATE',
  'NUMBER_UPDATED',
  'NUMBER_RELEASE',
  'ACCOUNT_SECRET_CREATE',
  'AUTORELOAD_UPDATE',
  'USER_BILLING_UPDATE',
  'USER_API_KEYS_UPDATE',
];

const drawEvents = (
  rand: Rand,
  seed: number,
  key: string,
  { startMs, endMs }: Times,
): readonly Plan['events'][number][] => {
  const generator = createGenerator({ seed, account: key });
  const within = (fromMs = startMs): number => rand.int(fromMs, endMs - 30 * MINUTE_MS);
  const events: WireEvent[] = [...generator.ordinary(startMs - 50 * MINUTE_MS, endMs)];
  const hours = (endMs - startMs) / HOUR_MS;
  for (let left = 3 * hours; left > 0; left -= 1) events.push(generator.any(within(), rand.pick(LOUD)));
  for (let left = rand.int(1, 3); left > 0; left -= 1) {
    // From a busy hour to everything in one second.
    const spreadMs = rand.pick([0, 900, 60_000, HOUR_MS]);
    const count = spreadMs < 1_000 ? rand.int(20, 120) : rand.int(50, 400);
    events.push(...generator.burst(count, Math.floor(within() / 1_000) * 1_000, spreadMs));
  }
  for (let left = rand.int(2, 4); left > 0; left -= 1) {
    const name: StoryName = rand.pick(STORY_NAMES);
    const { steps } = generator.stories[name](within(), { pace: 0.2 + rand.next() });
    events.push(...steps.map(({ event }) => event));
  }
  return events.map((event) => {
    const atMs = Date.parse(`${event.created_at}Z`);
    const draw = rand.next();
    const lateMs =
      draw < 0.7 ? rand.int(0, 2_000) : draw < 0.95 ? rand.int(0, 60_000) : rand.int(0, LATEST_MS);
    return { key, event, visibleAtMs: atMs + lateMs };
  });
};

const drawActs = (rand: Rand, { startMs, endMs }: Times, hours: number): Plan['acts'] => {
  const acts: { readonly atMs: number; readonly act: Act }[] = [];
  const add = (count: number, draw: () => Act): void => {
    for (let left = count; left > 0; left -= 1)
      acts.push({ atMs: rand.int(startMs, endMs - HOUR_MS), act: draw() });
  };
  const titles = DAY_RULES.map(({ title }) => title);
  add(rand.int(1, 3), () => ({
    kind: 'silence',
    match: rand.pick<Readonly<Record<string, readonly string[]>>>([
      { rule: [rand.pick(titles)] },
      { account: ['retail'] },
      { level: ['high', 'critical'] },
      { event_type: ['~^NUMBER_'] },
    ]),
    forMs: rand.int(10, 60 * Math.min(hours, 6)) * MINUTE_MS,
    ...(rand.chance(0.3) ? { hours: rand.pick(['00:00-12:00', '07:00-07:30', '22:00-02:00']) } : {}),
  }));
  add(rand.int(0, 1), () => ({ kind: 'expire silences' }));
  add(rand.int(0, 2), () => ({ kind: 'retry parked' }));
  add(rand.int(0, 1), () => ({ kind: 'drop parked', sink: rand.pick(SINKS) }));
  add(hours, () => ({ kind: 'look' }));
  add(rand.int(2, 6), () => ({
    kind: 'click',
    action: rand.pick(['silence', 'expected'] as const),
    nth: rand.int(0, 5),
  }));
  return acts.sort((a, b) => a.atMs - b.atMs);
};
