import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileFailure } from './read-text.ts';

/** A preset's file, found and not yet read. */
export interface PresetPlace {
  readonly name: string;
  readonly path: string;
}

const SUFFIX = /\.ya?ml$/;

/** The presets in a folder, or the one in a file, by name; what is no YAML file is none. Their content is not read. */
export const findPresets = (
  path: string,
): { readonly presets: readonly PresetPlace[] } | { readonly failure: string } => {
  try {
    if (!statSync(path).isDirectory()) return { presets: [placeOf(path)] };
    const names = readdirSync(path).filter((name) => !name.startsWith('.') && SUFFIX.test(name));
    return { presets: names.sort().map((name) => placeOf(join(path, name))) };
  } catch (error) {
    return { failure: fileFailure(error) };
  }
};

const placeOf = (path: string): PresetPlace => ({ name: basename(path).replace(SUFFIX, ''), path });
