import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Delivery, Verdict } from '../../src/core/delivery.ts';
import type { Outbox } from '../../src/core/outbox.ts';
import { advance, createHarness, SENT, scriptedSink, settleDown, useFakeClock } from './harness.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** What one send of the sink in trouble comes to. */
type Fate = 'sent' | 'retry' | 'retry-after' | 'rejected' | 'throws' | 'slow' | 'hangs';

/** What happens around the loops, one after the other. */
type Happening =
  | { readonly what: 'alerts'; readonly count: number }
  | { readonly what: 'wait'; readonly ms: number }
  | { readonly what: 'jump'; readonly ms: number }
  | { readonly what: 'restart' }
  | { readonly what: 'kill' }
  | { readonly what: 'store fails'; readonly times: number };

const fates = fc.array(
  fc.constantFrom<Fate>(
    'sent',
    'sent',
    'retry',
    'retry',
    'retry-after',
    'rejected',
    'throws',
    'slow',
    'hangs',
  ),
  { minLength: 1, maxLength: 20 },
);
const happenings = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant('alerts' as const), count: fc.integer({ min: 1, max: 8 }) }),
    fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 200_000 }) }),
    fc.record({
      what: fc.constant('jump' as const),
      ms: fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }),
    }),
    fc.record({ what: fc.constant('restart' as const) }),
    fc.record({ what: fc.constant('kill' as const) }),
    fc.record({ what: fc.constant('store fails' as const), times: fc.integer({ min: 1, max: 4 }) }),
  ) as fc.Arbitrary<Happening>,
  { minLength: 1, maxLength: 12 },
);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One life of the process: its loops, and a switch that cuts them off from the world. */
interface Life {
  readonly stop: () => Promise<unknown>;
  readonly kill: () => void;
}

const live = async (fateList: readonly Fate[], story: readonly Happening[]): Promise<void> => {
  useFakeClock();
  const harness = createHarness();
  const never = new Promise<never>(() => {});
  let storeFailures = 0;
  let alerts = 0;
  let sends = 0;
  /** Deliveries that are being sent right now, to whatever life they belong. */
  const inFlight = new Set<string>();
  const overlaps: string[] = [];
  const received = new Set<string>();
  let storeIsFine = true;
  const late: string[] = [];

  const fate = async (delivery: Delivery): Promise<Verdict> => {
    // Beyond the list everything goes through, so that the story can end.
    const what = fateList[sends++] ?? 'sent';
    switch (what) {
      case 'retry':
        return { outcome: 'retry', reason: 'HTTP 503' };
      case 'retry-after':
        return { outcome: 'retry', reason: 'HTTP 429', afterMs: 30_000 };
      case 'rejected':
        return { outcome: 'rejected', reason: 'HTTP 400' };
      case 'throws':
        throw new Error('a bug');
      case 'hangs':
        return never;
      case 'slow':
        await pause(20 * SECOND_MS);
        break;
      case 'sent':
        break;
    }
    received.add(delivery.id);
    return SENT;
  };

  const begin = (): Life => {
    let dead = false;
    const living =
      <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        if (dead) return never;
        if (storeFailures > 0) {
          storeFailures -= 1;
          throw new Error('database is locked');
        }
        return work(...args);
      };
    const { outbox } = harness.store;
    const mortal: Outbox = {
      ...outbox,
      claim: living(outbox.claim),
      nextDueMs: living(outbox.nextDueMs),
      settle: living(outbox.settle),
      release: living(outbox.release),
    };
    const mine = new Set<string>();
    const troubled = scriptedSink(
      'troubled',
      async (delivery, signal) => {
        if (dead) return never;
        if (inFlight.has(delivery.id)) overlaps.push(delivery.id);
        inFlight.add(delivery.id);
        mine.add(delivery.id);
        const left = new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
        try {
          return await Promise.race([fate(delivery), left]);
        } finally {
          inFlight.delete(delivery.id);
          mine.delete(delivery.id);
        }
      },
      2,
    );
    const healthy = scriptedSink('healthy', undefined, 2);
    const stops = [troubled, healthy].map((sink) => {
      const stop = new AbortController();
      const end = harness.loop(sink, { outbox: mortal }).run(stop.signal);
      return { stop, end };
    });
    return {
      stop: () => {
        for (const { stop } of stops) stop.abort();
        return Promise.all(stops.map(({ end }) => end));
      },
      kill: () => {
        dead = true;
        for (const id of mine) inFlight.delete(id);
      },
    };
  };

  let life = begin();
  for (const happening of story) {
    switch (happening.what) {
      case 'alerts':
        alerts += happening.count;
        await harness.enqueue(happening.count, 'troubled', 'healthy');
        await settleDown();
        if (storeIsFine) {
          // Whatever happens to the other sink, this one takes its newest at once: as soon as commits have rested,
          // which is 25 ms at most.
          await advance(25);
          const newest = (await harness.states('healthy')).slice(-happening.count);
          late.push(...newest.filter((state) => state !== 'sent'));
        }
        break;
      case 'wait':
        await advance(happening.ms);
        storeIsFine ||= storeFailures === 0 && happening.ms >= 60 * SECOND_MS;
        break;
      case 'jump':
        harness.jump(happening.ms);
        break;
      case 'restart': {
        const stopped = life.stop();
        await advance(10 * SECOND_MS);
        await stopped;
        life = begin();
        break;
      }
      case 'kill':
        life.kill();
        life = begin();
        break;
      case 'store fails':
        storeFailures = happening.times;
        storeIsFine = false;
        break;
    }
  }
  // Time enough for every lease, jump and backoff to pass.
  storeFailures = 0;
  for (let hour = 0; hour < 8; hour++) await advance(HOUR_MS);

  const troubled = await harness.deliveries('troubled');
  expect(overlaps).toEqual([]);
  expect(troubled).toHaveLength(alerts);
  for (const delivery of troubled) {
    const attempts = await harness.store.history.attempts(delivery.id);
    const last = attempts.at(-1);
    expect(['sent', 'parked']).toContain(delivery.state);
    expect(delivery.state === 'sent' ? received.has(delivery.id) : last?.outcome === 'rejected').toBe(true);
    // Every attempt was claimed; a claim that was lost to a kill or a jump left no attempt behind.
    expect(attempts.length).toBeLessThanOrEqual(delivery.attempts);
    expect(attempts.length).toBeGreaterThanOrEqual(1);
  }
  expect(new Set(await harness.states('healthy'))).toEqual(new Set(alerts > 0 ? ['sent'] : []));
  expect(late).toEqual([]);

  const stopped = life.stop();
  await advance(10 * SECOND_MS);
  await stopped;
  await harness.close();
  vi.useRealTimers();
};

describe('random lives of two sinks', () => {
  it('end with every delivery sent or parked, never sent twice at once, and the healthy sink untouched', async () => {
    await fc.assert(fc.asyncProperty(fates, happenings, live), { numRuns: 40, endOnFailure: false });
  }, 120_000);
});
