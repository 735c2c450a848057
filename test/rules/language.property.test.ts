import * as fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { parseCondition } from '../../src/rules/condition.ts';
import { conditionHolds } from '../../src/rules/metric.ts';
import { regexLiteral } from '../../src/rules/necessary.ts';
import { createReporter } from '../../src/rules/problem.ts';
import { isSurelyRegex } from '../../src/rules/regex-syntax.ts';
import { compilePattern, escapePattern, fold, parsePattern } from '../../src/rules/text-pattern.ts';
import { compileTexts, eventOf, holds, ruleOf, run } from '../support/rules.ts';

const texts = fc.string({
  unit: fc.constantFrom('a', 'b', 'A', '*', '?', '\\', '\n', 'é', '😀', '\ud800'),
  maxLength: 12,
});

/** Wildcards by brute force over characters, straight from the definition. */
const naive = (source: string, text: string): boolean => {
  const pieces: (string | { any: boolean })[] = [];
  const chars = Array.from(source);
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] as string;
    const next = chars[at + 1];
    if (char === '\\' && next !== undefined && '*?\\'.includes(next)) {
      pieces.push(next);
      at += 1;
    } else pieces.push(char === '*' ? { any: true } : char === '?' ? { any: false } : char);
  }
  const match = (piece: number, rest: readonly string[]): boolean => {
    const wanted = pieces[piece];
    if (wanted === undefined) return rest.length === 0;
    if (typeof wanted === 'string') return rest[0] === wanted && match(piece + 1, rest.slice(1));
    if (!wanted.any) return rest.length > 0 && match(piece + 1, rest.slice(1));
    return match(piece + 1, rest) || (rest.length > 0 && match(piece, rest.slice(1)));
  };
  return match(0, Array.from(text));
};

describe('Sigma strings', () => {
  it('an escaped text is that text and no other', () => {
    fc.assert(
      fc.property(texts, texts, (text, other) => {
        const matches = compilePattern(parsePattern(escapePattern(text)));
        expect(matches(text)).toBe(true);
        expect(matches(other)).toBe(other === text);
      }),
    );
  });

  it('wildcards match what brute force matches', () => {
    const whole = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '\\', '\n', '😀'), maxLength: 8 });
    fc.assert(
      fc.property(whole, whole, (source, text) => {
        expect(compilePattern(parsePattern(source))(text)).toBe(naive(source, text));
      }),
      { numRuns: 3_000 },
    );
  });

  it('folding keeps parts parts', () => {
    const words = fc.string({ unit: fc.constantFrom('Σ', 'Ο', 'σ', 'ς', 'İ', 'ß', 'K', 'a'), maxLength: 6 });
    fc.assert(
      fc.property(words, words, words, (before, part, after) => {
        expect(fold(before + part + after).includes(fold(part))).toBe(true);
      }),
    );
  });
});

type Tree = { op: string; parts: Tree[]; name?: string };
const NAMES = ['a', 'b', 'sel_1', 'sel_2', '_hidden'];
const trees = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .constantFrom(...NAMES, '1 of sel_*', 'all of sel_*', 'any of them', 'all of them')
      .map((name) => ({ op: 'name', parts: [], name })),
    fc.record({
      op: fc.constantFrom('and', 'or'),
      parts: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ op: fc.constant('not'), parts: fc.tuple(tie('tree')) }),
  ),
})).tree;

