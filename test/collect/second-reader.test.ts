import { afterEach, describe, expect, it } from 'vitest';
import { completenessOf } from '../../src/core/completeness.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';
import { KEY } from '../support/installation.ts';
import { createRig, type Rig, type RigOptions } from '../support/rig.ts';

/* The second reader with the real client, the real store and a simulator that misbehaves. */

const T0 = Date.parse('2026-04-01T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const never = new AbortController().signal;
const SWEEPS = [
  { lastMs: HOUR, everyMs: 10 * MINUTE },
  { lastMs: DAY, everyMs: 6 * HOUR },
  { lastMs: 30 * DAY, everyMs: 7 * DAY },
];

let rig: Rig;
const open = async (options: Partial<RigOptions> = {}): Promise<Rig> => {
  rig = await createRig({ startMs: T0, sweeps: SWEEPS, ...options });
  return rig;
};
afterEach(() => rig.close());

const generator = createGenerator({ seed: 'second reader', account: KEY });
const eventAt = (atMs: number): WireEvent => generator.any(atMs, 'APP_CREATE');
const work = async (): Promise<void> => {
  for (let steps = 0; await rig.second.step(never); steps += 1)
    if (steps > 500) throw new Error('the second reader does not come to an end');
};
/** The time goes by with passes and the second reader, in steps. */
const live = async (ms: number, everyMs = 5 * MINUTE): Promise<void> => {
  for (let left = ms; left > 0; left -= everyMs) {
    rig.advance(Math.min(left, everyMs));
    await rig.pass();
    await work();
  }
};
const sweepOf = async (lastMs: number) => (await rig.store.ledger.sweeps('default')).get(lastMs);
const completeness = async () => completenessOf(await rig.store.ledger.ranges('default'));

describe('events that become visible later than the overlap reaches', () => {
  it.each([
    ['half an hour', 30 * MINUTE, HOUR],
    ['five hours', 5 * HOUR, 13 * HOUR],
    ['six days', 6 * DAY, 15 * DAY],
  ])('%s: found once by a sweep, as late, also after restarts', async (_, lateMs, withinMs) => {
    await open({ start: { kind: 'at', ms: T0 - HOUR } });
    await rig.pass();
    await work();
    const late = eventAt(T0 + 20 * MINUTE);
    rig.simulator.add(KEY, late, T0 + 20 * MINUTE + lateMs);
    rig.simulator.add(KEY, eventAt(T0 + 40 * MINUTE), T0 + 40 * MINUTE);
    const stepMs = lateMs > DAY ? HOUR : 10 * MINUTE;
    await live(lateMs, stepMs);
    expect(rig.decided).not.toContain(late.id);
    await rig.restart();
    await live(withinMs, stepMs);
    expect(rig.decided.filter((id) => id === late.id)).toHaveLength(1);
    const found = rig.reread.filter(({ fresh }) => fresh.length > 0);
    expect(found.map(({ fresh, late, manner }) => [fresh[0]?.id, late, manner.reader])).toEqual([
      [late.id, 1, 'sweep'],
    ]);
    expect((await completeness()).late).toBe(1);
    const counts = await rig.store.ledger.lateness('default', 0);
    expect(counts.map(({ count }) => count)).toEqual([1, 1]);
    expect(counts[1]?.edgeMs).toBeGreaterThanOrEqual(lateMs);
  });

  it('are not looked for where the trail was never read, nor where events are deleted already', async () => {
    await open({ start: { kind: 'at', ms: T0 - HOUR }, retentionMs: 3 * HOUR, overlapMs: MINUTE });
    const before = eventAt(T0 - 2 * HOUR);
    rig.simulator.add(KEY, before);
    await rig.pass();
    await work();
    const events = [T0 + MINUTE, T0 + 30 * MINUTE].map(eventAt);
    rig.simulator.add(KEY, events, T0 + HOUR);
    await live(4 * HOUR);
    expect(rig.decided.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
    // The retention has passed: were it read again, it would be found anew.
    await rig.store.retention.prune(rig.now() - 3 * HOUR, 1_000);
    expect(await rig.stored()).toEqual([]);
    await live(12 * HOUR);
    expect(rig.decided).toHaveLength(2);
    expect(rig.decided).not.toContain(before.id);
  });

  it('a sweep that is interrupted goes on where it was, after a restart too', async () => {
    await open({ start: { kind: 'at', ms: T0 - 20 * DAY }, sweeps: [{ lastMs: 10 * DAY, everyMs: DAY }] });
    await rig.pass();
    await work();
    rig.advance(DAY + 1_000);
    await rig.pass();
    for (let step = 0; step < 3; step += 1) expect(await rig.second.step(never)).toBe(true);
    const under = await sweepOf(10 * DAY);
    expect(under?.endedAtMs).toBeUndefined();
    expect(under?.nextMs).toBeGreaterThan(under?.fromMs ?? 0);
    // What could not be read is read later: it is not passed over.
    const down = rig.simulator.faults.add({ kind: 'status', status: 503 });
    await expect(rig.second.step(never)).rejects.toThrow('503');
    down();
    expect(await sweepOf(10 * DAY)).toEqual(under);
    await rig.restart();
    rig.reread.length = 0;
    await work();
    expect(rig.reread[0]?.window.fromMs).toBe(under?.nextMs);
    expect(await sweepOf(10 * DAY)).toMatchObject({
      startedAtMs: under?.startedAtMs,
      endedAtMs: rig.now(),
    });
    // Nothing is due before the next day.
    rig.advance(23 * HOUR);
    await rig.pass();
    expect(await rig.second.step(never)).toBe(false);
  });

  it('reads in windows that fit, however many events there are', async () => {
    await open({ start: { kind: 'at', ms: T0 - HOUR }, sweeps: [{ lastMs: HOUR, everyMs: 10 * MINUTE }] });
    const events = Array.from({ length: 400 }, (_, index) => eventAt(T0 - (index + 1) * 8_000));
    rig.simulator.add(KEY, events);
    await rig.pass();
    await work();
    const late = Array.from({ length: 120 }, (_, index) => eventAt(T0 - 20 * MINUTE - (index >> 3) * 1_000));
    rig.simulator.add(KEY, late);
    await live(15 * MINUTE);
    expect(Math.max(...rig.reread.map(({ window }) => window.events.length))).toBeLessThanOrEqual(50);
    expect(await rig.stored()).toHaveLength(520);
    expect(rig.decided).toHaveLength(520);
  });
});

describe('windows that are unverified', () => {
  it('are read again by themselves, with what was missed, until they are complete', async () => {
    await open({ start: { kind: 'at', ms: T0 - 3 * HOUR } });
    const hidden = eventAt(T0 - 2 * HOUR);
    const mend = rig.simulator.faults.add({ kind: 'totals', totals: 'too-big' });
    rig.simulator.add(KEY, eventAt(T0 - 2 * HOUR));
    rig.simulator.add(KEY, hidden, T0 + 2 * MINUTE);
    await rig.pass();
    expect((await completeness()).unverified).toMatchObject([{ fromMs: T0 - 3 * HOUR, toMs: T0 }]);
    mend();
    rig.advance(4 * MINUTE);
    await rig.pass();
    await work();
    expect((await completeness()).unverified).toMatchObject([{ toMs: T0 - 10 * MINUTE }]);
    rig.advance(MINUTE);
    await rig.pass();
    await work();
    expect(await completeness()).toMatchObject({ completeUntilMs: rig.now(), unverified: [] });
    expect(rig.decided).toContain(hidden.id);
    expect(rig.reread.map(({ manner }) => manner.reader)).toEqual(['repair']);
    expect(rig.raised.size).toBe(0);
  });

  it('are given up after a bounded number of tries, and reported until a later reading verifies them', async () => {
    await open({ start: { kind: 'at', ms: T0 - HOUR }, sweeps: [{ lastMs: DAY, everyMs: 6 * HOUR }] });
    const mend = rig.simulator.faults.add({ kind: 'totals', totals: 'too-big' });
    rig.simulator.add(KEY, eventAt(T0 - 30 * MINUTE));
    await rig.pass();
    await work();
    mend();
    // The poll is well again; about the first hour the API goes on contradicting itself.
    const stillBad = rig.simulator.faults.add({ kind: 'totals', totals: 'too-big' });
    const read = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 5 * MINUTE) {
        rig.advance(5 * MINUTE);
        await work();
      }
    };
    await read(5 * HOUR);
    expect(rig.raised.size).toBe(0);
    await read(HOUR);
    expect(rig.reread.filter(({ manner }) => manner.reader === 'repair')).toHaveLength(6);
    expect(rig.raised).toEqual(new Set(['unverified:default']));
    const requests = rig.simulator.requests.count();
    rig.advance(5 * MINUTE);
    await work();
    expect(rig.simulator.requests.count()).toBe(requests);
    await rig.restart();
    stillBad();
    await live(7 * HOUR);
    expect((await completeness()).unverified).toEqual([]);
    expect(rig.raised.size).toBe(0);
  });

  it('a failing API is no try, and nothing is lost by it', async () => {
    await open({ start: { kind: 'at', ms: T0 - HOUR }, retries: 0 });
    const mend = rig.simulator.faults.add({ kind: 'totals', totals: 'missing' });
    rig.simulator.add(KEY, eventAt(T0 - 30 * MINUTE));
    await rig.pass();
    mend();
    const down = rig.simulator.faults.add({ kind: 'status', status: 503 });
    rig.advance(6 * MINUTE);
    await expect(rig.second.step(never)).rejects.toThrow('503');
    expect(await rig.unverified()).toMatchObject([{ doubt: { tries: 0 } }]);
    down();
    await rig.pass();
    await work();
    expect(await rig.unverified()).toEqual([]);
  });

  it('a clock that is set back does not keep them waiting', async () => {
    await open({ start: { kind: 'at', ms: T0 - HOUR } });
    rig.clock.skewMs = 30 * DAY;
    const mend = rig.simulator.faults.add({ kind: 'totals', totals: 'missing' });
    rig.simulator.add(KEY, eventAt(T0 - 30 * MINUTE));
    await rig.pass();
    mend();
    rig.clock.skewMs = 0;
    rig.advance(MINUTE);
    await rig.pass();
    await work();
    expect(await rig.unverified()).toEqual([]);
  });
});

