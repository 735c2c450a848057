import type { Json, JsonObject } from '../base/json.ts';
import { didYouMean } from '../base/similar.ts';
import { portableJson } from './alert-json.ts';
import {
  type Context,
  compileTemplate,
  DIRECTIVE_KEYS,
  type PresetPath,
  refuseUnknown,
  styleOf,
} from './preset-context.ts';
import { compileEach } from './preset-each.ts';
import { OWN_NAMES } from './preset-names.ts';
import { isEmpty, renderTemplate, valueOf } from './preset-template.ts';
import { compileText } from './preset-text.ts';

/** Makes a part of a body: one value, or with `$each` any number of them, which a list around it takes as its items. */
type Node = (values: JsonObject) => readonly Json[];

const NOTHING: Node = () => [];

/** Compiles a part of a body. Problems are reported; what has one comes out as nothing. */
const compileNode = (raw: unknown, path: PresetPath, context: Context): Node => {
  if (typeof raw === 'string') return compileLeaf(raw, path, context);
  if (Array.isArray(raw)) {
    const items = raw.map((item, index) => compileNode(item, [...path, index], context));
    return (values) => [items.flatMap((item) => item(values))];
  }
  if (typeof raw !== 'object' || raw === null) return () => [(raw ?? null) as Json];
  const map = raw as Readonly<Record<string, unknown>>;
  const directive = Object.keys(map).find(isDirective);
  if (directive !== undefined) return compileDirective(directive, map, path, context);
  const unquoted = Object.entries(map).filter(([, value]) => value === null);
  if (unquoted.length === 1 && Object.keys(map).length === 1) {
    context.problem(
      path,
      `found a map; a template that begins with "{" stands in quotes: '{${unquoted[0]?.[0]}}'`,
    );
    return NOTHING;
  }
  return compileMembers(map, path, context);
};

/** Compiles what stands where a single value is wanted: `$each` becomes a list there. */
export const compileValue = (
  raw: unknown,
  path: PresetPath,
  context: Context,
): ((values: JsonObject) => Json) => {
  const node = compileNode(raw, path, context);
  const isList = typeof raw === 'object' && raw !== null && Object.hasOwn(raw, '$each');
  return (values) => (isList ? node(values) : (node(values)[0] ?? null));
};

/** A whole value keeps its type: `'{events}'` is a list, `'{time_ms}'` a number. Anything longer is a text. */
const compileLeaf = (raw: string, path: PresetPath, context: Context): Node => {
  const template = compileTemplate(raw, path, context);
  if (template === undefined) return NOTHING;
  const [only] = template;
  const isWhole = template.length === 1 && only !== undefined && 'path' in only;
  const isOwn = isWhole && (OWN_NAMES.has(only.path[0] ?? '') || context.lookups.has(only.path[0] ?? ''));
  const style = styleOf(isOwn ? 'raw' : context.escape);
  if (isWhole && only.fallback === undefined) {
    return (values) => {
      const value = valueOf(values, only.path) ?? null;
      return [typeof value === 'string' ? (renderTemplate(template, values, style) ?? '') : value];
    };
  }
  return (values) => [renderTemplate(template, values, style) ?? ''];
};

const compileMembers = (map: Readonly<Record<string, unknown>>, path: PresetPath, context: Context): Node => {
  const members: { key: string; optional: boolean; value: (values: JsonObject) => Json }[] = [];
  for (const [key, value] of Object.entries(map)) {
    if (key.startsWith('$') && !key.startsWith('$$')) {
      const known = Object.keys(DIRECTIVES);
      const hint =
        didYouMean(key, known) || `; allowed: ${known.join(', ')}, and $$ for a key that begins with $`;
      context.problem([...path, key], `unknown key ${JSON.stringify(key.slice(0, 80))}${hint}`, true);
      continue;
    }
    const plain = key.startsWith('$$') ? key.slice(1) : key;
    const optional = plain.endsWith('?');
    members.push({
      key: optional ? plain.slice(0, -1) : plain,
      optional,
      value: compileValue(value, [...path, key], context),
    });
  }
  return (values) => {
    const entries: [string, Json][] = [];
    for (const { key, optional, value } of members) {
      const made = value(values);
      if (!optional || !isEmpty(made)) entries.push([key, made]);
    }
    return [Object.fromEntries(entries)];
  };
};

const isDirective = (key: string): key is keyof typeof DIRECTIVE_KEYS => Object.hasOwn(DIRECTIVE_KEYS, key);

type Directive = (map: Readonly<Record<string, unknown>>, path: PresetPath, context: Context) => Node;

const compileDirective = (
  name: keyof typeof DIRECTIVE_KEYS,
  map: Readonly<Record<string, unknown>>,
  path: PresetPath,
  context: Context,
): Node => {
  refuseUnknown(map, DIRECTIVE_KEYS[name], path, context);
  return DIRECTIVES[name](map, path, context);
};

const DIRECTIVES: Readonly<Record<keyof typeof DIRECTIVE_KEYS, Directive>> = {
  $text: compileText,
  $each: (map, path, context) => {
    const each = compileEach(map, path, context);
    const inside = { ...context, names: each.names };
    if (map['do'] === undefined) context.problem(path, 'do is missing; allowed: what is made of every item');
    // A list is several things that are made of every item, such as the two lines of a bulk request.
    const nodes = Array.isArray(map['do'])
      ? map['do'].map((one, index) => compileNode(one, [...path, 'do', index], inside))
      : [compileNode(map['do'], [...path, 'do'], inside)];
    const more = map['more'] === undefined ? NOTHING : compileNode(map['more'], [...path, 'more'], inside);
    return (values) => {
      const { items, omitted } = each.of(values);
      return [
        ...items.flatMap((item) => nodes.flatMap((node) => node(item))),
        ...(omitted > 0 ? more({ ...values, omitted }) : []),
      ];
    };
  },
  $map: (map, path, context) => {
    const each = compileEach(map, path, context, '$map');
    const inside = { ...context, names: each.names };
    const key = compileTemplate(map['key'] ?? '', [...path, 'key'], inside) ?? [];
    const value = compileValue(map['value'], [...path, 'value'], inside);
    return (values) => {
      const made = new Map<string, Json>();
      for (const item of each.of(values).items) {
        const name = (renderTemplate(key, item, styleOf('none'), 256) ?? '').trim() || '–';
        let free = name;
        for (let n = 2; made.has(free); n++) free = `${name} (${n})`;
        made.set(free, value(item));
      }
      return [Object.fromEntries(made)];
    };
  },
  $json: (map, path, context) => {
    const value = compileValue(map['$json'], [...path, '$json'], { ...context, escape: 'none' });
    return (values) => [portableJson(value(values))];
  },
};
