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
  const known = new Set<string>();
  let needles: readonly string[] = [];
  let pattern = /$^/g;

  const learn = (values: readonly string[]): void => {
    if (values.every((value) => known.has(value))) return;
    for (const value of values) known.add(value);
    const forms = [...new Set([...known].flatMap(secretForms))].sort((a, b) => b.length - a.length);
    needles = [...new Set(forms.map(escapeJson))];
    pattern = forms.length === 0 ? /$^/g : new RegExp(forms.map(escapePattern).join('|'), 'g');
  };
  const holdsSecret = (text: string): boolean => needles.some((needle) => text.includes(needle));
  const clean = (text: string): string => text.replace(pattern, REDACTED);
  // A secret of digits may stand in a line as a number, which can only become a string as a whole.
  const cleanNumbers = (text: string): string =>
    text.replace(/-?\d[\d.eE+-]*/g, (digits) => (clean(digits) === digits ? digits : `"${REDACTED}"`));

  return (lines) => {
    learn(typeof secrets === 'function' ? secrets() : secrets);
    // The usual case costs one search per form and write, whatever the number of lines.
    if (!holdsSecret(lines)) return lines;
    return mapJsonStrings(lines, clean, cleanNumbers);
  };
};

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
