import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Outbox } from '../../src/core/outbox.ts';
import {
  advance,
  createHarness,
  type Harness,
  SENT,
  START_MS,
  scriptedSink,
  settleDown,
  untilAborted,
  useFakeClock,
} from './harness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let harness: Harness;

beforeEach(() => {
  useFakeClock();
  harness = createHarness();
});
afterEach(async () => {
  await harness.close();
  // A timer that outlives its loop would keep the process from ending.
  if (vi.getTimerCount() > 0) throw new Error(`${vi.getTimerCount()} timers are left`);
  vi.useRealTimers();
});

/** The store's outbox, counting calls. */
const counted = (outbox: Outbox) => {
  const calls = { claim: 0, settle: 0, settled: 0 };
  return {
    calls,
    outbox: {
      ...outbox,
      claim: (...args: Parameters<Outbox['claim']>) => {
        calls.claim += 1;
        return outbox.claim(...args);
      },
      settle: (...args: Parameters<Outbox['settle']>) => {
        calls.settle += 1;
        calls.settled += args[0].length;
        return outbox.settle(...args);
      },
    } satisfies Outbox,
  };
};

describe('a sink loop', () => {
  it('sends what a commit put into the outbox, in order, and settles it', async () => {
    const sink = scriptedSink('slack', undefined, 1);
    harness.start(harness.loop(sink));
    await settleDown();
    expect(sink.calls).toEqual([]);
    await harness.enqueue(20, 'slack');
    await settleDown();
    expect(sink.calls.map((call) => call.delivery.alert.id)).toEqual(
      Array.from({ length: 20 }, (_, index) => `alert-${index + 1}`),
    );
    expect(new Set(await harness.states('slack'))).toEqual(new Set(['sent']));
    const attempts = await harness.attempts('slack');
    expect(attempts).toHaveLength(20);
    expect(attempts[0]).toMatchObject({ outcome: 'sent', detail: 'ok' });
    expect(harness.logged('delivery.sent')).toHaveLength(20);
    expect(harness.logged('delivery.sent')[0]).toMatchObject({
      sink: 'slack',
      alert_id: 'alert-1',
      account: 'default',
      attempt: 1,
      receipt: 'ok',
    });
  });

  it('finds what waited in the outbox before it started', async () => {
    await harness.enqueue(3, 'slack');
    const sink = scriptedSink('slack');
    harness.start(harness.loop(sink));
    await settleDown();
    expect(sink.calls).toHaveLength(3);
  });

  it('does not poll: an hour with nothing to do costs not one look at the outbox', async () => {
    const { outbox, calls } = counted(harness.store.outbox);
    harness.start(harness.loop(scriptedSink('slack'), { outbox }));
    await settleDown();
    const before = calls.claim;
    await advance(HOUR_MS);
    expect(calls.claim).toBe(before);
    expect(before).toBe(1);
  });

  it('claims and settles in groups, not one by one', async () => {
    const { outbox, calls } = counted(harness.store.outbox);
    const sink = scriptedSink('webhook', undefined, 32);
    harness.start(harness.loop(sink, { outbox }));
    await harness.enqueue(1_000, 'webhook');
    await settleDown();
    expect(sink.calls).toHaveLength(1_000);
    expect(calls.settled).toBe(1_000);
    expect(calls.settle).toBeLessThan(40);
    expect(calls.claim).toBeLessThan(80);
  });

  it('uses all its places and never more', async () => {
    const sink = scriptedSink(
      'webhook',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return SENT;
      },
      8,
    );
    harness.start(harness.loop(sink));
    await harness.enqueue(80, 'webhook');
    await advance(1_050);
    expect(sink.calls).toHaveLength(80);
    expect(sink.mostAtOnce).toBe(8);
    expect(new Set(await harness.states('webhook'))).toEqual(new Set(['sent']));
  });

  it('tries again when it is due, to the second, with the same id and the next number', async () => {
    const sink = scriptedSink('slack', (_, __, call) =>
      call < 3 ? { outcome: 'retry', reason: 'HTTP 503' } : SENT,
    );
    harness.start(harness.loop(sink));
    await harness.enqueue(1, 'slack');
    await settleDown();
    expect(await harness.states('slack')).toEqual(['pending']);
    expect(harness.logged('delivery.retry')[0]).toMatchObject({
      reason: 'HTTP 503',
      attempt: 1,
      next_attempt_at: new Date(START_MS + 625).toISOString(),
    });
    await advance(10_000);
    expect(sink.calls.map((call) => call.atMs - START_MS)).toEqual([0, 625, 625 + 1_250]);
    expect(sink.calls.map((call) => call.delivery.attempt)).toEqual([1, 2, 3]);
    expect(new Set(sink.calls.map((call) => call.delivery.id)).size).toBe(1);
    expect(await harness.states('slack')).toEqual(['sent']);
    expect((await harness.attempts('slack')).map((attempt) => attempt.outcome)).toEqual([
      'retry',
      'retry',
      'sent',
    ]);
  });

  it('waits as long as the receiver asks', async () => {
    const sink = scriptedSink('slack', (_, __, call) =>
      call === 1 ? { outcome: 'retry', reason: 'HTTP 429', afterMs: 120_000 } : SENT,
    );
    harness.start(harness.loop(sink));
    await harness.enqueue(1, 'slack');
    await advance(119_999);
    expect(sink.calls).toHaveLength(1);
    await advance(10);
    expect(sink.calls).toHaveLength(2);
  });

  it('notices within a minute that the clock was set forward past a due time', async () => {
    const sink = scriptedSink('slack', (_, __, call) =>
      call === 1 ? { outcome: 'retry', reason: 'HTTP 429', afterMs: HOUR_MS } : SENT,
    );
    harness.start(harness.loop(sink));
    await harness.enqueue(1, 'slack');
    await settleDown();
    harness.jump(2 * HOUR_MS);
    await advance(60_000);
    expect(sink.calls).toHaveLength(2);
  });

  it('parks what is rejected, says so through another sink, and recovers with the next success', async () => {
    let works = false;
    const slack = scriptedSink('slack', () =>
      works ? SENT : { outcome: 'rejected', reason: 'HTTP 404 hunter2' },
    );
    const other = scriptedSink('other');
    harness.start(harness.loop(slack));
    harness.start(harness.loop(other));
    await harness.enqueue(3, 'slack');
    await settleDown();
    expect(slack.calls).toHaveLength(3);
    expect(await harness.states('slack')).toEqual(['parked', 'parked', 'parked']);
    expect([...(await harness.store.conditions.open()).keys()]).toEqual(['parked:slack']);
    expect(other.calls.map((call) => call.delivery.alert.message)).toEqual(['3: HTTP 404 [redacted]']);
    expect(harness.logged('delivery.parked')).toHaveLength(3);
    expect(JSON.stringify([harness.lines, await harness.attempts('slack')])).not.toContain('hunter2');

    works = true;
    await harness.enqueue(1, 'slack');
    await settleDown();
    expect(other.calls).toHaveLength(1);

    await advance(60_000);
    await harness.enqueue(2, 'slack');
    await settleDown();
    expect((await harness.store.conditions.open()).size).toBe(0);
    expect(other.calls.map((call) => call.delivery.alert.message)).toEqual([
      '3: HTTP 404 [redacted]',
      'recovered',
    ]);
    expect(await harness.states('slack')).toEqual(['parked', 'parked', 'parked', 'sent', 'sent', 'sent']);
  });

  it('tells of a sink that refuses every other alert once, not with every pair', async () => {
    const slack = scriptedSink(
      'slack',
      (_, __, call) => (call % 2 ? { outcome: 'rejected', reason: 'too odd' } : SENT),
      1,
    );
    const other = scriptedSink('other');
    harness.start(harness.loop(slack));
    harness.start(harness.loop(other));
    for (let round = 0; round < 30; round++) {
      await harness.enqueue(1, 'slack');
      await advance(1_000);
    }
    expect(other.calls).toHaveLength(1);
  });

  it('closes a condition that an earlier process left open', async () => {
    const parking = harness.start(
      harness.loop(scriptedSink('slack', () => ({ outcome: 'rejected', reason: 'HTTP 410' }))),
    );
    await harness.enqueue(1, 'slack');
    await settleDown();
    await parking();
    harness.start(harness.loop(scriptedSink('slack')));
    await harness.enqueue(1, 'slack');
    await settleDown();
    expect((await harness.store.conditions.open()).size).toBe(0);
  });

  it('parks what has failed for three days', async () => {
    const sink = scriptedSink('slack', () => ({ outcome: 'retry', reason: 'connection refused' }));
    harness.start(harness.loop(sink));
    await harness.enqueue(1, 'slack');
    await advance(3 * DAY_MS - HOUR_MS);
    expect(await harness.states('slack')).toEqual(['pending']);
    await advance(2 * HOUR_MS);
    expect(await harness.states('slack')).toEqual(['parked']);
    expect((await harness.attempts('slack')).length).toBeGreaterThan(50);
    expect([...(await harness.store.conditions.open()).keys()]).toEqual(['circuit:slack', 'parked:slack']);
  });

  it('does not let a send that never answers hold up the others, and ends it after a minute', async () => {
    const sink = scriptedSink(
      'slack',
      (delivery, signal) =>
        delivery.alert.id === 'alert-1' && delivery.attempt === 1 ? untilAborted(delivery, signal) : SENT,
      2,
    );
    harness.start(harness.loop(sink));
    await harness.enqueue(10, 'slack');
    await settleDown();
    expect(await harness.states('slack')).toEqual(['sending', ...Array<string>(9).fill('sent')]);
    await advance(59_000);
    expect(sink.calls[0]?.signal.aborted).toBe(false);
    await advance(1_000);
    expect(sink.calls[0]?.signal.aborted).toBe(true);
    expect(harness.logged('delivery.retry')[0]?.['reason']).toBe('aborted: no answer within 1m');
    await advance(2_000);
    expect(new Set(await harness.states('slack'))).toEqual(new Set(['sent']));
  });

  it('goes on even when a sink ignores its signal', async () => {
    const deaf = scriptedSink('slack', (_, __, call) => (call === 1 ? new Promise(() => {}) : SENT), 1);
    harness.start(harness.loop(deaf));
    await harness.enqueue(2, 'slack');
    await advance(70_000);
    expect(await harness.states('slack')).toEqual(['sent', 'sent']);
    expect(harness.logged('delivery.retry')[0]?.['reason']).toBe('no answer within 1m');
  });

  it('takes a throw and an answer that is no verdict for a failed attempt', async () => {
    const sink = scriptedSink('slack', (_, __, call) => {
      if (call === 1) throw new TypeError('x is not a function (hunter2)');
      return call === 2 ? (undefined as never) : SENT;
    });
    harness.start(harness.loop(sink));
    await harness.enqueue(1, 'slack');
    await advance(10_000);
    expect((await harness.attempts('slack')).map((attempt) => attempt.detail)).toEqual([
      'sink of type scripted failed: x is not a function ([redacted])',
      'sink of type scripted answered no verdict',
      'ok',
    ]);
  });

  it('is not touched by another sink that is dead', async () => {
    const dead = scriptedSink('dead', untilAborted, 2);
    const alive = scriptedSink('alive', undefined, 2);
    harness.start(harness.loop(dead));
    harness.start(harness.loop(alive));
    await harness.enqueue(50, 'dead', 'alive');
    await settleDown();
    expect(new Set(await harness.states('alive'))).toEqual(new Set(['sent']));
    expect(dead.calls).toHaveLength(2);
    await advance(HOUR_MS);
    const begun = Date.now();
    await harness.enqueue(1, 'dead', 'alive');
    await settleDown();
    expect(alive.calls.at(-1)?.atMs).toBe(begun);
  });

  it('catches up after a receiver was down for hours: everything once, while the other sink never waited', async () => {
    const upAtMs = Date.now() + 5 * HOUR_MS;
    const slack = scriptedSink('slack', () =>
      Date.now() < upAtMs ? { outcome: 'retry', reason: 'connection refused' } : SENT,
    );
    const other = scriptedSink('other');
    harness.start(harness.loop(slack));
    harness.start(harness.loop(other));
    for (let hour = 0; hour < 5; hour++) {
      await harness.enqueue(6, 'slack', 'other');
      await settleDown();
      // One more: the alert that slack does not answer.
      expect(other.calls.filter((call) => call.delivery.alert.kind === 'rule')).toHaveLength(6 * (hour + 1));
      await advance(HOUR_MS);
    }
    await advance(HOUR_MS);
    expect(await harness.states('slack')).toEqual(Array<string>(30).fill('sent'));
    const arrived = slack.calls.filter((call) => call.atMs >= upAtMs).map((call) => call.delivery.id);
    expect(arrived).toHaveLength(30);
    expect(new Set(arrived).size).toBe(30);
    expect(harness.logged('delivery.parked')).toEqual([]);
  });

  it('never sends one delivery twice at once, even when the clock jumps over its lease', async () => {
    let answer = (): void => {};
    const sink = scriptedSink(
      'slack',
      () =>
        new Promise((resolve) => {
          answer = () => resolve(SENT);
        }),
      1,
    );
    const loop = harness.loop(sink);
    harness.start(loop);
    await harness.enqueue(1, 'slack');
    await settleDown();
    harness.jump(2 * HOUR_MS);
    loop.wake.ring();
    await advance(5_000);
    expect(sink.calls).toHaveLength(1);
    answer();
    await settleDown();
    expect(await harness.states('slack')).toEqual(['sent']);
    expect(sink.calls).toHaveLength(1);
  });

  it('gives back what it cannot send within its lease', async () => {
    const { outbox } = harness.store;
    const releases: string[][] = [];
    const watched: Outbox = {
      ...outbox,
      release: (ids) => {
        releases.push([...ids]);
        return outbox.release(ids);
      },
    };
    // Every send takes 50 s of the 60 s it may; the lease of two minutes cannot cover four of them.
    const sink = scriptedSink(
      'slack',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 50_000));
        return SENT;
      },
      1,
    );
    harness.start(harness.loop(sink, { outbox: watched, policy: { leaseMs: 120_000 } }));
    await harness.enqueue(4, 'slack');
    await advance(5 * 60_000);
    expect(releases.flat().length).toBeGreaterThan(0);
    expect(sink.calls).toHaveLength(4);
    expect(await harness.states('slack')).toEqual(['sent', 'sent', 'sent', 'sent']);
    expect((await harness.deliveries('slack')).map((delivery) => delivery.attempts)).toEqual([1, 1, 1, 1]);
  });

  it('refuses a lease that is too short for its timeout', () => {
    expect(() => harness.loop(scriptedSink('slack'), { policy: { leaseMs: 119_999 } })).toThrow(RangeError);
  });
});

