/** A fenced block of a page. */
export interface Fence {
  readonly kind: 'fence';
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** The first word after the fence. */
  readonly language: string;
  /** The other words: what the block is, for the test that executes the page. */
  readonly role: string;
  readonly text: string;
}

/** A table; cells are without back quotes around them and with `\|` resolved. */
export interface Table {
  readonly kind: 'table';
  readonly line: number;
  readonly rows: readonly { readonly line: number; readonly cells: Readonly<Record<string, string>> }[];
  readonly columns: readonly string[];
}

const cellsOf = (row: string): string[] =>
  row
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll('\\|', '|').trim());

/** The text of a cell that is one piece of code; other cells as they are. */
const bare = (cell: string): string => /^(`+) ?(.*?) ?\1$/.exec(cell)?.[2]?.replaceAll(/^ | $/g, '') ?? cell;

/** The blocks of a page that a test can execute, in order. */
export const blocksOf = (page: string): readonly (Fence | Table)[] => {
  const lines = page.split('\n');
  const blocks: (Fence | Table)[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const fence = /^```(\S*) ?(.*)$/.exec(line);
    if (fence) {
      const end = lines.indexOf('```', at + 1);
      if (end < 0) throw new Error(`line ${at + 1}: the block is not closed`);
      const text = `${lines.slice(at + 1, end).join('\n')}\n`;
      blocks.push({ kind: 'fence', line: at + 1, language: fence[1] ?? '', role: fence[2] ?? '', text });
      at = end;
    } else if (line.startsWith('|') && /^\|[-|: ]+\|$/.test(lines[at + 1] ?? '')) {
      const columns = cellsOf(line).map(bare);
      const start = at;
      const rows = [];
      for (at += 2; lines[at]?.startsWith('|'); at += 1) {
        const cells = cellsOf(lines[at] ?? '').map(bare);
        rows.push({
          line: at + 1,
          cells: Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ''])),
        });
      }
      blocks.push({ kind: 'table', line: start + 1, columns, rows });
    }
  }
  return blocks;
};

/** The anchors that headings of a page have on the usual forges. */
export const anchorsOf = (page: string): readonly string[] =>
  [...page.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
