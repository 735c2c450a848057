import { expect, it } from 'vitest';
import { forgetRemoved } from '../../src/app/forget-removed.ts';
import { createRuleState } from '../../src/app/rule-state.ts';
import { compileRules } from '../../src/rules/compile.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.parse('2026-03-01T00:00:00Z');

const RULES = compileRules([
  {
    path: 'rules.yml',
    text: `title: New user
id: 11111111-1111-4111-8111-111111111111
name: new_user
logsource: {product: vonage}
detection: {a: {event_type: USER_CREATE}, condition: a}
monitor: {first_seen: {field: user_email}, changed: {field: source_ip, by: [account_id]}}
---
title: Many
id: 22222222-2222-4222-8222-222222222222
correlation: {type: event_count, rules: [new_user], timespan: 1h, condition: {gte: 3}}
`,
  },
]);
const USED = [
  'first-seen/11111111-1111-4111-8111-111111111111',
  'first-seen/11111111-1111-4111-8111-111111111111/17',
  'changed/11111111-1111-4111-8111-111111111111/0',
  'correlation/22222222-2222-4222-8222-222222222222/3',
];
const GONE = ['first-seen/other', 'first-seen/other/0', 'first-seen/other/1', 'correlation/5/5'];

const stateOf = (keys: readonly string[]) => createRuleState(new Map(keys.map((key) => [key, 1])));

it('keeps what rules remember that are there, and the rest for a week', () => {
  expect(RULES.problems).toEqual([]);
  const state = stateOf([...USED, ...GONE]);
  for (const days of [0, 1, 6.9]) {
    forgetRemoved(state, RULES.engine.isOwnState, START_MS + days * DAY_MS);
    expect(state.keys()).toEqual(expect.arrayContaining([...USED, ...GONE]));
  }
  forgetRemoved(state, RULES.engine.isOwnState, START_MS + 7 * DAY_MS);
  expect(state.keys()).toEqual(USED);
  expect(state.takeChanges()).toEqual(expect.arrayContaining(GONE.map((key) => ({ key, value: null }))));
});

it('a rule that comes back goes on, and has its week again when it goes once more', () => {
  const state = stateOf(GONE);
  forgetRemoved(state, () => false, START_MS);
  forgetRemoved(state, () => true, START_MS + 6 * DAY_MS);
  expect(state.keys()).toEqual(GONE);
  forgetRemoved(state, () => false, START_MS + 8 * DAY_MS);
  forgetRemoved(state, () => false, START_MS + 14 * DAY_MS);
  expect(state.keys()).toEqual(expect.arrayContaining(GONE));
});

it('a clock that was ahead takes nothing away early', () => {
  const state = stateOf(GONE);
  forgetRemoved(state, () => false, START_MS + 400 * DAY_MS);
  forgetRemoved(state, () => false, START_MS);
  forgetRemoved(state, () => false, START_MS + 6 * DAY_MS);
  expect(state.keys()).toEqual(expect.arrayContaining(GONE));
});