describe('a sink loop that is stopped', () => {
  it('claims no more, lets what is in flight end, and gives back the rest', async () => {
    const { outbox, calls } = counted(harness.store.outbox);
    const sink = scriptedSink(
      'slack',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        return SENT;
      },
      2,
    );
    const stop = harness.start(harness.loop(sink, { outbox }));
    await harness.enqueue(10, 'slack');
    await settleDown();
    const claims = calls.claim;
    const stopped = stop();
    await harness.enqueue(1, 'slack');
    await advance(3_100);
    await stopped;
    expect(calls.claim).toBe(claims);
    expect(sink.calls).toHaveLength(2);
    expect(sink.calls.every((call) => !call.signal.aborted)).toBe(true);
    expect(await harness.states('slack')).toEqual(['sent', 'sent', ...Array<string>(9).fill('pending')]);
    expect((await harness.deliveries('slack')).map((delivery) => delivery.attempts)).toEqual([
      1,
      1,
      ...Array<number>(9).fill(0),
    ]);
  });

  it.each([
    ['answers the abort', untilAborted],
    ['ignores the abort', () => new Promise<never>(() => {})],
  ] as const)(
    'ends within its grace when a sink %s, and gives the delivery back as if untried',
    async (_, script) => {
      const sink = scriptedSink('slack', script);
      const stop = harness.start(harness.loop(sink, { policy: { graceMs: 4_000 } }));
      await harness.enqueue(1, 'slack');
      await settleDown();
      let ended = false;
      const stopped = stop().finally(() => {
        ended = true;
      });
      await advance(3_900);
      expect(ended).toBe(false);
      expect(sink.calls[0]?.signal.aborted).toBe(false);
      await advance(2_000);
      expect(ended).toBe(true);
      await stopped;
      expect(sink.calls[0]?.signal.aborted).toBe(true);
      expect(await harness.deliveries('slack')).toMatchObject([{ state: 'pending', attempts: 0 }]);
      expect(await harness.attempts('slack')).toEqual([]);
    },
  );

  it('keeps a success that came with the abort', async () => {
    const sink = scriptedSink('slack', async (delivery, signal) => {
      await untilAborted(delivery, signal);
      return SENT;
    });
    const stop = harness.start(harness.loop(sink));
    await harness.enqueue(1, 'slack');
    await settleDown();
    const stopped = stop();
    await advance(6_000);
    await stopped;
    expect(await harness.states('slack')).toEqual(['sent']);
  });

  it('ends although the store does not answer any more', async () => {
    const broken: Outbox = {
      ...harness.store.outbox,
      settle: () => Promise.reject(new Error('disk I/O error')),
      release: () => Promise.reject(new Error('disk I/O error')),
    };
    const stop = harness.start(harness.loop(scriptedSink('slack'), { outbox: broken }));
    await harness.enqueue(3, 'slack');
    await settleDown();
    const stopped = stop();
    await advance(7_100);
    await stopped;
    expect(harness.logged('store.error').length).toBeGreaterThan(1);
    expect(await harness.states('slack')).toEqual(['sending', 'sending', 'sending']);
  });
});

describe('drain', () => {
  it('delivers what is due and leaves what has to wait', async () => {
    const sink = scriptedSink('slack', (delivery) =>
      delivery.alert.id === 'alert-2' ? { outcome: 'retry', reason: 'HTTP 503' } : SENT,
    );
    await harness.enqueue(40, 'slack');
    const drained = harness.loop(sink).drain(new AbortController().signal);
    await settleDown();
    await drained;
    const states = await harness.states('slack');
    expect(states.filter((state) => state === 'sent')).toHaveLength(39);
    expect(states[1]).toBe('pending');
  });

  it('has nothing to do with an empty outbox', async () => {
    const drained = harness.loop(scriptedSink('slack')).drain(new AbortController().signal);
    await settleDown();
    await expect(drained).resolves.toEqual({ blocked: false });
  });

  it('rejects when the store keeps failing', async () => {
    const outbox: Outbox = {
      ...harness.store.outbox,
      claim: () => Promise.reject(new Error('database is full')),
    };
    const drained = harness.loop(scriptedSink('slack'), { outbox }).drain(new AbortController().signal);
    await Promise.all([expect(drained).rejects.toThrow('database is full'), advance(60_000)]);
    expect(harness.logged('store.error')).toHaveLength(5);
  });
});
