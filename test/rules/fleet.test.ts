import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AuditEvent } from '../../src/core/event.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { withAccount } from '../../src/rules/fleet.ts';
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
    const { matches } = fleet?.evaluate(withAccount(at(account)), state) ?? { matches: [] };
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
          const event = withAccount(eventOf(account, `e${index}`, minute));
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
