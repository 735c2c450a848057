import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { stableId } from '../../src/base/hash.ts';
import { type Alert, LEVELS } from '../../src/core/alert.ts';
import type { NewAlert } from '../../src/core/decided.ts';
import type { Route } from '../../src/core/route.ts';
import type { Silence } from '../../src/core/silence.ts';
import { useFakeClock } from '../deliver/harness.ts';
import {
  type Account,
  createWorld,
  type Limits,
  type Mode,
  SINKS,
  type SinkName,
  WINDOWS,
} from './never-lost.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const RUNS = Number(process.env['RUNS'] ?? 150);

const sinks = fc.subarray([...SINKS], { minLength: 1 });
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const waits = fc.oneof(fc.nat(5 * MINUTE_MS), fc.nat(8 * HOUR_MS));

const route: fc.Arbitrary<Route> = fc.record({
  match: optional(
    fc.oneof(
      fc.record({ level: fc.subarray([...LEVELS], { minLength: 1 }) }),
      fc.record({ account: fc.constantFrom(['x'], ['!x'], ['~[xy]']) }),
      fc.record({ kind: fc.constantFrom(['rule'], ['system'], ['!rule']) }),
      fc.record({ rule: fc.constantFrom(['r1'], ['r2', 'r3'], ['!r1']) }),
    ) as fc.Arbitrary<Readonly<Record<string, readonly string[]>>>,
  ),
  to: sinks,
  continue: fc.boolean(),
  group: optional(
    fc.record({
      by: fc.subarray(['rule', 'account', 'level']),
      waitMs: fc.nat(2 * MINUTE_MS),
      intervalMs: fc.nat(20 * MINUTE_MS),
    }),
  ),
  hours: optional(
    fc.record({
      window: fc.constantFrom(...Object.keys(WINDOWS)),
      inside: fc.boolean(),
      otherwise: fc.constantFrom('hold', 'next'),
    }),
  ),
});
/** The last one takes everything, as the configuration demands. */
const routes = fc
  .tuple(fc.array(route, { maxLength: 3 }), route)
  .map(([list, last]): readonly Route[] => [
    ...list,
    { ...last, match: undefined, hours: last.hours && { ...last.hours, otherwise: 'hold' } },
  ]);

const limitsOf = (later: readonly SinkName[]): fc.Arbitrary<Limits> =>
  fc.record({
    pace: optional(
      fc.record({ perSecond: fc.constantFrom(0.05, 1, 20), burst: fc.integer({ min: 1, max: 5 }) }),
    ),
    foldAbove: optional(fc.integer({ min: 1, max: 6 })),
    fallback: later.length === 0 ? fc.constant(undefined) : optional(fc.constantFrom(...later)),
    maxAgeMs: fc.constantFrom(10 * MINUTE_MS, 3 * DAY_MS),
  });
const limits = fc.record({ a: limitsOf(['b', 'c']), b: limitsOf(['c']), c: limitsOf([]) });

/** What an alert is made of; `what` is what it is about, so that several have the same keys. */
const seeds = fc.record({
  what: fc.constantFrom('r1', 'r2', 'r3'),
  kind: fc.constantFrom<Alert['kind']>('rule', 'rule', 'rule', 'rule', 'system', 'drill'),
  level: fc.constantFrom(...LEVELS),
  account: fc.constantFrom('x', 'y'),
  suppressMs: optional(fc.constantFrom(MINUTE_MS, 30 * MINUTE_MS, 6 * HOUR_MS)),
  unsilenceable: fc.boolean(),
  to: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: sinks }),
});
type Seed = typeof seeds extends fc.Arbitrary<infer T> ? T : never;

const silences = fc.record({
  match: fc.constantFrom<Silence['match'][]>(
    { account: ['x'] },
    { rule: ['r1'] },
    { level: ['!critical'] },
    { kind: ['system', 'rule'] },
  ),
  startsInMs: fc.nat(20 * MINUTE_MS),
  lastsMs: fc.oneof(fc.integer({ min: 1, max: HOUR_MS }), fc.integer({ min: HOUR_MS, max: 3 * DAY_MS })),
  schedule: optional(
    fc.constantFrom({ hours: '02:00-03:00' }, { hours: ['03:00-03:30', '12:00-18:00'], days: 'mon-fri' }),
  ),
});

