/*
 * Sigma strings: `*` is any run of characters (line breaks included), `?` exactly one, a backslash before `*`, `?` or
 * a backslash makes it literal, and before anything else is a literal backslash itself.
 */

/** One piece of a Sigma string. */
export type Piece = string | typeof ANY | typeof ONE;
export const ANY = Symbol('*');
export const ONE = Symbol('?');
export type Pattern = readonly Piece[];

/** Lower case for comparing. A final sigma is folded too, as else a word would not contain its own beginning. */
export const fold = (text: string): string => {
  const lower = text.toLowerCase();
  return lower.includes('ς') ? lower.replaceAll('ς', 'σ') : lower;
};

/** Reads a Sigma string. Adjacent literals are one piece and runs of `*` are one. */
export const parsePattern = (source: string): Pattern => {
  if (!/[*?\\]/.test(source)) return source === '' ? [] : [source];
  const pieces: Piece[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') pieces.push(literal);
    literal = '';
  };
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at] as string;
    if (char === '\\') {
      const next = source[at + 1];
      if (next === '*' || next === '?' || next === '\\') {
        literal += next;
        at += 1;
      } else literal += char;
    } else if (char === '*') {
      flush();
      if (pieces[pieces.length - 1] !== ANY) pieces.push(ANY);
    } else if (char === '?') {
      flush();
      pieces.push(ONE);
    } else literal += char;
  }
  flush();
  return pieces;
};

/** The Sigma string that {@link parsePattern} reads as this one literal text. */
export const escapePattern = (literal: string): string => literal.replace(/[*?\\]/g, '\\$&');

/** Whether the pattern has no wildcard. */
export const isLiteral = (pattern: Pattern): boolean => pattern.every((piece) => typeof piece === 'string');

/** The text of a pattern without wildcards. */
export const literalText = (pattern: Pattern): string =>
  pattern.filter((piece) => typeof piece === 'string').join('');

/** The pattern with `*` before and/or after it, unless it is there already. */
export const opened = (pattern: Pattern, start: boolean, end: boolean): Pattern => {
  const pieces = [...pattern];
  if (start && pieces[0] !== ANY) pieces.unshift(ANY);
  if (end && (pieces.length === 0 || pieces[pieces.length - 1] !== ANY)) pieces.push(ANY);
  return pieces;
};

/** The pattern with every literal folded to lower case. */
export const foldPattern = (pattern: Pattern): Pattern =>
  pattern.map((piece) => (typeof piece === 'string' ? fold(piece) : piece));

// Advances over one character: two UTF-16 units when they are a pair.
const next = (text: string, at: number): number => {
  const unit = text.charCodeAt(at);
  if (unit >= 0xd800 && unit < 0xdc00 && at + 1 < text.length) {
    const low = text.charCodeAt(at + 1);
    if (low >= 0xdc00 && low < 0xe000) return at + 2;
  }
  return at + 1;
};

// Where the segment (literals and `?` only) ends when it begins at `at`; -1 when it does not fit.
const fits = (segment: readonly Piece[], text: string, at: number): number => {
  let end = at;
  for (const piece of segment) {
    if (typeof piece === 'string') {
      if (!text.startsWith(piece, end)) return -1;
      end += piece.length;
    } else {
      if (end >= text.length) return -1;
      end = next(text, end);
    }
  }
  return end;
};

const find = (segment: readonly Piece[], text: string, from: number): number => {
  const head = segment[0];
  if (typeof head === 'string') {
    for (let at = text.indexOf(head, from); at >= 0; at = text.indexOf(head, at + 1)) {
      const end = segment.length === 1 ? at + head.length : fits(segment, text, at);
      if (end >= 0) return end;
    }
    return -1;
  }
  for (let at = from; at < text.length; at = next(text, at)) {
    const end = fits(segment, text, at);
    if (end >= 0) return end;
  }
  return -1;
};

// Whether the segment can end exactly at the end of the text, beginning at `from` or later.
const fitsAtEnd = (segment: readonly Piece[], text: string, from: number): boolean => {
  if (segment.every((piece) => typeof piece === 'string')) {
    const tail = segment.join('');
    return text.length - tail.length >= from && text.endsWith(tail);
  }
  let at = text.length;
  for (let index = segment.length - 1; index >= 0; index -= 1) {
    const piece = segment[index] as Piece;
    if (typeof piece === 'string') {
      at -= piece.length;
      if (at < from || !text.startsWith(piece, at)) return false;
    } else {
      if (at <= from) return false;
      const low = text.charCodeAt(at - 1);
      const high = at - 2 >= from ? text.charCodeAt(at - 2) : 0;
      at -= low >= 0xdc00 && low < 0xe000 && high >= 0xd800 && high < 0xdc00 ? 2 : 1;
    }
  }
  return at >= from;
};

/**
 * A test of whole texts against the pattern, as written: fold both sides for a comparison without case. Takes time
 * in the order of text × longest run without `*`, and no more.
 */
export const compilePattern = (pattern: Pattern): ((text: string) => boolean) => {
  const segments: Piece[][] = [[]];
  for (const piece of pattern) {
    if (piece === ANY) segments.push([]);
    else (segments[segments.length - 1] as Piece[]).push(piece);
  }
  const first = segments[0] as Piece[];
  if (segments.length === 1) {
    if (isLiteral(first)) {
      const whole = literalText(first);
      return (text) => text === whole;
    }
    return (text) => fits(first, text, 0) === text.length;
  }
  const last = segments[segments.length - 1] as Piece[];
  const middle = segments.slice(1, -1).filter((segment) => segment.length > 0);
  const single = middle.length === 1 && middle[0]?.length === 1 ? middle[0][0] : undefined;
  if (first.length === 0 && last.length === 0) {
    if (middle.length === 0) return () => true;
    if (typeof single === 'string') return (text) => text.includes(single);
  }
  if (middle.length === 0) {
    if (last.length === 0 && isLiteral(first)) {
      const head = literalText(first);
      return (text) => text.startsWith(head);
    }
    if (first.length === 0 && isLiteral(last)) {
      const tail = literalText(last);
      return (text) => text.endsWith(tail);
    }
  }
  return (text) => {
    let at = fits(first, text, 0);
    if (at < 0) return false;
    for (const segment of middle) {
      at = find(segment, text, at);
      if (at < 0) return false;
    }
    return fitsAtEnd(last, text, at);
  };
};
