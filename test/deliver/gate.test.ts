import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RETRY_AFTER_MS } from '../../src/core/backoff.ts';
import type { Verdict } from '../../src/core/delivery.ts';
import type { SinkGate } from '../../src/core/gate.ts';
import { admission, freshGate, type GatePolicy, gateAfter, rebased } from '../../src/deliver/gate.ts';

const T0 = Date.UTC(2026, 0, 2, 3, 4, 5);
const CIRCUIT = { failures: 5, baseMs: 30_000, capMs: 300_000 };
const UNPACED: GatePolicy = { pace: undefined, circuit: CIRCUIT };
const PACED: GatePolicy = { pace: { perSecond: 1, burst: 5 }, circuit: CIRCUIT };
const SENT: Verdict = { outcome: 'sent', receipt: '' };
const REJECTED: Verdict = { outcome: 'rejected', reason: '' };
const FAILED: Verdict = { outcome: 'retry', reason: '' };
const after = (afterMs: number): Verdict => ({ outcome: 'retry', reason: '', afterMs });
const times = <T>(count: number, of: T): readonly T[] => Array.from({ length: count }, () => of);
const next = (gate: SinkGate, verdicts: readonly Verdict[], nowMs = T0, policy = UNPACED): SinkGate =>
  gateAfter(gate, verdicts, policy, nowMs, () => 1);
const fresh = freshGate(UNPACED, T0);

