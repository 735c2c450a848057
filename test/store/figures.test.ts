import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { explicitPlanner, type Planner } from '../../src/core/planner.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { auditEvent, decided, decideNothing, T0, take, windowOf } from './fixtures.ts';

/* What a scrape asks of the store. */

let folder: string;
let store: Store;
let nowMs = T0;
/** Holds what is called so until an hour later. */
const planner: Planner = {
  ...explicitPlanner,
  plan(request, memory, atMs) {
    const plan = explicitPlanner.plan(request, memory, atMs);
    if (!request.alert.message.startsWith('held')) return plan;
    return { ...plan, deliveries: plan.deliveries.map((one) => ({ ...one, dueAtMs: atMs + 3_600_000 })) };
  },
};

beforeEach(() => {
  nowMs = T0;
  folder = mkdtempSync(join(tmpdir(), 'vam-figures-'));
  store = openStore({ path: join(folder, 'monitor.db'), now: () => nowMs, durability: 'off', planner });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const waiting = () => store.figures.waiting(nowMs);

it('says of each sink how old the oldest delivery is that is due, being sent or to be tried again', async () => {
  expect(await waiting()).toEqual([]);
  await store.outbox.enqueue([decided('first', ['a', 'b'])]);
  nowMs = T0 + 10_000;
  await store.outbox.enqueue([decided('second', ['a'])]);
  expect(await waiting()).toEqual([
    { sink: 'a', sinceMs: T0, dueMs: T0 },
    { sink: 'b', sinceMs: T0, dueMs: T0 },
  ]);

  // Being sent, and then to be tried again much later: it is as old as it is.
  const [claimed] = await store.outbox.claim('a', 1, 30_000);
  expect(await waiting()).toContainEqual({ sink: 'a', sinceMs: T0, dueMs: T0 + 10_000 });
  const ended = { startedAtMs: nowMs, endedAtMs: nowMs, detail: '', deliveryId: claimed?.id ?? '' };
  const later = { state: 'pending', dueAtMs: nowMs + 3_600_000 } as const;
  await store.outbox.settle([{ ...ended, outcome: 'retry', next: later }], []);
  expect(await waiting()).toContainEqual({ sink: 'a', sinceMs: T0, dueMs: T0 + 10_000 });

  const [last] = await store.outbox.claim('b', 1, 30_000);
  await store.outbox.settle(
    [{ ...ended, deliveryId: last?.id ?? '', outcome: 'sent', next: { state: 'sent' } }],
    [],
  );
  expect((await waiting()).map(({ sink }) => sink)).toEqual(['a']);
});

it('counts what is held on purpose as late only from when it is due', async () => {
  await store.outbox.enqueue([decided('held back')]);
  nowMs += 1_800_000;
  expect(await waiting()).toEqual([{ sink: 'hook', sinceMs: undefined, dueMs: T0 + 3_600_000 }]);
  nowMs = T0 + 3_600_001;
  expect(await waiting()).toEqual([{ sink: 'hook', sinceMs: T0 + 3_600_000, dueMs: T0 + 3_600_000 }]);
});

it('answers quickly with a hundred thousand deliveries waiting', async () => {
  const count = 100_000;
  const alerts = Array.from({ length: count }, (_, n) => decided(`alert ${n}`));
  for (let from = 0; from < count; from += 5_000)
    await store.outbox.enqueue(alerts.slice(from, from + 5_000));
  const took: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const begun = performance.now();
    expect(await waiting()).toEqual([{ sink: 'hook', sinceMs: T0, dueMs: T0 }]);
    took.push(performance.now() - begun);
  }
  // Some 10 ms on a quiet machine; reading the alerts themselves would take hundreds.
  expect(Math.min(...took)).toBeLessThan(150);
}, 60_000);

it('counts events, quarantine and bytes, and knows sweeps, backfills and silences', async () => {
  const lease = await take(store);
  const quarantined = [{ account: 'default', key: 'k', json: '{}', reason: 'no id' }];
  await store.collect.commitWindow(
    lease,
    windowOf([auditEvent('e1'), auditEvent('e2')], { quarantined }),
    decideNothing,
  );
  const { bytes, ...sizes } = await store.figures.sizes();
  expect(sizes).toEqual({ events: 2, quarantined: 1 });
  expect(bytes).toBeGreaterThan(10_000);

  const sweep = {
    lastMs: 3_600_000,
    startedAtMs: T0,
    fromMs: T0,
    toMs: T0 + 10_000,
    nextMs: T0 + 4_000,
    endedAtMs: undefined,
  };
  await store.ledger.saveSweeps(lease, 'default', [sweep]);
  expect(await store.figures.sweeps()).toEqual([{ account: 'default', ...sweep }]);

  const request = { account: 'default', notify: false, requestedAtMs: T0, by: 'alice', unreadMs: 1_000 };
  await store.backfills.request({ ...request, id: 'b1', fromMs: T0 - 9_000, toMs: T0 - 5_000 });
  await store.backfills.request({ ...request, id: 'b2', fromMs: T0 - 5_000, toMs: T0 });
  const backfills = () => store.figures.backfills();
  expect(await backfills()).toEqual([
    { account: 'default', waiting: 2, fromMs: T0 - 9_000, toMs: T0 - 5_000 },
  ]);
  await store.backfills.end('b1', 'done', '', T0);
  expect(await backfills()).toEqual([{ account: 'default', waiting: 1, fromMs: T0 - 5_000, toMs: T0 }]);

  const silence = {
    match: { level: ['low'] },
    author: 'alice',
    reason: 'r',
    createdAtMs: T0,
    schedule: undefined,
    expired: undefined,
  };
  await store.silences.add({ ...silence, id: 's1', startsAtMs: T0, endsAtMs: T0 + 10_000 });
  await store.silences.add({ ...silence, id: 's2', startsAtMs: T0 + 5_000, endsAtMs: T0 + 20_000 });
  const inForce = await Promise.all(
    [0, 6_000, 15_000, 20_000].map((ms) => store.figures.silencesInForce(T0 + ms)),
  );
  expect(inForce).toEqual([1, 2, 1, 0]);
});

it('knows the gates of sinks', async () => {
  expect(await store.figures.gates()).toEqual(new Map());
  const gate = { tokens: 1, atMs: T0, failures: 3, opens: 2, openUntilMs: T0 + 1, pausedUntilMs: 0 };
  await store.outbox.settle([], [], { sink: 'hook', gate, hasten: false });
  expect(await store.figures.gates()).toEqual(new Map([['hook', gate]]));
});
