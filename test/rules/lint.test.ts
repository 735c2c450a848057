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

  it('what feeds a rule over all accounts, and a filter of it, may ask for the account', () => {
    const part = (field: string): string =>
      `title: Login\nname: login\nlogsource: {product: vonage, service: audit}\ndetection: {s: {event_type: USER_LOGIN, ${field}: lab}, condition: s}\n`;
    const over = (scope: string): string =>
      `---\ntitle: Over\ncorrelation: {type: event_count, rules: [login], timespan: 1h, condition: {gte: 2}}\nmonitor: {scope: ${scope}}\n`;
    const filter = `---\ntitle: Lab\nlogsource: {product: vonage}\nfilter: {rules: [login], s: {account: lab}, condition: not s}\n`;
    expect(warningsOf(part('account') + over('fleet') + filter)).toEqual([]);
    expect(warningsOf(part('account') + over('account')).join()).toMatch(/has a field "account"/);
    expect(warningsOf(part('accounts') + over('fleet')).join()).toMatch(/has a field "accounts"/);
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

  it('many documents for other logs are said in one warning, and none of them is in the way of another', () => {
    const text = ruleOf('s: {a: 1}\ncondition: s', GOOD).replace('product: vonage', 'product: windows');
    const files = Array.from({ length: 9 }, (_, index) => ({ path: `${index}.yml`, text }));
    const { warnings, skipped, problems } = compileRules(files);
    expect(problems).toEqual([]);
    expect(skipped).toHaveLength(9);
    expect(warnings.map(({ file, message }) => [file, message])).toEqual([
      [
        '0.yml',
        expect.stringMatching(/^the rule is not loaded \(logsource: .*\), nor are 8 others for this reason$/),
      ],
    ]);
  });

  it('a correlation over rules for another product is left out with them', () => {
    const base = ruleOf('s: {a: 1}\ncondition: s', `name: base\n${GOOD}\n`).replace(
      'product: vonage',
      'product: windows',
    );
    const many =
      'title: many\ncorrelation: {type: event_count, rules: [base], timespan: 1m, condition: {gte: 2}}\n';
    const chained = many.replace('title: many', 'title: chained').replace('[base]', '[many]');
    const texts = [base, many.replace('title: many', 'title: many\nname: many'), chained];
    const { problems, skipped, rules } = compileRules([{ path: 'r.yml', text: texts.join('---\n') }]);
    expect([problems, rules]).toEqual([[], []]);
    expect(skipped.map(({ info, reason }) => `${info.title}: ${reason}`)).toEqual([
      expect.stringContaining('windows'),
      'many: it refers to rules that are not loaded here',
      'chained: it refers to rules that are not loaded here',
    ]);
  });

  it('a file in the old style that its first document retires is left out as a whole', () => {
    const old = (status: string): string =>
      `action: global\ntitle: a\nstatus: ${status}\ndetection: {condition: s}\n---\ndetection: {s: {user_id: 1}}\n`;
    const { problems, skipped } = compileRules([{ path: 'r.yml', text: old('unsupported') }]);
    expect(problems).toEqual([]);
    expect(skipped.map(({ reason }) => reason)).toEqual(['status: unsupported']);
    expect(problemsOf(old('test'))[0]).toMatch(/"action: global/);
  });

  it('remarks that are no texts, and words in capitals, are no reason to refuse a rule', () => {
    const text = ruleOf(
      's: {user_id: 1}\ncondition: s',
      'status: Test\nlevel: HIGH\nreferences: [{a: b}, c]\n',
    );
    const { rules, problems, warnings } = compileRules([{ path: 'r.yml', text }]);
    expect(problems).toEqual([]);
    expect(rules[0]?.info).toMatchObject({ level: 'high', references: ['c'] });
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^"status" is written in lower case/),
      expect.stringMatching(/^"level" is written in lower case/),
      expect.stringMatching(/^"references" must be a list of texts, found a map/),
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
