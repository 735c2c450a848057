import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Delivery, Verdict } from '../../src/core/delivery.ts';
import type { Outbox } from '../../src/core/outbox.ts';
import {
  advance,
  createHarness,
  type Harness,
  SENT,
  scriptedSink,
  settleDown,
  useFakeClock,
} from './harness.ts';

const ALERTS = 6;
/** Longer than a lease: what a dead process had claimed is due again. */
const LEASE_MS = 301_000;
let harness: Harness;

beforeEach(() => {
  useFakeClock();
  harness = createHarness();
});
afterEach(async () => {
  await harness.close();
  vi.useRealTimers();
});

type Step = 'claim' | 'nextDueMs' | 'send' | 'settle';
type Moment = 'before' | 'after';

/**
 * The outbox with something happening `before` or `after` the n-th call of one step: `strike` either throws (the step
 * failed) or never comes back (the process died there).
 */
const struck = (
  outbox: Outbox,
  step: Step,
  moment: Moment,
  nth: number,
  strike: () => Promise<never>,
): { outbox: Outbox; send: (delivery: Delivery) => Promise<Verdict>; received: string[] } => {
  const received: string[] = [];
  let count = 0;
  const around = async <T>(name: Step, work: () => T | Promise<T>): Promise<T> => {
    const hit = name === step && ++count === nth;
    if (hit && moment === 'before') return strike();
    const result = await work();
    return hit ? strike() : result;
  };
  return {
    received,
    send: (delivery) =>
      around('send', () => {
        received.push(delivery.id);
        return SENT;
      }),
    outbox: {
      ...outbox,
      claim: (...args) => around('claim', () => outbox.claim(...args)),
      nextDueMs: (...args) => around('nextDueMs', () => outbox.nextDueMs(...args)),
      settle: (...args) => around('settle', () => outbox.settle(...args)),
    },
  };
};

const POINTS = (['claim', 'nextDueMs', 'send', 'settle'] as const).flatMap((step) =>
  (['before', 'after'] as const).flatMap((moment) => [1, 2].map((nth) => [moment, step, nth] as const)),
);

const expectAllSent = async (received: readonly string[]): Promise<void> => {
  const deliveries = await harness.deliveries('slack');
  expect(deliveries).toHaveLength(ALERTS);
  expect(deliveries.map((delivery) => delivery.state)).toEqual(Array<string>(ALERTS).fill('sent'));
  // Nothing lost, and whatever came twice came with its own identity again.
  expect([...new Set(received)].sort()).toEqual(deliveries.map((delivery) => delivery.id).sort());
};

describe('one step of a delivery fails once', () => {
  it.each(POINTS)('%s %s, call %i: everything is delivered', async (moment, step, nth) => {
    const fail = (): Promise<never> => Promise.reject(new Error('this step failed'));
    const { outbox, send, received } = struck(harness.store.outbox, step, moment, nth, fail);
    const sink = scriptedSink('slack', send, 2);
    harness.start(harness.loop(sink, { outbox }));
    for (let alert = 0; alert < ALERTS; alert++) {
      await harness.enqueue(1, 'slack');
      await settleDown();
    }
    await advance(LEASE_MS);
    await expectAllSent(received);
    // A failed store is said in the log, a failed send in the attempts.
    const said = [...harness.logged('store.error'), ...harness.logged('delivery.retry')];
    expect(said).toHaveLength(1);
    // Only a send that arrived and was taken for failed is repeated.
    expect(received).toHaveLength(step === 'send' && moment === 'after' ? ALERTS + 1 : ALERTS);
  });
});

describe('the process dies at one step of a delivery', () => {
  it.each(POINTS)('%s %s, call %i: the next process delivers everything', async (moment, step, nth) => {
    let dead = false;
    const never = new Promise<never>(() => {});
    const die = (): Promise<never> => {
      dead = true;
      return never;
    };
    const first = struck(harness.store.outbox, step, moment, nth, die);
    const living =
      <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
      (...args: A): Promise<T> =>
        dead ? never : work(...args);
    const outbox: Outbox = {
      ...first.outbox,
      claim: living(first.outbox.claim),
      nextDueMs: living(first.outbox.nextDueMs),
      settle: living(first.outbox.settle),
      release: living(first.outbox.release),
    };
    const sink = scriptedSink('slack', living(first.send), 2);
    // This life is never stopped: its process is gone, and so is everything it waits for.
    void harness.loop(sink, { outbox }).run(new AbortController().signal);
    for (let alert = 0; alert < ALERTS; alert++) {
      await harness.enqueue(1, 'slack');
      await settleDown();
    }
    expect(dead).toBe(true);

    const second = struck(harness.store.outbox, step, moment, 0, die);
    harness.start(harness.loop(scriptedSink('slack', second.send, 2)));
    await advance(LEASE_MS);
    const received = [...first.received, ...second.received];
    await expectAllSent(received);
    // Twice at most: what was in the receiver's hands when the process died before its settlement.
    const inDoubt = (step === 'send' && moment === 'after') || (step === 'settle' && moment === 'before');
    // Sends may also be under way while the process asks for the next due time, or for more.
    const underWay = step === 'nextDueMs' || (step === 'claim' && nth > 1);
    expect(received.length - ALERTS).toBeLessThanOrEqual(inDoubt || underWay ? 2 : 0);
    expect(received.length).toBeGreaterThanOrEqual(inDoubt ? ALERTS + 1 : ALERTS);
  });
});