describe('those who read beside the poll', () => {
  it('wait until a pass that is under way has ended, however it ends', async () => {
    await open({ start: { kind: 'at', ms: T0 - HOUR } });
    rig.simulator.faults.add({ kind: 'slow', delayMs: Number.POSITIVE_INFINITY, next: 1 });
    await rig.poller.whenIdle();
    const stop = new AbortController();
    const passing = rig.poller.pass(stop.signal);
    let isIdle = false;
    const wait = async (): Promise<void> => {
      await rig.poller.whenIdle();
      isIdle = true;
    };
    const waiting = wait();
    await rig.simulator.requests.until((log) => log.count() > 0);
    expect(isIdle).toBe(false);
    stop.abort();
    expect(await passing).toBe(false);
    await waiting;
    expect(await rig.poller.pass(never)).toBe(true);
    await rig.poller.whenIdle();
  });
});

describe('a backfill', () => {
  const request = (more: object = {}) =>
    rig.store.backfills.request({
      id: 'b1',
      account: 'default',
      fromMs: T0 - 40 * DAY,
      toMs: rig.now(),
      notify: false,
      requestedAtMs: rig.now(),
      by: 'tester',
      unreadMs: 40 * DAY - HOUR,
      ...more,
    });
  const fulfil = async (): Promise<void> => {
    for (let steps = 0; await rig.backfiller.step(never); steps += 1)
      if (steps > 200) throw new Error('the backfill does not come to an end');
  };

  it('reads what was never read and nothing else, from the past to the present, in spite of restarts', async () => {
    await open({ start: { kind: 'at', ms: T0 - HOUR } });
    const old = Array.from({ length: 130 }, (_, index) => eventAt(T0 - 39 * DAY + index * 7 * HOUR));
    rig.simulator.add(KEY, [...old, eventAt(T0 - MINUTE)]);
    await rig.pass();
    expect(rig.decided).toHaveLength(1);
    expect((await completeness()).neverRead).toEqual([{ fromMs: undefined, toMs: T0 - HOUR }]);
    await request({ notify: true });
    for (let step = 0; step < 3; step += 1) expect(await rig.backfiller.step(never)).toBe(true);
    await rig.restart();
    rig.advance(30_000);
    await rig.pass();
    await fulfil();
    expect(rig.decided).toEqual([rig.decided[0], ...old.map(({ id }) => id)]);
    expect(await rig.store.backfills.find('b1')).toMatchObject({ state: 'done', events: 130, alerts: 0 });
    expect(await completeness()).toEqual({
      completeUntilMs: rig.now(),
      unverified: [],
      neverRead: [{ fromMs: undefined, toMs: T0 - 40 * DAY }],
      late: 0,
    });
    expect(await rig.watermarkMs()).toBe(rig.now());
    // Nothing was read twice, and what was asked for late is no lateness of the API.
    const read = rig.reread.map(({ window }) => window);
    for (const [index, { fromMs }] of read.slice(1).entries()) expect(fromMs).toBe(read[index]?.toMs);
    expect(await rig.store.ledger.lateness('default', 0)).toEqual([{ edgeMs: 0, count: 1 }]);
    expect(rig.lines.map(({ event }) => event).filter((event) => event.startsWith('backfill'))).toEqual([
      'backfill.started',
      'backfill.completed',
    ]);
    // Asked for again there is nothing to do.
    const requests = rig.simulator.requests.count();
    await request({ id: 'b2' });
    await fulfil();
    expect(await rig.store.backfills.find('b2')).toMatchObject({ state: 'done', events: 0 });
    expect(rig.simulator.requests.count()).toBe(requests);
  });

  it('ends when it is cancelled; what was unverified in it is read again quietly', async () => {
    await open({ start: { kind: 'at', ms: T0 - HOUR } });
    await rig.pass();
    const mend = rig.simulator.faults.add({ kind: 'totals', totals: 'too-big' });
    rig.simulator.add(KEY, eventAt(T0 - 40 * DAY + HOUR));
    await request();
    await rig.backfiller.step(never);
    await rig.store.backfills.end('b1', 'cancelled', 'by tester', rig.now());
    expect(await rig.backfiller.step(never)).toBe(false);
    mend();
    const missed = eventAt(T0 - 40 * DAY + 2 * HOUR);
    rig.simulator.add(KEY, missed);
    rig.advance(6 * MINUTE);
    await rig.pass();
    await work();
    const repaired = rig.reread.filter(({ manner }) => manner.reader === 'repair');
    expect(repaired.map(({ manner, fresh }) => [manner.quiet, fresh.map(({ id }) => id)])).toEqual([
      [true, [missed.id]],
    ]);
    expect((await completeness()).neverRead).toHaveLength(2);
  });
});
