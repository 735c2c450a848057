import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { CompileOptions } from '../../src/rules/compile.ts';
import { compileTexts, eventOf, holds, problemsOf, ruleOf, stateOf } from '../support/rules.ts';

type Case = readonly [
  name: string,
  detection: string,
  event: JsonObject,
  expected: boolean,
  options?: CompileOptions,
  ms?: number,
];

// One selection, written as flow or block YAML after `s:`.
const s = (item: string, condition = 's'): string => `s: {${item}}\ncondition: ${condition}`;
const at = (iso: string): number => Date.parse(iso);
const deep = (levels: number, leaf: JsonObject): JsonObject =>
  levels === 0 ? leaf : { n: deep(levels - 1, leaf) };

const CASES: readonly Case[] = [
  ['1: a missing field does not match', s('a: x'), {}, false],
  ['1: a missing field does not match a pattern', s("a: '*'"), {}, false],
  ['2: a missing field under not matches', s('a: x', 'not s'), {}, true],
  ['3: a missing field under neq matches', s('a|neq: x'), {}, true],
  ['3: neq on an equal value', s('a|neq: x'), { a: 'X' }, false],
  ['3: neq of a list is none of these', s('a|neq: [x, y]'), { a: 'y' }, false],
  ['4: null matches a missing field', s('a: null'), {}, true],
  ['4: null matches a JSON null', s('a: null'), { a: null }, true],
  ['4: null does not match an empty text', s('a: null'), { a: '' }, false],
  ["4: '' matches a present empty text", s("a: ''"), { a: '' }, true],
  ["4: '' does not match a missing field", s("a: ''"), {}, false],
  ["4: '' does not match null", s("a: ''"), { a: null }, false],
  ['4: null beside texts in a list', s("a: [null, '']"), {}, true],
  ['5: exists on a present null', s('a|exists: true'), { a: null }, true],
  ['5: exists on a missing field', s('a|exists: true'), {}, false],
  ['5: exists false on a missing field', s('a|exists: false'), {}, true],
  ['5: exists on a present empty text', s('a|exists: true'), { a: '' }, true],
  ['6: any element of an array may match', s('a: y'), { a: ['x', 'y'] }, true],
  [
    '6: with all, every pattern is met by some element',
    s('a|contains|all: [x, y]'),
    { a: ['ax', 'by'] },
    true,
  ],
  ['6: with all, a pattern that no element meets', s('a|contains|all: [x, z]'), { a: ['ax', 'by'] }, false],
  ['6: neq over an array: none matches', s('a|neq: x'), { a: ['x', 'y'] }, false],
  ['6: not over an array: none matches', s('a: x', 'not s'), { a: ['y', 'z'] }, true],
  ['7: an object matches no scalar', s("a: '*'"), { a: { b: 'x' } }, false],
  ['7: exists works on an object', s('a|exists: true'), { a: { b: 'x' } }, true],
  ['8: nested path', s('a.b: x'), { a: { b: 'x' } }, true],
  ['8: the literal key with dots wins', s('a.b: x'), { 'a.b': 'y', a: { b: 'x' } }, false],
  ['8: a literal key below the top', s('a.b.c: x'), { a: { 'b.c': 'x' } }, true],
  ['8: arrays on the way fan out', s('a.b: x'), { a: [{ b: 'y' }, { b: 'x' }] }, true],
  ['8: 32 levels are looked into', s(`${'n.'.repeat(31)}k: x`), deep(31, { k: 'x' }), true],
  ['8: 40 levels are not', s(`${'n.'.repeat(40)}k: x`), deep(40, { k: 'x' }), false],
  ['8: names of the prototype are no fields', s('constructor|exists: true'), {}, false],
  ['8: __proto__ from JSON is a field', s('__proto__.a: x'), JSON.parse('{"__proto__":{"a":"x"}}'), true],
  ['9: case of field names is exact', s('User: x'), { user: 'x' }, false],
  ['10: number against text', s('a: 42'), { a: '42' }, true],
  ['10: text against number', s("a: '42'"), { a: 42 }, true],
  ['10: numbers as numbers', s('a: 1.0'), { a: 1 }, true],
  ['10: text as written', s('a: 0042'), { a: 42 }, false],
  ['10: an unquoted phone number as written', s('a: +447700900123'), { a: '+447700900123' }, true],
  ['10: an unquoted phone number keeps its zeros', s('a: 00447700900123'), { a: '00447700900123' }, true],
  ['10: neighbours past 2^53 differ', s('a: 9007199254740993'), { a: '9007199254740992' }, false],
  ['11: boolean against boolean', s('a: true'), { a: true }, true],
  ['11: boolean against text', s('a: true'), { a: 'True' }, true],
  ['11: boolean is not 1', s('a: true'), { a: 1 }, false],
  ['12: a wildcard crosses line breaks', s("a: 'x*y'"), { a: 'x\n\ny' }, true],
  ['12: one character may be a line break', s("a: 'x?y'"), { a: 'x\ny' }, true],
  ['13: expressions are unanchored', s('a|re: b.d'), { a: 'abcde' }, true],
  ['13: expressions mind case', s('a|re: BCD'), { a: 'abcde' }, false],
  ['13: unless i', s('a|re|i: BCD'), { a: 'abcde' }, true],
  ['13: a leading (?i)', s("a|re: '(?i)BCD'"), { a: 'abcde' }, true],
  ['13: s makes the dot match line breaks', s('a|re|s: b.d'), { a: 'b\nd' }, true],
  ['13: m makes anchors match at lines', s('a|re|m: ^b$'), { a: 'a\nb\nc' }, true],
  ['14: keywords look into every leaf', 's: [needle]\ncondition: s', { a: { b: ['x', 'a NEEDLE b'] } }, true],
  ['14: keywords look at numbers', 's: [4477]\ncondition: s', { a: 1447700 }, true],
  ['14: keywords do not look at keys', 's: [needle]\ncondition: s', { needle: 1 }, false],
  ['14: a wildcard does not anchor', "s: ['b*d']\ncondition: s", { a: 'abcde' }, true],
  ['14: keywords with all', "s: {'|all': [one, two]}\ncondition: s", { a: 'two', b: 'one' }, true],
  ['15: hour in UTC', s('created_at|hour: 23'), {}, true, {}, at('2026-01-05T23:30:00Z')],
  [
    '15: hour in the zone',
    s('created_at|hour: 0'),
    {},
    true,
    { timezone: 'Europe/Berlin' },
    at('2026-01-05T23:30:00Z'),
  ],
  ['15: parts chain with gte', s('created_at|hour|gte: 18'), {}, true, {}, at('2026-01-05T18:00:00Z')],
  ['15: parts chain with lt', s('created_at|hour|lt: 18'), {}, false, {}, at('2026-01-05T18:00:00Z')],
  ['15: ISO week 53', s('created_at|week: 53'), {}, true, {}, at('2027-01-01T12:00:00Z')],
  ['15: month, day, year', s('created_at|month: 1, created_at|day: 5, created_at|year: 2026'), {}, true],
  ['23: values longer than 64 KiB are cut', s('a|endswith: end'), { a: `${'x'.repeat(70_000)}end` }, false],
  [
    '23: the first 64 KiB are looked at',
    s('a|contains: near'),
    { a: `${'x'.repeat(60_000)}near${'x'.repeat(9_000)}` },
    true,
  ],
];

