import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCell, csvRecord } from '../../src/export/csv.ts';

/** Reads RFC 4180, strictly. */
const readCsv = (text: string): readonly (readonly string[])[] => {
  const rows: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const row: string[] = [];
    for (;;) {
      let cell = '';
      if (text[at] === '"') {
        for (at += 1; ; at += 1) {
          if (at >= text.length) throw new Error('a quote is open');
          if (text[at] !== '"') cell += text[at];
          else if (text[at + 1] === '"') {
            cell += '"';
            at += 1;
          } else break;
        }
        at += 1;
      } else {
        const end = text.slice(at).search(/[",\r\n]|$/) + at;
        cell = text.slice(at, end);
        at = end;
      }
      row.push(cell);
      if (text[at] !== ',') break;
      at += 1;
    }
    if (text.slice(at, at + 2) !== '\r\n') throw new Error(`a record ends with ${JSON.stringify(text[at])}`);
    at += 2;
    rows.push(row);
  }
  return rows;
};

describe('csv', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+44 7700 900123', "'+44 7700 900123"],
    ['-2', "'-2"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['\r=1', '"\'\r=1"'],
    ['＝1', "'＝1"],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
    ['a=1', 'a=1'],
    ['a,"b"', '"a,""b"""'],
    ['line\nline', '"line\nline"'],
    [' =1', '" =1"'],
    ['\u001b[31m\u0000', '\\u001b[31m\\u0000'],
    ['', ''],
  ])('%j becomes %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it('is read back as it was by any reader of RFC 4180, and no cell begins a formula', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '"', ',', 'a', ' ') }),
          {
            minLength: 1,
          },
        ),
        (cells) => {
          const [row, ...more] = readCsv(csvRecord(cells));
          expect(more).toEqual([]);
          expect(row?.map((cell) => cell.replace(/^'(?=[=+\-@\t\r\n])/, ''))).toEqual(cells);
          for (const cell of row ?? []) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
        },
      ),
    );
  });
});
