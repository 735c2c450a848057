/** What a name stands for: its value, and the file it was read from when `NAME_FILE` named one. */
export type Lookup = (
  name: string,
) => { readonly value: string; readonly file?: string } | { readonly failure: string } | undefined;

/** A reference that could not be replaced. */
export interface BadReference {
  /** The reference as written, such as `${NAME}`. */
  readonly reference: string;
  readonly message: string;
}

/** A text with its references replaced. */
export interface Substituted {
  readonly text: string;
  /** Whether anything came from outside the file. */
  readonly used: boolean;
  readonly bad: readonly BadReference[];
  /** The file whose content is the whole text, when the text was exactly one reference answered by a file. */
  readonly file: string | undefined;
  /** All files whose content is in the text. */
  readonly files: readonly string[];
}

const TOKEN = /\$\$\{|\$\{([^}]*)\}?/g;
const REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}$/;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in one scalar value; `$${` stands for a literal `${`. The default is used
 * when the name has no value or an empty one, as in a shell. What comes out is never looked at again: neither a value
 * nor a default can hold a reference, and since it happens after YAML was parsed, nor can it hold YAML.
 */
export const substitute = (text: string, lookup: Lookup): Substituted => {
  const bad: BadReference[] = [];
  let used = false;
  let file: string | undefined;
  const files: string[] = [];
  const result = text.replace(TOKEN, (token) => {
    if (token === '$${') return '${';
    const match = REFERENCE.exec(token);
    const [, name, fallback] = match ?? [];
    if (name === undefined || fallback?.includes('${')) {
      // Nothing of the token but its start is quoted: whatever follows may be a secret typed by mistake.
      bad.push({
        reference: token,
        message:
          '"${" begins no valid reference; allowed: ${NAME}, ${NAME:-default} without nesting, $${ for a literal ${',
      });
      return '';
    }
    used = true;
    const found = lookup(name);
    if (found !== undefined && 'failure' in found) {
      bad.push({ reference: token, message: found.failure });
      return '';
    }
    if (found !== undefined && (found.value !== '' || fallback === undefined)) {
      if (token === text) file = found.file;
      if (found.file !== undefined) files.push(found.file);
      return found.value;
    }
    if (fallback !== undefined) return fallback;
    bad.push({
      reference: token,
      message: `environment variable ${name} is not set; allowed: set ${name} or ${name}_FILE, or write \${${name}:-default}`,
    });
    return '';
  });
  return { text: result, used, bad, file, files };
};
