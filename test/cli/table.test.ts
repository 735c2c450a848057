import { describe, expect, it } from 'vitest';
import { type Column, printTable } from '../../src/cli/table.ts';
import { cutToWidth, padToWidth, textWidth } from '../../src/cli/width.ts';

const plain = { bad: String, good: String, doubtful: String, strong: String, faint: String };
const printed = async (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): Promise<readonly string[]> => {
  const lines: string[] = [];
  await printTable(
    { line: async (text = '') => void lines.push(text), colours: plain, columns: width },
    columns,
    rows,
  );
  return lines;
};

describe('the width of texts', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['日本', 4],
    ['ｱ', 1],
    ['Ａ', 2],
    ['🔑', 2],
    ['e\u0301', 1],
    ['한', 2],
    ['é…', 2],
  ])('of %j is %i', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  it('is what they are cut and filled up to, and no character is cut in two', () => {
    expect(cutToWidth('abcdef', 4)).toBe('abc…');
    expect(cutToWidth('abcd', 4)).toBe('abcd');
    expect(cutToWidth('日本語', 4)).toBe('日…');
    expect(cutToWidth('日本', 4)).toBe('日本');
    expect(cutToWidth('🔑🔑🔑', 5)).toBe('🔑🔑…');
    expect(padToWidth('日', 4)).toBe('日  ');
    expect(padToWidth('7', 3, true)).toBe('  7');
  });
});

describe('a table', () => {
  const COLUMNS: readonly Column[] = [
    { head: 'NAME', min: 6 },
    { head: 'N', right: true },
    { head: 'MORE', drop: 1 },
    { head: 'TEXT', min: 8, drop: 2 },
  ];
  const ROWS = [
    ['a', '1', 'x', 'short'],
    ['日本語のなまえ', '1,000', '', 'a rather long text'],
  ];

  it('is aligned whatever the width of the characters, with nothing behind the last text of a line', async () => {
    expect(await printed(COLUMNS, ROWS, undefined)).toEqual([
      'NAME                N  MORE  TEXT',
      'a                   1  x     short',
      '日本語のなまえ  1,000        a rather long text',
    ]);
    expect(await printed(COLUMNS.slice(0, 3), ROWS, undefined)).toEqual([
      'NAME                N  MORE',
      'a                   1  x',
      '日本語のなまえ  1,000',
    ]);
  });

  it('fits into the terminal: the widest column gives way first, then the least important are left out', async () => {
    for (const width of [44, 36, 30, 24, 20, 16]) {
      const lines = await printed(COLUMNS, ROWS, width);
      expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(width);
    }
    expect(await printed(COLUMNS, ROWS, 36)).toEqual([
      'NAME           N  MORE  TEXT',
      'a              1  x     short',
      '日本語の…  1,000        a rather lo…',
    ]);
    expect(await printed(COLUMNS, ROWS, 16)).toEqual([
      'NAME           N',
      'a              1',
      '日本語の…  1,000',
    ]);
  });

  it('leaves out what has neither a head nor a text', async () => {
    expect(await printed([{ head: '' }, { head: 'A' }], [['', 'x']], undefined)).toEqual(['A', 'x']);
  });
});
