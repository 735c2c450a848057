import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compileMatch,
  type Matchers,
  matchText,
  matchValueProblem,
  parseMatcher,
  plainValue,
} from '../../src/core/matcher.ts';

const holds = (match: Matchers | undefined, texts: Readonly<Record<string, readonly string[]>>): boolean =>
  compileMatch(match)((key) => texts[key] ?? []);

describe('a match', () => {
  it.each<[string, readonly string[], readonly string[], boolean]>([
    ['a text, in any case', ['HIGH'], ['high'], true],
    ['a text as a whole, not a part', ['hig'], ['high'], false],
    ['any of several texts', ['low', 'high'], ['high'], true],
    ['any of what it has', ['high'], ['low', 'high'], true],
    ['a text it must not have', ['!high'], ['high'], false],
    ['one of several that it must not have', ['!high'], ['low', 'high'], false],
    ['two that it must not have', ['!a', '!b'], ['c'], true],
    ['two that it must not have, one of which it has', ['!a', '!b'], ['b'], false],
    ['something it must have and something it must not', ['a', '!b'], ['a', 'c'], true],
    ['something it must have and something it must not, both', ['a', '!b'], ['a', 'b'], false],
    ['what it has no value for', ['a'], [], false],
    ['what it has no value for, negated', ['!a'], [], true],
    ['what it has no value for, mixed', ['a', '!b'], [], false],
    ['no values at all', [], ['a'], false],
    ['a text as it stands', ['=!a'], ['!a'], true],
    ['a text as it stands, negated', ['!=~a'], ['~a'], false],
    ['the empty text', ['='], [''], true],
    ['an expression anywhere, in any case', ['~B+'], ['abbbc'], true],
    ['an anchored expression', ['~^b'], ['ab'], false],
    ['a negated expression', ['!~^a'], ['ab'], false],
    ['a negated expression that does not hold', ['!~^b'], ['ab'], true],
    ['an expression over lines', ['~a.b'], ['a\nb'], false],
    ['an expression on half a surrogate pair', ['~.'], ['\ud800'], true],
  ])('of %s', (_, values, texts, expected) => {
    expect(holds({ key: values }, { key: texts })).toBe(expected);
  });

  it('needs all of its keys; without any it takes everything', () => {
    expect(holds({ a: ['1'], b: ['2'] }, { a: ['1'], b: ['2'] })).toBe(true);
    expect(holds({ a: ['1'], b: ['2'] }, { a: ['1'], b: ['3'] })).toBe(false);
    expect(holds({}, {})).toBe(true);
    expect(holds(undefined, {})).toBe(true);
  });

  it.each([
    ['~', 'an expression is missing after "~"'],
    ['!~', 'an expression is missing after "~"'],
    ['~(', 'no regular expression'],
    ['~(?=a)', 'no regular expression'],
    [`~${'a'.repeat(4_097)}`, 'an expression is longer than 4096'],
  ])('cannot be made of %s', (value, problem) => {
    expect(matchValueProblem(value)).toContain(problem);
    expect(() => compileMatch({ key: [value] })).toThrow(problem);
  });

  it('takes linear time for an expression that explodes in others', () => {
    expect(holds({ key: ['~(a+)+$'] }, { key: [`${'a'.repeat(50_000)}!`] })).toBe(false);
  });

  it('is what a plain reading of it says', () => {
    const word = fc.constantFrom('a', 'B', 'ab', 'AB', 'ba', '');
    const value = fc
      .tuple(fc.constantFrom('', '!'), fc.constantFrom('=', '~'), word)
      .filter(([, kind, text]) => kind === '=' || text !== '')
      .map((parts) => parts.join(''));
    const key = fc.constantFrom('k', 'l');
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.array(value, { maxLength: 4 })),
        fc.dictionary(key, fc.array(word, { maxLength: 3 })),
        (match, texts) => {
          const has = (name: string, test: string): boolean =>
            (texts[name] ?? []).some((text) =>
              test.startsWith('~')
                ? text.toLowerCase().includes(test.slice(1).toLowerCase())
                : text.toLowerCase() === test.slice(1).toLowerCase(),
            );
          const expected = Object.entries(match).every(([name, values]) => {
            const wanted = values.filter((one) => !one.startsWith('!'));
            const unwanted = values.filter((one) => one.startsWith('!')).map((one) => one.slice(1));
            if (values.length === 0) return false;
            return (
              !unwanted.some((one) => has(name, one)) &&
              (wanted.length === 0 || wanted.some((one) => has(name, one)))
            );
          });
          expect(holds(match, texts)).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a matcher on a command line', () => {
  it.each([
    ['level=high', 'level', '=high'],
    ['level!=high', 'level', '!=high'],
    ['rule=~^N.*=$', 'rule', '~^N.*=$'],
    ['rule!~x', 'rule', '!~x'],
    [' level = high ', 'level', '=high'],
    ['context.country=GB', 'context.country', '=GB'],
    ['level=', 'level', '='],
    ['level=!high', 'level', '=!high'],
    ['rule=a b = c', 'rule', '=a b = c'],
  ])('%s', (text, key, value) => {
    expect(parseMatcher(text)).toEqual([key, value]);
  });

  it.each(['level', '=high', '', '!x', '~x', 'a b=c'])('%j is none', (text) => {
    expect(parseMatcher(text)).toBeUndefined();
  });

  it('is written as it was read', () => {
    const parts = fc.tuple(
      fc.stringMatching(/^[a-z_.]+$/),
      fc.constantFrom('=', '!=', '=~', '!~'),
      fc
        .string()
        .map((text) => text.trim())
        .filter((text) => !text.startsWith('~')),
    );
    fc.assert(
      fc.property(parts, (texts) => {
        const text = texts.join('');
        const [key, value] = parseMatcher(text) ?? ['', ''];
        expect(matchText({ [key]: [value] })).toBe(text);
        // As a route it means the same: nothing of the text is read as a sign.
        expect(plainValue(value)).toBe(texts[1].endsWith('~') ? undefined : texts[2]);
      }),
    );
  });
});

describe('a match as people read it', () => {
  it.each<[Matchers | undefined, string]>([
    [undefined, 'everything'],
    [{}, 'everything'],
    [
      { level: ['high', '=critical'], rule: ['!x', '!=y', '~^a', '!~b'] },
      'level=high | critical, rule!=x, rule!=y, rule=~^a, rule!~b',
    ],
    [{ level: ['='] }, 'level='],
  ])('%j', (match, text) => {
    expect(matchText(match)).toBe(text);
  });
});
