import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTexts, eventOf, NOON_MS, ruleOf, run, stateOf } from '../support/rules.ts';

/*
 * Correlations against the plainest possible reference: a list of all events of the group, looked through anew for every
 * event. Long streams, since the engine's lists are tidied up only after a while.
 */

const SPAN_MS = 3_600_000;
const base = ruleOf('s: {event_type: A}\ncondition: s', 'name: base\n');
const correlation = (type: string, condition: string): string =>
  [
    'title: many',
    'correlation:',
    `  type: ${type}`,
    '  rules: [base]',
    '  group-by: [user]',
    '  timespan: 1h',
    `  condition: ${condition}`,
  ].join('\n');

interface Step {
  readonly gapMs: number;
  readonly user: number;
  readonly value: number;
}

/** Times at which a group fires: whenever `size` of what lies in [t - span, t] reaches the limit; then it starts anew. */
const reference = (
  steps: readonly Step[],
  limit: number,
  size: (window: readonly Step[]) => number,
): number[] => {
  const groups = new Map<number, { readonly atMs: number; readonly step: Step }[]>();
  const fired: number[] = [];
  let atMs = NOON_MS;
  for (const step of steps) {
    atMs += step.gapMs;
    const window = [...(groups.get(step.user) ?? []), { atMs, step }].filter(
      (kept) => kept.atMs >= atMs - SPAN_MS,
    );
    if (size(window.map((kept) => kept.step)) >= limit) {
      fired.push(atMs);
      groups.set(step.user, []);
    } else groups.set(step.user, window);
  }
  return fired;
};

const steps = fc.array(
  fc.record({
    gapMs: fc.constantFrom(0, 1_000, 240_000, 1_200_000, SPAN_MS, SPAN_MS + 1_000),
    user: fc.integer({ min: 0, max: 2 }),
    value: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 1, maxLength: 400, size: 'max' },
);

const fires = (type: string, condition: string, given: readonly Step[]): number[] => {
  const { engine } = compileTexts([`${base}---\n${correlation(type, condition)}\n`]);
  let ms = NOON_MS;
  const events = given.map(({ gapMs, user, value }) => {
    ms += gapMs;
    return eventOf({ event_type: 'A', user: `u${user}`, value: `v${value}` }, { ms });
  });
  return run(engine, events, undefined, stateOf()).map((match) => match.atMs);
};

describe('correlations do what the plainest reading says', () => {
  it('event_count', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 40 }), (given, limit) => {
        expect(fires('event_count', `{gte: ${limit}}`, given)).toEqual(
          reference(given, limit, (window) => window.length),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('value_count', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), (given, limit) => {
        expect(fires('value_count', `{field: value, gte: ${limit}}`, given)).toEqual(
          reference(given, limit, (window) => new Set(window.map((step) => step.value)).size),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('a group that is never empty and never fires stays in step for ever', () => {
    const given = Array.from({ length: 500 }, () => ({ gapMs: 1_200_000, user: 1, value: 1 }));
    expect(fires('event_count', '{gte: 10}', given)).toEqual([]);
    expect(fires('value_count', '{field: value, gte: 2}', given)).toEqual([]);
    const burst = Array.from({ length: 8 }, () => ({ gapMs: 1_000, user: 1, value: 1 }));
    expect(fires('event_count', '{gte: 10}', [...given, ...burst])).toHaveLength(1);
  });
});
