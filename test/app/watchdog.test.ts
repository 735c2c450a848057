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
  const input = {
    active: true,
    pollers: [poller],
    intervalMs: 30_000,
    now,
    store,
    ledger: { everyRange: () => Promise.resolve(new Map()) },
  };
  return {
    state,
    raised,
    now,
    poller,
    input,
    ready: () => readiness(input),
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

  it('is asked about with one question to the ledger, however many accounts there are', async () => {
    const it = watched();
    it.state.lastMs = T0;
    let asked = 0;
    const accounts = Array.from({ length: 3_000 }, (_, index) => `a${index}`);
    const { ready, detail } = await readiness({
      ...it.input,
      pollers: accounts.map((account) => ({ ...it.poller, account })),
      ledger: {
        async everyRange() {
          asked += 1;
          const range = { fromMs: T0 - 1_000, toMs: T0, doubt: undefined, events: 0, late: 0, readAtMs: T0 };
          return new Map([['a7', [range]]]);
        },
      },
    });
    expect(ready).toBe(true);
    expect(asked).toBe(1);
    expect(detail['accounts']).toHaveLength(3_000);
    expect(detail['accounts']).toContainEqual(
      expect.objectContaining({ name: 'a7', complete_until: new Date(T0).toISOString() }),
    );
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
