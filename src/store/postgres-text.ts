/*
 * PostgreSQL takes no NUL character in a text; ids, types and messages of events may hold one. So every text that goes there
 * has NUL written as two characters U+0001 U+0001, and U+0001 itself as U+0001 U+0002. Nothing is lost, no text looks like
 * another one, and the order by bytes stays what it was. Lone surrogates become U+FFFD, in SQLite as well: UTF-8 has none.
 */

const SPECIAL = /[\u0000\u0001]/;

/** A text as PostgreSQL keeps it. */
export const encodeText = (text: string): string =>
  SPECIAL.test(text)
    ? text.replace(/[\u0000\u0001]/g, (found) => (found === '\u0000' ? '\u0001\u0001' : '\u0001\u0002'))
    : text;

/** The text that was given to {@link encodeText}. */
export const decodeText = (text: string): string =>
  text.includes('\u0001')
    ? text.replace(/\u0001([\u0001\u0002])/g, (_, second) => (second === '\u0001' ? '\u0000' : '\u0001'))
    : text;