describe('the register of answers', () => {
  it.each(CASES.map(([name, ...rest]) => ({ name, rest })))('$name', ({ rest }) => {
    const [detection, event, expected, options, ms] = rest;
    expect(holds(detection, event, options, ms)).toBe(expected);
  });

  it('20: deprecated and unsupported rules are not loaded, and said', () => {
    const { rules, skipped } = compileTexts([
      ruleOf(s('a: x'), 'status: deprecated'),
      ruleOf(s('a: y'), 'status: experimental'),
      'title: old\nstatus: unsupported\nlogsource: {}\ndetection: {s: {a: 1}, timeframe: 5m, condition: s | count() > 5}\n',
    ]);
    expect(rules).toHaveLength(1);
    expect(skipped.map(({ reason }) => reason)).toEqual(['status: deprecated', 'status: unsupported']);
  });

  it('21: a missing level is medium', () => {
    expect(compileTexts([ruleOf(s('a: x'))]).rules[0]?.info.level).toBe('medium');
  });

  it('22: a missing id is a stable hash of the content, whatever the file', () => {
    const [one] = compileTexts([ruleOf(s('a: x'))]).rules;
    const [two] = compileTexts([
      'title: another\ndetection:\n  s: {b: 1}\n  condition: s',
      `# moved\n${ruleOf(s('a: x'))}`,
    ]).rules.slice(1);
    expect(one?.info.id).toMatch(/^[0-9a-f]{32}$/);
    expect(two?.info.id).toBe(one?.info.id);
  });

  it('23: cut values are counted', () => {
    const { engine } = compileTexts([ruleOf(s('a: x'))]);
    engine.evaluate(eventOf({ a: 'y'.repeat(70_000) }), stateOf());
    expect(engine.counters.cutValues).toBe(1);
  });
});

describe('problems', () => {
  it('are reported all at once, with places and hints', () => {
    const text = ruleOf("a: {x|contian: 1, y|all: 2}\nb: {z|re: '(a'}\ncondition: a and c", 'level: hihg');
    expect(problemsOf(text)).toEqual([
      '4:9 unknown modifier "contian" on field "x"; did you mean "contains"?',
      expect.stringMatching(/^4:21 "all" on field "y" needs a list of values, found one value; /),
      expect.stringMatching(/^5:13 "\(a" is no regular expression: /),
      '6:20 unknown search identifier "c" in the condition (there are: a, b); did you mean "a"?',
      '7:8 "level" must be informational, low, medium, high or critical, found "hihg"; did you mean "high"?',
    ]);
  });
});
