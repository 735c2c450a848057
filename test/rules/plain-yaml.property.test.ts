import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlainYaml } from '../../src/rules/plain-yaml.ts';
import { createReporter, type Problem } from '../../src/rules/problem.ts';
import { readWithLibrary } from '../../src/rules/yaml.ts';
import { CONFIG } from '../pack/pack.ts';

/*
 * Plain YAML is read by a reader of our own. Whatever it reads, it reads as the library does, places included; what it
 * is not sure of it leaves to the library.
 */

const viaLibrary = (text: string): { nodes: unknown; problems: readonly Problem[] } => {
  const problems: Problem[] = [];
  return { nodes: readWithLibrary(text, createReporter('r.yml', text, problems, [])), problems };
};

const folder = `${CONFIG}rules/`;
const PACK = readdirSync(folder)
  .filter((name) => name.endsWith('.yml'))
  .map((name) => [name, readFileSync(folder + name, 'utf8')] as const);

/** Small texts with everything that the reader knows, and much that it must leave alone. */
const SNIPPETS = [
  'a: b\nc:\n  - d\n  - e: f\n    g: h\n  -\n    i: j\nk:\n- l\n- m\n',
  "a: 'it''s'\n'b c': \"d e\" # f\ng: h#i # j\n",
  'a: |\n  b\n\n   c\nd: >-\n  e\n  f\n\n  g\nh: |-\n\n  i\n# j\nk: l\n',
  'a: [b, "c", {d: e, f: [g]}, []]\nh: {}\ni: [j,\n  k, l: m]\nn:\n  - {o: p,\n     q: r}\n',
  '# a\n---\nb: c\n---\n\n# d\ne: f\n---\n',
  'a: +447700900123\nb: 0044\nc: ~\nd: null\ne: -1.5\nf: yes\ng: -enc\nh: http://x:80/?q=1\n',
  'a: b\n  c\nd: &e f\ng: *e\nh: !!str 1\ni: >+\n  j\n\n? k\n: l\n<<: {m: n}\n',
  'a: {b:c, d : e, "f":g, h}\ni: - j\nk: [l]: m\nn: "o\n  p"\nq: [- r, -s, -]\n',
  'a:\nb: c\nd: \n  - e\n   - f\n - g\n- h: i\n  j: k\n  l:\n  - m\n',
  'a: |2\n   b\nc: > # d\n  e\nf: "g\\nh"\ni: %j\nk: @l\nm: `n\no: a: b\np: q:\n...\n',
  'a #b: c\nd: |\n  e\n     \n  f\ng: [h, -, i]\nj: {k : l}\nm: >-\n     \n  n\no: [p q, r\n  s]\nt: {u: }\n',
  'a: é\u{1f600}\nb: \u00a0c\u00a0\nd: e \nf:  g\n  \nh:   \n    - i\n',
];

const NOISE = [
  ' ',
  '  ',
  '\n',
  ':',
  ': ',
  '- ',
  '#',
  ' #',
  "'",
  '"',
  ',',
  '[',
  ']',
  '{',
  '}',
  '|',
  '>',
  '&',
  '*',
  '!',
  '?',
];
const MORE = [
  '---\n',
  '...\n',
  '\\',
  '-',
  '+',
  '%',
  '\t',
  '\r',
  '~',
  'a',
  '0',
  'é',
  '\u2028',
  '\n\n',
  ' |\n',
  'x: y\n',
];

const change = fc.record({
  at: fc.nat(10_000),
  cut: fc.nat(3),
  put: fc.constantFrom('', ...NOISE, ...MORE),
});

const changed = (text: string, changes: readonly { at: number; cut: number; put: string }[]): string => {
  let made = text;
  for (const { at, cut, put } of changes) {
    const place = at % (made.length + 1);
    made = made.slice(0, place) + put + made.slice(place + cut);
  }
  return made;
};

describe('plain YAML', () => {
  it.each(PACK)('%s is plain, and is what the library reads', (_, text) => {
    const { nodes, problems } = viaLibrary(text);
    expect(problems).toEqual([]);
    expect(readPlainYaml(text)).toEqual(nodes);
  });

  it.each([
    ['anchors', 'a: &b c\n'],
    ['aliases', 'a: *b\n'],
    ['tags', 'a: !!str b\n'],
    ['merges', '<<: {a: b}\n'],
    ['a key that stands twice', 'a: b\na: c\n'],
    ['no value', 'a:\nb: c\n'],
    ['text that goes on', 'a: b\n  c\n'],
    ['escapes', 'a: "\\n"\n'],
    ['tabs', 'a:\tb\n'],
    ['a colon within', 'a: b: c\n'],
    ['a list in a list', '- - a\n'],
    ['a bare text', 'a\n'],
    ['directives', '%YAML 1.2\n---\na: b\n'],
    ['depth', `${Array.from({ length: 60 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')} b\n`],
    ['depth of flow', `a: ${'['.repeat(60)}${']'.repeat(60)}\n`],
  ])('%s are left to the library', (_, text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  it('whatever it reads, the library reads without a problem and alike', () => {
    let plain = 0;
    const texts = [...SNIPPETS, ...PACK.flatMap(([, text]) => text.split(/(?<=\n)---\n/))];
    // Lines of the small texts alone as well, as whole ones are soon beyond what is plain.
    const lines = SNIPPETS.flatMap((text) => text.split(/(?<=\n)(?=[a-z])/));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom(...texts),
          fc.array(fc.constantFrom(...lines), { minLength: 1, maxLength: 4 }).map((some) => some.join('')),
        ),
        fc.array(change, { maxLength: 3 }),
        (text, changes) => {
          const given = changed(text, changes);
          const nodes = readPlainYaml(given);
          if (!nodes) return;
          plain += 1;
          expect({ nodes, problems: [] }).toEqual(viaLibrary(given));
        },
      ),
      { numRuns: 4_000 },
    );
    expect(plain).toBeGreaterThan(300);
  });
});
