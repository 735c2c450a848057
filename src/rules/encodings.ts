/*
 * The value transformations of Sigma. A text that `wide` and its like have turned into bytes is carried as a text of
 * characters 0 to 255 with `bytes` set.
 */

export interface Encoded {
  readonly text: string;
  readonly bytes: boolean;
}

const byteText = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

const toByteText = (value: Encoded): string =>
  value.bytes ? value.text : byteText(new TextEncoder().encode(value.text));

/** UTF-16 in the given byte order, with a byte order mark when asked. */
export const utf16 = (text: string, order: 'little' | 'big', mark: boolean): Encoded => {
  let out = mark ? (order === 'little' ? '\u00ff\u00fe' : '\u00fe\u00ff') : '';
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    const low = String.fromCharCode(unit & 0xff);
    const high = String.fromCharCode(unit >> 8);
    out += order === 'little' ? low + high : high + low;
  }
  return { text: out, bytes: true };
};

/** Base64 of the value's UTF-8 bytes (or of its bytes). */
export const base64 = (value: Encoded): Encoded => ({ text: btoa(toByteText(value)), bytes: false });

/** The three texts of which one is part of any base64 text whose content holds the value. */
export const base64Offsets = (value: Encoded): Encoded[] => {
  const bytes = toByteText(value);
  const found: Encoded[] = [];
  for (let shift = 0; shift < 3; shift += 1) {
    const encoded = btoa(' '.repeat(shift) + bytes);
    // What shares a group of three bytes with unknown neighbours is cut off.
    const start = [0, 2, 3][shift] as number;
    const end = [0, 3, 2][(bytes.length + shift) % 3] as number;
    const text = encoded.slice(start, encoded.length - end);
    if (text !== '') found.push({ text, bytes: false });
  }
  return found;
};

const DASHES = ['-', '/', '\u2013', '\u2014', '\u2015'];

/**
 * Every way to write the value's option dashes: each `-` or `/` that begins a word is replaced by each kind of dash.
 * Undefined when there would be more than `limit` ways.
 */
export const dashVariants = (text: string, limit: number): string[] | undefined => {
  let made = [''];
  let from = 0;
  for (const match of text.matchAll(/\B[-/]\b/g)) {
    const before = text.slice(from, match.index);
    if (made.length * DASHES.length > limit) return undefined;
    made = made.flatMap((head) => DASHES.map((dash) => head + before + dash));
    from = match.index + 1;
  }
  return made.map((head) => head + text.slice(from));
};