const printed = (tree: Tree): string => {
  if (tree.op === 'name') return tree.name as string;
  if (tree.op === 'not') return `not (${printed(tree.parts[0] as Tree)})`;
  return tree.parts.map((part) => `(${printed(part)})`).join(` ${tree.op} `);
};
const reference = (tree: Tree, facts: Readonly<Record<string, boolean>>): boolean => {
  const visible = ['a', 'b', 'sel_1', 'sel_2'];
  switch (tree.name ?? tree.op) {
    case '1 of sel_*':
      return facts.sel_1 === true || facts.sel_2 === true;
    case 'all of sel_*':
      return facts.sel_1 === true && facts.sel_2 === true;
    case 'any of them':
      return visible.some((name) => facts[name]);
    case 'all of them':
      return visible.every((name) => facts[name]);
    case 'and':
      return tree.parts.every((part) => reference(part, facts));
    case 'or':
      return tree.parts.some((part) => reference(part, facts));
    case 'not':
      return !reference(tree.parts[0] as Tree, facts);
    default:
      return facts[tree.name as string] === true;
  }
};
const facts = fc.record(Object.fromEntries(NAMES.map((name) => [name, fc.boolean()])));
const verdict = (text: string, given: Readonly<Record<string, boolean>>): boolean => {
  const problems: { message: string }[] = [];
  const reporter = createReporter('c', text, problems as never, []);
  const condition = parseCondition(text, NAMES, (at) => at, reporter);
  expect(problems).toEqual([]);
  if (!condition) throw new Error('no condition');
  return conditionHolds(condition, (name) => given[name] === true);
};