describe('the circuit of a sink', () => {
  it.each([
    { says: 'a wish to wait', verdict: after(45_000), notBeforeMs: 45_000 },
    { says: 'a wish to wait no time at all', verdict: after(0), notBeforeMs: 30_000 },
    {
      says: 'too many, without a time',
      verdict: { outcome: 'retry', reason: '', status: 429 },
      notBeforeMs: 30_000,
    },
  ] as const)(
    'waits again after a probe that is answered with $says: no probe follows at once',
    ({ verdict, notBeforeMs }) => {
      const open = next(fresh, times(5, FAILED));
      const nowMs = open.openUntilMs;
      const probed = next(open, [verdict], nowMs);
      expect(probed.opens).toBe(open.opens);
      expect(admission(probed, UNPACED, false, nowMs)).toMatchObject({ most: 0 });
      expect(admission(probed, UNPACED, false, nowMs + notBeforeMs - 1)).toMatchObject({ most: 0 });
      expect(admission(probed, UNPACED, false, nowMs + notBeforeMs)).toMatchObject({ most: 1, probe: true });
    },
  );

  it('obeys a pause also after the clock was set back by hours, when an earlier one seems to be far ahead', () => {
    const paused = next(next(fresh, times(5, FAILED)), [after(45_000)]);
    const backMs = T0 - 3 * 3_600_000;
    expect(admission(paused, UNPACED, false, backMs).most).toBe(1);
    const again = next(paused, [after(45_000)], backMs);
    expect(admission(again, UNPACED, false, backMs + 44_999)).toMatchObject({ most: 0 });
    expect(admission(again, UNPACED, false, backMs + 45_000)).toMatchObject({ most: 1 });
  });

  it('opens after five failures in a row, not after four, and for as long as the first step', () => {
    expect(next(fresh, times(4, FAILED))).toMatchObject({ failures: 4, opens: 0 });
    expect(next(fresh, [...times(4, FAILED), SENT, ...times(4, FAILED)])).toMatchObject({ opens: 0 });
    const open = next(fresh, times(5, FAILED));
    expect(open).toMatchObject({ failures: 5, opens: 1, openUntilMs: T0 + 30_000 });
    expect(admission(open, UNPACED, false, T0 + 29_999)).toMatchObject({
      most: 0,
      because: 'circuit',
      retryAtMs: T0 + 30_000,
    });
  });

  it('lets one probe through at a time, and waits longer after each that fails, up to the limit', () => {
    let gate = next(fresh, times(5, FAILED));
    let nowMs = T0;
    const waits: number[] = [];
    for (let probe = 0; probe < 6; probe += 1) {
      nowMs = gate.openUntilMs;
      expect(admission(gate, UNPACED, false, nowMs)).toMatchObject({ most: 1, probe: true });
      expect(admission(gate, UNPACED, true, nowMs)).toMatchObject({
        most: 0,
        because: 'circuit',
        retryAtMs: Number.POSITIVE_INFINITY,
      });
      gate = next(gate, [FAILED], nowMs);
      waits.push(gate.openUntilMs - nowMs);
    }
    expect(waits).toEqual([60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
  });

  it.each([
    ['sent', SENT],
    ['rejected', REJECTED],
  ])('closes on any answer: %s', (_, answer) => {
    const open = next(fresh, times(5, FAILED));
    const closed = next(open, [answer], open.openUntilMs);
    expect(closed).toMatchObject({ failures: 0, opens: 0, openUntilMs: 0 });
    expect(admission(closed, UNPACED, false, open.openUntilMs)).toMatchObject({ probe: false });
  });

  it('does not open further by attempts that were under way when it opened', () => {
    expect(next(next(fresh, times(5, FAILED)), times(20, FAILED))).toMatchObject({ opens: 1, failures: 25 });
  });

  it('does not wait longer than it may after the clock was set back, and a probe that fails waits all the same', () => {
    const open = next(fresh, times(5, FAILED));
    const nowMs = T0 - 86_400_000;
    expect(admission(open, UNPACED, false, nowMs)).toMatchObject({ most: 1, probe: true });
    const again = next(open, [FAILED], nowMs);
    expect(again.opens).toBe(2);
    expect(admission(again, UNPACED, false, nowMs + 1)).toMatchObject({ most: 0, because: 'circuit' });
  });
});

describe("a receiver's wish to wait", () => {
  it('pauses the whole sink, is no failure, and the longest wish counts', () => {
    const paused = next(fresh, [after(60_000), after(5_000)]);
    expect(paused).toMatchObject({ failures: 0, opens: 0, pausedUntilMs: T0 + 60_000 });
    expect(admission(paused, UNPACED, false, T0 + 59_999)).toMatchObject({
      most: 0,
      because: 'pause',
      retryAtMs: T0 + 60_000,
    });
    expect(admission(paused, UNPACED, false, T0 + 60_000).most).toBe(Number.POSITIVE_INFINITY);
    expect(next(fresh, times(50, after(0))).opens).toBe(0);
  });

  it.each([
    ['absurd', 1e15, MAX_RETRY_AFTER_MS],
    ['negative', -5, 0],
  ])('that is %s is cut', (_, afterMs, waitMs) => {
    expect(next(fresh, [after(afterMs)]).pausedUntilMs).toBe(T0 + waitMs);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('that is no time (%d) is a failure', (afterMs) => {
    expect(next(fresh, [after(afterMs)])).toMatchObject({ failures: 1, pausedUntilMs: 0 });
  });

  it('of a second, for hours, pauses longer and longer, and is forgiven with the first answer', () => {
    let gate = fresh;
    let nowMs = T0;
    const pauses: number[] = [];
    for (let refusal = 1; refusal <= 20; refusal += 1) {
      // Two that were under way together are one refusal.
      gate = gateAfter(gate, [after(1_000), after(1_000)], UNPACED, nowMs, () => 1);
      pauses.push(gate.pausedUntilMs - nowMs);
      nowMs = gate.pausedUntilMs;
    }
    expect(pauses.slice(0, 5)).toEqual(Array(5).fill(1_000));
    expect(pauses.slice(5, 10)).toEqual([30_000, 60_000, 120_000, 240_000, 300_000]);
    expect(pauses.at(-1)).toBe(300_000);
    expect(gate).toMatchObject({ failures: 0, opens: 0 });
    gate = gateAfter(gate, [SENT], UNPACED, nowMs, () => 1);
    gate = gateAfter(gate, [after(1_000)], UNPACED, nowMs, () => 1);
    expect(gate.pausedUntilMs - nowMs).toBe(1_000);
  });

  it('is over when the clock was set back by more than any wish', () => {
    expect(
      admission(next(fresh, [after(60_000)]), UNPACED, false, T0 - 2 * MAX_RETRY_AFTER_MS).because,
    ).toBeUndefined();
  });
});

describe('the bucket of a sink', () => {
  it('holds the burst, and then gives one each second', () => {
    const first = admission(freshGate(PACED, T0), PACED, false, T0);
    expect(first.most).toBe(5);
    const empty = first.taken(5);
    expect(admission(empty, PACED, false, T0 + 999)).toMatchObject({
      most: 0,
      because: 'pace',
      retryAtMs: T0 + 1_000,
    });
    expect(admission(empty, PACED, false, T0 + 1_000).most).toBe(1);
    expect(admission(empty, PACED, false, T0 + 86_400_000).most).toBe(5);
  });

  it('fills on from now when the clock was set back, instead of standing still until it has come back', () => {
    const empty = rebased(admission(freshGate(PACED, T0), PACED, false, T0).taken(5), T0 - 86_400_000);
    expect(admission(empty, PACED, false, T0 - 86_400_000).retryAtMs).toBe(T0 - 86_400_000 + 1_000);
    expect(admission(empty, PACED, false, T0 - 86_400_000 + 1_000).most).toBe(1);
  });

  it('never lets more through in any interval than its burst and the rate allow, and never less than it may', () => {
    const asks = fc.array(fc.record({ waitMs: fc.nat(5_000), wanted: fc.integer({ min: 1, max: 20 }) }), {
      minLength: 1,
      maxLength: 60,
    });
    const pace = fc.record({
      perSecond: fc.double({ min: 0.01, max: 1_000, noNaN: true }),
      burst: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(pace, asks, (limits, list) => {
        const policy: GatePolicy = { pace: limits, circuit: CIRCUIT };
        let gate = freshGate(policy, T0);
        let nowMs = T0;
        const told: boolean[] = [];
        const taken: { readonly atMs: number; readonly count: number }[] = [];
        for (const { waitMs, wanted } of list) {
          nowMs += waitMs;
          const admitted = admission(gate, policy, false, nowMs);
          const count = Math.min(wanted, admitted.most);
          if (count > 0) {
            gate = admitted.taken(count);
            taken.push({ atMs: nowMs, count });
          } else {
            // What it says of the next time is true: not before it, and then at once.
            const { retryAtMs } = admitted;
            told.push(admission(gate, policy, false, retryAtMs).most >= 1);
            told.push(admission(gate, policy, false, retryAtMs - 2).most === 0);
          }
        }
        expect(told).not.toContain(false);
        for (const [index, first] of taken.entries()) {
          let sum = 0;
          for (const { atMs, count } of taken.slice(index)) {
            sum += count;
            const allowed = limits.burst + (limits.perSecond * (atMs - first.atMs)) / 1_000;
            expect(sum).toBeLessThanOrEqual(allowed + 0.001);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
