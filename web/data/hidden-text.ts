/** A piece of a text: as it stands, or a character that hides or reorders, by the picture that is shown for it. */
export interface TextPiece {
  readonly text: string;
  readonly hidden: boolean;
}

// Controls, separators of lines, and what reorders, joins or hides text (format characters, fillers, variation
// selectors, private use): an event must not be able to read as something else. Lone surrogates come as U+FFFD.
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\u00a0\u115f\u1160\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0]|[\ufe00-\ufe0f]/gu;

const picture = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
};

/** A text in pieces, with every hidden character made visible. `keep` are characters that may stand (line breaks). */
export const textPieces = (text: string, keep = ''): readonly TextPiece[] => {
  const whole = text.toWellFormed();
  const pieces: TextPiece[] = [];
  let from = 0;
  for (const found of whole.matchAll(HIDDEN)) {
    if (keep.includes(found[0])) continue;
    if (found.index > from) pieces.push({ text: whole.slice(from, found.index), hidden: false });
    pieces.push({ text: picture(found[0]), hidden: true });
    from = found.index + found[0].length;
  }
  if (from < whole.length) pieces.push({ text: whole.slice(from), hidden: false });
  return pieces;
};

/** The same as one text, for attributes and titles. */
export const plainText = (text: string): string =>
  textPieces(text)
    .map((piece) => piece.text)
    .join('');
