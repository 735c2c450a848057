import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/core/alert.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';

let folder = '';
let store: Store;
let nowMs = 1_000_000;
const now = (): number => nowMs;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-retry-'));
  nowMs = 1_000_000;
  store = openStore({ path: join(folder, 'm.db'), now, durability: 'off' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const alert = (id: string): Alert => ({
  id,
  kind: 'drill',
  status: 'firing',
  rule: { id: 'r', title: 'R', level: 'low', tags: [], references: [] },
  account: 'a',
  message: 'm',
  fields: [],
  events: [],
  eventIds: [],
  eventTypes: [],
  createdAtMs: 1,
  decidedAtMs: 1,
});

const park = async (sink: string): Promise<readonly string[]> => {
  const claimed = await store.outbox.claim(sink, 10, 1_000);
  await store.outbox.settle(
    claimed.map((delivery) => ({
      deliveryId: delivery.id,
      startedAtMs: nowMs,
      endedAtMs: nowMs,
      outcome: 'rejected' as const,
      detail: 'status 410',
      next: { state: 'parked' as const },
    })),
    [],
  );
  return claimed.map((delivery) => delivery.id);
};

describe('retrying parked deliveries', () => {
  it('makes those of a sink due again, with their ids and their attempts, and no others', async () => {
    await store.outbox.enqueue([
      { alert: alert('1'), sinks: ['x', 'y'] },
      { alert: alert('2'), sinks: ['x'] },
    ]);
    const ids = await park('x');
    await park('y');
    expect(await store.outbox.claim('x', 10, 1_000)).toEqual([]);
    nowMs += 10_000;
    expect(await store.outbox.retry({ sink: 'x' })).toBe(2);
    expect(await store.outbox.retry({ sink: 'x' })).toBe(0);
    expect(await store.outbox.nextDueMs('y')).toBeUndefined();
    const claimed = await store.outbox.claim('x', 10, 1_000);
    expect(claimed.map((delivery) => [delivery.id, delivery.attempt])).toEqual(ids.map((id) => [id, 2]));
  });

  it('makes single ones due again; what is not parked is left alone', async () => {
    await store.outbox.enqueue([{ alert: alert('1'), sinks: ['x', 'y'] }]);
    const [parked = ''] = await park('x');
    const [sending] = await store.outbox.claim('y', 10, 1_000);
    expect(await store.outbox.retry({ ids: [parked, sending?.id ?? '', 'unknown'] })).toBe(1);
    expect((await store.outbox.claim('x', 10, 1_000)).length).toBe(1);
  });
});

describe('reclaiming what a crashed process was sending', () => {
  it('makes it due at once, the attempt counted', async () => {
    await store.outbox.enqueue([{ alert: alert('1'), sinks: ['x'] }]);
    await store.outbox.claim('x', 10, 1_000_000);
    expect(await store.outbox.claim('x', 10, 1_000)).toEqual([]);
    expect(await store.outbox.reclaim()).toBe(1);
    expect((await store.outbox.claim('x', 10, 1_000)).map((delivery) => delivery.attempt)).toEqual([2]);
  });
});

describe('noticing others', () => {
  it('says once that another connection has written, and nothing of our own writing', async () => {
    expect(await store.status.changedByOthers()).toBe(false);
    await store.outbox.enqueue([{ alert: alert('1'), sinks: ['x'] }]);
    expect(await store.status.changedByOthers()).toBe(false);
    const other = openStore({ path: join(folder, 'm.db'), now, durability: 'off' });
    await other.outbox.enqueue([{ alert: alert('2'), sinks: ['x'] }]);
    await other.close();
    expect(await store.status.changedByOthers()).toBe(true);
    expect(await store.status.changedByOthers()).toBe(false);
  });
});
