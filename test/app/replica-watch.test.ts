import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { refusalOf, skewOf, watchConfigurations } from '../../src/app/replica-watch.ts';
import type { Log } from '../../src/core/log.ts';
import type { BeatAnswer, ReplicaState } from '../../src/core/replicas.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

const replica = (id: string, configHash: string, refusal?: string): ReplicaState => ({
  id,
  version: '1.0.0',
  configHash,
  refusal,
  startedAtMs: 0,
  wants: [],
  seenAtMs: 0,
  expiresAtMs: 10_000,
});
const A = replica('one/1-2/77/abc', 'aaaaaaaaaaaaaaaa');
const B = replica('two/1-2/78/def', 'aaaaaaaaaaaaaaaa');

it('says of one configuration in force everywhere nothing', () => {
  expect(skewOf([A, B])).toBeUndefined();
  expect(refusalOf([A, B])).toBeUndefined();
});

it('says who works by what, and why somewhere the latest is refused', () => {
  const other = replica('three/1-2/9/ghi', 'bbbbbbbbbbbbbbbb', 'monitor.yml:3: unknown');
  expect(skewOf([A, B, other])).toBe('aaaaaaaaaaaa at one/77, two/78; bbbbbbbbbbbb at three/9');
  expect(refusalOf([A, other])).toBe('at 1 of 2 replicas, first three/9: monitor.yml:3: unknown');
  expect(refusalOf([other])).toBe('monitor.yml:3: unknown');
});

it('tells of skew once it has lasted ten minutes, and of its end; of a refusal at once', async () => {
  let replicas: readonly ReplicaState[] = [A, replica('two/1-2/78/def', 'b')];
  const said: string[] = [];
  const stop = new AbortController();
  const ended = watchConfigurations(
    {
      standing: (): BeatAnswer => ({ nowMs: 0, leases: [], replicas, shares: [], unsureUntilMs: 0 }),
      trouble: {
        raise: async (condition) => void said.push(`raise ${condition}`),
        clear: async (condition) => void said.push(`clear ${condition}`),
      },
      now: Date.now,
      log: quietLog,
    },
    stop.signal,
  );
  await vi.advanceTimersByTimeAsync(599_000);
  expect(new Set(said)).toEqual(new Set(['clear config']));
  await vi.advanceTimersByTimeAsync(6_000);
  expect(said.at(-1)).toBe('raise skew');
  replicas = [A, replica('two/1-2/78/def', A.configHash, 'no')];
  await vi.advanceTimersByTimeAsync(5_000);
  expect(said.slice(-2)).toEqual(['raise config', 'clear skew']);
  stop.abort();
  await vi.advanceTimersByTimeAsync(5_000);
  await ended;
});
