/** One line of the report. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Every measurement behind the value, when it is a median. */
  readonly runs?: readonly number[];
  /** The limit that was measured in the same run; its unit is the same unless given. */
  readonly beside?: { readonly name: string; readonly value: number; readonly unit?: string };
  /** What the value should be. With `share` (at least) and `times` (at most), the value divided by the one beside it. */
  readonly aim?: {
    readonly least?: number;
    readonly most?: number;
    readonly share?: number;
    readonly times?: number;
  };
}

const number = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : value.toLocaleString('en', { maximumSignificantDigits: 3 });

const aimOf = ({ value, unit, beside, aim }: Figure): string => {
  if (!aim) return '';
  const ratio = beside ? value / beside.value : Number.NaN;
  const [text, met] =
    aim.share !== undefined
      ? [`≥ ${number(aim.share * 100)} % of it`, ratio >= aim.share]
      : aim.times !== undefined
        ? [`≤ ${number(aim.times)} × it`, ratio <= aim.times]
        : aim.least !== undefined
          ? [`≥ ${number(aim.least)} ${unit}`, value >= aim.least]
          : [`< ${number(aim.most ?? 0)} ${unit}`, value < (aim.most ?? 0)];
  return `${text}: ${met ? 'met' : 'MISSED'}`;
};

const cells = (figure: Figure): readonly string[] => {
  const { name, value, unit, runs, beside } = figure;
  return [
    name,
    `${number(value)} ${unit}${runs && runs.length > 1 ? ` (${runs.map(number).join(', ')})` : ''}`,
    beside ? `${beside.name}: ${number(beside.value)} ${beside.unit ?? unit}` : '',
    beside && (beside.unit ?? unit) === unit ? number(value / beside.value) : '',
    aimOf(figure),
  ];
};

const HEAD = ['figure', 'measured (runs)', 'beside it, in the same run', 'ratio', 'aim'] as const;

/** The figures as a table that is readable as text and as Markdown. */
export const table = (figures: readonly Figure[]): string => {
  const rows = [HEAD, ...figures.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(HEAD), rule, ...rows.slice(1).map(line)].join('\n');
};
