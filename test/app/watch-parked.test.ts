import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchParked } from '../../src/app/watch-parked.ts';
import type { DeliveryState } from '../../src/core/delivery.ts';

const T0 = Date.parse('2026-01-02T03:04:05Z');

beforeEach(() => {
  vi.useFakeTimers({ now: T0, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const watching = () => {
  const open = new Map<string, number>();
  const counts: { sink: string; state: DeliveryState; count: number }[] = [];
  const state = { skewMs: 0, failing: false, onClosed: (): void => {} };
  const cleared: string[] = [];
  const errors: unknown[] = [];
  const stop = new AbortController();
  const ended = watchParked(
    {
      conditions: {
        async open() {
          if (state.failing) throw new Error('no store');
          return open;
        },
      },
      status: { deliveryCounts: async () => counts },
      async close(sink) {
        cleared.push(`parked:${sink}`);
        open.delete(`parked:${sink}`);
        state.onClosed();
      },
      trouble: {
        async raise(name, sink, detail) {
          cleared.push(`again ${name}:${sink} ${detail}`);
        },
      },
      now: () => Date.now() + state.skewMs,
      onError: (error) => errors.push(error),
    },
    stop.signal,
  );
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  return { open, counts, state, cleared, errors, pass, end };
};

it('ends what a person has given up or had sent again, a minute after nothing is parked any more', async () => {
  const { open, counts, cleared, pass, end } = watching();
  open.set('parked:hook', T0);
  open.set('parked:mail', T0);
  open.set('circuit:hook', T0);
  counts.push({ sink: 'hook', state: 'parked', count: 6 }, { sink: 'mail', state: 'parked', count: 1 });
  await pass(600_000);
  expect(cleared).toEqual([]);
  counts[0] = { sink: 'hook', state: 'dropped', count: 6 };
  await pass(60_000);
  expect(cleared).toEqual([]);
  await pass(30_000);
  expect(cleared).toEqual(['parked:hook']);
  expect([...open.keys()]).toEqual(['parked:mail', 'circuit:hook']);
  await end();
});

it('begins the minute anew when something is parked again, and when the clock is set back', async () => {
  const { open, counts, state, cleared, pass, end } = watching();
  open.set('parked:hook', T0);
  await pass(45_000);
  counts.push({ sink: 'hook', state: 'parked', count: 1 });
  await pass(15_000);
  counts.length = 0;
  await pass(45_000);
  expect(cleared).toEqual([]);
  state.skewMs = -3_600_000;
  await pass(60_000);
  expect(cleared).toEqual([]);
  await pass(30_000);
  expect(cleared).toEqual(['parked:hook']);
  await end();
});

it('goes on when the store fails for a while', async () => {
  const { open, state, cleared, errors, pass, end } = watching();
  open.set('parked:hook', T0);
  state.failing = true;
  await pass(30_000);
  expect(errors.length).toBeGreaterThan(0);
  state.failing = false;
  await pass(90_000);
  expect(cleared).toEqual(['parked:hook']);
  await end();
});

it('tells what was parked in the very moment of the end', async () => {
  const { open, counts, state, cleared, pass, end } = watching();
  open.set('parked:hook', T0);
  state.onClosed = () => void counts.push({ sink: 'hook', state: 'parked', count: 2 });
  await pass(90_000);
  expect(cleared).toEqual(['parked:hook', 'again parked:hook deliveries parked: 2']);
  await end();
});
