import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Verdict } from '../../src/core/delivery.ts';
import {
  advance,
  createHarness,
  type Harness,
  SENT,
  scriptedSink,
  settleDown,
  useFakeClock,
} from './harness.ts';

const HOUR = 3_600_000;
let harness: Harness;
beforeEach(() => {
  useFakeClock();
  harness = createHarness();
});
afterEach(async () => {
  await harness.close();
  vi.useRealTimers();
});

describe('a sink that refuses for hours', () => {
  it.each([401, 403, 404])(
    '12: %i for hours: parked at once, told elsewhere once, sent once each after the fix, and the other sink never waits',
    async (status) => {
      let mended = false;
      const refused: Verdict = { outcome: 'rejected', reason: `HTTP ${status}` };
      const sink = scriptedSink('broken', () => (mended ? SENT : refused));
      const other = scriptedSink('other');
      harness.start(harness.loop(sink));
      harness.start(harness.loop(other));
      for (let hour = 0; hour < 5; hour += 1) {
        await harness.enqueue(4, 'broken', 'other');
        await settleDown();
        await advance(HOUR);
      }
      // No hammering: one attempt each.
      expect(sink.calls.length).toBe(20);
      expect(await harness.states('broken')).toEqual(Array(20).fill('parked'));
      const alarms = other.calls.filter((call) => call.delivery.alert.kind === 'system');
      expect(alarms.map((call) => call.delivery.alert.message)).toEqual([
        expect.stringContaining(`HTTP ${status}`),
      ]);
      expect(other.calls.length).toBe(20 + 1);
      const waits = other.calls.map((call) => call.atMs - call.delivery.createdAtMs);
      expect(Math.max(...waits)).toBeLessThan(1_000);

      mended = true;
      // Nothing goes by itself what a person was told to look at.
      await advance(HOUR);
      expect(sink.calls.length).toBe(20);
      expect(await harness.store.outbox.retry({ sink: 'broken' })).toBe(20);
      harness.ringAll();
      await settleDown();
      await advance(60_000);
      expect(await harness.states('broken')).toEqual(Array(20).fill('sent'));
      const again = sink.calls.slice(20).map((call) => call.delivery.id);
      expect(again).toEqual(sink.calls.slice(0, 20).map((call) => call.delivery.id));
      expect(other.calls.filter((call) => call.delivery.alert.kind === 'system').length).toBe(2);
    },
  );
});
