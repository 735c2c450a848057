import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arraySpans } from '../../src/audit/json-spans.ts';

const PATH = ['_embedded', 'events'];

/** Deterministic choices from a seed, so that a failing case can be run again. */
const chooser = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

/** JSON text of `value` with random white space everywhere and random characters of strings escaped. */
const scruffy = (value: unknown, choose: (below: number) => number): string => {
  const space = (): string => ['', '', '', ' ', '\n', '\t\r\n  '][choose(6)] as string;
  const text = (plain: string): string => {
    const literal = JSON.stringify(plain);
    return choose(3) > 0 || literal.includes('\\')
      ? literal
      : `"${Array.from(plain)
          .map((c) =>
            c.length === 1 && choose(2) === 0
              ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
              : JSON.stringify(c).slice(1, -1),
          )
          .join('')}"`;
  };
  const render = (inner: unknown): string => {
    if (typeof inner === 'string') return text(inner);
    if (Array.isArray(inner))
      return `[${space()}${inner.map((one) => `${space()}${render(one)}${space()}`).join(',')}${space()}]`;
    if (typeof inner === 'object' && inner !== null)
      return `{${space()}${Object.entries(inner)
        .map(([key, one]) => `${space()}${text(key)}${space()}:${space()}${render(one)}${space()}`)
        .join(',')}${space()}}`;
    return JSON.stringify(inner);
  };
  return `${space()}${render(value)}${space()}`;
};

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const anyString = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '"',
    '\\',
    '\\\\"',
    '\\"',
    '{',
    ']',
    '\u0000',
    '\ud800',
    '__proto__',
    'events',
    '_embedded',
    '\\u0022',
  ),
);
const anyJson = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, -1.5, 1e21, -2e-7, 123_456_789_012_345),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    anyString,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyString, tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('arraySpans', () => {
  it('finds exactly the elements that JSON.parse finds, in any text', () => {
    fc.assert(
      fc.property(
        fc.array(anyJson, { maxLength: 6 }),
        fc.dictionary(anyString, anyJson, { maxKeys: 3 }),
        fc.dictionary(anyString, anyJson, { maxKeys: 3 }),
        fc.nat(),
        (events, before, after, seed) => {
          const body = { ...before, _embedded: { ...after, events, zzz: 1 }, zz: after };
          const text = scruffy(body, chooser(seed));
          const parsed = JSON.parse(text)._embedded.events as unknown[];
          const { elements } = arraySpans(text, PATH);
          expect(elements?.length).toBe(parsed.length);
          for (const [index, span] of (elements ?? []).entries()) {
            const slice = text.slice(span.start, span.end);
            expect(slice).toBe(slice.trim());
            expect(JSON.parse(slice)).toStrictEqual(parsed[index]);
            expect(span.depth).toBe(depthOf(parsed[index]));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('ends and never throws on text that is no JSON', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      '1',
      '-',
      'e',
      't',
      'n',
      ' ',
      '"_embedded":',
      '"events":[',
      '\u0000',
      'x',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const text = parts.join('');
        for (const { start, end } of arraySpans(text, PATH).elements ?? [])
          expect(end).toBeGreaterThan(start);
        arraySpans(`{"_embedded":{"events":[${text}`, PATH);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [
      'the last of equal keys',
      '{"_embedded":{"events":[1,2]},"_embedded":{"events":[7],"events":[8,9]}}',
      ['8', '9'],
    ],
    ['a key written with escapes', '{"\\u005fembedded":{"e\\u0076ents":[3]}}', ['3']],
    [
      'not a key that only looks like it in the source',
      '{"_embedded":{"events":[1]},"x":{"events":[2]}}',
      ['1'],
    ],
    ['an empty array', '{"_embedded":{"events":[ ]}}', []],
    [
      'scalars of every kind',
      '{"_embedded":{"events":[true,false,null,-1.5e+3,"a\\\\","b\\"]"]}}',
      ['true', 'false', 'null', '-1.5e+3', '"a\\\\"', '"b\\"]"'],
    ],
  ])('takes %s', (_name, text, slices) => {
    expect(arraySpans(text, PATH).elements?.map((s) => text.slice(s.start, s.end))).toStrictEqual(slices);
  });

  it.each([
    ['no object', '[1]'],
    ['no array', '{"_embedded":{"events":{"0":1}}}'],
    ['replaced by something else', '{"_embedded":{"events":[1]},"_embedded":null}'],
    ['nothing', ''],
  ])('finds no array in: %s', (_name, text) => {
    expect(arraySpans(text, PATH).elements).toBeUndefined();
  });

  it('tells which elements hold numbers that a double may not keep', () => {
    const text =
      '[{"a":9007199254740993},{"a":"9007199254740993"},{"a":-123456789012345},{"a":1e400},[1.5],{"a":{"b":[1234567890123456]}}]';
    expect(arraySpans(text, []).elements?.map((span) => span.longNumbers)).toStrictEqual([
      true,
      false,
      true,
      true,
      false,
      true,
    ]);
  });

  it('tells how deep the text is nested outside of the elements', () => {
    expect(arraySpans('{"a":[[1]],"_embedded":{"events":[[[[[[]]]]]]}}', PATH).outerDepth).toBe(3);
    expect(arraySpans('['.repeat(100_000), PATH).outerDepth).toBe(100_000);
  });

  it('stops at the number of elements asked for', () => {
    expect(arraySpans(`[${'1,'.repeat(1_000)}1]`, [], 10).elements?.length).toBe(10);
  });

  it('takes time in proportion to the text, whatever it holds', () => {
    // Each of these is quadratic for a scan that looks back from every quote or forward from every bracket.
    for (const hostile of [
      '\\'.repeat(400_000),
      '\\"'.repeat(200_000),
      '"'.repeat(400_000),
      '[{'.repeat(200_000),
    ]) {
      const began = performance.now();
      arraySpans(`{"_embedded":{"events":["${hostile}"]}}`, PATH);
      arraySpans(`{"_embedded":{"events":[${hostile}`, PATH);
      expect(performance.now() - began).toBeLessThan(5_000);
    }
  });
});
