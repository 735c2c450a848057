import type { Json, JsonObject } from '../base/json.ts';
import { type Context, compileMax, type PresetPath } from './preset-context.ts';
import { itemShape, type Shape, shapeAt } from './preset-names.ts';
import { isEmpty, valueOf } from './preset-template.ts';

/** What goes through the items of a list. */
interface Each {
  /** The names inside: all those outside, `item`, and `omitted` for what is said of the rest. */
  readonly names: Shape;
  of(values: JsonObject): { readonly items: readonly JsonObject[]; readonly omitted: number };
}

/** A list goes item by item; anything else once, or not at all when it is empty. */
export const compileEach = (
  map: Readonly<Record<string, unknown>>,
  path: PresetPath,
  context: Context,
  name = '$each',
): Each => {
  const steps = String(map[name]).split('.');
  const found = shapeAt(context.names, steps);
  if ('failure' in found) context.problem([...path, name], found.failure);
  const max = compileMax(map, 'max', path, context);
  return {
    names: {
      ...(context.names as object),
      item: 'failure' in found ? 'any' : itemShape(found.shape),
      omitted: 'value',
    },
    of: (values) => {
      const value = valueOf(values, steps) ?? null;
      const list: readonly Json[] = Array.isArray(value) ? value : isEmpty(value) ? [] : [value];
      const shown = list.slice(0, max);
      return { items: shown.map((item) => ({ ...values, item })), omitted: list.length - shown.length };
    },
  };
};
