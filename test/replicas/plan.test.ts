import { expect, it } from 'vitest';
import { seeded } from '../e2e/kill.ts';
import { ableMs, overlaps } from './invariants.ts';
import { drawPlan } from './plan.ts';

const plan = (seed: number, faults = 13) =>
  drawPlan({ faults, replicas: 3, leaseMs: 2_000, random: seeded(seed) });

it('draws the same plan from the same seed, and each kind of fault in a round', () => {
  expect(plan(7)).toEqual(plan(7));
  expect(plan(7)).not.toEqual(plan(8));
  expect(new Set(plan(7).map(({ fault }) => fault.kind)).size).toBe(10);
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

it('sees an old holder that asks after its successor has, and nothing else', () => {
  const poll = (replica: string, beganMs: number, endedMs: number | undefined, account = 'a') => ({
    replica,
    account,
    beganMs,
    endedMs,
  });
  const had = (replica: string, fromMs: number, account = 'a') => ({ replica, fromMs, account });
  const handedOver = [had('r0', 0), had('r1', 4), had('r0', 8)];
  // What it had begun may still be under way.
  expect(overlaps([poll('r0', 1, undefined), poll('r1', 5, 9), poll('r0', 9, 10)], handedOver)).toEqual([]);
  // Nobody else has asked yet.
  expect(overlaps([poll('r0', 1, 2), poll('r0', 5, 6), poll('r1', 7, 8)], handedOver)).toEqual([]);
  expect(overlaps([poll('r0', 1, 2), poll('r1', 5, 6), poll('r0', 7, 8)], handedOver)).toHaveLength(1);
  expect(overlaps([poll('r1', 5, 6), poll('r0', 7, 8, 'b')], handedOver)).toEqual([]);
  // It was suspended when it had just begun to.
  const slept = [poll('r0', 1, 2), poll('r1', 5, 6), poll('r0', 51, 52)];
  expect(overlaps(slept, handedOver.slice(0, 2), new Map([['r0', [50]]]))).toEqual([]);
  expect(overlaps(slept, handedOver.slice(0, 2), new Map([['r0', [45]]]))).toHaveLength(1);
  // One that never took it, as far as is known.
  expect(overlaps([poll('r0', 1, 2), poll('r2', 3, 4)], handedOver)).toHaveLength(1);
});