describe('conditions', () => {
  it('mean what a reference evaluator says', () => {
    fc.assert(
      fc.property(trees, facts, (tree, given) => {
        expect(verdict(printed(tree), given)).toBe(reference(tree, given));
      }),
      { numRuns: 500 },
    );
  });

  it('bind not before and before or', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { a, b, sel_1: c } = given;
        expect(verdict('not a and b or sel_1', given)).toBe((!a && b) || c);
        expect(verdict('a or b and not sel_1', given)).toBe(a || (b && !c));
      }),
    );
  });

  it('obey De Morgan, in whole rules over events with missing fields', () => {
    const value = fc.constantFrom<string | null | undefined | string[]>('x', 'y', '', null, undefined, [
      'x',
      'z',
    ]);
    fc.assert(
      fc.property(value, value, (a, b) => {
        const event = JSON.parse(JSON.stringify({ a, b })) as JsonObject;
        const of = (condition: string) =>
          holds(`s: {a: x}\nt: {b|contains: y}\ncondition: ${condition}`, event);
        expect(of('not (s and t)')).toBe(of('not s or not t'));
        expect(of('not (s or t)')).toBe(of('not s and not t'));
        expect(holds('s: {a|neq: [x, y]}\ncondition: s', event)).toBe(
          holds('s: {a: [x, y]}\ncondition: not s', event),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('the index', () => {
  const words = ['alpha', 'beta', 'alphabet', 'be', 'Gamma ray', '42', 'x-alpha-y'];
  const item = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('f', 'g', 'c.h', 'event_type'),
        fc.constantFrom('', '|contains', '|startswith', '|endswith', '|neq', '|cased', '|re', '|re|i'),
        fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }),
      )
      .map(
        ([field, modifier, values]) =>
          `${field}${modifier}: [${values.map((word) => `'${word}'`).join(', ')}]`,
      ),
    fc.constantFrom(
      'f: null',
      'g|exists: true',
      'f|exists: false',
      'g|gt: 10',
      'f: 42',
      "f: 'a*a'",
      "c.h|contains|all: ['alp', 'bet']",
      'f|fieldref: g',
      "f|re: '(alpha|beta)+[0-9]?x?'",
      "g|re: 'al(p)ha.*y'",
    ),
  );
  const selection = fc.uniqueArray(item, {
    minLength: 1,
    maxLength: 3,
    selector: (text) => text.split(':')[0],
  });
  const rules = fc.array(
    fc.tuple(
      selection,
      selection,
      fc.constantFrom('s', 's and t', 's or t', 's and not t', 'not s', '1 of them', 'not (s or t)'),
    ),
    { minLength: 1, maxLength: 12 },
  );
  const value = fc.constantFrom<unknown>(...words, 'ALPHA', 42, 7, true, null, undefined, ['beta', 'alpha'], {
    deep: 'alpha',
  });
  const events = fc.array(fc.record({ event_type: value, f: value, g: value, c: fc.record({ h: value }) }), {
    minLength: 1,
    maxLength: 8,
  });

  it('finds exactly the rules that hold by themselves', () => {
    let found = 0;
    fc.assert(
      fc.property(rules, events, (drawn, fields) => {
        const documents = drawn.map(([s, t, condition], index) =>
          ruleOf(`s: {${s.join(', ')}}\nt: {${t.join(', ')}}\ncondition: ${condition}`, `id: r${index}`),
        );
        const together = compileTexts(documents).engine;
        // Of a negation nothing is known, so these rules are tried on every event.
        const alone = documents.map(
          (text) => compileTexts([text.replace(/condition: (.*)/, 'condition: not (not ($1))')]).engine,
        );
        for (const each of fields) {
          const event = eventOf(JSON.parse(JSON.stringify(each)) as JsonObject);
          const expected = alone.flatMap((engine) => run(engine, [event]).map((match) => match.rule.id));
          const ids = run(together, [event]).map((match) => match.rule.id);
          found += ids.length;
          expect(ids).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it('only asks of an expression what every match contains', () => {
    const atom = fc.constantFrom(
      'abc',
      'D',
      '.',
      '[a-c]',
      '[]x]',
      '(?:ab|cd)',
      '(x)',
      '|',
      '\\.',
      '\\d',
      'a\\-b',
      '\\x61',
      '\\p{L}',
      '^',
      '$',
      'ß',
    );
    const quantified = fc
      .tuple(atom, fc.constantFrom('', '', '', '*', '+', '?', '{0,2}', '{2}'))
      .map((parts) => parts.join(''));
    const source = fc.array(quantified, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
    const text = fc.string({
      unit: fc.constantFrom('abc', 'a', 'b', 'c', 'd', 'D', 'x', '.', '-', ']', 'ß', '1'),
      maxLength: 8,
    });
    const regular = fc.tuple(source, text).filter(([pattern]) => !/(?:^|[\^$|])[*+?{]/.test(pattern));
    let asked = 0;
    fc.assert(
      fc.property(regular, fc.constantFrom('', 'i'), ([pattern, value], flags) => {
        const literal = regexLiteral(pattern, flags);
        if (literal === '') return;
        // JavaScript needs the u flag for \p and refuses a bracket first in a class: both sides use what they share.
        const plain = pattern.replaceAll('\\p{L}', '[a-zA-Zß]').replaceAll('[]x]', '[\\]x]');
        if (!new RegExp(plain, flags).test(value)) return;
        asked += 1;
        expect(fold(value)).toContain(literal);
      }),
      { numRuns: 4_000 },
    );
    expect(asked).toBeGreaterThan(50);
  });
});

describe('expressions that are compiled when first tried', () => {
  const parts =
    'a Z 0 - _ . / : \\. \\d \\W \\b \\/ \\x ^ $ | ( ) (?: (?i) (?= [ ] [a-z] [^0-9] [a\\-b] [] [z-a] * + ? *? ** {2} {2,} {1,3} {3,1} {600} {2000} } { é'.split(
      ' ',
    );

  it('are expressions', () => {
    let sure = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 8 }), (some) => {
        const source = some.join('');
        if (!isSurelyRegex(source)) return;
        sure += 1;
        // Also as `startswith` and `endswith` wrap it.
        RE2JS.compile(source);
        RE2JS.compile(`^(?:${source})`, RE2JS.CASE_INSENSITIVE);
        RE2JS.compile(`(?:${source})$`, RE2JS.DOTALL);
      }),
      { numRuns: 5_000 },
    );
    expect(sure).toBeGreaterThan(300);
  });

  it.each(['https?://[^/]+\\.example\\.com(?:/|$)', '(?i)^\\+?44[0-9]{9,10}$', '^sips?:', '\\bnew\\b'])(
    '%s is one',
    (source) => {
      expect(isSurelyRegex(source)).toBe(true);
    },
  );
});
