import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, type Window } from '../../src/core/window.ts';

const T0 = Date.UTC(2026, 0, 1);
const windowOf = (seconds: number): Window => ({ fromMs: T0, toMs: T0 + seconds * 1_000 });
const widths = (parts: readonly Window[]): readonly number[] =>
  parts.map(({ fromMs, toMs }) => (toMs - fromMs) / 1_000);

describe('cutting a window that holds too much', () => {
  it('makes as many parts as it takes for each to fit, with a little room', () => {
    expect(widths(cut(windowOf(120), 9_000, 5_000))).toEqual([60, 60]);
    expect(widths(cut(windowOf(120), 13_000, 5_000))).toEqual([40, 40, 40]);
    expect(widths(cut(windowOf(160), 10_000_000, 5_000))).toEqual(Array.from({ length: 16 }, () => 10));
  });

  it('makes two when the count is unknown or does not say that it is too much', () => {
    expect(widths(cut(windowOf(61), undefined, 5_000))).toEqual([30, 31]);
    expect(widths(cut(windowOf(60), 10, 5_000))).toEqual([30, 30]);
  });

  it('whatever the count: the parts are in order, without gaps, and whole seconds, at least one each', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 10_000_000 }),
        fc.option(fc.nat(), { nil: undefined }),
        fc.integer({ min: 1, max: 100_000 }),
        (seconds, events, most) => {
          const window = windowOf(seconds);
          const parts = cut(window, events, most);
          expect(parts.length).toBeGreaterThanOrEqual(2);
          expect(parts[0]?.fromMs).toBe(window.fromMs);
          expect(parts.at(-1)?.toMs).toBe(window.toMs);
          expect(parts.slice(1).map(({ fromMs }) => fromMs)).toEqual(
            parts.slice(0, -1).map(({ toMs }) => toMs),
          );
          expect(widths(parts).every((width) => Number.isInteger(width) && width >= 1)).toBe(true);
        },
      ),
    );
  });
});
