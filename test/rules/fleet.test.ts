import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AuditEvent } from '../../src/core/event.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { accountsNeeded } from '../../src/rules/fleet.ts';
import { createMemoryState } from '../../src/rules/run-tests.ts';

const BASE = `
title: Login
name: login
logsource: {product: vonage, service: audit}
detection:
  selection: {event_type: USER_LOGIN}
  condition: selection
---
`;
const fleetRule = (condition: string, scope = 'monitor: {scope: fleet}'): string => `${BASE}
title: Spread
name: spread
correlation: {type: event_count, rules: [login], group-by: [account], timespan: 1h, condition: ${condition}}
${scope}
`;
const SPREAD = `${BASE}
title: Spread
correlation: {type: value_count, rules: [login], group-by: [source_ip], timespan: 1h, condition: {field: account, gte: 3}}
monitor: {scope: fleet}
`;
const compile = (text: string) => compileRules([{ path: 'rule.yml', text }]);
const problems = (text: string) => compile(text).problems.map(({ message }) => message);

it('refuses what cannot be judged over all accounts, and what mixes scopes', () => {
  expect(problems(fleetRule('{gte: 2}'))).toEqual([]);
  expect(problems(fleetRule('{eq: 0}'))[0]).toMatch(/^absence cannot be judged over all accounts/);
  const above = `---
title: Above
correlation: {type: event_count, rules: [spread], timespan: 1h, condition: {gte: 2}}
`;
  expect(problems(fleetRule('{gte: 2}') + above)[0]).toMatch(/"spread" is a correlation over all accounts/);
  expect(problems(`${BASE.replace('---', '')}monitor: {scope: fleet}\n`)[0]).toMatch(
    /"scope: fleet" is for correlations/,
  );
});

it('keeps fleet rules out of the engine of accounts, and ids of two accounts apart', () => {
  const { engine, fleet } = compile(SPREAD);
  const at = (account: string): AuditEvent => eventOf(account, 'same-id', 0);
  const state = createMemoryState();
  const found = ['a', 'b', 'c'].flatMap((account) => engine.evaluate(at(account), state).matches);
  expect(found).toEqual([]);
  const seen = ['a', 'b', 'c'].flatMap((account) => {
    const { matches } = fleet?.evaluate(at(account), state) ?? { matches: [] };
    fleet?.flush(state);
    return matches;
  });
  expect(seen[0]?.events.map(({ account }) => account)).toEqual(['a', 'b', 'c']);
});

const eventOf = (account: string, id: string, minute: number): AuditEvent => {
  const createdAtMs = Date.UTC(2026, 0, 5, 12) + minute * 60_000;
  const fields = {
    id,
    event_type: 'USER_LOGIN',
    created_at: new Date(createdAtMs).toISOString(),
    source_ip: '192.0.2.1',
  };
  return { id, account, eventType: 'USER_LOGIN', createdAtMs, json: JSON.stringify(fields), fields };
};

const judge = (text: string, events: readonly AuditEvent[]): readonly string[] => {
  const { fleet } = compile(text);
  const state = createMemoryState();
  return events.flatMap((event) =>
    (fleet?.evaluate(event, state).matches ?? []).map((match) => match.events.map(({ id }) => id).join(' ')),
  );
};

it('finds what belongs together, in whatever order accounts are read: late by up to the window and an hour', () => {
  // One account is far ahead of those that were out of reach, as after an outage.
  const late = (minutes: number) =>
    judge(SPREAD, [
      eventOf('z', 'ahead', minutes),
      eventOf('a', 'a', 0),
      eventOf('b', 'b', 5),
      eventOf('c', 'c', 10),
    ]);
  expect(late(120)).toEqual(['a b c']);
  expect(late(121)).toEqual([]);
});

it('shows at least the event that came late, however much has been forgotten beside it', () => {
  const busy = Array.from({ length: 30 }, (_, index) => eventOf('a', `x${index}`, 70 + index));
  for (const behind of [15, 20, 25, 29])
    expect(
      judge(SPREAD, [
        eventOf('a', 'a', 0),
        eventOf('b', 'b', 1),
        ...busy.slice(0, behind),
        eventOf('c', 'c', 2),
      ]),
    ).toEqual([expect.stringMatching(/c$/)]);
});

it('keeps windows apart that lie within what is remembered', () => {
  const apart = [eventOf('a', 'a', 0), eventOf('b', 'b', 59), eventOf('c', 'c', 61), eventOf('d', 'd', 118)];
  expect(judge(SPREAD, apart)).toEqual(['b c d']);
  expect(judge(SPREAD, apart.slice(0, 3))).toEqual([]);
});

it('knows how many accounts it takes', () => {
  const needed = (text: string): number => accountsNeeded(compile(text).linked);
  expect(needed(BASE.replace('---', ''))).toBe(Number.POSITIVE_INFINITY);
  expect(needed(SPREAD)).toBe(3);
  expect(needed(SPREAD.replace('gte: 3', 'gt: 3'))).toBe(4);
  expect(needed(fleetRule('{gte: 2}'))).toBe(1);
  const both = (type: string) => `${SPREAD.replace('title: Spread', 'title: Spread\nname: spread')}---
title: Many
name: many
correlation: {type: event_count, rules: [login], timespan: 1h, condition: {gte: 9}}
monitor: {scope: fleet}
---
title: Both
correlation: {type: ${type}, rules: [spread, many], timespan: 1h}
monitor: {scope: fleet}
`;
  expect(needed(both('temporal'))).toBe(3);
  // What one of its parts alone can meet needs one account.
  expect(
    needed(
      both('event_count').replace('timespan: 1h}\nmonitor', 'timespan: 1h, condition: {gte: 1}}\nmonitor'),
    ),
  ).toBe(1);
});

it('finds the same whether it runs through, or begins anew from what was stored at any place', () => {
  const step = fc.record({
    account: fc.constantFrom('a', 'b', 'c', 'd'),
    minute: fc.integer({ min: 0, max: 150 }),
    crash: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const judge = (crashes: boolean): string[] => {
        let { fleet } = compile(SPREAD);
        const state = createMemoryState();
        return steps.flatMap(({ account, minute, crash }, index) => {
          if (crashes && crash) ({ fleet } = compile(SPREAD));
          const event = eventOf(account, `e${index}`, minute);
          const matches = fleet?.evaluate(event, state).matches ?? [];
          if (crashes || index % 3 === 0) fleet?.flush(state);
          return matches.map(({ events, values, atMs }) =>
            JSON.stringify([events.map(({ id, fields }) => [id, fields.account]), values, atMs]),
          );
        });
      };
      expect(judge(true)).toEqual(judge(false));
    }),
    { numRuns: 60 },
  );
});
