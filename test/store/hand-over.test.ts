import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewAlert } from '../../src/core/decided.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { alertNumber, START_MS } from '../deliver/harness.ts';

let folder: string;
let store: Store;
let nowMs: number;
let made: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hand-over-'));
  nowMs = START_MS;
  made = 0;
  store = openStore({ path: join(folder, 'm.db'), now: () => nowMs, durability: 'off' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const enqueue = async (count: number): Promise<void> => {
  const alerts = Array.from(
    { length: count },
    (): NewAlert => ({ alert: alertNumber(++made), sinks: ['down'] }),
  );
  await store.outbox.enqueue(alerts);
};
const handOver = (): Promise<number> => store.outbox.handOver('down', 'other');
const given = async (): Promise<readonly string[]> =>
  (await store.history.deliveries({ sink: 'other', limit: 10_000 })).items.map(({ alertId }) => alertId);

describe('giving over to a fallback', () => {
  it('gives everything once, so many at a time, and then what is new', async () => {
    await enqueue(1_200);
    expect([await handOver(), await handOver(), await handOver(), await handOver()]).toEqual([
      500, 500, 200, 0,
    ]);
    expect(new Set(await given()).size).toBe(1_200);
    await enqueue(2);
    expect([await handOver(), await handOver()]).toEqual([2, 0]);
    expect(await given()).toHaveLength(1_202);
  });

  it('gives later what was being sent while the others were given', async () => {
    await enqueue(3);
    const [claimed] = await store.outbox.claim('down', 1, 60_000);
    expect(await handOver()).toBe(2);
    await store.outbox.settle(
      [
        {
          deliveryId: claimed?.id ?? '',
          startedAtMs: nowMs,
          endedAtMs: nowMs,
          outcome: 'retry',
          detail: 'no answer',
          next: { state: 'pending', dueAtMs: nowMs + 1_000 },
        },
      ],
      [],
    );
    expect([await handOver(), await handOver()]).toEqual([1, 0]);
  });

  it('finds within minutes what a jump of the clock has hidden', async () => {
    await enqueue(2);
    await store.outbox.claim('down', 1, 60_000);
    nowMs += 61_000;
    // Its lease is over, but nobody has noticed: it is neither waiting nor ahead.
    expect([await handOver(), await handOver()]).toEqual([1, 0]);
    await store.outbox.reclaim();
    nowMs += 300_000;
    expect([await handOver(), await handOver()]).toEqual([1, 0]);
  });
});
