import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { compileTexts, eventOf, holds, problemsOf, ruleOf, run, stateOf } from '../support/rules.ts';

const timed = <T>(work: () => T): { readonly result: T; readonly cpuMs: number } => {
  const start = process.cpuUsage();
  const result = work();
  const { user } = process.cpuUsage(start);
  return { result, cpuMs: user / 1_000 };
};

describe('files that are no rules', () => {
  it.each([
    ['', /^1:1 the file holds no document/],
    ['# only a comment\n', /^1:1 the file holds no document/],
    ['---\n---\n', /^1:1 the file holds no document/],
    ['a:\n\tb: 1\n', /^2:1 this is no YAML: Tabs are not allowed as indentation; indent with spaces/],
    ['just a text', /^1:1 a rule must be a map/],
    ['- a\n- b', /^1:1 a rule must be a map/],
    ['\uFFFD\uFFFDt\0i\0t\0', /^1:1 the file is not UTF-8 text/],
    ['title: "x', /^1:\d+ this is no YAML/],
    ['title: a\ntitle: b\ndetection: {s: {a: 1}, condition: s}', /^2:1 the key "title" stands twice/],
    ['title: !!binary aGk=\n', /the tag .* is not supported/],
    ['title: *x\n', /unknown alias/],
    ['title: &x [*x]\n', /contains itself/],
    ['<<: {a: 1}\ntitle: a', /merge keys/],
    ['title: a\naction: global\n', /"action: global/],
    ['title: a\ndetektion: {}\n', /one of detection, correlation or filter.*did you mean "detection"/],
    ['title: a\ndetection: {s: {a: 1}}\n', /the key "condition" is missing/],
    ['title: a\ndetection: {s: {a: 1}, conditon: s}\n', /did you mean "condition"/],
    ['title: a\ndetection: {condition: s}\n', /no search identifier/],
    ['title: a\ndetection: []\n', /"detection" must be a map/],
    [
      'title: a\ndetection: {s: {a: {b: c}}, condition: s}\n',
      /is a map; allowed is .*name nested fields with dots/,
    ],
    ['title: a\ndetection: {s: {}, condition: s}\n', /empty map/],
    ['title: a\ndetection: {s: , condition: s}\n', /is empty/],
    [
      'title: a\ndetection: {s: {a: 1}, timeframe: 5m, condition: s}\n',
      /"timeframe" is not part of Sigma 2; use a correlation/,
    ],
    ['title: a\ndetection: {s: {a: 1}, condition: s | count() > 5}\n', /aggregation.*use a correlation/],
  ])('%j', (text, message) => {
    expect(problemsOf(text)[0]).toMatch(message);
  });

  it('a byte order mark is no problem, and does not move places', () => {
    expect(problemsOf(`\uFEFF${ruleOf('s: {a: 1}\ncondition: s')}`)).toEqual([]);
    expect(problemsOf(`\uFEFF${ruleOf('s: {a|x: 1}\ncondition: s')}`)[0]).toMatch(/^4:/);
  });

  it('10 MB are refused before they are read', () => {
    const { result, cpuMs } = timed(() => problemsOf('a: b\n'.repeat(2_000_000)));
    expect(result).toEqual(['1:1 the file has 9.5 MB; at most 8 MB are read; split it']);
    expect(cpuMs).toBeLessThan(500);
  });
});

describe('values and modifiers that have no meaning', () => {
  it.each([
    ['a|contains|contains: x', /stands twice/],
    ['a|: x', /an empty modifier/],
    ['a|exists: maybe', /takes true or false/],
    ['a|exists|contains: true', /cannot be combined with "exists"/],
    ['a|exists|neq: true', /cannot be combined with "exists"/],
    ['a|cidr: 10.0.0.1/8', /has bits set after its prefix; did you mean "10.0.0.0\/8"/],
    ['a|cidr: [10.0.0.0/33]', /no prefix length between 0 and 32/],
    ['a|cidr: hello', /is no IPv4 or IPv6 network/],
    ['a|cidr|contains: 10.0.0.0/8', /cannot be combined with "cidr"/],
    ['a|gt: ten', /takes a number, found "ten"/],
    ['a|gt|lt: 1', /"lt" cannot be combined with "gt"/],
    ['a|i: x', /is a flag of regular expressions; write "re\|i"/],
    ['a|re|base64: x', /cannot be combined with "re"/],
    ['a|contains|base64: x', /"base64" must stand before contains/],
    ['a|base64|wide: x', /"wide" cannot follow "base64"/],
    ["a|base64: 'x*'", /has a wildcard, which "base64" cannot encode/],
    ["a|fieldref: 'x*'", /without wildcards/],
    ['a|hour: 24', /whole number from 0 to 23/],
    ['a|hour|contains: 1', /cannot be combined with "hour"/],
    ['a|hour|day: 1', /only one part of a time/],
    ['a|contains: null', /null \(or nothing\) is no value for contains/],
    ["a|expand: '%nope%'", /no list "nope" for the placeholder is configured/],
    ['a|expand: plain', /finds no placeholder/],
    ["a|re: '(?=x)'", /look-around and back references do not exist/],
    ["a|re: '(a)\\1'", /look-around and back references/],
    ["'|cidr': 10.0.0.0/8", /needs a field, but this is a keyword search/],
    ['a: [[1]]', /a list in the list of "a"/],
    ['a|all: 1', /"all" on field "a" needs a list of values/],
  ])('%s', (item, message) => {
    expect(problemsOf(ruleOf(`s: {${item}}\ncondition: s`))[0]).toMatch(message);
  });

  it.each([
    ['s or', /expected a search identifier, found the end/],
    ['(s', /expected "\)", found the end/],
    ['s)', /unexpected "\)"/],
    ['s AND s', /unexpected "AND" in the condition; write "and"/],
    ['s s', /unexpected "s" in the condition; join with/],
    ['2 of s*', /"2" before "of"; allowed are 1, any and all/],
    ['1 of t*', /the pattern "t\*" matches no search identifier/],
    ['s*', /unexpected "s\*".*write "1 of s\*"/],
    ["''", /the condition is empty/],
    ['[]', /the condition must be a text/],
  ])('condition %s', (condition, message) => {
    expect(problemsOf(ruleOf(`s: {a: 1}\ncondition: ${condition}`))[0]).toMatch(message);
  });

  it('ids and names are given once', () => {
    const text = ruleOf('s: {a: 1}\ncondition: s', 'id: x');
    expect(problemsOf(`${text}\n---\n${text}`)).toEqual([
      expect.stringMatching(/^13:5 the id "x" is already used at r\.yml:1; give every rule its own id/),
    ]);
    const nameless = ruleOf('s: {a: 1}\ncondition: s');
    expect(problemsOf(`${nameless}---\n${nameless}`)[0]).toMatch(
      /this rule is a copy of the one at r\.yml:1/,
    );
  });
});

describe('bounded time and memory', () => {
  it('alias bombs', () => {
    const levels = Array.from(
      { length: 30 },
      (_, index) =>
        `a${index}: &a${index} [${Array(9)
          .fill(index === 0 ? 'x' : `*a${index - 1}`)
          .join(', ')}]`,
    );
    const { result, cpuMs } = timed(() => problemsOf(levels.join('\n')));
    expect(result[0]).toMatch(/expands to more than 500000 values; aliases multiply/);
    expect(cpuMs).toBeLessThan(1_000);
  });

  it('deep nesting of YAML and of conditions', () => {
    for (const text of [
      '['.repeat(5_000),
      '- '.repeat(5_000),
      `a: ${'{a: '.repeat(500)}1${'}'.repeat(500)}`,
    ]) {
      const { result, cpuMs } = timed(() => problemsOf(text));
      expect(result).toHaveLength(1);
      expect(cpuMs).toBeLessThan(3_000);
    }
    const condition = `${'('.repeat(5_000)}s${')'.repeat(5_000)}`;
    expect(problemsOf(ruleOf(`s: {a: 1}\ncondition: ${condition}`))[0]).toMatch(
      /nested deeper than 200 levels/,
    );
  });

  it('a condition of a megabyte', () => {
    const condition = Array(120_000).fill('not s').join(' or ');
    const { result, cpuMs } = timed(() => holds(`s: {a: x}\ncondition: ${condition}`, { a: 'y' }));
    expect(result).toBe(true);
    expect(cpuMs).toBeLessThan(5_000);
  });

  it('a regular expression of a megabyte is refused; one that explodes in others is quick', () => {
    expect(problemsOf(ruleOf(`s: {a|re: '${'a'.repeat(1_000_000)}'}\ncondition: s`))[0]).toMatch(
      /has 1000000 characters; at most 16384 are allowed/,
    );
    const { result, cpuMs } = timed(() =>
      holds("s: {a|re: '^(([a-z])+.)+[A-Z]([a-z])+$'}\ncondition: s", { a: 'a'.repeat(60_000) }),
    );
    expect(result).toBe(false);
    expect(cpuMs).toBeLessThan(3_000);
    expect(holds("s: {a|re: '(a+)+$'}\ncondition: s", { a: `${'a'.repeat(60_000)}!` })).toBe(false);
  });

  it('wildcards that explode in others are quick', () => {
    const { result, cpuMs } = timed(() =>
      holds(`s: {a: '${'*a'.repeat(50)}*b'}\ncondition: s`, { a: 'a'.repeat(60_000) }),
    );
    expect(result).toBe(false);
    expect(cpuMs).toBeLessThan(1_000);
  });

  it('ten thousand rules in one file', () => {
    const text = Array.from({ length: 10_000 }, (_, index) =>
      ruleOf(`s: {event_type: T${index % 50}, a: v${index}}\ncondition: s`),
    ).join('---\n');
    const { result: compiled, cpuMs } = timed(() => compileRules([{ path: 'many.yml', text }]));
    expect(compiled.problems).toEqual([]);
    expect(compiled.rules).toHaveLength(10_000);
    expect(cpuMs).toBeLessThan(30_000);
    expect(run(compiled.engine, [eventOf({ event_type: 'T7', a: 'V9957' })])).toHaveLength(1);
  });

  it('events of five megabytes, deep ones, and lone surrogates', () => {
    const wide: JsonObject = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [`key${index}`, 'x'.repeat(50)]),
    );
    let deep: JsonObject = { needle: 'needle' };
    for (let level = 0; level < 500; level += 1) deep = { deep };
    const { engine } = compileTexts([
      ruleOf('s: [needle, other]\nt: {context.key5|contains: xx}\ncondition: s or t'),
    ]);
    const { result, cpuMs } = timed(() =>
      run(engine, [eventOf({ context: wide }), eventOf({ context: deep })]),
    );
    expect(result).toHaveLength(1);
    expect(cpuMs).toBeLessThan(3_000);
    expect(engine.counters.cutValues).toBeGreaterThan(0);
    expect(holds("s: {a: 'x?y'}\ncondition: s", { a: 'x\ud800y' })).toBe(true);
    expect(holds("s: {a|re: 'x.y'}\ncondition: s", { a: 'x\udc00y' })).toBe(true);
  });

  it('names from the prototype are neither fields nor groups nor lists', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(holds(`s: {${name}|exists: true}\ncondition: s`, {})).toBe(false);
      expect(problemsOf(ruleOf(`s: {a|expand: '%${name}%'}\ncondition: s`))[0]).toMatch(/no list/);
      expect(problemsOf(ruleOf(`s: {a|${name}: x}\ncondition: s`))[0]).toMatch(/unknown modifier/);
    }
    const text =
      'title: base\nname: base\nlogsource: {}\ndetection: {s: {event_type: A}, condition: s}\n---\ntitle: many\ncorrelation: {type: event_count, rules: [base], group-by: [__proto__], timespan: 1h, condition: {gte: 2}}\n';
    const hostile = (): ReturnType<typeof eventOf> =>
      eventOf(JSON.parse('{"event_type":"A","__proto__":"constructor"}') as JsonObject);
    const matches = run(compileTexts([text]).engine, [hostile(), hostile()], undefined, stateOf());
    expect(matches.map((match) => JSON.stringify(match.values))).toEqual([
      '{"count":2,"__proto__":"constructor"}',
    ]);
    expect({}).not.toHaveProperty('polluted');
  });
});
