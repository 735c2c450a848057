import { expect, it } from 'vitest';
import { patienceMs } from '../../src/app/patience.ts';
import type { ReplicaState, ShareState } from '../../src/core/replicas.ts';

const replica = (id: string): ReplicaState => ({
  id,
  version: '1.0.0',
  configHash: 'c0ffee',
  refusal: undefined,
  startedAtMs: 0,
  wants: ['duty:clock'],
  seenAtMs: 0,
  expiresAtMs: 10_000,
});
const clock = (holder: string | undefined): ShareState => ({
  name: 'duty:clock',
  lease: holder === undefined ? undefined : { name: 'duty:clock', holder, token: 1 },
});
const replicas = ['a', 'b', 'c'].map(replica);
const MINUTE = 60_000;

it('the last who looked after the clock tells of a lost database at once, the others five minutes after each other', () => {
  const standing = { replicas, shares: [clock('b')] };
  expect(['a', 'b', 'c'].map((id) => patienceMs(id, standing))).toEqual([5 * MINUTE, 0, 10 * MINUTE]);
});

it('somebody tells at once also when nobody looked after the clock, and one that never heard of others does', () => {
  expect(['a', 'b', 'c'].map((id) => patienceMs(id, { replicas, shares: [clock(undefined)] }))).toEqual([
    0,
    5 * MINUTE,
    10 * MINUTE,
  ]);
  expect(patienceMs('a', undefined)).toBe(0);
  expect(patienceMs('new', { replicas, shares: [clock('a')] })).toBe(0);
});
