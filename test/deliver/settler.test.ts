import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClaimSize } from '../../src/deliver/claim-size.ts';
import { createCommitRest } from '../../src/deliver/commit-rest.ts';
import { createSettler } from '../../src/deliver/settler.ts';
import { advance, useFakeClock } from './harness.ts';

beforeEach(useFakeClock);
afterEach(() => {
  vi.useRealTimers();
});

const settlerOf = (commit: (group: readonly number[]) => Promise<void>) => {
  const hurry = new AbortController();
  const giveUp = new AbortController();
  const errors: string[] = [];
  const settler = createSettler<number>({
    commit,
    onError: (error, failures) => {
      errors.push(`${failures}: ${(error as Error).message}`);
      return 1_000;
    },
    hurry: hurry.signal,
    giveUp: giveUp.signal,
    rest: createCommitRest(Date.now),
    now: Date.now,
  });
  return { settler, hurry, giveUp, errors };
};

describe('the settler', () => {
  it('commits together what ends together', async () => {
    const groups: (readonly number[])[] = [];
    const { settler } = settlerOf(async (group) => void groups.push(group));
    for (let item = 0; item < 5; item++) settler.add(item);
    await settler.finish();
    settler.add(5);
    await settler.finish();
    expect(groups).toEqual([[0, 1, 2, 3, 4], [5]]);
  });

  it('cuts very large groups', async () => {
    const sizes: number[] = [];
    const { settler } = settlerOf(async (group) => void sizes.push(group.length));
    for (let item = 0; item < 600; item++) settler.add(item);
    await settler.finish();
    expect(sizes).toEqual([256, 256, 88]);
  });

  it('tries a group that was not written again, in order, with what has ended since', async () => {
    const groups: (readonly number[])[] = [];
    const { settler, errors } = settlerOf(async (group) => {
      groups.push(group);
      if (groups.length < 3) throw new Error('disk full');
    });
    settler.add(1);
    await advance(500);
    settler.add(2);
    await advance(1_600);
    await settler.finish();
    expect(groups).toEqual([[1], [1, 2], [1, 2]]);
    expect(errors).toEqual(['1: disk full', '2: disk full']);
  });

  it('rests after a slow commit, so that the next group is larger, unless it is in a hurry', async () => {
    const groups: (readonly number[])[] = [];
    const { settler, hurry } = settlerOf(async (group) => {
      groups.push(group);
      // The disk takes its time; nothing else runs meanwhile.
      vi.setSystemTime(Date.now() + 5);
    });
    settler.add(1);
    await settler.finish();
    for (let item = 2; item <= 4; item++) {
      settler.add(item);
      await advance(5);
    }
    expect(groups).toEqual([[1]]);
    await advance(10);
    expect(groups).toEqual([[1], [2, 3, 4]]);
    settler.add(5);
    hurry.abort();
    await settler.finish();
    expect(groups).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('gives up when it is told to', async () => {
    const { settler, giveUp, errors } = settlerOf(() => Promise.reject(new Error('disk full')));
    settler.add(1);
    await advance(3_000);
    giveUp.abort();
    await settler.finish();
    expect(errors.length).toBeGreaterThanOrEqual(3);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the size of claims', () => {
  it('follows the rate at which the sink takes deliveries, within bounds', () => {
    let nowMs = 0;
    const size = createClaimSize(4, () => nowMs);
    expect(size.most()).toBe(16);
    const run = (count: number, ms: number): number => {
      for (let send = 0; send < count; send++) size.ended();
      nowMs += ms;
      return size.most();
    };
    // A quarter of a second's worth.
    expect(run(200, 1_000)).toBe(50);
    expect(run(10_000, 1_000)).toBe(1_024);
    expect(run(1, 1_000)).toBe(16);
    // Too short to tell anything; then the whole span counts.
    expect(run(10, 10)).toBe(16);
    expect(run(10, 40)).toBe(100);
    // A clock set back tells nothing either, and starts anew.
    expect(run(10, -5_000)).toBe(16);
  });
});
