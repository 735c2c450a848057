import { afterEach, expect, it, vi } from 'vitest';
import { createFarWatch } from '../../src/app/replica-watch.ts';
import { watch } from '../../src/app/watchdog.ts';
import type { Log } from '../../src/core/log.ts';

const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

it('learns with one question when the accounts of other replicas were polled, however many there are', async () => {
  const accounts = Array.from({ length: 1_000 }, (_, index) => `account-${index}`);
  let asked = 0;
  const far = createFarWatch({
    accounts,
    isNear: (account) => account === 'account-0',
    collect: {
      async committed() {
        asked += 1;
        return new Map(accounts.slice(0, 500).map((account, index) => [account, 1_000 + index]));
      },
    },
    now: () => 5_000,
    log: quietLog,
  });
  await far.look();
  expect(asked).toBe(1);
  const watched = new Map(far.watched().map((one) => [one.account, one.lastCompletedMs()]));
  expect(watched.size).toBe(999);
  expect(watched.has('account-0')).toBe(false);
  expect(watched.get('account-7')).toBe(1_007);
  // One that was never polled has no time.
  expect(watched.get('account-700')).toBeUndefined();
});

afterEach(() => {
  vi.useRealTimers();
});

it('tells that accounts nobody reads are stale: one that was read once, and one that never was', async () => {
  const T0 = Date.UTC(2026, 0, 2);
  vi.useFakeTimers({ now: T0 });
  const polled = new Map([['quick', T0]]);
  const far = createFarWatch({
    accounts: ['near', 'quick', 'left', 'never'],
    isNear: (account) => account === 'near',
    collect: { committed: async () => new Map([['left', T0], ...polled]) },
    now: Date.now,
    log: quietLog,
  });
  const raised = new Set<string>();
  const stop = new AbortController();
  const ended = Promise.all([
    far.run(stop.signal),
    watch(
      far.owed,
      {
        intervalMs: 30_000,
        now: Date.now,
        trouble: {
          async raise(condition, subject) {
            raised.add(`${condition} ${subject}`);
          },
          async clear() {},
        },
        onError: () => undefined,
      },
      stop.signal,
    ),
  ]);
  const pass = async (ms: number): Promise<void> => {
    for (const endsMs = Date.now() + ms; Date.now() < endsMs; ) {
      polled.set('quick', Date.now());
      await vi.advanceTimersByTimeAsync(5_000);
    }
  };
  await pass(120_000);
  expect([...raised]).toEqual([]);
  await pass(120_000);
  expect([...raised].toSorted()).toEqual(['stale left', 'stale never']);
  stop.abort();
  await vi.advanceTimersByTimeAsync(60_000);
  await ended;
});

it('does not tell of an account that is polled again after it was away: the time before the watch does not count', async () => {
  const T0 = Date.UTC(2026, 0, 2);
  let nowMs = T0;
  const far = createFarWatch({
    accounts: ['away'],
    isNear: () => false,
    collect: { committed: async () => new Map([['away', T0 - 120_000]]) },
    now: () => nowMs,
    log: quietLog,
  });
  await far.look();
  const [owed] = far.owed();
  expect(owed?.lastCompletedMs()).toBe(T0);
  // Whoever vouches for it says what is so.
  expect(far.watched()[0]?.lastCompletedMs()).toBe(T0 - 120_000);
  // The clock was set back: what was committed by it counts again.
  nowMs = T0 - 60_000;
  expect(owed?.lastCompletedMs()).toBe(T0 - 120_000);
});
