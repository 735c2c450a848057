import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completenessOf } from '../../src/core/completeness.ts';
import { applyReading, coveredOf, gapsOf, type LedgerRange, type Reading } from '../../src/core/ledger.ts';

const SECOND = 1_000;
const T0 = Date.UTC(2026, 0, 1, 9, 59, 0);
/** The small world: so many seconds, across the turn of an hour. */
const WORLD = 120;

const reading = fc
  .record({
    from: fc.integer({ min: 0, max: WORLD - 1 }),
    width: fc.integer({ min: 1, max: 40 }),
    verified: fc.boolean(),
    again: fc.boolean(),
    quiet: fc.boolean(),
    events: fc.integer({ min: 0, max: 9 }),
    late: fc.integer({ min: 0, max: 3 }),
  })
  .map(
    ({ from, width, ...rest }): Omit<Reading, 'readAtMs'> => ({
      ...rest,
      fromMs: T0 + from * SECOND,
      toMs: T0 + Math.min(WORLD, from + width) * SECOND,
      text: 'why',
    }),
  );

/** As the store does it: only the ranges that overlap or touch the reading are handed over. */
const enter = (ledger: readonly LedgerRange[], given: Reading): readonly LedgerRange[] => {
  const touches = (range: LedgerRange): boolean => range.fromMs <= given.toMs && range.toMs >= given.fromMs;
  const rest = ledger.filter((range) => !touches(range));
  return [...rest, ...applyReading(ledger.filter(touches), given)].sort((a, b) => a.fromMs - b.fromMs);
};

/** What is known of one second, kept the simplest way. */
type Second = { verified: boolean; tries: number } | undefined;

describe('any sequence of readings', () => {
  it('leaves a ledger that says of every second what its latest reading said', () => {
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 25 }), (readings) => {
        let ledger: readonly LedgerRange[] = [];
        const seconds: Second[] = Array.from({ length: WORLD }, () => undefined);
        let events = 0;
        let late = 0;
        for (const [turn, given] of readings.entries()) {
          ledger = enter(ledger, { ...given, readAtMs: T0 + turn });
          events += given.events;
          late += given.late;
          for (let at = (given.fromMs - T0) / SECOND; at < (given.toMs - T0) / SECOND; at += 1) {
            const before = seconds[at];
            const tries = before && !before.verified ? before.tries + (given.again ? 1 : 0) : 0;
            seconds[at] = { verified: given.verified, tries: Math.min(tries, 6) };
          }
        }
        const said = seconds.map((_, at): Second => {
          const ms = T0 + at * SECOND;
          const range = ledger.find(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
          return range && { verified: !range.doubt, tries: range.doubt?.tries ?? 0 };
        });
        expect(said).toEqual(
          seconds.map((second) => second && (second.verified ? { verified: true, tries: 0 } : second)),
        );
        // Ordered, apart, nothing lost of the counts, and given up exactly after the last try.
        for (const [index, range] of ledger.entries()) {
          expect(range.fromMs).toBeLessThan(range.toMs);
          expect(range.fromMs).toBeGreaterThanOrEqual(ledger[index - 1]?.toMs ?? 0);
          expect(range.doubt !== undefined && range.doubt.nextMs === undefined).toBe(
            range.doubt?.tries === 6,
          );
        }
        expect(ledger.reduce((sum, range) => sum + range.events, 0)).toBe(events);
        expect(ledger.reduce((sum, range) => sum + range.late, 0)).toBe(late);
      }),
    );
  });

  it('answers what is complete, unverified and never read as a look at every second does', () => {
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 25 }), (readings) => {
        let ledger: readonly LedgerRange[] = [];
        const seconds: (boolean | undefined)[] = Array.from({ length: WORLD }, () => undefined);
        for (const given of readings) {
          ledger = enter(ledger, { ...given, readAtMs: T0 });
          seconds.fill(given.verified, (given.fromMs - T0) / SECOND, (given.toMs - T0) / SECOND);
        }
        const answer = completenessOf(ledger);
        const secondsOf = (ranges: readonly { fromMs: number | undefined; toMs: number }[]): number[] =>
          ranges.flatMap(({ fromMs = T0, toMs }) =>
            Array.from({ length: (toMs - fromMs) / SECOND }, (_, index) => (fromMs - T0) / SECOND + index),
          );
        const where = (wanted: boolean | undefined): number[] =>
          seconds.flatMap((value, at) => (value === wanted ? [at] : []));
        const lastRead = seconds.findLastIndex((value) => value !== undefined);
        const lastVerified = seconds.lastIndexOf(true);
        expect(secondsOf(answer.unverified)).toEqual(where(false));
        expect(secondsOf(answer.neverRead)).toEqual(where(undefined).filter((at) => at < lastRead));
        expect(answer.completeUntilMs).toBe(lastVerified < 0 ? undefined : T0 + (lastVerified + 1) * SECOND);
        expect(answer.neverRead.filter(({ fromMs }) => fromMs === undefined)).toHaveLength(
          lastRead < 0 ? 0 : 1,
        );
      }),
    );
  });

  it('divides a window into what is covered and what is not', () => {
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 12 }), reading, (readings, window) => {
        const ledger = readings.reduce<readonly LedgerRange[]>(
          (done, given) => enter(done, { ...given, readAtMs: T0 }),
          [],
        );
        const parts = [...gapsOf(ledger, window), ...coveredOf(ledger, window)].sort(
          (a, b) => a.fromMs - b.fromMs,
        );
        expect(parts[0]?.fromMs).toBe(window.fromMs);
        expect(parts.at(-1)?.toMs).toBe(window.toMs);
        for (const [index, part] of parts.slice(1).entries()) expect(part.fromMs).toBe(parts[index]?.toMs);
        for (const part of coveredOf(ledger, window)) expect(gapsOf(ledger, part)).toEqual([]);
      }),
    );
  });
});

