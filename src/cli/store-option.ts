import { readFileSync } from 'node:fs';
import { errorText, UsageError } from '../base/errors.ts';
import { parsePlace, type StorePlace } from '../core/store-place.ts';
import { loadSettings } from './load-or-refuse.ts';

const URL_FILE = 'url_file:';

/** Where a store is, by its text on the command line. A URL with a password belongs into a file: others see command lines. */
export const placeOf = (option: string, text: string): StorePlace => {
  if (!text.startsWith(URL_FILE)) return parsePlace(text);
  const file = text.slice(URL_FILE.length);
  let url: string;
  try {
    url = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`${option}: ${file}: ${errorText(error)}`);
  }
  const place = parsePlace(url);
  if (place.kind !== 'postgres') throw new UsageError(`${option}: ${file} holds no postgres:// URL`);
  return place;
};

/** The store that a command is about: the one that `--store` names, or that of the configuration. */
export const storeFor = async (options: {
  readonly store?: string;
  readonly config?: string;
}): Promise<StorePlace> =>
  options.store === undefined
    ? (await loadSettings(options.config)).settings.store.place
    : placeOf('--store', options.store);
