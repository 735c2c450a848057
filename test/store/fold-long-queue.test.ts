import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Level } from '../../src/core/alert.ts';
import type { NewAlert } from '../../src/core/decided.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { alertNumber, START_MS } from '../deliver/harness.ts';

let folder: string;
let store: Store;
let nowMs: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fold-'));
  nowMs = START_MS;
  store = openStore({ path: join(folder, 'm.db'), now: () => nowMs, durability: 'off' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const numbered = (number: number, level: Level): NewAlert => ({
  alert: alertNumber(number, {
    rule: { id: 'r1', title: 'A rule', level, tags: [], references: [] },
    decidedAtMs: nowMs,
  }),
  sinks: ['hook'],
});

it('folds the newest of a very long queue first, the most severe at the top, and loses none', async () => {
  const queue = 5_100;
  for (let number = 1; number <= queue; number += 100) {
    nowMs += 1_000;
    const level = (n: number): Level => (n === 50 || n === 5_050 ? 'critical' : 'low');
    await store.outbox.enqueue(
      Array.from({ length: 100 }, (_, n) => numbered(number + n, level(number + n))),
    );
  }
  await store.outbox.claim('hook', 1, 60_000, { foldAbove: 1_000 });
  const { items } = await store.history.deliveries({ sink: 'hook', limit: 10_000 });
  const folded = items.filter(({ state }) => state === 'folded');
  expect(folded).toHaveLength(5_000);
  // The hundred oldest go on waiting by themselves, with the one severe among them.
  const left = new Set(items.filter(({ state }) => state !== 'folded').map(({ alertId }) => alertId));
  expect(left.has('alert-50')).toBe(true);
  expect(left.has('alert-101')).toBe(false);
  const rest = await store.outbox.claim('hook', 500, 60_000, { foldAbove: 1_000 });
  const digest = rest.find(({ alert }) => alert.kind === 'summary')?.alert;
  expect(digest?.summary).toMatchObject({ total: 5_000, levels: { critical: 1, low: 4_999 } });
  expect(digest?.summary?.members.slice(0, 2).map(({ alertId }) => alertId)).toEqual([
    'alert-5050',
    'alert-5100',
  ]);
});