describe('the size of a ledger', () => {
  const pass = (atMs: number, verified: boolean): Reading => ({
    fromMs: atMs - 600_000,
    toMs: atMs,
    verified,
    text: '',
    events: 0,
    late: 0,
    readAtMs: atMs,
    again: false,
    quiet: false,
  });

  it('is one range for a healthy account, however long', () => {
    let ledger: readonly LedgerRange[] = [];
    for (let pass_ = 0; pass_ < 20_000; pass_ += 1) ledger = enter(ledger, pass(T0 + pass_ * 30_000, true));
    expect(ledger).toHaveLength(1);
  });

  it('stays small while the API contradicts itself for days, with every range read again until it is given up', () => {
    let ledger: readonly LedgerRange[] = [];
    let largest = 0;
    let rereads = 0;
    for (let nowMs = T0; nowMs < T0 + 3 * 86_400_000; nowMs += 30_000) {
      ledger = enter(ledger, pass(nowMs, false));
      for (const due of ledger.filter(({ doubt }) => (doubt?.nextMs ?? Infinity) <= nowMs)) {
        rereads += 1;
        expect(due.toMs - due.fromMs).toBeLessThanOrEqual(3_600_000);
        ledger = enter(ledger, { ...pass(nowMs, false), fromMs: due.fromMs, toMs: due.toMs, again: true });
      }
      largest = Math.max(largest, ledger.length);
    }
    expect(largest).toBeLessThan(150);
    expect(rereads / 72).toBeLessThan(100);
    const { unverified } = completenessOf(ledger);
    expect(unverified.map(({ againAtMs }) => againAtMs === undefined)).toEqual([true, false]);
    // Given up after about five hours, and not much later.
    const waitingMs = (unverified[1]?.toMs ?? 0) - (unverified[1]?.fromMs ?? 0);
    expect(waitingMs).toBeGreaterThan(4.5 * 3_600_000);
    expect(waitingMs).toBeLessThan(7 * 3_600_000);
  });
});
