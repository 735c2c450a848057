import { statSync } from 'node:fs';
import { secretText } from './environment.ts';
import { openMode } from './open-file.ts';
import { readText } from './read-text.ts';

/** All secrets known so far, for the log's redactor. It grows when a secret file brings a new one; nothing leaves it. */
export interface KnownSecrets {
  readonly values: readonly string[];
  add(value: string): void;
}

/** Makes an empty list of {@link KnownSecrets}. */
export const createKnownSecrets = (): KnownSecrets => {
  const values: string[] = [];
  return {
    values,
    add(value) {
      if (value !== '' && !values.includes(value)) values.push(value);
    },
  };
};

/** What became of a secret file that has changed, for the log. No text holds a secret. */
export type SecretNotice =
  /** Its new content is in force. */
  | { readonly kind: 'changed'; readonly file: string }
  /** It is missing, empty or wrong: what was read before stays in force. */
  | { readonly kind: 'kept'; readonly file: string; readonly reason: string }
  /** In force, but every user of the machine can read it. */
  | { readonly kind: 'open'; readonly file: string; readonly mode: string };

/** Hears of {@link SecretNotice}s, each told once. */
export type TellOfSecret = (notice: SecretNotice) => void;

/**
 * Makes a function that answers the secret in a file, `initial` at first. Every call looks at the file's state (one
 * `stat`, also through a swapped symbolic link) and reads it again when that has changed, so a rotated secret is used
 * without a restart. While the file is missing, empty, not readable or not usable, the last good value stays.
 */
export const createSecretFile = (
  path: string,
  initial: string,
  known: KnownSecrets,
  /** What keeps a content from being used; undefined: nothing. The text holds no secret. */
  problemOf: (text: string) => string | undefined = () => undefined,
): ((tell?: TellOfSecret) => string) => {
  let value = initial;
  // Not the state of now: the file may have changed since `initial` was read.
  let seen: string | undefined;
  return (tell = () => {}) => {
    const state = fileState(path) ?? MISSING;
    if (state === seen) return value;
    seen = state;
    const read = readText(path);
    const fresh = 'text' in read ? secretText(read.text) : '';
    if (fresh === '') {
      tell({ kind: 'kept', file: path, reason: 'failure' in read ? read.failure : 'empty' });
      return value;
    }
    // Known to the redactor before anything else can see it.
    known.add(fresh);
    if (fresh === value) return value;
    const problem = problemOf(fresh);
    if (problem !== undefined) {
      tell({ kind: 'kept', file: path, reason: problem });
      return value;
    }
    value = fresh;
    tell({ kind: 'changed', file: path });
    const mode = openMode(path);
    if (mode !== undefined) tell({ kind: 'open', file: path, mode });
    return value;
  };
};

const MISSING = 'missing';

/** A text that changes when the file does (also through a swapped symbolic link); undefined when there is no file. */
export const fileState = (path: string): string | undefined => {
  try {
    const stat = statSync(path, { bigint: true });
    return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
  } catch {
    return undefined;
  }
};
