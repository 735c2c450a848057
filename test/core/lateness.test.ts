import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { LATENESS_EDGES_MS, latenessEdge, proposedOverlapMs } from '../../src/core/lateness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

it.each([
  ['nothing measured', [], 10 * MINUTE],
  ['all on time', [{ edgeMs: 0, count: 5_000 }], 10 * MINUTE],
  [
    'one of two thousand an hour late: the second reader is for those',
    [
      { edgeMs: 0, count: 1_999 },
      { edgeMs: HOUR, count: 1 },
    ],
    10 * MINUTE,
  ],
  [
    'three of two thousand an hour late',
    [
      { edgeMs: HOUR, count: 3 },
      { edgeMs: 0, count: 1_997 },
    ],
    2 * HOUR,
  ],
  [
    'one of five two hours late',
    [
      { edgeMs: 0, count: 4 },
      { edgeMs: 2 * HOUR, count: 1 },
    ],
    4 * HOUR,
  ],
  [
    'half of them a week late',
    [
      { edgeMs: 0, count: 1 },
      { edgeMs: 168 * HOUR, count: 1 },
    ],
    24 * HOUR,
  ],
])('the overlap that fits: %s', (_, counts, expected) => {
  expect(proposedOverlapMs(counts)).toBe(expected);
});

it('puts a lateness under the least edge that is not smaller, and never proposes less for more lateness', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 * 24 * HOUR }), fc.nat(100), fc.nat(100), (ms, late, more) => {
      const edge = latenessEdge(ms);
      const fitting = LATENESS_EDGES_MS.filter((other) => other >= ms);
      expect(edge).toBe(fitting.length > 0 ? Math.min(...fitting) : Math.max(...LATENESS_EDGES_MS));
      const counts = (count: number) => [
        { edgeMs: 0, count: 1_000 },
        { edgeMs: edge, count },
      ];
      expect(proposedOverlapMs(counts(late + more))).toBeGreaterThanOrEqual(proposedOverlapMs(counts(late)));
    }),
  );
});
