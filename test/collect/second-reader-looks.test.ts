import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLatch, type Latch } from '../../src/base/latch.ts';
import { createSecondReader } from '../../src/collect/second-reader.ts';
import type { LedgerRange } from '../../src/core/ledger.ts';
import type { Sweep } from '../../src/core/ledger-store.ts';

/* How often the second reader asks the store whether there is something to do: ten thousand accounts do so. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SWEEPS = [
  { lastMs: HOUR, everyMs: 10 * MINUTE },
  { lastMs: DAY, everyMs: 6 * HOUR },
  { lastMs: 30 * DAY, everyMs: 7 * DAY },
];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The second reader at work over a ledger, with the looks it makes. */
const start = (ranges: () => readonly LedgerRange[], bell?: Latch) => {
  const state = { looks: 0, sweepsRead: 0, saved: [] as Sweep[] };
  const stop = new AbortController();
  const startedMs = Date.now();
  const none = (): void => {};
  const fails = (): never => {
    throw new Error('nothing is to be read');
  };
  const second = createSecondReader(
    {
      account: 'default',
      pageSize: 100,
      maxWindowEvents: 5_000,
      pageConcurrency: 1,
      rereads: 1,
      reader: { readPage: fails },
      sweeps: SWEEPS,
      overlapMs: () => 10 * MINUTE,
      retentionMs: 400 * DAY,
    },
    {
      store: {
        commitWindow: fails,
        progress: async () => ({ startMs: startedMs, watermarkMs: Date.now(), committedAtMs: Date.now() }),
      },
      ledger: {
        lateness: async () => [],
        async ranges() {
          state.looks += 1;
          return ranges();
        },
        async sweeps() {
          state.sweepsRead += 1;
          return new Map();
        },
        async saveSweeps(_lease, _account, sweeps) {
          state.saved.push(...sweeps);
        },
      },
      decider: { prepare: async () => {}, decide: fails, discard() {} },
      lease: () => ({ name: 'monitor', holder: 'us', token: 1 }),
      now: Date.now,
      random: () => 0.5,
      log: { debug: none, info: none, warn: none, error: none },
      onReread: none,
      onLooked: async () => {},
      ...(bell && { bell }),
    },
  );
  return { state, stop, running: second.run(stop.signal) };
};
const range = (doubt: LedgerRange['doubt']): LedgerRange => ({
  // Long ago: no sweep of this test reads it.
  fromMs: Date.now() - 100 * DAY,
  toMs: Date.now() - 99 * DAY,
  doubt,
  events: 0,
  late: 0,
  readAtMs: Date.now(),
});

it('looks for work once a minute where there is none in sight, and asks for its sweeps once', async () => {
  const { state, stop, running } = start(() => [range(undefined)]);
  await vi.advanceTimersByTimeAsync(9 * MINUTE);
  expect(state.looks).toBeGreaterThanOrEqual(8);
  expect(state.looks).toBeLessThanOrEqual(11);
  expect(state.sweepsRead).toBe(1);
  expect(state.saved.map(({ lastMs }) => lastMs)).toEqual([HOUR, DAY, 30 * DAY]);
  // The first one is due ten minutes after it was first seen, and not up to a minute later.
  const { looks } = state;
  const due = Date.now() + 10 * MINUTE - (Date.now() - (state.saved[0]?.startedAtMs ?? 0));
  await vi.advanceTimersByTimeAsync(due - Date.now() - 1);
  expect(state.saved).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(2);
  expect(state.looks).toBeGreaterThan(looks);
  expect(state.saved[3]).toMatchObject({ lastMs: HOUR });
  stop.abort();
  await running;
});

it('looks for work every five seconds while something is in doubt, and at once when it is told', async () => {
  const bell = createLatch();
  const ledger: { doubt: LedgerRange['doubt'] } = { doubt: undefined };
  const { state, stop, running } = start(() => [range(ledger.doubt)], bell);
  await vi.advanceTimersByTimeAsync(30_000);
  const { looks } = state;
  ledger.doubt = {
    sinceMs: Date.now(),
    tries: 1,
    nextMs: Date.now() + HOUR,
    quiet: false,
    text: 'counts differ',
  };
  bell.ring();
  await vi.advanceTimersByTimeAsync(1);
  expect(state.looks).toBe(looks + 1);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(state.looks).toBe(looks + 7);
  stop.abort();
  await running;
});
