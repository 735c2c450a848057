import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBudget, createPace } from '../../src/app/pace.ts';

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
    await pace(never);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a budget that is measured', () => {
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
