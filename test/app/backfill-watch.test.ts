import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createBackfillWatch } from '../../src/app/backfill-watch.ts';
import { StoreError } from '../../src/core/store.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const make = () => {
  const state = { looks: 0, waiting: new Set<string>(), fails: false, errors: 0 };
  const none = (): void => {};
  const watch = createBackfillWatch(
    {
      async waitingAccounts() {
        state.looks += 1;
        if (state.fails) throw new StoreError('unreachable', 'the database is away');
        return state.waiting;
      },
    },
    {
      debug: none,
      info: none,
      warn: none,
      error() {
        state.errors += 1;
      },
    },
  );
  return { state, watch };
};

/** Somebody who waits, and whether it still does. */
const waiter = (asked: Promise<void>) => {
  const one = { waits: true, asked };
  const wait = async (): Promise<void> => {
    await asked;
    one.waits = false;
  };
  void wait();
  return one;
};

it('asks the store once a second for ten thousand accounts, and wakes the one that is meant', async () => {
  const { state, watch } = make();
  const stop = new AbortController();
  const all = Array.from({ length: 10_000 }, (_, index) =>
    waiter(watch.asked(`account-${index}`, stop.signal)),
  );
  await vi.advanceTimersByTimeAsync(10_500);
  expect(state.looks).toBe(11);
  expect(all.every(({ waits }) => waits)).toBe(true);
  state.waiting = new Set(['account-77']);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(all.flatMap(({ waits }, index) => (waits ? [] : [index]))).toEqual([77]);
  // It waits again, and is told again for as long as something is left.
  const again = waiter(watch.asked('account-77', stop.signal));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(again.waits).toBe(false);
  stop.abort();
  await Promise.all(all.map(({ asked }) => asked));
  const { looks } = state;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(state.looks).toBe(looks);
  expect(vi.getTimerCount()).toBe(0);
});

it('goes on looking, less often, while the store fails', async () => {
  const { state, watch } = make();
  state.fails = true;
  state.waiting = new Set(['a']);
  const one = waiter(watch.asked('a', new AbortController().signal));
  await vi.advanceTimersByTimeAsync(120_000);
  expect(one.waits).toBe(true);
  expect(state.errors).toBe(state.looks);
  expect(state.looks).toBeGreaterThan(5);
  expect(state.looks).toBeLessThan(15);
  state.fails = false;
  await vi.advanceTimersByTimeAsync(15_000);
  expect(one.waits).toBe(false);
});

it('an account that is watched anew by another configuration is not forgotten with the one before', async () => {
  const { state, watch } = make();
  const before = new AbortController();
  const old = waiter(watch.asked('a', before.signal));
  const fresh = waiter(watch.asked('a', new AbortController().signal));
  before.abort();
  await old.asked;
  state.waiting = new Set(['a']);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(fresh.waits).toBe(false);
});
