/** The longest single value that an alert shows; URLs fit, a 5 MB field does not. Characters. */
export const MAX_VALUE_LENGTH = 500;

const CUT_MARK = '…';

/** `text` with at most `maxLength` characters; a longer one ends with `…`. Never cuts a character in two. */
export const cutText = (text: string, maxLength: number): string => {
  // Every character has at least one UTF-16 unit, so a short string needs no counting.
  if (text.length <= maxLength) return text;
  const characters: string[] = [];
  for (const character of text) {
    if (characters.length === maxLength) return `${characters.slice(0, -1).join('')}${CUT_MARK}`;
    characters.push(character);
  }
  return text;
};

// C0 and C1 controls, DEL, line and paragraph separators, and the characters that reorder or hide text (zero width,
// bidirectional marks, the byte order mark): an event must not be able to make an alert read as something else.
const HIDDEN = /[\p{Cc}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu;

const picture = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
};

/**
 * A value from an event as one line that shows what is in it: control and invisible characters become visible (`␊`,
 * `<U+202E>`), lone surrogates become U+FFFD, and what is too long is cut. Not escaped: that is the sink's part.
 */
export const visibleText = (value: string, maxLength: number = MAX_VALUE_LENGTH): string => {
  // A first, generous cut: a value of megabytes is not worth scanning for an alert.
  const head = value.length > maxLength * 2 + 2 ? value.slice(0, maxLength * 2 + 2) : value;
  return cutText(head.toWellFormed().replace(HIDDEN, picture), maxLength);
};
