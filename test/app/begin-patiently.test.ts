import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { beginPatiently } from '../../src/app/begin-patiently.ts';
import { LeaseLostError } from '../../src/core/lease.ts';
import { StoreError } from '../../src/core/store.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const none = (): void => {};
const log = { debug: none, info: none, warn: none, error: none };

it('tries again while the store fails, until it is stopped', async () => {
  let tries = 0;
  const begin = async (): Promise<number> => {
    tries += 1;
    if (tries < 4) throw new StoreError('full', 'the disk is full');
    return tries;
  };
  const begun = beginPatiently(begin, log, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(2_999);
  expect(tries).toBe(3);
  await vi.advanceTimersByTimeAsync(1);
  expect(await begun).toBe(4);
  const stop = new AbortController();
  tries = -100;
  const never = beginPatiently(begin, log, stop.signal);
  await vi.advanceTimersByTimeAsync(5_000);
  stop.abort();
  expect(await never).toBeUndefined();
});

it('does not hide what is no trouble of the store', async () => {
  const lost = new LeaseLostError('monitor');
  const begin = (): Promise<never> => Promise.reject(lost);
  await expect(beginPatiently(begin, log, new AbortController().signal)).rejects.toBe(lost);
});
