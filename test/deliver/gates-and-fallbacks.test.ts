import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Level } from '../../src/core/alert.ts';
import type { Verdict } from '../../src/core/delivery.ts';
import {
  advance,
  alertNumber,
  createHarness,
  type Harness,
  type ScriptedSink,
  SENT,
  START_MS,
  scriptedSink,
  settleDown,
  useFakeClock,
} from './harness.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DOWN: Verdict = { outcome: 'retry', reason: 'connect refused' };
let harness: Harness;
beforeEach(() => {
  useFakeClock();
  harness = createHarness();
});
afterEach(async () => {
  await harness.close();
  vi.useRealTimers();
});

const state = { down: false };
beforeEach(() => {
  state.down = false;
});
/** A sink that is down while the test says so. */
const troubled = (concurrency = 4): ScriptedSink =>
  scriptedSink(
    'troubled',
    async () => {
      // An answer takes its time; none at all takes longer.
      await new Promise((resolve) => setTimeout(resolve, state.down ? 50 : 1));
      return state.down ? DOWN : SENT;
    },
    concurrency,
  );
/** What a sink was told of trouble, in order. */
const toldOf = (sink: ScriptedSink): readonly string[] =>
  sink.calls
    .filter(({ delivery }) => delivery.alert.kind === 'system')
    .map(({ delivery }) => delivery.alert.id);
const conditions = async (): Promise<readonly string[]> => [
  ...(await harness.store.conditions.open()).keys(),
];
const add = async (number: number, level: Level, sink = 'troubled'): Promise<void> => {
  const rule = { id: 'r', title: 'A rule', level, tags: [], references: [] };
  await harness.store.outbox.enqueue([
    { alert: alertNumber(number, { rule, decidedAtMs: Date.now() }), sinks: [sink] },
  ]);
  harness.ringAll();
};