type Happening =
  | { readonly what: 'alerts'; readonly seeds: readonly Seed[] }
  | { readonly what: 'same again' | 'restart' | 'kill' | 'retry' | 'drop' | 'prune' }
  | { readonly what: 'other routes'; readonly routes: readonly Route[] }
  | { readonly what: 'wait' | 'jump'; readonly ms: number }
  | { readonly what: 'sink'; readonly sink: SinkName; readonly mode: Mode }
  | { readonly what: 'silence'; readonly silence: typeof silences extends fc.Arbitrary<infer T> ? T : never }
  | { readonly what: 'expire'; readonly index: number };

const alerts = fc.record({
  what: fc.constant('alerts' as const),
  seeds: fc.oneof(
    fc.array(seeds, { minLength: 1, maxLength: 10 }),
    fc.array(seeds, { minLength: 20, maxLength: 60 }),
  ),
});
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: alerts },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('wait' as const), ms: waits }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('jump' as const),
      ms: fc.oneof(
        fc.integer({ min: -HOUR_MS, max: HOUR_MS }),
        fc.integer({ min: -3 * DAY_MS, max: 5 * DAY_MS }),
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('sink' as const),
      sink: fc.constantFrom(...SINKS),
      mode: fc.constantFrom<Mode>('up', 'down', 'down', 'down', 'busy', 'refuses', 'slow'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('silence' as const), silence: silences }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('expire' as const), index: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('prune' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('other routes' as const), routes }) },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom('restart', 'kill', 'same again', 'retry', 'drop'),
    }) as fc.Arbitrary<Happening>,
  },
);
const stories = fc
  .tuple(alerts, fc.array(happening, { minLength: 1, maxLength: 16 }))
  .map(([first, rest]): readonly Happening[] => [...rest.slice(0, 3), first, ...rest.slice(3)]);

const alertOf = (seed: Seed, number: number, nowMs: number): Alert => ({
  id: `alert-${number}`,
  kind: seed.kind,
  status: 'firing',
  rule: { id: seed.what, title: seed.what, level: seed.level, tags: [], references: [] },
  account: seed.account,
  message: `${seed.what} ${number}`,
  fields: [],
  events: [],
  eventIds: [],
  eventTypes: [],
  ...(seed.to === undefined ? {} : { to: seed.to }),
  ...(seed.unsilenceable ? { unsilenceable: true } : {}),
  ...(seed.suppressMs === undefined
    ? {}
    : { suppress: { key: `${seed.what}/${seed.account}`, forMs: seed.suppressMs } }),
  createdAtMs: nowMs,
  decidedAtMs: nowMs,
});

/** A drill names its sinks, as the monitor's own do; nothing is to be asked for it. */
const requestOf = (alert: Alert): NewAlert =>
  alert.kind === 'drill' ? { alert, sinks: alert.to ?? SINKS } : { alert };

