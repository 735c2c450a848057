/*
 * PostgreSQL takes no NUL character in a text; ids, types and messages of events may hold one. So every text that goes there
 * has NUL written as two characters U+0001 U+0001, and U+0001 itself as U+0001 U+0002. Nothing is lost, no text looks like
 * another one, and the order by bytes stays what it was. Lone surrogates become U+FFFD, in SQLite as well: UTF-8 has none.
 */

const NUL = String.fromCharCode(0);
const ONE = String.fromCharCode(1);
const TWO = String.fromCharCode(2);

/** A text as PostgreSQL keeps it. */
export const encodeText = (text: string): string =>
  text.includes(NUL) || text.includes(ONE)
    ? text.replaceAll(ONE, `${ONE}${TWO}`).replaceAll(NUL, `${ONE}${ONE}`)
    : text;

const PAIR = new RegExp(`${ONE}([${ONE}${TWO}])`, 'g');

/** The text that was given to {@link encodeText}. */
export const decodeText = (text: string): string =>
  text.includes(ONE) ? text.replace(PAIR, (_, second: string) => (second === ONE ? NUL : ONE)) : text;
