import type { FaultSetting } from '../../src/simulator/faults.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createRand, type Rand } from '../../src/simulator/random.ts';
import { STORY_NAMES, type StoryName } from '../../src/simulator/stories.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';
import { drawLinkFault, type LinkFault } from '../support/fault-proxy.ts';
import { DAY_RULES } from './rules.ts';

/** Sinks that people or machines receive from. */
export const SINKS = ['hook', 'pager', 'mail'] as const;
export type SinkName = (typeof SINKS)[number];

/** How a receiver treats what arrives. `slow` takes it after so many ms; the others are statuses, or none. */
export type Treatment =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterS?: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'slow'; readonly ms: number };

/** Something that begins and ends. */
export type Trouble =
  /** The API answers, but wrongly: nothing of it may last longer than the overlap can mend. */
  | { readonly kind: 'api lies'; readonly fault: FaultSetting }
  | { readonly kind: 'api fails'; readonly fault: FaultSetting }
  | { readonly kind: 'api link'; readonly link: LinkTrouble }
  | { readonly kind: 'sink'; readonly sink: SinkName; readonly treatment: Treatment }
  | { readonly kind: 'sink link'; readonly sink: SinkName; readonly link: LinkTrouble }
  /** The monitor's clock is off. */
  | { readonly kind: 'clock'; readonly skewMs: number }
  /** The process is stopped, or killed after so many movements of traffic, and is away. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'kill'; readonly afterTraffic: number }
  /** A second process works on the same database. */
  | { readonly kind: 'rival' };

/** The port is closed, or connections get faults: each of them with a probability. */
type LinkTrouble = 'down' | { readonly faults: readonly LinkFault[]; readonly probability: number };

/** What somebody does at the command line. */
export type Act =
  | {
      readonly kind: 'silence';
      readonly match: Readonly<Record<string, readonly string[]>>;
      readonly forMs: number;
      readonly hours?: string;
    }
  | { readonly kind: 'expire silences' }
  | { readonly kind: 'retry parked' }
  | { readonly kind: 'drop parked'; readonly sink: SinkName };

/** Epoch ms; half-open. */
export interface Episode {
  readonly fromMs: number;
  readonly toMs: number;
  readonly trouble: Trouble;
}

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

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
export const OVERLAP_MS = 40 * MINUTE_MS;
const LATEST_MS = 15 * MINUTE_MS;
/** Together with the latest event and an interval shorter than the overlap. */
const LONGEST_LIE_MS = 12 * MINUTE_MS;
/** Ordinary ones, the ends of summer time in both directions, and the end of a year. */
const DAYS = ['2026-05-12', '2026-03-28', '2026-10-24', '2026-12-31'];

