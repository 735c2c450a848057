import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const rows = readFileSync(new URL('test/FAILURES.md', ROOT), 'utf8')
  .split('\n')
  .map((line) => /^\| (\d+) \| (.+?) \| (.+) \|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, line, , tests]) => ({ line: Number(line), tests: tests ?? '' }));

/** The lines without which nobody should trust the monitor. */
const NEEDED = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 24];

/** `file`: "title", "title"; … */
const named = (tests: string): readonly { readonly file: string; readonly title: string }[] =>
  [...tests.matchAll(/`([^`]+)`((?:[:,] "[^"]+")+)/g)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title })),
  );

describe('the table of failures', () => {
  it('has every line once, in order', () => {
    expect(rows.map(({ line }) => line)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
  });

  it.each(rows)('line $line names tests that exist', ({ line, tests }) => {
    const list = named(tests);
    expect(list.length).toBeGreaterThan(0);
    // Nothing that looks like a test escapes the check.
    expect(list.length).toBe([...tests.matchAll(/"[^"]+"/g)].length);
    for (const { file, title } of list) {
      // As the source spells it: quotes inside a title are escaped there, or of another kind.
      const text = readFileSync(new URL(file, ROOT), 'utf8').replaceAll("\\'", "'");
      expect({ line, file, title, found: text.includes(title) }).toMatchObject({ found: true });
    }
  });

  it('names a test for everything that must not go wrong', () => {
    const open = rows.filter(({ tests }) => tests.startsWith('Not yet')).map(({ line }) => line);
    expect(NEEDED.filter((line) => open.includes(line))).toEqual([]);
  });
});
