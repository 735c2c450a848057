import { mapJsonStrings } from './json-strings.ts';
import { escapeJson, secretForms } from './secret-forms.ts';

/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

/** Secrets that are known now. A function is asked before every write, so a rotated secret is covered at once. */
export type Secrets = readonly string[] | (() => readonly string[]);

/**
 * Makes a function that removes every known secret from lines of JSON (each ended by a line feed), in every form of
 * {@link secretForms}. It works on the finished text, so there is no field, error or nested value it can miss; the
 * lines stay well-formed JSON. A secret once known is looked for until the process ends, also after a rotation.
 */
export const createRedactor = (secrets: Secrets): ((lines: string) => string) => {
  const search = createSearch(secrets);
  return (lines) => {
    const { needles, clean } = search();
    // The usual case costs one search per form and write, whatever the number of lines.
    if (!needles.some((needle) => lines.includes(needle))) return lines;
    // A secret of digits may stand in a line as a number, which can only become a string as a whole.
    const cleanNumbers = (text: string): string =>
      text.replace(/-?\d[\d.eE+-]*/g, (digits) => (clean(digits) === digits ? digits : `"${REDACTED}"`));
    return mapJsonStrings(lines, clean, cleanNumbers);
  };
};

/** The same for a plain text, such as a reason that is kept in the database or told in an alert. */
export const createTextRedactor = (secrets: Secrets): ((text: string) => string) => {
  const search = createSearch(secrets);
  return (text) => search().clean(text);
};

interface Search {
  /** The forms as they stand in JSON. */
  readonly needles: readonly string[];
  readonly clean: (text: string) => string;
}

const createSearch = (secrets: Secrets): (() => Search) => {
  const known = new Set<string>();
  let search: Search = { needles: [], clean: (text) => text };
  return () => {
    const values = typeof secrets === 'function' ? secrets() : secrets;
    if (values.every((value) => known.has(value))) return search;
    for (const value of values) known.add(value);
    const forms = [...new Set([...known].flatMap(secretForms))].sort((a, b) => b.length - a.length);
    if (forms.length === 0) return search;
    const pattern = new RegExp(forms.map(escapePattern).join('|'), 'g');
    search = {
      needles: [...new Set(forms.map(escapeJson))],
      clean: (text) => text.replace(pattern, REDACTED),
    };
    return search;
  };
};

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
