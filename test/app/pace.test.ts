import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBudget, createMeasuredPace, createPace } from '../../src/app/pace.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new AbortController().signal;

describe('a shared budget of requests', () => {
  it('lets requests go evenly spaced, in the order of asking, and saves nothing up', async () => {
    const pace = createPace(() => 10, Date.now);
    const went: [number, number][] = [];
    const ask = (who: number) => pace(never).then(() => went.push([who, Date.now() - 1_000_000]));
    const all = [ask(1), ask(2), ask(3)];
    await vi.advanceTimersByTimeAsync(1_000);
    all.push(ask(4), ask(5));
    await vi.advanceTimersByTimeAsync(1_000);
    await Promise.all(all);
    expect(went).toEqual([
      [1, 0],
      [2, 100],
      [3, 200],
      [4, 1_000],
      [5, 1_100],
    ]);
  });

  it('does not hold back who was asked to stop, nor anybody after the clock was set back', async () => {
    const pace = createPace(() => 1, Date.now);
    const stop = new AbortController();
    await pace(never);
    const waiting = pace(stop.signal);
    stop.abort();
    await waiting;
    vi.setSystemTime(1_000_000 - 3_600_000);
    const next = pace(never);
    await vi.advanceTimersByTimeAsync(2_000);
    await next;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a budget that many ask', () => {
  it('is kept however long the line is: nobody takes that for a clock that was set back', async () => {
    const pace = createPace(() => 1, Date.now);
    let went = 0;
    for (let asked = 0; asked < 300; asked += 1) void pace(never).then(() => (went += 1));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(went).toBe(121);
  });

  it('is given by what it is when the next one asks: a replica that begins with one account of many does not wait for long', async () => {
    let perSecond = 0.001;
    const pace = createPace(() => perSecond, Date.now);
    await pace(never);
    perSecond = 1;
    let went = false;
    void pace(never).then(() => (went = true));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(went).toBe(true);
  });

  it('makes nobody wait longer after the clock was set back, and nobody less long', async () => {
    const pace = createPace(() => 0.01, Date.now);
    await pace(never);
    vi.setSystemTime(1_000_000 - 3_600_000);
    let went = false;
    void pace(never).then(() => (went = true));
    await vi.advanceTimersByTimeAsync(99_999);
    expect(went).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(went).toBe(true);
  });
});

describe('a budget that is measured', () => {
  it('says how far apart requests are by the part of it that is ours at the moment', async () => {
    const gauges: number[] = [];
    const telemetry = {
      count: () => undefined,
      gauge: (_name: string, value: number) => void gauges.push(value),
      observe: () => undefined,
    };
    let part = 0.1;
    const pace = createMeasuredPace('all', () => 10 * part, Date.now, telemetry);
    part = 0.5;
    await pace(never);
    expect(gauges).toEqual([1, 0.2]);
  });

  it('says what share of the last minute was taken', async () => {
    const budget = createBudget(
      createPace(() => 2, Date.now),
      () => 2,
      Date.now,
    );
    expect(budget.usedRatio()).toBe(0);
    const asked = Array.from({ length: 60 }, () => budget.pace(never));
    await vi.advanceTimersByTimeAsync(30_000);
    await Promise.all(asked);
    expect(budget.usedRatio()).toBe(0.5);
    await vi.advanceTimersByTimeAsync(45_000);
    expect(budget.usedRatio()).toBeCloseTo(0.25, 1);
    vi.setSystemTime(1_000_000 - 3_600_000);
    expect(budget.usedRatio()).toBe(0);
  });
});
