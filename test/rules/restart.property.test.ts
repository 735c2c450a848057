import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Match } from '../../src/core/match.ts';
import { compileTexts, eventOf, NOON_MS, run, stateOf } from '../support/rules.ts';

const base = (name: string): string =>
  `title: base ${name}\nname: ${name}\nlogsource: {product: vonage}\ndetection: {s: {event_type: ${name}}, condition: s}\n`;
const correlation = (type: string, rules: string, rest: string, name = type): string =>
  `title: ${name}\nname: ${name.replaceAll(' ', '_')}\ncorrelation: {type: ${type}, rules: [${rules}], timespan: 30s, ${rest}}\n`;

const RULES = [
  base('A'),
  base('B'),
  base('C'),
  correlation('event_count', 'A, B', 'group-by: [user], condition: {gte: 3}'),
  correlation('event_count', 'A', 'condition: {gt: 1, lt: 9}', 'range'),
  correlation('value_count', 'A, B', 'group-by: [user], condition: {field: n, gte: 3}'),
  correlation('temporal', 'A, B, C', 'group-by: [user]'),
  correlation('temporal_ordered', 'A, B, C', 'group-by: [user]'),
  correlation('temporal', 'A, B', "condition: 'A and not B'", 'without'),
  correlation('value_sum', 'A', 'group-by: [user], condition: {field: n, gt: 6}'),
  correlation('value_avg', 'A', 'condition: {field: n, gt: 2}'),
  correlation('value_median', 'B', 'condition: {field: n, gt: 2}'),
  correlation('event_count', 'C', 'group-by: [user], condition: {eq: 0}', 'silent'),
  correlation('event_count', 'B', 'group-by: [user], condition: {lt: 2}', 'few'),
  correlation('value_sum', 'C', 'condition: {field: n, lt: 3}', 'little'),
  correlation('temporal', 'event_count, silent', 'group-by: [user]', 'chained'),
  `title: new\nlogsource: {product: vonage}\ndetection: {s: {event_type: [A, B]}, condition: s}\nmonitor: {first_seen: {field: n, by: [user], learn: 20s, remember: 60s}}\n`,
  `title: changed\nlogsource: {product: vonage}\ndetection: {s: {event_type: [A, B]}, f: {n: 2}, condition: s and not f}\nmonitor: {changed: {field: n, by: [user]}}\n`,
].join('---\n');

const anEvent = fc.record({
  gap: fc.integer({ min: -12_000, max: 20_000 }),
  type: fc.constantFrom('A', 'B', 'C'),
  user: fc.constantFrom('u', 'v'),
  n: fc.integer({ min: 1, max: 4 }),
});
const someEvents = fc.array(anEvent, { minLength: 1, maxLength: 60 });

const timeline = (
  drawn: readonly { gap: number; type: string; user: string; n: number }[],
  late: boolean,
): AuditEvent[] => {
  let ms = NOON_MS;
  return drawn.map(({ gap, type, user, n }, index) => {
    const step = late ? gap : Math.abs(gap);
    const atMs = Math.max(NOON_MS, ms + Math.round(step / 1_000) * 1_000);
    if (atMs > ms) ms = atMs;
    return eventOf({ event_type: type, user, n }, { ms: atMs, id: `e${index}` });
  });
};

const summary = (matches: readonly Match[]): unknown[] =>
  matches.map(({ rule, status, ended, group, values, atMs, events }) => [
    rule.title,
    status,
    ended ?? null,
    group,
    values,
    atMs,
    events.map((event) => event.fields),
  ]);
const sorted = (matches: readonly Match[]): string[] =>
  summary(matches)
    .map((match) => JSON.stringify(match))
    .sort();

const END_MS = NOON_MS + 3_600_000;

describe('results do not depend on batches or restarts', () => {
  const one = compileTexts([RULES]).engine;
  const whole = (events: readonly AuditEvent[]): Match[] => run(one, events, END_MS);

  it('cut anywhere, with a new engine and a state read back from JSON between any two batches', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        someEvents,
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        fc.boolean(),
        (drawn, cuts, late) => {
          const events = timeline(drawn, late);
          const expected = whole(events);
          for (const match of expected) seen.add(match.rule.title);
          const matches: Match[] = [];
          let state = stateOf();
          let engine = one;
          for (const [index, event] of events.entries()) {
            matches.push(...run(engine, [event], undefined, state));
            if (!cuts[index]) continue;
            engine = compileTexts([RULES]).engine;
            state = stateOf(state.map);
          }
          matches.push(...run(engine, [], END_MS, stateOf(state.map)));
          expect(summary(matches)).toEqual(summary(expected));
        },
      ),
      { numRuns: 100 },
    );
    // Every rule takes part, else the property would prove less than it says.
    expect(seen.size).toBe(RULES.split('---\n').length - 3 - 2);
  });

  // The first tick begins the watch over silence, so both runs have it at the same time.
  it('ticks between batches change nothing when the events come in order', () => {
    fc.assert(
      fc.property(someEvents, fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }), (drawn, cuts) => {
        const events = timeline(drawn, false);
        const engine = one;
        const state = stateOf();
        const matches = run(engine, [], NOON_MS, state);
        for (const [index, event] of events.entries())
          matches.push(...run(engine, [event], cuts[index] ? event.createdAtMs : undefined, state));
        matches.push(...run(engine, [], END_MS, state));
        const onceState = stateOf();
        const expected = run(one, [], NOON_MS, onceState);
        expected.push(...run(one, events, END_MS, onceState));
        expect(sorted(matches)).toEqual(sorted(expected));
      }),
      { numRuns: 40 },
    );
  });
});
