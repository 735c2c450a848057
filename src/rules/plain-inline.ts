import { type Entry, type List, type Mapping, type Node, type Scalar, scalarType } from './node.ts';

/*
 * The part of plain YAML that stands within lines: scalars, and flow collections. What is plain: see plain-yaml.ts.
 */

/** Not an error: the library reads the text then. Made once, since making one looks through the stack. */
export const BEYOND = new Error('beyond plain YAML');
export const beyond = (): never => {
  throw BEYOND;
};

export const MAX_DEPTH = 50;
const MAX_KEY = 1_000;
export const SPACE = 32;
export const NEWLINE = 10;
export const HASH = 35;
const COLON = 58;
const DASH = 45;

const codesOf = (characters: string): ReadonlySet<number> =>
  new Set(characters.split('').map((character) => character.charCodeAt(0)));
/** Characters that no plain scalar here may begin with. */
const RESERVED = codesOf('?:,[]{}#&*!|>\'"%@`');
/** Characters that end a plain scalar in a flow collection. */
const FLOW = codesOf(',[]{}');

/** Something that was read, and where what follows it begins. */
export interface Read<T extends Node> {
  readonly node: T;
  readonly end: number;
}

const plainScalar = (at: number, text: string): Scalar => {
  return { kind: 'scalar', at, text, type: scalarType(text), quoted: false, lead: 0, size: 1, height: 0 };
};

/** A scalar in quotes or of several lines. */
export const quotedScalar = (at: number, text: string, lead: number): Scalar => {
  return { kind: 'scalar', at, text, type: 'string', quoted: true, lead, size: 1, height: 0 };
};

export const listOf = (at: number, items: readonly Node[]): List => {
  let size = 1;
  let height = 1;
  for (const item of items) {
    size += item.size;
    height = Math.max(height, item.height + 1);
  }
  return { kind: 'list', at, items, size, height };
};

export const mapOf = (at: number, entries: readonly Entry[]): Mapping => {
  let size = 1;
  let height = 1;
  const keys = new Set<string>();
  for (const { key, value } of entries) {
    keys.add(key);
    size += 1 + value.size;
    height = Math.max(height, value.height + 1);
  }
  if (keys.size < entries.length || keys.has('<<')) beyond();
  return { kind: 'map', at, entries, size, height };
};

/** Whether this is a space, a line break or the end of the text. */
export const isGap = (code: number): boolean => code === SPACE || code === NEWLINE || Number.isNaN(code);

/** Whether a list item begins here. */
export const isDash = (text: string, at: number): boolean =>
  text.charCodeAt(at) === DASH && isGap(text.charCodeAt(at + 1));

const isReserved = (text: string, at: number): boolean =>
  RESERVED.has(text.charCodeAt(at)) || isDash(text, at);

/** Whether a colon that ends a key stands here. */
const isColon = (text: string, at: number): boolean =>
  text.charCodeAt(at) === COLON && isGap(text.charCodeAt(at + 1));

/** The key of a block map and its colon; undefined when what stands here is none. */
export const readKey = (text: string, at: number, lineEnd: number): Read<Scalar> | undefined => {
  if (text[at] === "'" || text[at] === '"') {
    const read = readQuoted(text, at);
    if (!isColon(text, read.end)) return undefined;
    return read.node.text.length > MAX_KEY ? beyond() : read;
  }
  // Not with indexOf, which would look through the rest of the file when the line has no colon.
  let colon = at;
  while (colon < lineEnd && !isColon(text, colon)) colon += 1;
  if (colon >= lineEnd || isReserved(text, at)) return undefined;
  const key = text.slice(at, colon);
  if (key.length > MAX_KEY || key.includes(' #') || key.endsWith(' ')) return undefined;
  return { node: plainScalar(at, key), end: colon };
};

const readQuoted = (text: string, at: number): Read<Scalar> => {
  const quote = text[at] as string;
  const single = quote === "'";
  let end = text.indexOf(quote, at + 1);
  if (single) while (text[end + 1] === quote && end > 0) end = text.indexOf(quote, end + 2);
  if (end < 0) return beyond();
  const raw = text.slice(at + 1, end);
  if (raw.includes('\n') || (!single && raw.includes('\\'))) beyond();
  const value = single ? raw.replaceAll("''", "'") : raw;
  return { node: quotedScalar(at, value, value === raw ? 1 : -1), end: end + 1 };
};

