/** Where one element of an array stands in a JSON text, and what tells whether plain parsing does it justice. */
export interface JsonSpan {
  /** Offsets into the text: the element is `text.slice(start, end)`, without white space around it. */
  readonly start: number;
  readonly end: number;
  /** How deeply objects and arrays are nested inside it: 0 for a scalar, 1 for a flat object. */
  readonly depth: number;
  /** Whether it holds a number that a double may not keep: 16 digits or more, or an exponent. */
  readonly longNumbers: boolean;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const UPPER_E = 0x45;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** Integers of at most this many digits are below 2^53 and therefore exact as numbers. */
const EXACT_DIGITS = 15;

/** What the last skipped value held. One record, reused: the scan runs over every byte of every answer. */
const seen = { depth: 0, longNumbers: false };

const skipSpace = (text: string, from: number): number => {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= SPACE) at++;
  return at;
};

/** The offset behind the string that opens at `from`. Searching beats walking twice over: most of a text is strings. */
const skipString = (text: string, from: number): number => {
  let at = text.indexOf('"', from + 1);
  while (at !== -1) {
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    // An even number of backslashes before it escape each other: this quote ends the string.
    if ((at - before) % 2 === 1) return at + 1;
    at = text.indexOf('"', at + 1);
  }
  return text.length;
};

/** The offset behind the number that begins at `from`; notes in {@link seen} when a double may not keep it. */
const skipNumber = (text: string, from: number): number => {
  let at = from + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === LOWER_E || code === UPPER_E) seen.longNumbers = true;
    // Besides digits only `.`, `+` and `-` continue a number, and of those only `+` lies below the comma.
    else if (code > DIGIT_9 || code === COMMA || code <= SPACE) break;
  }
  if (at - from > EXACT_DIGITS) seen.longNumbers = true;
  return at;
};

/** The offset behind the value that begins at `from`; what it held is in {@link seen}. */
const skipValue = (text: string, from: number): number => {
  let at = from;
  let depth = 0;
  seen.depth = 0;
  seen.longNumbers = false;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at);
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
      if (depth > seen.depth) seen.depth = depth;
      at++;
      continue;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
      at++;
    } else if (code === MINUS || (code >= DIGIT_0 && code <= DIGIT_9)) at = skipNumber(text, at);
    else if (code === LOWER_T || code === LOWER_N) at += 4;
    else if (code === LOWER_F) at += 5;
    else {
      at++;
      continue;
    }
    if (depth === 0) return at;
  }
  return at;
};

/** Reads elements of the array that opens at `from` into `spans`, up to `most`; returns the offset behind it. */
const readArray = (text: string, from: number, spans: JsonSpan[], most: number): number => {
  let at = skipSpace(text, from + 1);
  while (at < text.length && text.charCodeAt(at) !== CLOSE_BRACKET) {
    if (spans.length >= most) return text.length;
    const start = at;
    at = skipValue(text, start);
    spans.push({ start, end: at, depth: seen.depth, longNumbers: seen.longNumbers });
    at = skipSpace(text, at);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return at + 1;
};

/** Whether the string literal at [start, end) means `key`, which holds no character that must be escaped. */
const isKey = (text: string, start: number, end: number, key: string): boolean => {
  if (end - start === key.length + 2) return text.startsWith(key, start + 1);
  if (end - start < key.length + 2) return false;
  const literal = text.slice(start, end);
  if (!literal.includes('\\')) return false;
  try {
    return JSON.parse(literal) === key;
  } catch {
    return false;
  }
};

/** What {@link arraySpans} found. */
export interface ArraySpans {
  /** The elements of the array in order; undefined when no array stands at the path. */
  readonly elements: readonly JsonSpan[] | undefined;
  /** How deeply the text is nested outside of those elements. */
  readonly outerDepth: number;
}

/**
 * Spans of the elements of the array that stands at `path` (keys from the outermost object inwards). As with
 * JSON.parse, the last of several equal keys counts. The scan only finds boundaries and proves nothing: its answer
 * holds when JSON.parse accepts the text. It ends in linear time and never throws on any text, so that it may run
 * first and keep JSON.parse from texts that would cost it gigabytes (deep nesting does). It stops at `most` elements.
 */
export const arraySpans = (text: string, path: readonly string[], most: number = Infinity): ArraySpans => {
  let elements: JsonSpan[] | undefined;
  let outerDepth = 0;

  const skipOuter = (from: number, level: number): number => {
    const end = skipValue(text, from);
    if (seen.depth + level > outerDepth) outerDepth = seen.depth + level;
    return end;
  };

  const descend = (from: number, level: number): number => {
    const key = path[level];
    if (key === undefined) {
      if (text.charCodeAt(from) !== OPEN_BRACKET) return skipOuter(from, level);
      elements = [];
      return readArray(text, from, elements, most);
    }
    if (text.charCodeAt(from) !== OPEN_BRACE) return skipOuter(from, level);
    let at = skipSpace(text, from + 1);
    while (at < text.length && text.charCodeAt(at) !== CLOSE_BRACE) {
      const keyEnd = skipString(text, at);
      const value = skipSpace(text, skipSpace(text, keyEnd) + 1);
      if (isKey(text, at, keyEnd, key)) {
        // A repeated key replaces all that the earlier one held.
        elements = undefined;
        at = descend(value, level + 1);
      } else at = skipOuter(value, level + 1);
      at = skipSpace(text, at);
      if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
    }
    return at + 1;
  };

  descend(skipSpace(text, 0), 0);
  return { elements, outerDepth };
};
