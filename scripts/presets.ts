import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { compilePreset, type Preset } from '../src/sinks/preset.ts';
import { presetSchema } from '../src/sinks/preset-schema.ts';

const FOLDER = new URL('../config/presets/', import.meta.url);

/** Makes a kind of sink of a preset's text. Throws with everything that is wrong with it. */
export const presetOf = (name: string, text: string): Preset => {
  const { preset, problems } = compilePreset(name, presetSchema.parse(parse(text)));
  if (preset === undefined)
    throw new Error(
      `${name}: ${problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n')}`,
    );
  return preset;
};

/** The presets that come with the program, by name. */
export const shippedPresets = (): readonly Preset[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yml'))
    .sort()
    .map((file) => presetOf(file.replace(/\.yml$/, ''), readFileSync(new URL(file, FOLDER), 'utf8')));
