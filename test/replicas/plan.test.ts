import { expect, it } from 'vitest';
import { seeded } from '../e2e/kill.ts';
import { ableMs, overlaps } from './invariants.ts';
import { drawPlan } from './plan.ts';

const plan = (seed: number, faults = 12) =>
  drawPlan({ faults, replicas: 3, leaseMs: 2_000, random: seeded(seed) });

it('draws the same plan from the same seed, and each kind of fault in a dozen', () => {
  expect(plan(7)).toEqual(plan(7));
  expect(plan(7)).not.toEqual(plan(8));
  expect(new Set(plan(7).map(({ fault }) => fault.kind)).size).toBe(9);
  expect(plan(7, 30)).toHaveLength(30);
});

it('all is well again before the end', () => {
  expect(plan(7, 5).at(-1)?.calm).toBe(true);
});

it('counts the time in which at least one replica could work', () => {
  const run = (...able: readonly (readonly [number, number])[]) => ({
    able: () => able.map(([fromMs, toMs]) => ({ fromMs, toMs })),
  });
  const replicas = [run([0, 10], [40, Number.POSITIVE_INFINITY]), run([5, 20])];
  expect(ableMs(replicas, 0, 50)).toBe(30);
  expect(ableMs(replicas, 20, 40)).toBe(0);
  expect(ableMs(replicas, 8, 9)).toBe(1);
});

it('sees two replicas that poll an account at the same time, and nothing else', () => {
  const poll = (replica: string, beganMs: number, endedMs: number | undefined, account = 'a') => ({
    replica,
    account,
    beganMs,
    endedMs,
  });
  expect(overlaps([poll('r0', 0, 5), poll('r1', 5, 9), poll('r0', 6, 7, 'b')])).toEqual([]);
  expect(overlaps([poll('r0', 0, 5), poll('r0', 3, 9)])).toEqual([]);
  expect(overlaps([poll('r0', 0, 5), poll('r1', 4, 9)])).toHaveLength(1);
  expect(overlaps([poll('r0', 0, undefined), poll('r1', 4, 9)])).toHaveLength(1);
});
