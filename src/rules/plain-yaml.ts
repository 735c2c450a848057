import type { Entry, List, Mapping, Node, Scalar } from './node.ts';
import {
  BEYOND,
  beyond,
  HASH,
  isDash,
  isGap,
  listOf,
  MAX_DEPTH,
  mapOf,
  NEWLINE,
  quotedScalar,
  readInline,
  readKey,
  SPACE,
} from './plain-inline.ts';

/*
 * The YAML that rules are nearly always written in, read in one pass: block maps and lists, flow collections, scalars
 * of one line, `|` and `>`. Whatever is beyond that, or wrong, is left to the library, which knows all of YAML and says
 * what is wrong where. So this reader never guesses, and it refuses more than it must: a test holds it against the
 * library on many thousand texts.
 */

const indentAt = (text: string, start: number): number => {
  let at = start;
  while (text.charCodeAt(at) === SPACE) at += 1;
  return at - start;
};

/** Reads a text; throws {@link BEYOND}. */
const readDocuments = (text: string): Node[] => {
  const starts: number[] = [];
  const indents: number[] = [];
  for (let start = 0; start < text.length; ) {
    starts.push(start);
    indents.push(indentAt(text, start));
    const end = text.indexOf('\n', start);
    start = end < 0 ? text.length : end + 1;
  }
  const lineCount = starts.length;
  let line = 0;
  let depth = 0;

  const startOf = (): number => starts[line] as number;
  const indentOf = (): number => indents[line] as number;
  // Where the line ends, without its line break.
  const endOf = (): number => {
    const next = starts[line + 1];
    if (next !== undefined) return next - 1;
    return text.endsWith('\n') ? text.length - 1 : text.length;
  };
  const firstCode = (): number => text.charCodeAt(startOf() + indentOf());
  const isBlank = (): boolean => {
    const code = firstCode();
    return code === NEWLINE || Number.isNaN(code);
  };
  const isMarker = (): boolean => text.startsWith('---', startOf()) || text.startsWith('...', startOf());
  const skipBlank = (): void => {
    while (line < lineCount && (isBlank() || firstCode() === HASH)) line += 1;
  };
  // Whether there is a line with this indentation or a deeper one.
  const goesOn = (indent: number): boolean => {
    skipBlank();
    return line < lineCount && indentOf() >= indent && !isMarker();
  };
  // Whether the line ends here, but for white space and a comment.
  const isLineEnd = (from: number): boolean => {
    const end = endOf();
    let at = from;
    while (at < end && text.charCodeAt(at) === SPACE) at += 1;
    return at >= end || (at > from && text.charCodeAt(at) === HASH);
  };

  const readBlock = (indent: number): Node => {
    depth += 1;
    if (depth > MAX_DEPTH) beyond();
    const node = isDash(text, startOf() + indent) ? readList(indent) : readMap(indent);
    depth -= 1;
    return node;
  };

  const readMap = (indent: number): Mapping => {
    const entries: Entry[] = [];
    const at = startOf() + indent;
    while (goesOn(indent)) {
      const keyAt = startOf() + indent;
      if (indentOf() > indent) beyond();
      if (isDash(text, keyAt)) break;
      const { node: key, end } = readKey(text, keyAt, endOf()) ?? beyond();
      entries.push({ key: key.text, at: keyAt, value: readValue(end + 1, indent, true) });
    }
    return mapOf(at, entries);
  };

  const readList = (indent: number): List => {
    const items: Node[] = [];
    const at = startOf() + indent;
    while (goesOn(indent)) {
      const dashAt = startOf() + indent;
      if (indentOf() > indent) beyond();
      if (!isDash(text, dashAt)) break;
      const itemAt = dashAt + 1 + indentAt(text, dashAt + 1);
      if (isDash(text, itemAt)) beyond();
      if (!isLineEnd(dashAt + 1) && readKey(text, itemAt, endOf())) {
        // A map begins behind the dash; its other keys stand below this one.
        indents[line] = itemAt - startOf();
        items.push(readBlock(indentOf()));
      } else items.push(readValue(dashAt + 1, indent, false));
    }
    return listOf(at, items);
  };

  // What follows the colon or dash of a collection with this indentation; goes on to the line behind it.
  const readValue = (from: number, indent: number, ofMap: boolean): Node => {
    if (isLineEnd(from)) {
      line += 1;
      if (!goesOn(ofMap ? indent : indent + 1)) return beyond();
      // A list may stand right below the key of its map.
      if (indentOf() === indent && !isDash(text, startOf() + indent)) beyond();
      return readBlock(indentOf());
    }
    const at = from + indentAt(text, from);
    if (text[at] === '|' || text[at] === '>') return readLines(at, indent);
    const { node, end } = readInline(text, at, indent, endOf());
    while (line + 1 < lineCount && (starts[line + 1] as number) <= end) line += 1;
    if (!isLineEnd(end)) beyond();
    // A deeper line below would belong to the scalar; no collection takes it.
    line += 1;
    return node;
  };

  // A scalar of several lines, whose header stands at `at` in a collection with the indentation `outer`.
  const readLines = (at: number, outer: number): Scalar => {
    const header = text.slice(at, endOf()).trimEnd();
    if (!/^[|>]-?$/.test(header)) beyond();
    const folded = header[0] === '>';
    let indent: number | undefined;
    let widest = 0;
    let blank = 0;
    let value = '';
    for (line += 1; line < lineCount; line += 1) {
      if (isBlank()) {
        widest = Math.max(widest, indentOf());
        blank += 1;
        continue;
      }
      if (indentOf() < (indent ?? outer + 1)) break;
      if (indent === undefined) value = '\n'.repeat(blank);
      else value += folded && blank === 0 ? ' ' : '\n'.repeat(folded ? blank : blank + 1);
      indent ??= indentOf();
      // Deeper lines are not folded, in ways of their own.
      if (folded && indentOf() > indent) beyond();
      value += text.slice(startOf() + indent, endOf());
      blank = 0;
    }
    // White space that is wider than the text is part of it.
    if (indent === undefined || widest > indent || !text.endsWith('\n')) return beyond();
    return quotedScalar(at, header.endsWith('-') ? value : `${value}\n`, -1);
  };

  const nodes: Node[] = [];
  let begun = false;
  for (skipBlank(); line < lineCount; skipBlank()) {
    if (isMarker()) {
      if (!text.startsWith('---', startOf()) || !isGap(text.charCodeAt(startOf() + 3))) beyond();
      if (!isLineEnd(startOf() + 3)) beyond();
      begun = false;
      line += 1;
      continue;
    }
    if (begun || indentOf() !== 0) beyond();
    nodes.push(readBlock(0));
    begun = true;
  }
  return nodes;
};

/** The documents of a text; undefined when it is not plain, or not right: only the library can tell these apart. */
export const readPlainYaml = (text: string): Node[] | undefined => {
  // Tabs, carriage returns and the like are white space to some rules of YAML and content to others.
  if (/[^\n\u0020-\u007e\u00a1-\u1fff\u2010-\u2027\u2030-\ufefe]/.test(text)) return undefined;
  try {
    return readDocuments(text);
  } catch (error) {
    if (error === BEYOND) return undefined;
    throw error;
  }
};