describe('the circuit of a sink', () => {
  it('opens after five failures, is an alarm only when a probe has failed too, and ends both when it answers', async () => {
    const sink = troubled();
    const other = scriptedSink('other');
    harness.start(harness.loop(sink));
    harness.start(harness.loop(other));
    state.down = true;
    await harness.enqueue(100, 'troubled');
    await advance(SECOND);
    // Four at a time, of which some were begun before the fifth failure was known; none of those claimed in advance.
    const before = sink.calls.length;
    expect(before).toBeLessThanOrEqual(12);
    expect((await harness.states('troubled')).filter((one) => one !== 'pending')).toEqual([]);
    expect(harness.logged('circuit.opened')).toHaveLength(1);
    expect(await conditions()).toEqual([]);
    expect((await harness.store.outbox.gate('troubled'))?.opens).toBe(1);
    await advance(17 * SECOND);
    expect(sink.calls.length).toBe(before);
    await advance(SECOND * 2);
    // One probe, which fails: now somebody is told, through the other sink.
    expect(sink.calls.length).toBe(before + 1);
    expect(await conditions()).toEqual(['circuit:troubled']);
    expect(toldOf(other)).toHaveLength(1);
    await advance(HOUR);
    // One at a time, five minutes apart at most, and told once.
    expect(sink.calls.length - before).toBeGreaterThan(12);
    expect(sink.calls.length - before).toBeLessThan(40);
    expect(toldOf(other)).toHaveLength(1);
    expect(sink.mostAtOnce).toBeLessThanOrEqual(4);
    state.down = false;
    await advance(5 * MINUTE);
    expect(await conditions()).toEqual([]);
    expect(harness.logged('circuit.closed')).toHaveLength(1);
    expect(toldOf(other)).toEqual([expect.stringMatching(/true$/), expect.stringMatching(/false$/)]);
    expect(new Set(await harness.states('troubled'))).toEqual(new Set(['sent']));
  });

  it('parks everything that is too old together, soon after the first of it, and says how many', async () => {
    const sink = troubled();
    const other = scriptedSink('other');
    const spare = scriptedSink('spare');
    const policy = { maxAgeMs: 2 * HOUR, fallback: 'spare' };
    harness.start(harness.loop(sink, { policy }));
    harness.start(harness.loop(other));
    harness.start(harness.loop(spare));
    state.down = true;
    await harness.enqueue(1_200, 'troubled');
    await advance(HOUR);
    await harness.enqueue(3, 'troubled');
    await advance(HOUR - MINUTE);
    expect(new Set(await harness.states('troubled'))).toEqual(new Set(['pending']));
    const tries = sink.calls.length;
    await advance(8 * MINUTE);
    const parked = (await harness.deliveries('troubled')).filter((one) => one.state === 'parked');
    expect(parked).toHaveLength(1_200);
    expect(sink.calls.length - tries).toBeLessThan(6);
    expect(await harness.states('troubled')).toEqual([
      ...Array(1_200).fill('parked'),
      ...Array(3).fill('pending'),
    ]);
    expect(parked.filter(({ why }) => why.some(({ reason }) => reason === 'overdue'))).toHaveLength(1_199);
    expect(other.calls.map(({ delivery }) => delivery.alert.message)).toContain('1200: connect refused');
    expect(harness.logged('delivery.overdue')).toMatchObject([
      { deliveries: 1_199, reason: 'older than 2h' },
    ]);
    expect(await harness.states('spare')).toHaveLength(1_203);
    state.down = false;
    await advance(6 * MINUTE);
    expect((await harness.states('troubled')).slice(-3)).toEqual(['sent', 'sent', 'sent']);
  });

  it('is no alarm when the receiver only restarts', async () => {
    const sink = troubled();
    const other = scriptedSink('other');
    harness.start(harness.loop(sink));
    harness.start(harness.loop(other));
    state.down = true;
    await harness.enqueue(10, 'troubled');
    await advance(SECOND);
    expect(harness.logged('circuit.opened')).toHaveLength(1);
    state.down = false;
    await advance(MINUTE);
    expect(new Set(await harness.states('troubled'))).toEqual(new Set(['sent']));
    expect(toldOf(other)).toEqual([]);
  });

  it('stays open over a restart, and its end is told by the next life', async () => {
    const other = scriptedSink('other');
    harness.start(harness.loop(other));
    state.down = true;
    await harness.enqueue(10, 'troubled');
    const first = troubled();
    const stop = harness.start(harness.loop(first));
    await advance(10 * MINUTE);
    expect(await conditions()).toEqual(['circuit:troubled']);
    const stopped = stop();
    await advance(10 * SECOND);
    await stopped;
    const second = troubled();
    harness.start(harness.loop(second));
    await settleDown();
    expect(second.calls).toEqual([]);
    state.down = false;
    await advance(5 * MINUTE);
    expect(await conditions()).toEqual([]);
    expect(new Set(await harness.states('troubled'))).toEqual(new Set(['sent']));
  });

  it('closes by a refusal as well: the receiver is there', async () => {
    let answer: Verdict = DOWN;
    harness.start(harness.loop(scriptedSink('troubled', () => answer)));
    await harness.enqueue(6, 'troubled');
    await settleDown();
    answer = { outcome: 'rejected', reason: 'HTTP 403' };
    await advance(MINUTE);
    expect((await harness.store.outbox.gate('troubled'))?.opens).toBe(0);
    expect(await harness.states('troubled')).toEqual(Array(6).fill('parked'));
  });

  it('does not hammer a dead receiver after the clock was set back', async () => {
    const sink = troubled(1);
    harness.start(harness.loop(sink));
    state.down = true;
    await harness.enqueue(10, 'troubled');
    await advance(MINUTE);
    const before = sink.calls.length;
    harness.jump(-24 * HOUR);
    harness.ringAll();
    await advance(30 * MINUTE);
    expect(sink.calls.length - before).toBeLessThan(25);
  });
});

