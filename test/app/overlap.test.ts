import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOverlap } from '../../src/app/overlap.ts';
import type { Log } from '../../src/core/log.ts';
import type { Store } from '../../src/core/store.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { openStore } from '../../src/store/open-store.ts';
import { auditEvent, decideNothing, T0, take, windowOf } from '../store/fixtures.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

let folder: string;
let store: Store;
let nowMs: number;
const lines: string[] = [];
const note = (event: string, fields: object = {}): void =>
  void lines.push(`${event} ${JSON.stringify(fields)}`);
const log: Log = { debug: note, info: note, warn: note, error: note };

beforeEach(() => {
  lines.length = 0;
  nowMs = T0 + 60_000;
  folder = mkdtempSync(join(tmpdir(), 'vam-overlap-'));
  store = openStore({ path: join(folder, 'm.db'), now: () => nowMs, durability: 'off' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** One event on time, and one that was found an hour after it happened. */
const measure = async (): Promise<void> => {
  const lease = await take(store);
  await store.collect.commitWindow(lease, windowOf([auditEvent('on time', 5)], { nowMs }), decideNothing);
  nowMs = T0 + 61 * MINUTE;
  const late = windowOf([auditEvent('late', 60 - 1)], { nowMs, watermarkMs: undefined, reader: 'sweep' });
  await store.collect.commitWindow(lease, late, decideNothing);
};
const overlapWith = (overlapAuto: boolean) =>
  createOverlap(
    'default',
    { overlapMs: 10 * MINUTE, overlapAuto },
    { ledger: store.ledger, now: () => nowMs, log, telemetry: noTelemetry },
  );

describe('the overlap', () => {
  it('auto: follows the lateness measured, says so when it changes, and comes back when that is long ago', async () => {
    const overlap = overlapWith(true);
    await overlap.refresh();
    expect([overlap.currentMs(), ...lines]).toEqual([10 * MINUTE]);
    await measure();
    await overlap.refresh();
    await overlap.refresh();
    expect(overlap.currentMs()).toBe(180 * MINUTE);
    expect(lines).toEqual(['overlap.changed {"account":"default","from":"10m","to":"3h"}']);
    // A restart knows at once.
    const again = overlapWith(true);
    await again.refresh();
    expect(again.currentMs()).toBe(180 * MINUTE);
    nowMs += 91 * DAY;
    await overlap.refresh();
    expect(overlap.currentMs()).toBe(10 * MINUTE);
    expect(await store.retention.prune(T0 - 400 * DAY, 100)).toBeGreaterThan(0);
    expect(await store.ledger.lateness('default', 0)).toEqual([]);
  });

  it('fixed: stays as it is, and another one is proposed once', async () => {
    const overlap = overlapWith(false);
    await measure();
    await overlap.refresh();
    await overlap.refresh();
    expect(overlap.currentMs()).toBe(10 * MINUTE);
    expect(lines).toEqual(['overlap.proposed {"account":"default","overlap":"10m","proposed":"3h"}']);
  });
});
