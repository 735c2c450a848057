import type { Output } from './output.ts';
import { cutToWidth, padToWidth, textWidth } from './width.ts';

/** One column of a table. */
export interface Column {
  readonly head: string;
  /** Texts stand at their right edge. */
  readonly right?: boolean;
  /** On a terminal that is too narrow its texts are cut, down to so many columns; absent: they are left whole. */
  readonly min?: number;
  /** Left out on a terminal where the others do not fit otherwise; those with the highest number go first. */
  readonly drop?: number;
}

/** Paints a cell that is padded already; `row` and `column` count from 0. */
export type Paint = (text: string, row: number, column: number) => string;

const GAP = 2;

/** Which columns are shown, and how wide, so that all of it fits into `columns`; the least important go first. */
const fitted = (
  columns: readonly Column[],
  natural: readonly number[],
  width: number | undefined,
): readonly { readonly index: number; readonly width: number }[] => {
  const shown = columns
    .map((_, index) => ({ index, width: natural[index] ?? 0 }))
    // Nothing in it, and nothing above it.
    .filter((one) => one.width > 0);
  if (width === undefined) return shown;
  const least = ({ index, width: wide }: { readonly index: number; readonly width: number }): number =>
    Math.min(wide, columns[index]?.min ?? wide);
  const total = (of: (one: (typeof shown)[number]) => number): number =>
    shown.reduce((sum, one) => sum + of(one) + GAP, -GAP);
  while (total(least) > width) {
    const drop = Math.max(...shown.map(({ index }) => columns[index]?.drop ?? 0));
    if (drop === 0) break;
    shown.splice(
      shown.findIndex(({ index }) => columns[index]?.drop === drop),
      1,
    );
  }
  let over = total((one) => one.width) - width;
  while (over > 0) {
    // The widest gives way first, so that none is cut to nothing while another has room.
    const [widest] = shown
      .filter((one) => one.width > least(one))
      .sort((a, b) => b.width - least(b) - (a.width - least(a)));
    if (!widest) break;
    widest.width -= 1;
    over -= 1;
  }
  return shown;
};

/**
 * Prints rows in aligned columns under their heads, on a terminal cut to its width. Cells hold no control characters. The
 * last column is as long as it is.
 */
export const printTable = async (
  { line, colours, columns: terminal }: Pick<Output, 'line' | 'colours' | 'columns'>,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { paint = (text) => text, heads = true }: { readonly paint?: Paint; readonly heads?: boolean } = {},
): Promise<void> => {
  const natural = columns.map(({ head }, index) =>
    rows.reduce((most, row) => Math.max(most, textWidth(row[index] ?? '')), heads ? textWidth(head) : 0),
  );
  const shown = fitted(columns, natural, terminal);
  const cells = (texts: readonly string[]): readonly (readonly [text: string, column: number])[] => {
    const whole = shown.map(({ index, width }) => ({
      index,
      width,
      text: cutToWidth(texts[index] ?? '', width),
    }));
    // Nothing stands behind the last text of a line, not even spaces.
    const last = whole.findLastIndex(({ text }) => text !== '');
    return whole.slice(0, last + 1).map(({ index, width, text }, position) => {
      const { right = false } = columns[index] ?? {};
      return [position === last && !right ? text : padToWidth(text, width, right), index];
    });
  };
  const gap = ' '.repeat(GAP);
  const head = cells(columns.map((column) => column.head)).map(([text]) => text);
  if (heads) await line(colours.strong(head.join(gap)));
  for (const [row, texts] of rows.entries())
    await line(
      cells(texts)
        .map(([text, column]) => paint(text, row, column))
        .join(gap),
    );
};
