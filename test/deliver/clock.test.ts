import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { advance, createHarness, type Harness, scriptedSink, settleDown, useFakeClock } from './harness.ts';

const HOUR_MS = 3_600_000;
let harness: Harness;

beforeEach(() => {
  useFakeClock();
  harness = createHarness();
});
afterEach(async () => {
  await harness.close();
  vi.useRealTimers();
});

describe('20: a clock that is set back', () => {
  it('does not make a receiver that is down be tried again and again without a pause', async () => {
    let left = 20;
    const sink = scriptedSink('hook', () => {
      // A loop without a pause would never let this test end.
      left -= 1;
      return left > 0 ? { outcome: 'retry', reason: 'HTTP 500' } : { outcome: 'sent', receipt: 'ok' };
    });
    await harness.enqueue(8, 'hook');
    harness.start(harness.loop(sink));
    await settleDown();
    await advance(1_000);
    expect(harness.logged('circuit.opened')).toHaveLength(1);
    const before = sink.calls.length;

    harness.jump(-3 * HOUR_MS);
    await advance(120_000);
    // One probe at once, since the time until the next one is no longer known; then it waits as ever.
    expect(sink.calls.length - before).toBeGreaterThanOrEqual(1);
    expect(sink.calls.length - before).toBeLessThanOrEqual(4);
    expect(harness.logged('circuit.opened').length).toBeGreaterThan(1);
  });
});