/** What must be true of an account at the end, each as the list of what contradicts it. */
const contradictions = (
  { alerts: known, deliveries, planned, calls, received, claimedMs, untold }: Account,
  made: ReadonlySet<string>,
  limitsOfSinks: Readonly<Record<SinkName, Limits>>,
  calm: boolean,
  pruned: ReadonlySet<string>,
): Readonly<Record<string, readonly unknown[]>> => {
  const byId = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
  const kindOf = (alertId: string): string => known.get(alertId)?.kind ?? 'unknown';
  const ordinary = deliveries.filter(({ alertId }) => kindOf(alertId) !== 'summary');
  const told = deliveries.filter(({ state }) => state === 'folded' || state === 'silenced');
  const called = new Set(calls.map(({ delivery }) => delivery.id));
  const plans = [...planned].flatMap(([alertId, { deliveries: list }]) =>
    (pruned.has(alertId) ? [] : list).map((plan) => ({
      alertId,
      plan,
      id: stableId('delivery', alertId, plan.sink),
    })),
  );
  const isOver = (state: string): boolean => ['sent', 'parked', 'dropped'].includes(state);
  const suppressed = new Set(
    plans.filter(({ plan }) => plan.bundle?.startsWith('suppressed:')).map(({ alertId }) => alertId),
  );
  const summaries = [...known.values()].filter(({ kind }) => kind === 'summary');
  return {
    'an alert is not in the store': [...made].filter((id) => !known.has(id) && !pruned.has(id)),
    'an alert goes nowhere': [...made].filter((id) => (planned.get(id)?.deliveries.length ?? 0) === 0),
    'a delivery was not made as planned': plans.filter(({ id }) => !byId.has(id)),
    'a delivery nobody planned': ordinary.filter(
      ({ id, why }) => !plans.some((plan) => plan.id === id) && why[0]?.reason !== 'fallback',
    ),
    'two deliveries of one alert to one sink': deliveries.filter(
      ({ alertId, sink, id }) => stableId('delivery', alertId, sink) !== id,
    ),
    'a delivery has not ended': deliveries.filter(({ state }) => state === 'pending' || state === 'sending'),
    'sent, but never received': deliveries.filter(({ id, state }) => state === 'sent' && !received.has(id)),
    'told in no summary that is over': told.filter(({ foldedInto, sink }) => {
      if (foldedInto === undefined && pruned.size > 0) return false;
      const summary = byId.get(foldedInto ?? '');
      return (
        !summary || summary.sink !== sink || kindOf(summary.alertId) !== 'summary' || !isOver(summary.state)
      );
    }),
    'told in a summary of another kind': told.filter(({ state, foldedInto }) => {
      if (foldedInto === undefined && pruned.size > 0) return false;
      const reason = known.get(byId.get(foldedInto ?? '')?.alertId ?? '')?.summary?.reason;
      return (state === 'silenced') !== (reason === 'silenced');
    }),
    'a summary that counts wrongly': summaries.filter(({ id, summary }) => {
      if (pruned.size > 0) return false;
      const inside = new Set(
        told
          .filter(({ foldedInto }) => byId.get(foldedInto ?? '')?.alertId === id)
          .map(({ alertId }) => alertId),
      );
      const levels = Object.values(summary?.levels ?? {}).reduce((sum, count) => sum + count, 0);
      const members = summary?.members ?? [];
      return (
        summary?.total !== inside.size ||
        levels !== inside.size ||
        members.length !== Math.min(inside.size, 20) ||
        members.some(({ alertId }) => !inside.has(alertId))
      );
    }),
    'something hidden that nobody was told of': Array.from({ length: untold }, () => 'untold'),
    'claimed before it was due': plans.filter(
      ({ id, plan }) => (claimedMs.get(id) ?? Number.POSITIVE_INFINITY) < plan.dueAtMs,
    ),
    'given to the fallback before it was due': ordinary.filter(({ id, alertId, why, state, endedAtMs }) => {
      const dues = planned.get(alertId)?.deliveries.map(({ dueAtMs }) => dueAtMs) ?? [];
      const takenMs = claimedMs.get(id) ?? (state === 'folded' ? endedAtMs : undefined);
      return why[0]?.reason === 'fallback' && takenMs !== undefined && takenMs < Math.min(...dues);
    }),
    'sent alone although silenced': deliveries.filter(
      ({ id, state }) => state === 'silenced' && called.has(id),
    ),
    'sent alone although suppressed': deliveries.filter(
      ({ id, alertId }) => suppressed.has(alertId) && called.has(id),
    ),
    'parked, but not given to the fallback': deliveries.filter(({ state, sink, alertId }) => {
      const { fallback } = limitsOfSinks[sink as SinkName];
      if (state !== 'parked' || fallback === undefined || kindOf(alertId) === 'drill') return false;
      return !byId.has(stableId('delivery', alertId, fallback));
    }),
    'a drill was folded': deliveries.filter(
      ({ state, alertId }) => kindOf(alertId) === 'drill' && state === 'folded',
    ),
    'told again although it was sent': calm
      ? deliveries.filter(({ id, state }) => state === 'folded' && received.has(id))
      : [],
  };
};

