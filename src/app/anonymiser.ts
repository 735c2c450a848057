import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorText, UsageError } from '../base/errors.ts';
import { createAnonymise } from '../export/anonymise.ts';
import { createPseudonyms } from '../export/pseudonyms.ts';
import type { Anonymiser } from './export-record.ts';

/** A key that can be guessed undoes every pseudonym. */
const MIN_KEY_BYTES = 16;

const readKey = (path: string): Buffer => {
  let key: Buffer;
  try {
    key = Buffer.from(readFileSync(path, 'utf8').trim());
  } catch (error) {
    throw new UsageError(`--anonymise-key: ${errorText(error)}`);
  }
  if (key.length < MIN_KEY_BYTES)
    throw new UsageError(
      `--anonymise-key: ${path} holds ${key.length} bytes; allowed are at least ${MIN_KEY_BYTES}, such as those of "openssl rand -hex 32"`,
    );
  return key;
};

/** With the key in a file, the same in every export; without one, with a random key that nobody keeps. */
export const createAnonymiser = (keyFile: string | undefined): Anonymiser => {
  const pseudonyms = createPseudonyms(keyFile === undefined ? randomBytes(32) : readKey(keyFile));
  return { event: createAnonymise(pseudonyms), pseudonyms };
};
