import { statSync } from 'node:fs';
import { secretText } from './environment.ts';
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

/**
 * Makes a function that answers the secret in a file, `initial` at first. Every call looks at the file's state (one
 * `stat`, also through a swapped symbolic link) and reads it again when that has changed, so a rotated secret is used
 * without a restart. While the file is missing, empty or not readable, the last good value stays.
 */
export const createSecretFile = (path: string, initial: string, known: KnownSecrets): (() => string) => {
  let value = initial;
  // Not the state of now: the file may have changed since `initial` was read.
  let seen: string | undefined;
  return () => {
    const state = fileState(path);
    if (state === undefined || state === seen) return value;
    const read = readText(path);
    const fresh = 'text' in read ? secretText(read.text) : '';
    if (fresh === '') return value;
    // Known to the redactor before anything else can see it.
    known.add(fresh);
    seen = state;
    value = fresh;
    return value;
  };
};

/** A text that changes when the file does (also through a swapped symbolic link); undefined when there is no file. */
export const fileState = (path: string): string | undefined => {
  try {
    const stat = statSync(path, { bigint: true });
    return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
  } catch {
    return undefined;
  }
};