const live = async (
  list: readonly Route[],
  limitsOfSinks: Readonly<Record<SinkName, Limits>>,
  story: readonly Happening[],
  endModes: readonly Mode[],
): Promise<Readonly<Record<string, readonly unknown[]>>> => {
  useFakeClock();
  const world = createWorld(list, limitsOfSinks);
  const made: Alert[] = [];
  const silenceIds: string[] = [];
  let calm = true;
  const pruned = new Set<string>();
  const early: string[] = [];
  try {
    for (const happens of story) {
      calm &&=
        !['restart', 'kill', 'jump', 'other routes'].includes(happens.what) &&
        !('mode' in happens && happens.mode === 'slow');
      switch (happens.what) {
        case 'alerts': {
          const fresh = happens.seeds.map((seed, index) => alertOf(seed, made.length + index, world.now()));
          made.push(...fresh);
          await world.enqueue(fresh.map(requestOf));
          break;
        }
        case 'same again': {
          // What was pruned is no longer known; the collector does not bring it again.
          const known = made.filter(({ id }) => !pruned.has(id));
          const added = await world.enqueue(known.map(requestOf));
          if (added.length > 0) throw new Error('an alert counted twice');
          break;
        }
        case 'wait':
          await world.pass(happens.ms);
          break;
        case 'jump':
          await world.jump(happens.ms);
          break;
        case 'restart':
          await world.restart();
          break;
        case 'other routes':
          await world.restart(happens.routes);
          break;
        case 'prune': {
          const result = await world.prune();
          for (const id of result.gone) pruned.add(id);
          early.push(...result.early);
          break;
        }
        case 'kill':
          await world.kill();
          break;
        case 'sink':
          world.modes[happens.sink] = happens.mode;
          break;
        case 'silence': {
          const { match, startsInMs, lastsMs, schedule } = happens.silence;
          const id = `silence-${silenceIds.length}`;
          silenceIds.push(id);
          const startsAtMs = world.now() + startsInMs;
          await world.store.silences.add({
            id,
            match,
            author: 'alice',
            reason: 'because',
            createdAtMs: world.now(),
            startsAtMs,
            endsAtMs: startsAtMs + lastsMs,
            schedule,
            expired: undefined,
          });
          break;
        }
        case 'expire':
          await world.store.silences.expire(silenceIds[happens.index] ?? '', 'bob', world.now());
          break;
        case 'retry':
          await world.store.outbox.retry({ sink: 'a' }, { by: 'bob', detail: '' });
          break;
        case 'drop':
          await world.store.outbox.drop({ sink: 'b', states: ['parked'] }, { by: 'bob', detail: '' });
          break;
      }
    }
    for (const [index, name] of SINKS.entries()) world.modes[name] = endModes[index] ?? 'up';
    const quiet = await world.untilQuiet();
    const found = contradictions(
      await world.account(),
      new Set(made.map(({ id }) => id)),
      limitsOfSinks,
      calm,
      pruned,
    );
    return { 'it never gets quiet': quiet ? [] : ['restless'], 'pruned too early': early, ...found };
  } finally {
    await world.close();
    vi.useRealTimers();
  }
};

describe('an alert is never lost', () => {
  it(`by routes, groups, hours, suppression, silences, pacing, digests, fallbacks, clocks and restarts (seed ${SEED})`, async () => {
    const endModes = fc.tuple(
      ...SINKS.map(() => fc.constantFrom<Mode>('up', 'up', 'refuses', 'slow')),
    ) as fc.Arbitrary<readonly Mode[]>;
    await fc.assert(
      fc.asyncProperty(routes, limits, stories, endModes, async (...world) => {
        const wrong = Object.entries(await live(...world)).filter(([, list]) => list.length > 0);
        expect(Object.fromEntries(wrong)).toEqual({});
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: process.env['SHRINK'] === undefined },
    );
  }, 120_000);
});
