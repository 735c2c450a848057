import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createReplica } from '../../src/app/replica.ts';
import type { BeatAnswer, Replicas } from '../../src/core/replicas.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const begin = (answer: BeatAnswer = { nowMs: 0, leases: [], replicas: [], shares: [], unsureUntilMs: 0 }) => {
  let beats = 0;
  let during = (): void => undefined;
  const hearing = new Set<() => void>();
  const replicas: Replicas = {
    async beat() {
      beats += 1;
      during();
      return answer;
    },
    claim: async () => [],
    release: async () => undefined,
    leave: async () => undefined,
    list: async () => answer,
    told: (signal) =>
      new Promise((resolve) => {
        hearing.add(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
    toldOfWork: () => new Promise(() => undefined),
  };
  const replica = createReplica({
    id: 'us',
    replicas,
    facts: () => ({ version: '0', configHash: '', refusal: undefined, startedAtMs: 0, wants: [] }),
    ttlMs: 10_000,
    isDead: () => false,
    log: silent,
    ticks: () => performance.now(),
    now: Date.now,
  });
  const stop = new AbortController();
  const running = replica.run(stop.signal);
  return {
    beats: () => beats,
    tell() {
      for (const resolve of hearing) resolve();
      hearing.clear();
    },
    onBeat(work: () => void) {
      during = work;
    },
    async end() {
      stop.abort();
      await vi.runAllTimersAsync();
      await running;
    },
  };
};

it('beats every fifth of its lease, and no more often when nobody tells anything', async () => {
  const { beats, end } = begin();
  await vi.advanceTimersByTimeAsync(20_500);
  expect(beats()).toBe(11);
  await end();
});

it('beats soon after it is told, once however much it is told, also while it beats', async () => {
  const { beats, tell, onBeat, end } = begin();
  await vi.advanceTimersByTimeAsync(500);
  expect(beats()).toBe(1);
  tell();
  await vi.advanceTimersByTimeAsync(1);
  tell();
  await vi.advanceTimersByTimeAsync(500);
  expect(beats()).toBe(3);
  // What is told while it beats may be younger than what the beat found.
  onBeat(() => {
    onBeat(() => undefined);
    tell();
  });
  tell();
  await vi.advanceTimersByTimeAsync(500);
  expect(beats()).toBe(5);
  await end();
});

it('beats as soon as another one has run out, and not up to a fifth of a lease later', async () => {
  const other = { version: '0', configHash: '', refusal: undefined, startedAtMs: 0, wants: [], seenAtMs: 0 };
  const { beats, end } = begin({
    nowMs: 1_000_000,
    unsureUntilMs: 0,
    leases: [],
    replicas: [
      { ...other, id: 'lives', expiresAtMs: 1_009_500 },
      { ...other, id: 'silent', expiresAtMs: 1_000_700 },
      { ...other, id: 'us', expiresAtMs: 1_000_100 },
    ],
    shares: [],
  });
  await vi.advanceTimersByTimeAsync(700);
  expect(beats()).toBe(1);
  await vi.advanceTimersByTimeAsync(150);
  expect(beats()).toBe(2);
  await end();
});