const readPlain = (text: string, at: number, lineEnd: number): Read<Scalar> => {
  if (isReserved(text, at)) beyond();
  const line = text.slice(at, lineEnd);
  const comment = line.indexOf(' #');
  let length = comment < 0 ? line.length : comment;
  while (line.charCodeAt(length - 1) === SPACE) length -= 1;
  const value = line.slice(0, length);
  if (value.includes(': ') || value.endsWith(':')) beyond();
  return { node: plainScalar(at, value), end: at + value.length };
};

/** What stands behind a colon or a dash. `indent` is that of the block around it, which all its lines have to exceed. */
export const readInline = (text: string, at: number, indent: number, lineEnd: number): Read<Node> =>
  '[{\'"'.includes(text[at] as string) ? readFlow(text, at, indent, 0) : readPlain(text, at, lineEnd);

const readFlow = (text: string, at: number, indent: number, depth: number): Read<Node> => {
  if (depth > MAX_DEPTH) beyond();
  const first = text[at];
  if (first === '[') return readFlowList(text, at, indent, depth);
  if (first === '{') return readFlowMap(text, at, indent, depth);
  return first === "'" || first === '"' ? readQuoted(text, at) : readFlowPlain(text, at, indent);
};

// To the next character that means something.
const skip = (text: string, from: number, indent: number): number => {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === SPACE) at += 1;
    else if (code === NEWLINE) {
      let first = at + 1;
      while (text.charCodeAt(first) === SPACE) first += 1;
      if (first - at - 1 <= indent && text.charCodeAt(first) !== NEWLINE) beyond();
      at = first;
    } else {
      if (Number.isNaN(code) || code === HASH) beyond();
      return at;
    }
  }
};

// Reads items up to the closing bracket; `readItem` answers where its item ends.
const readItems = (
  text: string,
  at: number,
  indent: number,
  close: string,
  readItem: (at: number) => number,
): number => {
  let next = skip(text, at + 1, indent);
  if (text[next] === close) return next + 1;
  for (;;) {
    next = skip(text, readItem(next), indent);
    if (text[next] === close) return next + 1;
    if (text[next] !== ',') beyond();
    next = skip(text, next + 1, indent);
  }
};

const readFlowList = (text: string, at: number, indent: number, depth: number): Read<List> => {
  const items: Node[] = [];
  const end = readItems(text, at, indent, ']', (itemAt) => {
    const item = readFlow(text, itemAt, indent, depth + 1);
    items.push(item.node);
    return item.end;
  });
  return { node: listOf(at, items), end };
};

const readFlowMap = (text: string, at: number, indent: number, depth: number): Read<Mapping> => {
  const entries: Entry[] = [];
  const end = readItems(text, at, indent, '}', (keyAt) => {
    const { node: key, end: colon } = readFlow(text, keyAt, indent, depth + 1);
    if (key.kind !== 'scalar' || key.text.length > MAX_KEY || !isColon(text, colon)) return beyond();
    const value = readFlow(text, skip(text, colon + 1, indent), indent, depth + 1);
    entries.push({ key: key.text, at: key.at, value: value.node });
    return value.end;
  });
  return { node: mapOf(at, entries), end };
};

const readFlowPlain = (text: string, at: number, indent: number): Read<Scalar> => {
  if (isReserved(text, at)) beyond();
  let stop = at;
  for (; ; stop += 1) {
    const code = text.charCodeAt(stop);
    if (Number.isNaN(code) || (code === HASH && text.charCodeAt(stop - 1) === SPACE)) beyond();
    if (code === NEWLINE || FLOW.has(code) || isColon(text, stop)) break;
    if (code === COLON && FLOW.has(text.charCodeAt(stop + 1))) beyond();
  }
  // A scalar that went on in the next line would be one of several lines.
  if (text.charCodeAt(stop) === NEWLINE && !',]}'.includes(text[skip(text, stop, indent)] as string))
    beyond();
  let end = stop;
  while (text.charCodeAt(end - 1) === SPACE) end -= 1;
  const value = text.slice(at, end);
  // A space before a colon, and `-` alone, are read in different ways by different readers.
  if (value === '-' || value === '' || (end < stop && isColon(text, stop))) beyond();
  return { node: plainScalar(at, value), end };
};
