import { describe, expect, it } from 'vitest';
import { type CompileOptions, compileRules } from '../../src/rules/compile.ts';
import { problemsOf, ruleOf } from '../support/rules.ts';

const warningsOf = (text: string, options: CompileOptions = {}): string[] => {
  const { problems, warnings } = compileRules([{ path: 'r.yml', text }], options);
  expect(problems).toEqual([]);
  return warnings.map(({ line, column, message }) => `${line}:${column} ${message}`);
};
const GOOD = 'id: 11111111-1111-4111-8111-111111111111';

describe('lint', () => {
  it('a rule as it should be has no warnings', () => {
    const text = ruleOf(
      "s: {event_type: NUMBER_UPDATED, context.http|contains: 'http://', user_email|re|i: '^a', source_ip|re: '^10'}\nf: {user_id: 5}\ncondition: s and not f",
      `${GOOD}\nfields: [user_email, context.msisdn]`,
    );
    expect(warningsOf(text)).toEqual([]);
  });

  it.each([
    [
      "s: {context.url: 'https://a/b?c=d'}\ncondition: s",
      /4:\d+ "\?" in .* stands for any one character; write "\\\?"/,
    ],
    ["s: {context.msisdn: '+4477?0'}\ncondition: s", /stands for any one character/],
    [
      's: {context.msisdn: 447700900123}\ncondition: s',
      /447700900123 is not in quotes.*; write '447700900123'$/,
    ],
    ["s: {user_email|re: 'admin@'}\ncondition: s", /minds case/],
    ['s: {user_email: a}\ncondition: not s', /5:14 the condition only says "not"/],
    [
      's: {user_emial: a}\ncondition: s',
      /4:7 no known Vonage event has a field "user_emial"; did you mean "user_email"\?/,
    ],
    [
      's: {event_type: USER_LOGN}\ncondition: s',
      /unknown event type "USER_LOGN"; did you mean "USER_LOGIN"\?/,
    ],
    [
      's: {user_id: 1}\nt: {user_id: 2}\ncondition: s',
      /5:3 the search identifier "t" is not in the condition/,
    ],
  ])('%s', (detection, message) => {
    expect(warningsOf(ruleOf(detection, GOOD))).toEqual([expect.stringMatching(message)]);
  });

  it('event types are those the API knows, when that is known', () => {
    const text = ruleOf('s: {event_type: NEW_TYPE}\ncondition: s', GOOD);
    expect(warningsOf(text, { eventTypes: ['NEW_TYPE'] })).toEqual([]);
  });

  it('a filter without not keeps only what it names', () => {
    const filter =
      'title: f\nlogsource: {product: vonage}\nfilter: {rules: any, s: {user_id: 1}, condition: s}';
    expect(warningsOf(filter)).toEqual([expect.stringMatching(/no "not", so rules keep only what it names/)]);
  });

  it('rules for other products are left out, and said', () => {
    const text = ruleOf('s: {a: 1}\ncondition: s', GOOD).replace('product: vonage', 'product: windows');
    expect(warningsOf(text)).toEqual([
      expect.stringMatching(/2:12 the rule is not loaded \(logsource: its product is "windows"/),
    ]);
    expect(compileRules([{ path: 'r', text }], { product: null }).rules).toHaveLength(1);
  });

  it('a rule for another product needs no lists, and its other faults are still problems', () => {
    const items = "s: {a|expand: '%printers%', b|cidr|expand: '%offices%'}\ncondition: s";
    const text = ruleOf(items, GOOD).replace('product: vonage', 'product: windows');
    const files = [{ path: 'r.yml', text }];
    const left = compileRules(files);
    expect(left.problems).toEqual([]);
    expect(left.rules).toEqual([]);
    expect(left.skipped.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('its product is "windows"'),
    ]);
    expect(left.warnings).toHaveLength(1);
    expect(compileRules(files, { product: null }).problems).toHaveLength(2);
    expect(problemsOf(text.replace('condition: s', 'condition: t'))).toEqual([
      expect.stringContaining('"t"'),
    ]);
  });

  it('an id that is no UUID, a missing logsource, a slip in a top-level key', () => {
    const text = 'title: a\nid: x\nlevle: high\ndetection: {s: {user_id: 1}, condition: s}';
    expect(warningsOf(text)).toEqual([
      expect.stringMatching(/^1:1 the key "logsource" is missing/),
      expect.stringMatching(/^2:5 the id "x" is no UUID/),
      expect.stringMatching(/^3:1 unknown key "levle"; did you mean "level"\?/),
    ]);
  });
});
