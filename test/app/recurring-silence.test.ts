import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { plannerFor } from '../../src/app/planner.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { alertNumber } from '../deliver/harness.ts';

/* A maintenance window: a silence that hides on Sundays from two to four, in London, for a year. */

let folder = '';
let store: Store;
let nowMs = 0;
let count = 0;

const open = (): Store =>
  openStore({
    path: join(folder, 'monitor.db'),
    now: () => nowMs,
    durability: 'off',
    planner: plannerFor({
      timezone: 'Europe/London',
      timeWindows: {},
      routes: [{ match: undefined, to: ['hook'], continue: false }],
      sinks: [{ name: 'hook', off: false } as never],
    }),
  });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recurring-'));
  count = 0;
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const alertAt = async (time: string): Promise<string | undefined> => {
  nowMs = Date.parse(time);
  count += 1;
  await store.outbox.enqueue([{ alert: alertNumber(count) }]);
  return (await store.history.deliveries({ alertId: `alert-${count}` })).items[0]?.state;
};
const toldAt = async (time: string): Promise<readonly number[]> => {
  nowMs = Date.parse(time);
  return (await store.silences.tellEnded()).map(({ hidden }) => hidden);
};

it('hides inside its hours, by the wall clock, and tells at the end of each of them what it hid', async () => {
  nowMs = Date.parse('2026-03-20T00:00:00Z');
  store = open();
  await store.silences.add({
    id: 'maintenance',
    match: { rule: ['r1'] },
    author: 'bob',
    reason: 'maintenance',
    createdAtMs: nowMs,
    startsAtMs: nowMs,
    endsAtMs: nowMs + 300 * 86_400_000,
    schedule: { days: 'sun', hours: '02:00-04:00', timezone: 'Europe/London' },
    expired: undefined,
  });
  // The Sunday before the clocks change …
  expect(await alertAt('2026-03-22T01:59:59Z')).toBe('pending');
  expect(await alertAt('2026-03-22T02:00:00Z')).toBe('silenced');
  expect(await alertAt('2026-03-22T03:59:59Z')).toBe('silenced');
  expect(await toldAt('2026-03-22T03:59:59Z')).toEqual([]);
  expect(await toldAt('2026-03-22T04:00:00Z')).toEqual([2]);
  expect(await toldAt('2026-03-22T04:00:01Z')).toEqual([]);
  expect(await alertAt('2026-03-22T04:00:02Z')).toBe('pending');
  // … and one after it, also over a restart: two o'clock is an hour earlier.
  await store.close();
  store = open();
  expect(await alertAt('2026-04-05T00:59:59Z')).toBe('pending');
  expect(await alertAt('2026-04-05T01:00:00Z')).toBe('silenced');
  expect(await toldAt('2026-04-05T02:59:59Z')).toEqual([]);
  expect(await toldAt('2026-04-05T03:00:00Z')).toEqual([1]);
  const summaries = (await store.history.alerts({ kind: 'summary' })).items;
  expect(summaries.map(({ summary }) => summary?.total)).toEqual([2, 1]);
});
