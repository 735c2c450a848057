/** A place in a list as the text of a cursor: opaque to whoever gets it. */
export const cursorText = (place: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(place)).toString('base64url');

/**
 * The place in the text of a cursor, whose parts must be of these kinds. Throws the RangeError that a store throws for a
 * cursor it never gave.
 */
export const cursorPlace = <const K extends readonly ('string' | 'number')[]>(
  text: string,
  kinds: K,
): { readonly [I in keyof K]: K[I] extends 'string' ? string : number } => {
  const wrong = (): RangeError => new RangeError('after: no cursor of this list');
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw wrong();
  }
  const fits =
    Array.isArray(parts) &&
    parts.length === kinds.length &&
    parts.every(
      (part, index) =>
        typeof part === kinds[index] && (typeof part === 'string' || Number.isSafeInteger(part)),
    );
  if (!fits) throw wrong();
  return parts as { readonly [I in keyof K]: K[I] extends 'string' ? string : number };
};