/** Draws the plan of a day of so many hours. The same seed and hours give the same plan. */
export const drawPlan = (seed: number, hours = 24): Plan => {
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

interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

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

const LIES: readonly ((rand: Rand) => FaultSetting)[] = [
  () => ({ kind: 'shift', by: 'hide', probability: 0.7 }),
  () => ({ kind: 'shift', by: 'insert', next: 2 }),
  () => ({ kind: 'order', order: 'shuffled' }),
  () => ({ kind: 'order', order: 'shuffled-pages' }),
  (rand) => ({ kind: 'totals', totals: rand.pick(['too-big', 'too-small', 'missing', 'text'] as const) }),
  () => ({ kind: 'same-page' }),
  (rand) => ({ kind: 'empty-page', number: rand.int(1, 3) }),
  (rand) => ({ kind: 'duplicates', count: rand.int(1, 3), counted: rand.chance(0.5) }),
  () => ({ kind: 'static' }),
  (rand) => ({
    kind: 'malformed',
    perPage: rand.int(1, 5),
    as: ['null', 'text', 'number', 'array', 'empty-object', 'no-id', 'empty-id', 'no-date', 'bad-date'],
  }),
];

const FAILURES: readonly ((rand: Rand) => FaultSetting)[] = [
  (rand) => ({ kind: 'status', status: rand.pick([401, 403]) }),
  (rand) => ({
    kind: 'status',
    status: rand.pick([500, 502, 503, 404, 400]),
    body: rand.pick(['json', 'html', 'empty'] as const),
  }),
  (rand) => ({
    kind: 'status',
    status: rand.pick([429, 503]),
    retryAfter: rand.pick([1, 90, 'date', 'past-date', 'absurd', 'negative', 'garbage'] as const),
  }),
  () => ({ kind: 'redirect', to: 'https://elsewhere.example.com/' }),
  () => ({ kind: 'html' }),
  (rand) => ({
    kind: 'shape',
    shape: rand.pick(['array', 'null', 'text', 'empty-object', 'error'] as const),
  }),
  () => ({ kind: 'truncated' }),
  () => ({ kind: 'gzip', broken: true }),
  (rand) => ({ kind: 'reset', when: rand.pick(['before', 'middle', 'middle-orderly'] as const) }),
  (rand) => ({
    kind: 'slow',
    delayMs: rand.pick([1_000, 15_000, Number.POSITIVE_INFINITY]),
    part: rand.pick(['headers', 'body'] as const),
  }),
];

const drawLink = (rand: Rand): LinkTrouble =>
  rand.chance(0.25)
    ? 'down'
    : {
        faults: Array.from({ length: rand.int(1, 5) }, () => drawLinkFault(() => rand.next())),
        probability: rand.pick([0.2, 0.6, 1]),
      };

const drawTreatment = (rand: Rand): Treatment =>
  rand.pick<() => Treatment>([
    () => ({ kind: 'status', status: rand.pick([500, 502, 503]) }),
    () => ({ kind: 'status', status: rand.pick([429, 503]), retryAfterS: rand.pick([1, 45, 1_800]) }),
    () => ({ kind: 'status', status: rand.pick([400, 401, 403, 404, 410]) }),
    () => ({ kind: 'hang' }),
    () => ({ kind: 'reset' }),
    () => ({ kind: 'slow', ms: rand.int(100, 20_000) }),
  ])();

const drawEpisodes = (rand: Rand, { startMs, endMs }: Times): readonly Episode[] => {
  const episodes: Episode[] = [];
  const add = (count: number, longestMs: number, draw: () => Trouble): void => {
    for (let left = count; left > 0; left -= 1) {
      const fromMs = rand.int(startMs + MINUTE_MS, endMs - 2 * MINUTE_MS);
      const toMs = Math.min(fromMs + rand.int(10_000, longestMs), endMs);
      episodes.push({ fromMs, toMs, trouble: draw() });
    }
  };
  // Lies follow each other with an honest overlap between them, whose passes find what they hid.
  for (let fromMs = startMs + rand.int(0, 2 * HOUR_MS); fromMs < endMs - HOUR_MS; ) {
    const toMs = fromMs + rand.int(MINUTE_MS, LONGEST_LIE_MS);
    episodes.push({ fromMs, toMs, trouble: { kind: 'api lies', fault: rand.pick(LIES)(rand) } });
    fromMs = toMs + 2 * OVERLAP_MS + rand.int(0, 6 * HOUR_MS);
  }
  add(rand.int(2, 6), 90 * MINUTE_MS, () => {
    const fault = rand.pick(FAILURES)(rand);
    return { kind: 'api fails', fault: { ...fault, probability: rand.pick([0.3, 1]) } };
  });
  add(rand.int(1, 3), HOUR_MS, () => ({ kind: 'api link', link: drawLink(rand) }));
  add(rand.int(3, 8), 4 * HOUR_MS, () => ({
    kind: 'sink',
    sink: rand.pick(SINKS),
    treatment: drawTreatment(rand),
  }));
  add(rand.int(2, 5), HOUR_MS, () => ({ kind: 'sink link', sink: rand.pick(SINKS), link: drawLink(rand) }));
  add(rand.int(1, 3), HOUR_MS, () => ({
    kind: 'clock',
    skewMs: rand.pick([-1, 1]) * rand.pick([10_000, 10 * MINUTE_MS, 3 * HOUR_MS]),
  }));
  add(rand.int(1, 3), 10 * MINUTE_MS, () => ({ kind: 'restart' }));
  add(rand.int(3, 8), 30 * MINUTE_MS, () => ({ kind: 'kill', afterTraffic: rand.int(0, 80) }));
  if (rand.chance(0.5)) add(1, 5 * MINUTE_MS, () => ({ kind: 'rival' }));
  return episodes.sort((a, b) => a.fromMs - b.fromMs);
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
  return acts.sort((a, b) => a.atMs - b.atMs);
};
