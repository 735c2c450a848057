const ESCAPES =
  /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[dD][89a-fA-F][\da-fA-F]{2}|\\./gs;

/**
 * JSON text as it came, on one line and fit for every parser: line breaks between its tokens become spaces (inside a
 * string JSON has none), and an escaped half of a surrogate pair, which strict parsers refuse, the replacement character.
 * Numbers keep all their digits.
 */
export const verbatimLine = (json: string): string =>
  json
    .replace(/[\r\n]+/g, ' ')
    .replace(ESCAPES, (escape) => (/^\\u[dD].{3}$/s.test(escape) ? String.raw`\ufffd` : escape))
    .toWellFormed();
