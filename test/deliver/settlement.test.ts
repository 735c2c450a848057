import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/core/delivery.ts';
import { DEFAULT_DELIVERY_POLICY } from '../../src/deliver/policy.ts';
import { type Ended, settlementOf } from '../../src/deliver/settlement.ts';
import { alertNumber, START_MS } from './harness.ts';

const DAY_MS = 86_400_000;
const ended = (verdict: Verdict, more: { attempt?: number; ageMs?: number } = {}): Ended => ({
  delivery: {
    id: 'd1',
    sink: 'slack',
    alert: alertNumber(1),
    attempt: more.attempt ?? 1,
    createdAtMs: START_MS - (more.ageMs ?? 0),
  },
  verdict,
  startedAtMs: START_MS - 100,
  endedAtMs: START_MS,
});
const settle = (what: Ended, random = 0.5, redact = (text: string): string => text) =>
  settlementOf(what, DEFAULT_DELIVERY_POLICY, () => random, redact);
const retry = (afterMs?: number): Verdict => ({
  outcome: 'retry',
  reason: 'HTTP 503',
  ...(afterMs === undefined ? {} : { afterMs }),
});
const dueInMs = (what: Ended, random = 0.5): number => {
  const { next } = settle(what, random);
  return next.state === 'pending' ? next.dueAtMs - START_MS : Number.NaN;
};

describe('settlementOf', () => {
  it('keeps what was sent with its receipt', () => {
    expect(settle(ended({ outcome: 'sent', receipt: 'HTTP 204' }))).toEqual({
      deliveryId: 'd1',
      attempt: 1,
      startedAtMs: START_MS - 100,
      endedAtMs: START_MS,
      outcome: 'sent',
      detail: 'HTTP 204',
      next: { state: 'sent' },
    });
  });

  it('parks what was rejected, at once', () => {
    expect(settle(ended({ outcome: 'rejected', reason: 'HTTP 404' }))).toMatchObject({
      outcome: 'rejected',
      detail: 'HTTP 404',
      next: { state: 'parked' },
    });
  });

  it.each([
    [1, 625],
    [2, 1_250],
    [5, 10_000],
    [12, 1_280_000],
    [13, 2_250_000],
    [100, 2_250_000],
  ])('tries attempt %i again after %i ms, growing up to an hour', (attempt, expectedMs) => {
    expect(dueInMs(ended(retry(), { attempt }))).toBe(expectedMs);
  });

  it.each([
    ['what the receiver asks for', 90_000, 90_000],
    ['nothing at all', 0, 1_000],
    ['a time that has passed', -5_000, 1_000],
    ['a year', 365 * DAY_MS, 3_600_000],
  ])('obeys Retry-After within reason: %s', (_, afterMs, expectedMs) => {
    expect(dueInMs(ended(retry(afterMs), { attempt: 7 }))).toBe(expectedMs);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('takes its own time when Retry-After is %s', (afterMs) => {
    expect(dueInMs(ended(retry(afterMs)))).toBe(625);
  });

  it('parks what fails when it is too old, and not before; what goes through is sent at any age', () => {
    expect(settle(ended(retry(), { ageMs: 3 * DAY_MS })).next).toEqual({ state: 'parked' });
    expect(settle(ended(retry(), { ageMs: 3 * DAY_MS })).outcome).toBe('retry');
    expect(settle(ended(retry(), { ageMs: 3 * DAY_MS - 1 })).next.state).toBe('pending');
    expect(settle(ended({ outcome: 'sent', receipt: '' }, { ageMs: 9 * DAY_MS })).next).toEqual({
      state: 'sent',
    });
  });

  it('keeps no secret and no novel', () => {
    const long = settle(
      ended({ outcome: 'rejected', reason: `key hunter2 ${'x'.repeat(9_000)}` }),
      0,
      (text) => text.replaceAll('hunter2', '***'),
    );
    expect(long.detail).toMatch(/^key \*\*\* x+$/);
    expect(long.detail).toHaveLength(1_000);
  });

  it('always waits, and never longer than an hour', () => {
    const afterMs = fc.option(fc.double(), { nil: undefined });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        afterMs,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, after, random) => {
          const waitMs = dueInMs(ended(retry(after), { attempt }), random);
          expect(waitMs).toBeGreaterThanOrEqual(250);
          expect(waitMs).toBeLessThanOrEqual(3_600_000);
        },
      ),
    );
  });
});
