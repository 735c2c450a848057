/** Said where text had to be cut, so that nobody takes a part for the whole. */
const CUT_NOTE = ' … (cut)';

// Control characters but line feed and tab; the marks that reverse the direction of text, with which an event could
// make its reader see other words than were written.
const UNPRINTABLE = /(?![\n\t])\p{Cc}|\p{Bidi_Control}|\ufeff/gu;

/** Raw text from outside as text that can be shown: well-formed, line feeds only, no control or direction marks. */
export const printable = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(UNPRINTABLE, '');

/** {@link printable} on one line, for headers, titles and reasons. */
export const oneLine = (text: string): string => printable(text).replace(/\s+/g, ' ').trim();

const asItIs = (codePoint: string): string => codePoint;

const lengthOf = (text: string): number => text.length;

/**
 * Text of at most `max` UTF-16 units after `escape` was applied to each code point, with a note where it was cut.
 * Never splits a code point or an escape, and looks at no more than a few times `max`, however long the text is.
 * `clean` is applied first; give it {@link oneLine} or {@link printable}. `measure` counts in another unit, such as
 * bytes; it must be additive. `clean` must not make text longer.
 */
export const fit = (
  text: string,
  max: number,
  clean: (text: string) => string = printable,
  escape: (codePoint: string) => string = asItIs,
  measure: (text: string) => number = lengthOf,
): string => {
  if (escape === asItIs && measure === lengthOf && text.length <= max) return clean(text);
  let head = text.slice(0, max * 4);
  const shortened = head.length < text.length;
  // A slice may end inside a surrogate pair; half a pair would become a replacement character.
  if (shortened) head = head.replace(/[\ud800-\udbff]$/, '');
  const room = max - measure(CUT_NOTE);
  let whole = '';
  let size = 0;
  let withRoomForNote = '';
  for (const codePoint of clean(head)) {
    const next = escape(codePoint);
    size += measure(next);
    if (size > max) return withRoomForNote + CUT_NOTE;
    whole += next;
    if (size <= room) withRoomForNote = whole;
  }
  return shortened ? withRoomForNote + CUT_NOTE : whole;
};

/** ISO 8601 of epoch milliseconds; null for a number that is no time. */
export const isoTime = (ms: number): string | null => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
};

/** A time for people: `2026-01-01 10:15:31 UTC`. */
export const readableTime = (ms: number): string =>
  isoTime(ms)
    ?.replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC') ?? 'unknown';
