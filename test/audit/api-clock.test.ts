import { expect, it } from 'vitest';
import { createApiClock } from '../../src/audit/api-clock.ts';

const NOON = Date.parse('2026-04-01T12:00:00Z');

/** An answer after so many ms of real time, which took 200 ms, by a clock that is off by `skewMs`. */
const after = (ms: number, date: 'dated' | 'undated', skewMs = 0) => ({
  status: 200,
  text: '',
  header: (name: string) =>
    name === 'date' && date === 'dated' ? new Date(NOON + ms - 100).toUTCString() : undefined,
  askedAtMs: NOON + ms - 200 + skewMs,
  answeredAtMs: NOON + ms + skewMs,
  askedTicks: ms - 200,
  answeredTicks: ms,
});

it('knows nothing before the first date', () => {
  const read = createApiClock();
  expect(read(after(0, 'undated'))).toEqual({ clockSkewMs: undefined, expectedSkewMs: undefined });
});

it('knows without any date that our clock has jumped ahead, and by how much', () => {
  const read = createApiClock();
  for (const [ms, skewMs, expectedSkewMs] of [
    [1_000, 0, undefined],
    [60_000, 3_000, undefined],
    [90_000, 600_000, -600_000],
    [86_400_000, 600_000, -600_000],
    [86_500_000, -600_000, undefined],
  ] as const)
    expect(read(after(ms, 'undated', skewMs))).toEqual({ clockSkewMs: undefined, expectedSkewMs });
});

it('knows of a jump before the first answer of all, when it is told when it began', () => {
  const read = createApiClock({ answeredAtMs: NOON, answeredTicks: 0 });
  expect(read(after(90_000, 'undated', 600_000))).toEqual({
    clockSkewMs: undefined,
    expectedSkewMs: -600_000,
  });
});

it.each([
  ['agrees', 0, 0, 0],
  ['jumps ahead', 3_600_000, -3_600_000 - 1_000, -3_600_000 + 1_200],
  ['is set back', -3_600_000, 3_600_000 - 1_000, 3_600_000 + 1_200],
])('says by the last date and the time since then that our clock %s', (_, skewMs, least, most) => {
  const read = createApiClock();
  expect(read(after(1_000, 'dated'))).toEqual({ clockSkewMs: 0, expectedSkewMs: undefined });
  for (const ms of [30_000, 86_400_000]) {
    const { clockSkewMs, expectedSkewMs } = read(after(ms, 'undated', skewMs));
    expect(clockSkewMs).toBeUndefined();
    expect(expectedSkewMs).toBeGreaterThanOrEqual(least);
    expect(expectedSkewMs).toBeLessThanOrEqual(most);
  }
  // The next date counts by itself.
  expect(read(after(86_500_000, 'dated', skewMs)).expectedSkewMs).toBeUndefined();
});
