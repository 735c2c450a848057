/** A source of chance that a seed repeats. */
export interface Chance {
  /** From 0 to below 1. */
  readonly random: () => number;
  /** A whole number from 0 to below `end`. */
  int(end: number): number;
  pick<T>(from: readonly T[]): T;
}

/** Makes {@link Chance} of a seed (mulberry32, public domain). */
export const chanceOf = (seed: number): Chance => {
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (end: number): number => Math.floor(random() * end);
  return {
    random,
    int,
    pick(from) {
      const chosen = from[int(from.length)];
      if (chosen === undefined) throw new Error('nothing to pick from');
      return chosen;
    },
  };
};

/** What has broken readers before. */
const NASTY: readonly string[] = [
  '\0',
  '\u001b[31m',
  '\r\n',
  '\ufeff',
  '\u2028',
  '\u202e',
  '\ud83d',
  '😀',
  '\t',
  '"',
  "'",
  '`',
  '\\',
  '%',
  '${',
  '${X}',
  '$${',
  '{{',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '*',
  '&a ',
  '*a',
  '!!str ',
  '!x ',
  '<<: ',
  '? ',
  '- ',
  ': ',
  ' #',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '|',
  '>-',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'null',
  'true',
  '~',
  'NaN',
  '.inf',
  '-0',
  '1e999',
  '0x1f',
  '99999999999999999999',
  '-1',
  '1.5',
  '0',
  '""',
  '[]',
  '{}',
  '2026-02-30T25:61:61',
  '9999999d',
  '1s',
  '(a+)+$',
  '(?=a)',
  '\\1',
  '.*'.repeat(50),
  'a'.repeat(5_000),
  '['.repeat(300),
  '{"a":'.repeat(300),
  '|contains',
  '|re',
  '|base64offset|contains',
  '|cidr',
  '|expand',
  '%x%',
  '1 of them',
  'all of *',
  'not (',
  '{event.',
  '{a|b}',
  '}{',
  '../../etc/passwd',
  '/dev/stdin',
  'file:///x',
  'http://[::1',
  'http://a:b@c',
  'javascript:1',
];

/** Changes a text here and there: cut, doubled, swapped, overwritten, spiced, and spliced with one of `others`. */
export const mutate = (text: string, others: readonly string[], chance: Chance): string => {
  let out = text;
  for (let left = 1 + chance.int(6); left > 0; left -= 1) {
    const at = chance.int(out.length + 1);
    const length = chance.int(Math.min(out.length - at, chance.pick([2, 20, 200])) + 1);
    const before = out.slice(0, at);
    const part = out.slice(at, at + length);
    const after = out.slice(at + length);
    switch (chance.int(8)) {
      case 0:
        out = before + after;
        break;
      case 1:
        out = before + part.repeat(1 + chance.int(20)) + after;
        break;
      case 2:
        out = before + chance.pick(NASTY) + after;
        break;
      case 3:
        out = before + chance.pick(NASTY) + part + after;
        break;
      case 4: {
        const other = chance.pick(others);
        const from = chance.int(other.length + 1);
        out = before + other.slice(from, from + chance.int(300)) + after;
        break;
      }
      case 5:
        out = before + part.split('').reverse().join('') + after;
        break;
      case 6:
        out = swapLines(out, chance);
        break;
      default:
        out = before + String.fromCharCode(chance.int(0x1_0000)) + part.slice(1) + after;
    }
    // Growth is not what is looked for: the limits of sizes have tests of their own.
    out = out.slice(0, 60_000);
  }
  return out;
};

const swapLines = (text: string, chance: Chance): string => {
  const lines = text.split('\n');
  const [a, b] = [chance.int(lines.length), chance.int(lines.length)];
  const [first, second] = [lines[a] ?? '', lines[b] ?? ''];
  lines[a] = second;
  lines[b] = first;
  return lines.join('\n');
};

/** A text that has nothing to do with anything: bytes, or nasty pieces in a row. */
export const noise = (chance: Chance): string => {
  const length = chance.int(chance.pick([10, 100, 2_000]));
  if (chance.random() < 0.5)
    return Buffer.from(Array.from({ length }, () => chance.int(256))).toString('latin1');
  return Array.from({ length: length % 60 }, () => chance.pick(NASTY)).join(chance.pick(['', ' ', '\n']));
};
