import { describe, expect, it } from 'vitest';
import { compile, createMemoryState } from '../../src/rules/library.ts';

const RULE = `title: Forwarding changed
name: forwarding
level: high
logsource: {product: vonage, service: audit}
detection:
  selection:
    event_type: NUMBER_UPDATED
    context.value|startswith: ['sip:', 'tel:']
  filter_main_bots:
    user_email|endswith: '@bots.example'
  condition: selection and not 1 of filter_main_*
monitor:
  changed: {field: context.value, by: [context.msisdn]}
  tests:
    - name: a new target, then the same, then another
      events:
        - {event_type: NUMBER_UPDATED, context: {msisdn: '44', value: 'sip:a'}}
        - {event_type: NUMBER_UPDATED, context: {msisdn: '44', value: 'sip:a'}, at: 1h}
        - {event_type: NUMBER_UPDATED, context: {msisdn: '44', value: 'sip:b'}, at: 2h}
      expect: 2
    - name: not to a web address
      events: [{event_type: NUMBER_UPDATED, context: {msisdn: '44', value: 'https://a'}}]
      expect: 1
---
title: Silence
logsource: {product: vonage}
correlation: {type: event_count, rules: [forwarding], timespan: 1d, condition: {eq: 0}}
monitor:
  tests:
    - {name: a quiet day, events: [], until: 25h, expect: 1}
    - {name: not before the day is over, events: [], until: 23h, expect: 0}
    - {name: a day after the last one, events: [{event_type: NUMBER_UPDATED, context: {value: 'tel:1', msisdn: '4'}, at: 5h}], until: 29h, expect: 1}
`;

describe('the library', () => {
  it('runs the tests of rules with a fake clock, also of rules that only feed correlations', () => {
    const results = compile(RULE).runTests();
    expect(results.map(({ test, passed, reason }) => [test.name, passed, reason])).toEqual([
      ['a new target, then the same, then another', true, ''],
      ['not to a web address', false, 'expected 1 alert, found 0'],
      ['a quiet day', true, ''],
      ['not before the day is over', true, ''],
      ['a day after the last one', true, ''],
    ]);
  });

  it('evaluates plain JSON, with a state that can be kept', () => {
    const text = `title: base\nname: base\nlogsource: {}\ndetection: {s: {action: deny}, condition: s}\n---
title: many\nlevel: low\nlogsource: {}\ncorrelation: {type: event_count, rules: [base], group-by: [user], timespan: 1m, condition: {gte: 2}}\n`;
    const state = createMemoryState();
    const event = (second: number) => ({
      action: 'Deny',
      user: 'a',
      timestamp: `2026-01-01T00:00:0${second}Z`,
    });
    const first = compile([text]);
    expect(first.problems).toEqual([]);
    expect(first.evaluate(event(1), state).matches).toEqual([]);
    first.flush(state);
    const [match] = compile([text]).evaluate(event(2), state).matches;
    expect([match?.rule.title, match?.values]).toEqual(['many', { count: 2, user: 'a' }]);
  });

  it('explains a rule', () => {
    expect(compile(RULE).explain('forwarding')?.split('\n')).toEqual([
      'Forwarding changed (high)',
      'Looks at each event and asks for:',
      '- all of',
      '  - selection',
      '    - all of',
      '      - event_type is "NUMBER_UPDATED"',
      '      - context.value begins with "sip:" or "tel:"',
      '  - not',
      '    - filter_main_bots',
      '      - user_email ends with "@bots.example"',
      'Only when context.value differs from the last value of the same context.msisdn.',
      'It does not alert by itself: a correlation refers to it.',
    ]);
    expect(compile(RULE).explain('Silence')).toContain(
      'Alerts when there are exactly 0 matches of "forwarding" within 1d.',
    );
    expect(compile(RULE).explain('nothing')).toBeUndefined();
  });

  it('explains what held for an event and what was seen', () => {
    const event = { event_type: 'NUMBER_UPDATED', context: { value: 'https://x' } };
    expect(compile(RULE).explain('forwarding', event)?.split('\n')).toEqual([
      '✘ all of',
      '  ✘ selection',
      '    ✘ all of',
      '      ✔ event_type is "NUMBER_UPDATED" (saw "NUMBER_UPDATED")',
      '      ✘ context.value begins with "sip:" or "tel:" (saw "https://x")',
      '  ✔ not',
      '    ✘ filter_main_bots',
      '      ✘ user_email ends with "@bots.example" (saw nothing: the field is missing)',
    ]);
  });

  it('leaves a rule out whose list it was not given, unless it is to refuse it', () => {
    const text =
      "title: a\nlogsource: {product: windows}\ndetection: {s: {Host|expand: '%servers%'}, condition: s}\n";
    const { problems, warnings, skipped } = compile(text);
    expect(problems).toEqual([]);
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('no list "servers"')]);
    expect(skipped.map(({ reason }) => reason)).toEqual(['no list "servers" for its placeholder']);
    expect(compile(text, { missingLists: 'refuse' }).problems).toHaveLength(1);
    const { rules, evaluate } = compile(text, { lists: { servers: ['a'] } });
    expect(rules).toHaveLength(1);
    expect(evaluate({ Host: 'A' }).matches).toHaveLength(1);
  });
});
