import type { Output } from './output.ts';

/** How a table is printed. */
export interface TableStyle {
  /** Columns whose texts stand at their right edge, from 0. */
  readonly right?: readonly number[];
  /** Paints a cell that is padded already; `row` and `column` count from 0. */
  readonly paint?: (text: string, row: number, column: number) => string;
}

/** Prints rows in aligned columns under their heads. The last column is as long as it is. */
export const printTable = async (
  { line, colours }: Pick<Output, 'line' | 'colours'>,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [], paint = (text) => text }: TableStyle = {},
): Promise<void> => {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const padded = (texts: readonly string[]): string[] =>
    texts.map((text, column) => {
      const width = widths[column] ?? 0;
      if (right.includes(column)) return text.padStart(width);
      return column === texts.length - 1 ? text : text.padEnd(width);
    });
  await line(colours.strong(padded(head).join('  ')));
  for (const [index, row] of rows.entries())
    await line(
      padded(row)
        .map((text, column) => paint(text, index, column))
        .join('  '),
    );
};
