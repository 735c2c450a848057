import type { FaultSetting } from '../../src/simulator/faults.ts';
import type { Rand } from '../../src/simulator/random.ts';
import { drawLinkFault } from '../support/fault-proxy.ts';
import {
  type Episode,
  HOUR_MS,
  type LinkTrouble,
  MINUTE_MS,
  OVERLAP_MS,
  SINKS,
  type Times,
  type Treatment,
  type Trouble,
} from './trouble.ts';

/** Together with the latest event and an interval shorter than the overlap. */
const LONGEST_LIE_MS = 12 * MINUTE_MS;

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

type Add = (count: number, longestMs: number, draw: () => Trouble) => void;

const addTo =
  (episodes: Episode[], rand: Rand, { startMs, endMs }: Times): Add =>
  (count, longestMs, draw) => {
    for (let left = count; left > 0; left -= 1) {
      const fromMs = rand.int(startMs + MINUTE_MS, endMs - 2 * MINUTE_MS);
      const toMs = Math.min(fromMs + rand.int(10_000, longestMs), endMs);
      episodes.push({ fromMs, toMs, trouble: draw() });
    }
  };

const inOrder = (a: Episode, b: Episode): number => a.fromMs - b.fromMs;

/** Draws everything that will go wrong, in order of time. */
export const drawEpisodes = (rand: Rand, times: Times): readonly Episode[] => {
  const { startMs, endMs } = times;
  const episodes: Episode[] = [];
  const add = addTo(episodes, rand, times);
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
  add(rand.int(0, 1), 2 * HOUR_MS, () => ({ kind: 'api undated' }));
  // Where it matters: while the clock is off.
  for (const { fromMs, toMs } of episodes.filter(({ trouble }) => trouble.kind === 'clock'))
    if (rand.chance(0.5))
      episodes.push({
        fromMs: Math.max(fromMs - rand.int(0, 30 * MINUTE_MS), startMs + MINUTE_MS),
        toMs: Math.min(toMs + rand.int(0, 30 * MINUTE_MS), endMs),
        trouble: { kind: 'api undated' },
      });
  add(rand.int(0, 2), 20 * MINUTE_MS, () => ({ kind: 'store' }));
  add(rand.int(1, 3), 30 * MINUTE_MS, () => ({
    kind: 'rotation',
    of: rand.pick(['api', 'hook', 'heartbeat'] as const),
    to: `canary-rotated-${rand.hex(12)}`,
  }));
  return episodes.filter(isFair(episodes)).sort(inOrder);
};

/** What changes bytes on the way to a database is the work of TLS to find: nothing else in its protocol does. */
const whole = (link: LinkTrouble): LinkTrouble => {
  if (link === 'down') return link;
  const faults = link.faults.filter(({ kind }) => kind !== 'corrupt');
  return faults.length === 0 ? 'down' : { ...link, faults };
};

/** Adds what goes wrong with a server and with several processes that share it. */
export const withServer = (rand: Rand, common: readonly Episode[], times: Times): readonly Episode[] => {
  const episodes = [...common];
  const add = addTo(episodes, rand, times);
  add(rand.int(1, 4), 5 * MINUTE_MS, () => ({
    kind: 'database',
    fault: rand.pick(['restart', 'crash'] as const),
  }));
  add(rand.int(0, 1), 20 * MINUTE_MS, () => ({ kind: 'database', fault: 'failover' }));
  add(rand.int(1, 3), 20 * MINUTE_MS, () => ({ kind: 'database link', link: whole(drawLink(rand)) }));
  add(rand.int(1, 4), 3 * HOUR_MS, () => ({ kind: 'rival' }));
  // Whoever comes to an account at such a time knows less than one that has read it before; see isFair.
  const isAhead = ({ trouble }: Episode): boolean => trouble.kind === 'clock' && trouble.skewMs > 0;
  return episodes
    .filter(
      (one) =>
        one.trouble.kind !== 'api undated' ||
        !episodes.some((other) => isAhead(other) && other.toMs > one.fromMs && other.fromMs < one.toMs),
    )
    .sort(inOrder);
};

/**
 * A life that has never seen a date of the API, and begins while its clock is ahead, knows nothing that could tell it: that
 * is beyond what anybody can survive. Rotations of one thing follow each other.
 */
const isFair =
  (episodes: readonly Episode[]) =>
  ({ fromMs, toMs, trouble }: Episode): boolean => {
    if (trouble.kind === 'api undated') {
      const lives = episodes.flatMap((other) => beginningOf(other)).filter((ms) => ms >= fromMs && ms < toMs);
      const first = Math.min(...lives);
      return !episodes.some(
        (other) =>
          other.trouble.kind === 'clock' &&
          other.trouble.skewMs > 0 &&
          other.toMs > first &&
          other.fromMs < toMs,
      );
    }
    if (trouble.kind !== 'rotation') return true;
    return !episodes.some(
      (other) =>
        other.trouble.kind === 'rotation' &&
        other.trouble !== trouble &&
        other.trouble.of === trouble.of &&
        other.fromMs <= toMs &&
        other.toMs >= fromMs,
    );
  };

/** When a life begins by it. */
const beginningOf = ({ fromMs, toMs, trouble: { kind } }: Episode): readonly number[] => {
  if (kind === 'restart' || kind === 'kill') return [toMs];
  // It takes over when the other ends.
  return kind === 'rival' ? [fromMs] : [];
};
