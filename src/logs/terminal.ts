/**
 * Characters that can steer a terminal or turn its text around and that JSON leaves as they are: DEL, the C1 controls
 * (0x9b opens an escape sequence), line and paragraph separators, and the bidirectional marks, embeddings and isolates.
 */
const JSON_LEAVES_RAW = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** The same and what JSON does escape. */
// oxlint-disable-next-line eslint/no-control-regex -- these are the characters it is about
const STEERING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const escape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Lines of JSON with the same meaning in which no string can steer a terminal that they are printed on. */
export const escapeJsonControls = (lines: string): string => lines.replace(JSON_LEAVES_RAW, escape);

/** A decoded text with every steering character written out as `\u001b`, so that it can be printed. */
export const showControls = (text: string): string => text.replace(STEERING, escape);

/** The same for a text of several lines: line feeds and tabs stay. */
export const showLines = (text: string): string =>
  text.replace(STEERING, (char) => (char === '\n' || char === '\t' ? char : escape(char)));
