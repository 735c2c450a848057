/** Columns of a mail that every reader shows whole. */
export const COLUMNS = 72;

/**
 * Text broken at spaces into lines of at most {@link COLUMNS} columns, `first` before the first and `others` before every
 * other line. A word that is longer, such as a URL, keeps a line for itself, unbroken. No line ends with a space.
 */
export const wrapped = (text: string, first = '', others: string = ' '.repeat(first.length)): string =>
  text
    .split('\n')
    .flatMap((line, index) => wrapLine(line, index === 0 ? first : others, others))
    .map((line) => line.trimEnd())
    .join('\n');

const wrapLine = (text: string, first: string, others: string): readonly string[] => {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(/[ \t]+/)) {
    if (word === '') continue;
    if (!empty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = others;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
};
