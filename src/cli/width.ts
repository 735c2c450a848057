/* How wide texts are on a terminal: East Asian characters and pictures take two columns, combining marks none. */

// Wide by Unicode's East Asian Width (UAX #11), beside what is a picture by itself.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|(?!\p{Regional_Indicator})\p{Emoji_Presentation}/u;
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;

const widthOf = (character: string): number => {
  // Nearly everything is ASCII.
  if (character < '\u0300') return 1;
  if (NONE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
};

/** Columns that a text takes on a terminal. It must hold no control characters. */
export const textWidth = (text: string): number => {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
};

/** The text in at most `width` columns, with `…` at the end of what was cut. */
export const cutToWidth = (text: string, width: number): string => {
  if (text.length <= width && textWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    const next = used + widthOf(character);
    if (next > width - 1) {
      if (textWidth(text) <= width) return text;
      return `${kept}${width > 0 ? '…' : ''}`;
    }
    kept += character;
    used = next;
  }
  return text;
};

/** The text with spaces behind it (or before it, `right`) up to `width` columns. */
export const padToWidth = (text: string, width: number, right = false): string => {
  const spaces = ' '.repeat(Math.max(width - textWidth(text), 0));
  return right ? spaces + text : text + spaces;
};
