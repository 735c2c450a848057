import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { FedEvent, Verdict } from '../../src/core/delivery.ts';
import { createFeedHarness, fedSink, REFUSED, TAKEN, wrapFeeds } from './feed-harness.ts';
import { advance, settleDown, useFakeClock } from './harness.ts';

/** What happens, one after the other. */
type Happening =
  /** One window of events; those marked are ones that the sink never takes. */
  | { readonly what: 'commit'; readonly poison: readonly boolean[] }
  | { readonly what: 'wait'; readonly ms: number }
  /** The sink refuses whatever it is given, or ends doing so. */
  | { readonly what: 'refuses'; readonly all: boolean }
  /** The sink refuses its next calls, whatever they bring, and gets well in the middle of something. */
  | { readonly what: 'refuses next'; readonly calls: number }
  /** The process dies in the middle of its `call`th use of store or sink from now, before or after it had its effect. */
  | { readonly what: 'dies'; readonly call: number; readonly after: boolean }
  | { readonly what: 'restart' };

const happenings = fc.array(
  fc.oneof(
    fc.record({
      what: fc.constant('commit' as const),
      poison: fc.array(
        fc.boolean().chain((first) => fc.boolean().map((second) => first && second)),
        {
          minLength: 1,
          maxLength: 12,
        },
      ),
    }),
    fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 4_000_000 }) }),
    fc.record({ what: fc.constant('refuses' as const), all: fc.boolean() }),
    fc.record({
      what: fc.constant('refuses next' as const),
      calls: fc.integer({ min: 1, max: 30 }),
    }),
    fc.record({
      what: fc.constant('dies' as const),
      call: fc.integer({ min: 1, max: 12 }),
      after: fc.boolean(),
    }),
    fc.record({ what: fc.constant('restart' as const) }),
  ) as fc.Arbitrary<Happening>,
  { minLength: 1, maxLength: 14 },
);
/** Answers to single attempts, besides what the content of the batch decides. */
const moods = fc.array(fc.constantFrom<'fine' | 'busy' | 'lost'>('fine', 'fine', 'busy', 'lost'), {
  maxLength: 25,
});

const live = async (
  story: readonly Happening[],
  mood: readonly ('fine' | 'busy' | 'lost')[],
  eventBatch: number,
): Promise<void> => {
  useFakeClock();
  const harness = createFeedHarness();
  const committed: string[] = [];
  const wanted = (id: string): boolean => !id.startsWith('unwanted');
  /** Ids in the order in which the far end got them for the first time. */
  const seen = new Set<string>();
  let refusesAll = false;
  let refusesNext = 0;
  let sends = 0;
  let doom = { calls: Number.POSITIVE_INFINITY, after: false };
  const never = new Promise<never>(() => {});

  /** One life's view of the world: after its death nothing answers any more. */
  const createLife = async (): Promise<void> => {
    let dead = false;
    const around = async <T>(act: () => Promise<T>): Promise<T> => {
      if (dead) return never;
      doom.calls -= 1;
      if (doom.calls > 0) return act();
      dead = true;
      if (doom.after) await act();
      return never;
    };
    const answer = async (batch: readonly FedEvent[]): Promise<Verdict> => {
      const how = mood[sends++] ?? 'fine';
      if (refusesAll || refusesNext-- > 0) return REFUSED;
      if (how === 'busy') return { outcome: 'retry', reason: 'busy' };
      if (batch.some(({ id }) => id.startsWith('poison'))) return REFUSED;
      for (const { id } of batch) seen.add(id);
      // Taken, but the answer got lost on the way.
      return how === 'lost' ? { outcome: 'retry', reason: 'no answer' } : TAKEN;
    };
    await harness.start(
      harness.loop(
        fedSink((batch) => around(() => answer(batch)), eventBatch),
        {
          feeds: wrapFeeds(harness.store.feeds, around),
          wants: ({ id }) => wanted(id),
          from: 'start',
        },
      ),
    );
  };
  const isKnown = (): boolean => doom.calls <= 0;
  const reborn = async (): Promise<void> => {
    doom = { calls: Number.POSITIVE_INFINITY, after: false };
    await harness.restart();
    await createLife();
    await settleDown();
  };
  /** The cursor has passed nothing that was neither seen nor recorded nor unwanted. */
  const check = async (): Promise<void> => {
    const waiting = new Set(await harness.waiting());
    const refused = await harness.refused();
    const passed = committed.filter((id) => !waiting.has(id) && wanted(id));
    expect(passed.filter((id) => !seen.has(id) && !refused.includes(id))).toEqual([]);
    expect(refused.filter((id) => !id.startsWith('poison'))).toEqual([]);
  };

  await createLife();
  await settleDown();
  let number = 0;
  for (const happening of story) {
    switch (happening.what) {
      case 'commit': {
        const ids = happening.poison.map((poison) => {
          number += 1;
          return `${poison ? 'poison' : number % 5 === 0 ? 'unwanted' : 'good'}-${number}`;
        });
        committed.push(...ids);
        await harness.commit(...ids);
        break;
      }
      case 'wait':
        await advance(happening.ms);
        break;
      case 'refuses':
        refusesAll = happening.all;
        break;
      case 'refuses next':
        refusesNext = happening.calls;
        break;
      case 'dies':
        doom = { calls: happening.call, after: happening.after };
        break;
      case 'restart':
        await reborn();
        break;
    }
    await settleDown();
    if (isKnown()) await reborn();
    await check();
  }

  // The world gets well, and one more good event comes by which the last bad one can be judged.
  refusesAll = false;
  refusesNext = 0;
  await reborn();
  committed.push('good-last');
  await harness.commit('good-last');
  for (let hours = 0; hours < 12 && (await harness.waiting()).length > 0; hours += 1)
    await advance(3_700_000);
  await check();
  expect(await harness.waiting()).toEqual([]);
  const good = committed.filter((id) => id.startsWith('good'));
  // An event that was refused for no reason of its own may come behind the one by which it was judged.
  const isOrdered = !story.some(({ what }) => what === 'refuses next');
  expect(isOrdered ? [...seen] : [...seen].sort()).toEqual(isOrdered ? good : good.sort());
  expect(await harness.refused()).toEqual(committed.filter((id) => id.startsWith('poison')));
  await harness.close();
};

describe('any life of a feed', () => {
  it('every event is taken at least once and in order, poison is recorded, the cursor passes nothing unsent', async () => {
    await fc.assert(
      fc
        .asyncProperty(happenings, moods, fc.integer({ min: 1, max: 7 }), live)
        .afterEach(() => void vi.useRealTimers()),
      { numRuns: 60 },
    );
  }, 60_000);
});