describe('10: a receiver that was down for hours', () => {
  it('gets everything once, in order, when it is back', async () => {
    const sink = troubled(1);
    harness.start(harness.loop(sink));
    state.down = true;
    for (let hour = 0; hour < 3; hour += 1) {
      await harness.enqueue(20, 'troubled');
      await advance(HOUR);
    }
    const failed = sink.calls.length;
    state.down = false;
    await advance(10 * MINUTE);
    const ids = sink.calls.slice(failed).map(({ delivery }) => delivery.alert.id);
    // The probe went first; the others are in order.
    const [probe = '', ...rest] = ids;
    const all = Array.from({ length: 60 }, (_, index) => `alert-${index + 1}`);
    expect(rest).toEqual(all.filter((id) => id !== probe));
    expect(ids).toHaveLength(60);
  });

  it('gets at once what would have been tried in an hour', async () => {
    const sink = troubled();
    harness.start(harness.loop(sink));
    state.down = true;
    await harness.enqueue(8, 'troubled');
    await advance(12 * HOUR);
    const dues = (await harness.deliveries('troubled')).map(({ dueAtMs = 0 }) => dueAtMs - Date.now());
    // The first of them is the next probe.
    expect(Math.max(...dues)).toBeGreaterThan(10 * MINUTE);
    state.down = false;
    await advance(5 * MINUTE);
    expect(new Set(await harness.states('troubled'))).toEqual(new Set(['sent']));
  });

  it('gets one digest of what waited, the most severe first, and then single alerts again', async () => {
    const sink = troubled(1);
    harness.start(harness.loop(sink, { policy: { foldAbove: 10 } }));
    state.down = true;
    await harness.enqueue(5, 'troubled');
    await advance(MINUTE);
    for (let number = 101; number <= 130; number += 1)
      await add(number, number % 3 === 0 ? 'critical' : 'low');
    await advance(HOUR);
    const failed = sink.calls.length;
    state.down = false;
    await advance(10 * MINUTE);
    // The probe is a single alert: whether the receiver is back is not tried with the digest of all.
    const [probe, digest, ...others] = sink.calls.slice(failed).map(({ delivery }) => delivery.alert);
    expect(others).toEqual([]);
    expect(probe?.kind).toBe('rule');
    expect(digest?.summary?.total).toBe(34);
    expect(digest?.summary?.members.map(({ level }) => level)).toEqual([
      ...Array(10).fill('critical'),
      ...Array(5).fill('high'),
      ...Array(5).fill('low'),
    ]);
    expect([...(await harness.states('troubled'))].sort()).toEqual([
      ...Array(34).fill('folded'),
      'sent',
      'sent',
    ]);
    await add(131, 'low');
    await advance(SECOND);
    expect(sink.calls.at(-1)?.delivery.alert.id).toBe('alert-131');
  });

  it('gets what waited at the pace it can stand', async () => {
    const sink = troubled(4);
    harness.start(harness.loop(sink, { policy: { pace: { perSecond: 1, burst: 3 } } }));
    await harness.enqueue(23, 'troubled');
    await advance(30 * SECOND);
    const times = sink.calls.map(({ atMs }) => atMs - START_MS);
    expect(times).toHaveLength(23);
    expect(times.slice(0, 3)).toEqual([0, 0, 0]);
    // One each second: never more, and not noticeably less.
    for (const [index, ms] of times.slice(3).entries()) {
      expect(ms).toBeGreaterThanOrEqual((index + 1) * SECOND);
      expect(ms).toBeLessThan((index + 1) * SECOND + 300);
    }
  });

  it('has its pace over a restart, and after the clock was set back', async () => {
    const policy = { pace: { perSecond: 0.1, burst: 2 } };
    const first = troubled(1);
    const stop = harness.start(harness.loop(first, { policy }));
    await harness.enqueue(5, 'troubled');
    await advance(100);
    expect(first.calls).toHaveLength(2);
    const stopped = stop();
    await advance(SECOND);
    await stopped;
    const second = troubled(1);
    harness.start(harness.loop(second, { policy }));
    await advance(100);
    expect(second.calls).toEqual([]);
    harness.jump(-HOUR);
    // What waits was due in the hour that comes once more: only what is put in now is due.
    await harness.enqueue(2, 'troubled');
    await advance(MINUTE);
    expect(second.calls).toHaveLength(2);
  });
});

describe('11: a receiver that asks for a pause', () => {
  it('gets nothing at all before it is over, and that is no failure', async () => {
    let busy = true;
    const sink = scriptedSink('troubled', () =>
      busy ? { outcome: 'retry', reason: 'HTTP 429', afterMs: 10 * MINUTE } : SENT,
    );
    harness.start(harness.loop(sink));
    await harness.enqueue(3, 'troubled');
    await settleDown();
    busy = false;
    expect(sink.calls).toHaveLength(3);
    await harness.enqueue(3, 'troubled');
    await advance(9 * MINUTE);
    expect(sink.calls).toHaveLength(3);
    await advance(2 * MINUTE);
    expect(sink.calls).toHaveLength(9);
    expect(Math.min(...sink.calls.slice(3).map(({ atMs }) => atMs - START_MS))).toBeGreaterThanOrEqual(
      10 * MINUTE,
    );
    expect(harness.logged('circuit.opened')).toEqual([]);
  });

  it.each([
    ['absurd', 1e15, 61 * MINUTE],
    ['negative', -1e15, MINUTE],
    ['no number', Number.NaN, MINUTE],
  ])('of %s length waits an hour at most', async (_, afterMs, withinMs) => {
    const sink = scriptedSink('troubled', (__, ___, call) =>
      call === 1 ? { outcome: 'retry', reason: 'HTTP 429', afterMs } : SENT,
    );
    harness.start(harness.loop(sink));
    await harness.enqueue(1, 'troubled');
    await settleDown();
    expect(sink.calls).toHaveLength(1);
    await advance(withinMs);
    expect(await harness.states('troubled')).toEqual(['sent']);
  });
});

