import { dirname, resolve } from 'node:path';
import { secretText } from './environment.ts';
import { readText } from './read-text.ts';
import type { Section } from './section.ts';
import { type Path, pathLabel } from './tree.ts';

/** The secret in a file that an option names (relative to the configuration file), or undefined and a problem. */
export const readSecret = (
  section: Section,
  path: Path,
  named: string,
): { readonly file: string; readonly value: string } | undefined => {
  const file = resolve(dirname(section.file), named);
  section.reads(file);
  const read = readText(file);
  const value = 'text' in read ? secretText(read.text) : '';
  if (value !== '') {
    if (!isCertificate(value)) section.guardSecretFile(path, file);
    return { file, value };
  }
  const why = 'failure' in read ? read.failure : 'empty';
  section.problem(
    path,
    `${pathLabel(path)}: found ${section.shown(path)} (${why}), allowed: a readable file that holds the secret`,
  );
  return undefined;
};

/** Certificates are public: they are neither looked for in texts nor need their files be hidden. */
export const isCertificate = (value: string): boolean => value.startsWith('-----BEGIN CERTIFICATE');
