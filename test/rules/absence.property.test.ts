import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Match } from '../../src/core/match.ts';
import { compileTexts, eventOf, NOON_MS, run, stateOf } from '../support/rules.ts';

/*
 * An absence is told once, and its end is told once: whatever comes when, however it is cut into batches, and whatever
 * is restarted in between.
 */

const SPAN_MS = 600_000;
const END_MS = NOON_MS + 1_000 * SPAN_MS;
const absence = (type: string, condition: string): string =>
  [
    `title: beat\nname: beat\nlogsource: {product: vonage}\ndetection: {s: {event_type: BEAT}, condition: s}\n`,
    `title: silent\ncorrelation: {type: ${type}, rules: [beat], group-by: [user], timespan: 10m, condition: ${condition}}\n`,
  ].join('---\n');

const KINDS = [
  ['event_count', '{eq: 0}'],
  ['event_count', '{lt: 3}'],
  ['event_count', '{neq: 2}'],
  ['value_count', '{field: n, lte: 1}'],
  ['value_sum', '{field: n, lt: 4}'],
] as const;

const drawnEvents = fc.array(
  fc.record({
    gapMs: fc.constantFrom(0, 60_000, 300_000, SPAN_MS, SPAN_MS + 1_000, 5 * SPAN_MS, -200_000, -2 * SPAN_MS),
    user: fc.constantFrom('u', 'v'),
    n: fc.integer({ min: 1, max: 3 }),
    cut: fc.constantFrom('', 'batch', 'tick', 'restart'),
  }),
  { minLength: 1, maxLength: 60 },
);
type Drawn = (typeof drawnEvents extends fc.Arbitrary<infer T> ? T : never)[number];

/** All of "u" has left the window when the process is restarted, and then one comes late. */
const lateAfterRestart: Drawn[] = [
  { gapMs: 3_000_000, user: 'v', n: 1, cut: '' },
  { gapMs: -200_000, user: 'u', n: 1, cut: '' },
  { gapMs: 60_000, user: 'u', n: 1, cut: '' },
  { gapMs: 300_000, user: 'u', n: 2, cut: '' },
  { gapMs: 60_000, user: 'v', n: 1, cut: 'restart' },
  { gapMs: -1_200_000, user: 'u', n: 1, cut: '' },
];

const timeline = (drawn: readonly Drawn[], late: boolean): AuditEvent[] => {
  let newestMs = NOON_MS;
  return drawn.map(({ gapMs, user, n }, index) => {
    const atMs = Math.max(NOON_MS, newestMs + (late ? gapMs : Math.abs(gapMs)));
    newestMs = Math.max(newestMs, atMs);
    return eventOf({ event_type: 'BEAT', user, n }, { ms: atMs, id: `e${index}` });
  });
};

const told = (matches: readonly Match[]): unknown[] =>
  matches.map(({ status, group, atMs, values, ended, events }) => [
    status,
    group,
    atMs,
    values,
    ended ?? null,
    events.map(({ id }) => id),
  ]);

/** All in one batch, or cut as drawn. */
const runCut = (text: string, drawn: readonly Drawn[], late: boolean): Match[] => {
  const matches: Match[] = [];
  let { engine } = compileTexts([text]);
  let state = stateOf();
  for (const [index, event] of timeline(drawn, late).entries()) {
    matches.push(...run(engine, [event], undefined, state));
    const cut = drawn[index]?.cut;
    if (cut === 'tick' && !late) matches.push(...run(engine, [], event.createdAtMs, state));
    if (cut !== 'restart') continue;
    engine = compileTexts([text]).engine;
    state = stateOf(state.map);
  }
  matches.push(...run(engine, [], END_MS, state));
  return matches;
};

describe.each(KINDS)('an absence by %s %s', (type, condition) => {
  const text = absence(type, condition);
  const { engine } = compileTexts([text]);

  it('fires and resolves in turns, the end naming the beginning', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(drawnEvents, fc.boolean(), (drawn, late) => {
        const matches = run(engine, timeline(drawn, late), END_MS);
        const open = new Map<unknown, Match>();
        const wrong: unknown[] = [];
        const claim = (match: Match, holds: boolean): void => {
          if (!holds) wrong.push(match);
        };
        for (const match of matches) {
          seen.add(match.status);
          const { user } = match.values;
          const before = open.get(user);
          if (match.status === 'firing') {
            claim(match, before === undefined);
            open.set(user, match);
            continue;
          }
          open.delete(user);
          claim(match, before !== undefined && match.group === before.group && match.atMs >= before.atMs);
          claim(match, match.ended?.firedAtMs === before?.atMs && match.events.length === 1);
          claim(match, match.ended?.sinceMs === (before?.atMs ?? 0) - SPAN_MS);
        }
        expect(wrong).toEqual([]);
        const fired = matches.filter(({ status }) => status === 'firing').map(({ group }) => group);
        expect(new Set(fired).size).toBe(fired.length);
        // Nothing comes after the last event, so every group is silent in the end.
        const silent = new Set(drawn.map(({ user }) => user)).size;
        expect(condition === '{neq: 2}' ? silent : open.size).toBe(silent);
      }),
      { numRuns: 150 },
    );
    expect(seen.size).toBe(2);
  });

  it('is the same whatever the batches, ticks and restarts', () => {
    fc.assert(
      fc.property(drawnEvents, fc.boolean(), (drawn, late) => {
        const sorted = (matches: readonly Match[]): string[] =>
          told(matches)
            .map((match) => JSON.stringify(match))
            .sort();
        expect(sorted(runCut(text, drawn, late))).toEqual(sorted(run(engine, timeline(drawn, late), END_MS)));
      }),
      { numRuns: 60, examples: [[lateAfterRestart, true]] },
    );
  });
});

describe('fewer than n, against the plainest reading', () => {
  /** Looks at the whole list of one user's events anew for every event. */
  const reference = (times: readonly number[], needed: number): [string, number][] => {
    const found: [string, number][] = [];
    let from = 0;
    let sinceMs = times[0] ?? 0;
    let fired = false;
    const check = (upTo: number, nowMs: number): void => {
      const nth = times[upTo - needed];
      const dueMs = Math.max(sinceMs, nth !== undefined && upTo - needed >= from ? nth : sinceMs) + SPAN_MS;
      if (fired || dueMs >= nowMs) return;
      found.push(['firing', dueMs]);
      fired = true;
      from = upTo;
    };
    for (const [index, atMs] of times.entries()) {
      if (index > 0) check(index, atMs);
      if (!fired) continue;
      const window = times.slice(from, index + 1).filter((each) => each > atMs - SPAN_MS);
      if (window.length < needed) continue;
      found.push(['resolved', atMs]);
      fired = false;
      from = index + 1 - needed;
      sinceMs = times[from] as number;
    }
    check(times.length, END_MS);
    return found;
  };

  it('tells both', () => {
    fc.assert(
      fc.property(drawnEvents, fc.integer({ min: 1, max: 4 }), (drawn, needed) => {
        const { engine } = compileTexts([absence('event_count', `{lt: ${needed}}`)]);
        const events = timeline(
          drawn.map((each) => ({ ...each, user: 'u' })),
          false,
        );
        const matches = run(engine, events, END_MS);
        expect(matches.map(({ status, atMs }) => [status, atMs])).toEqual(
          reference(
            events.map(({ createdAtMs }) => createdAtMs),
            needed,
          ),
        );
      }),
      { numRuns: 150 },
    );
  });
});