describe('a fallback', () => {
  it('gets at once what its sink refuses', async () => {
    const fallback = scriptedSink('mail');
    harness.start(
      harness.loop(
        scriptedSink('troubled', () => ({ outcome: 'rejected', reason: 'HTTP 403' })),
        {
          policy: { fallback: 'mail' },
        },
      ),
    );
    harness.start(harness.loop(fallback));
    await harness.enqueue(3, 'troubled');
    await settleDown();
    expect(fallback.calls.map(({ delivery }) => delivery.alert.id)).toEqual([
      'alert-1',
      'alert-2',
      'alert-3',
    ]);
    expect(await harness.states('troubled')).toEqual(Array(3).fill('parked'));
  });

  it('gets what waits while its sink is down, also what comes then, each once; the sink gets all of it when it is back', async () => {
    const sink = troubled(1);
    const fallback = scriptedSink('mail');
    harness.start(harness.loop(sink, { policy: { fallback: 'mail' } }));
    harness.start(harness.loop(fallback));
    state.down = true;
    await harness.enqueue(700, 'troubled');
    await advance(SECOND * 5);
    const told = () => fallback.calls.map(({ delivery }) => delivery.alert.id);
    expect(new Set(told()).size).toBe(700);
    await harness.enqueue(5, 'troubled');
    await advance(HOUR);
    expect(told()).toHaveLength(705);
    expect(new Set(told()).size).toBe(705);
    expect(new Set(await harness.states('mail'))).toEqual(new Set(['sent']));
    state.down = false;
    await advance(10 * MINUTE);
    expect(new Set(await harness.states('troubled'))).toEqual(new Set(['sent']));
    await harness.enqueue(2, 'troubled');
    await settleDown();
    expect(told()).toHaveLength(705);
  });
});

describe('a drain', () => {
  const never = new AbortController().signal;
  it('says that it is blocked by a receiver that is down or asks for a pause, and ends', async () => {
    state.down = true;
    await harness.enqueue(10, 'troubled');
    const drained = harness.loop(troubled(1)).drain(never);
    await advance(10 * SECOND);
    expect(await drained).toEqual({ blocked: true });
    expect(new Set(await harness.states('troubled'))).toEqual(new Set(['pending']));

    await harness.enqueue(10, 'busy');
    const busy: Verdict = { outcome: 'retry', reason: 'HTTP 429', afterMs: HOUR };
    const pausing = scriptedSink('busy', () => new Promise((resolve) => setTimeout(resolve, 50, busy)), 1);
    const paused = harness.loop(pausing).drain(never);
    await advance(10 * SECOND);
    expect(await paused).toEqual({ blocked: true });
    // The second was begun before the answer to the first was known; the others go back.
    expect(pausing.calls.length).toBeLessThanOrEqual(2);
  });

  it('says that it is not when everything went out, also at a pace', async () => {
    await harness.enqueue(8, 'troubled');
    const sink = troubled();
    const drained = harness.loop(sink, { policy: { pace: { perSecond: 2, burst: 2 } } }).drain(never);
    await advance(10 * SECOND);
    expect(await drained).toEqual({ blocked: false });
    expect(sink.calls).toHaveLength(8);
  });
});

describe('20: the clock jumps', () => {
  it.each([-24 * HOUR, 24 * HOUR])('by %i ms: what is due goes out, and nothing twice', async (ms) => {
    const sink = troubled();
    harness.start(harness.loop(sink, { policy: { pace: { perSecond: 1, burst: 1 } } }));
    await harness.enqueue(1, 'troubled');
    await settleDown();
    harness.jump(ms);
    await harness.enqueue(3, 'troubled');
    await advance(2 * MINUTE);
    expect(sink.calls.map(({ delivery }) => delivery.alert.id)).toEqual([
      'alert-1',
      'alert-2',
      'alert-3',
      'alert-4',
    ]);
  });
});
