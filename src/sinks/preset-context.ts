import type { Json } from '../base/json.ts';
import { didYouMean } from '../base/similar.ts';
import { ESCAPES } from './preset-escapes.ts';
import { type Shape, shapeAt } from './preset-names.ts';
import { parseTemplate, type Template, type TextStyle, textOf } from './preset-template.ts';

/** Where something stands in a preset. */
export type PresetPath = readonly (string | number)[];

/** What compiling goes by: the names there are, how texts are escaped where nothing is said, where problems go. */
export interface Context {
  readonly names: Shape;
  /** Those of the names that a lookup of the preset gives. */
  readonly lookups: ReadonlySet<string>;
  readonly escape: string;
  readonly problem: (path: PresetPath, message: string, key?: boolean) => void;
}

export const utf16 = (text: string): number => text.length;
export const bytes = (text: string): number => Buffer.byteLength(text);

export const styleOf = (escape: string, measure: (text: string) => number = utf16): TextStyle => ({
  ...(ESCAPES[escape] ?? (ESCAPES['none'] as (typeof ESCAPES)[string])),
  measure,
});

/** Compiles a template; a problem and undefined when it is none, or names what there is not. */
export const compileTemplate = (raw: unknown, path: PresetPath, context: Context): Template | undefined => {
  const template = parseTemplate(textOf(raw as Json));
  if (!Array.isArray(template)) {
    context.problem(path, (template as { failure: string }).failure);
    return undefined;
  }
  for (const part of template as Template) {
    if ('literal' in part) continue;
    const found = shapeAt(context.names, part.path);
    if ('failure' in found) context.problem(path, found.failure);
  }
  return template as Template;
};

/** A bound such as `max`; without one, none. */
export const compileMax = (
  map: Readonly<Record<string, unknown>>,
  key: string,
  path: PresetPath,
  { problem }: Context,
): number => {
  const value = map[key];
  if (value === undefined) return Number.POSITIVE_INFINITY;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 10_000_000) return value;
  problem([...path, key], `found ${JSON.stringify(value) ?? 'nothing'}, allowed: a whole number from 1`);
  return 1;
};

/** Keys that a map with a directive may have; the first one names it. */
export const DIRECTIVE_KEYS = {
  $text: ['$text', 'max', 'max_bytes', 'escape', 'separator', 'default'],
  $each: ['$each', 'do', 'max', 'more'],
  $map: ['$map', 'key', 'value', 'max'],
  $json: ['$json'],
} as const;

/** Reports the keys of a map that are none of the known ones. */
export const refuseUnknown = (
  map: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: PresetPath,
  { problem }: Context,
): void => {
  for (const key of Object.keys(map))
    if (!known.includes(key))
      problem(
        [...path, key],
        `unknown key ${JSON.stringify(key.slice(0, 80))}${didYouMean(key, known) || `; allowed: ${known.join(', ')}`}`,
        true,
      );
};
