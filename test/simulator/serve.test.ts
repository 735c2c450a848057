import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { serveSimulator } from '../../src/simulator/serve.ts';
import { parseWireTime } from '../../src/simulator/wire.ts';
import { ACCOUNT, ask, readPage } from '../support/audit-api.ts';
import { NOON } from './sample.ts';

/** Timers and the clock stand at noon until they are advanced; sockets live on. */
const holdTime = (): void => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: NOON });
  onTestFinished(() => {
    vi.useRealTimers();
  });
};

describe('a simulator by itself', () => {
  it('has the history it was told, the same for the same seed, and ends with its signal', async () => {
    const stop = new AbortController();
    const history = { count: 500, fromMs: NOON - 3_600_000, toMs: NOON };
    const options = { history, seed: 'same', accounts: [ACCOUNT, { key: 'second', secret: 's' }] };
    const [one, two] = [
      await serveSimulator(options, stop.signal),
      await serveSimulator(options, stop.signal),
    ];
    expect(one.simulator.ids(ACCOUNT.key)).toEqual(two.simulator.ids(ACCOUNT.key));
    expect(one.simulator.ids('second')).toHaveLength(500);
    expect(one.simulator.ids('second')).not.toEqual(one.simulator.ids(ACCOUNT.key));
    const { page } = await readPage(one.simulator, {
      date_from: '2026-01-15T11:00:00',
      date_to: '2026-01-15T12:00:00',
    });
    expect(page.totalElements).toBe(500);
    stop.abort();
    await Promise.all([one.done, two.done]);
    await expect(ask(one.simulator, '/events')).rejects.toThrow('fetch failed');
  });

  it('lets ordinary events happen at about the rate it was told', async () => {
    holdTime();
    const stop = new AbortController();
    const { simulator, done } = await serveSimulator({ livePerMinute: 60, seed: 3 }, stop.signal);
    await vi.advanceTimersByTimeAsync(600_000);
    const times = simulator.events(ACCOUNT.key).map(({ created_at }) => parseWireTime(created_at)?.ms ?? 0);
    expect(times.length).toBeGreaterThan(500);
    expect(times.length).toBeLessThan(700);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(NOON);
    expect(times.at(-1)).toBeGreaterThan(NOON + 580_000);
    expect(times.at(-1)).toBeLessThanOrEqual(NOON + 600_000);
    stop.abort();
    await done;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(simulator.ids(ACCOUNT.key)).toHaveLength(times.length);
  });

  it('tells stories in turn, at their pace', async () => {
    holdTime();
    const stop = new AbortController();
    const { simulator, done } = await serveSimulator(
      { stories: { everyMs: 60_000, pace: 0.5, names: ['accountTakeover', 'quietPersistence'] } },
      stop.signal,
    );
    await vi.advanceTimersByTimeAsync(59_999);
    expect(simulator.ids(ACCOUNT.key)).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(simulator.ids(ACCOUNT.key)).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_200_000);
    stop.abort();
    await done;
    const events = simulator.events(ACCOUNT.key);
    expect(
      events.map(({ event_type, created_at }) => [event_type, created_at.slice(11)]).slice(0, 9),
    ).toEqual([
      ['USER_LOGIN', '12:01:00'],
      ['ACCOUNT_SECRET_CREATE', '12:01:47'],
      ['IP_WHITELIST_DELETE', '12:02:20'],
      ['NUMBER_UPDATED', '12:03:00'],
      ['AUTORELOAD_ENABLE', '12:03:45'],
      ['USER_CREATE', '12:04:45'],
      ['USER_API_KEYS_UPDATE', '12:08:15'],
      ['ACCOUNT_SECRET_CREATE', '12:17:15'],
      ['USER_LOGIN', '12:18:15'],
    ]);
  });

  it('starts with faults, and refuses ones it does not know', async () => {
    const stop = new AbortController();
    const { simulator, done } = await serveSimulator(
      { faults: [{ kind: 'status', status: 503, next: 1 }] },
      stop.signal,
    );
    expect((await ask(simulator, '/events')).status).toBe(503);
    expect((await ask(simulator, '/events')).status).toBe(200);
    await expect(serveSimulator({ faults: [{ kind: 'tired' } as never] }, stop.signal)).rejects.toThrow(
      'fault kind is "tired"',
    );
    const { port } = new URL(simulator.url);
    await expect(
      serveSimulator({ listen: { host: '127.0.0.1', port: Number(port) } }, stop.signal),
    ).rejects.toThrow('EADDRINUSE');
    stop.abort();
    await done;
  });
});
