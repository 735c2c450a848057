import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readiness } from '../../src/app/health.ts';
import { watch } from '../../src/app/watchdog.ts';
import type { StoreStatus } from '../../src/core/store.ts';

const T0 = Date.parse('2026-01-02T03:04:05Z');
const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: T0, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const store = { probe: async () => {} } as StoreStatus;

/** A watchdog over one account, with an interval of 30 s: stale after 2 min 30 s. */
const watched = () => {
  const state = {
    lastMs: undefined as number | undefined,
    failure: undefined as string | undefined,
    skewMs: 0,
  };
  const now = (): number => Date.now() + state.skewMs;
  const poller = {
    account: 'a',
    lastCompletedMs: () => state.lastMs,
    sinceCompletedMs: () => (state.lastMs === undefined ? undefined : Date.now() - state.lastMs),
    lastFailure: () => state.failure,
  };
  const raised: string[] = [];
  const stop = new AbortController();
  const ended = watch(
    () => [poller],
    {
      intervalMs: 30_000,
      now,
      trouble: {
        async raise(_condition, subject, detail) {
          raised.push(`${subject}: ${detail}`);
        },
        async clear() {},
      },
      onError(error) {
        throw error;
      },
    },
    stop.signal,
  );
  return {
    state,
    raised,
    now,
    ready: () =>
      readiness({
        active: true,
        pollers: [poller],
        intervalMs: 30_000,
        now,
        store,
        ledger: { ranges: () => Promise.resolve([]) },
      }),
    async end() {
      stop.abort();
      await ended;
    },
  };
};

describe('24: a process that is up but reads nothing', () => {
  it('is alarmed after five intervals with the reason of the last failure, and is not ready', async () => {
    const it = watched();
    expect(await it.ready()).toMatchObject({
      ready: false,
      reasons: ['no account has completed a pass yet'],
    });
    it.state.lastMs = T0;
    expect((await it.ready()).ready).toBe(true);
    it.state.failure = '503 Service Unavailable';
    await vi.advanceTimersByTimeAsync(150_000);
    expect(it.raised).toEqual([]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(it.raised).toEqual([
      'a: no pass was completed for 2m 45s; the last one failed: 503 Service Unavailable',
    ]);
    expect(await it.ready()).toMatchObject({
      ready: false,
      reasons: ['no account has completed a pass in the last 2m 30s'],
    });
    await it.end();
  });

  it('is noticed as well when it never completed a pass', async () => {
    const it = watched();
    await vi.advanceTimersByTimeAsync(165_000);
    expect(it.raised).toEqual(['a: no pass was completed for 2m 45s']);
    await it.end();
  });

  it('is noticed in time although the clock was set back by an hour', async () => {
    const it = watched();
    it.state.lastMs = T0;
    it.state.skewMs = -60 * MINUTE;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(it.raised).toEqual([]);
    expect((await it.ready()).ready).toBe(true);
    await vi.advanceTimersByTimeAsync(165_000);
    expect((await it.ready()).ready).toBe(false);
    expect(it.raised[0]).toBe('a: no pass was completed for 2m 45s');
    await it.end();
  });
});
