/**
 * What a spreadsheet would take for the beginning of a formula (OWASP, CSV injection): = + - @, tab, CR, LF, and the full
 * width forms of the first four.
 */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
// oxlint-disable-next-line eslint/no-control-regex -- these are the characters it is about
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/**
 * A cell after RFC 4180. Text comes from events, so from anybody: what would begin a formula gets an apostrophe before it,
 * and control characters but tab, CR and LF are written out as `\u001b`.
 */
export const csvCell = (text: string): string => {
  const shown = text
    .toWellFormed()
    .replace(CONTROLS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const safe = FORMULA.test(shown) ? `'${shown}` : shown;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** A record with its end, which RFC 4180 says is CR LF. */
export const csvRecord = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`;
