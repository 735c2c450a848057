import type { Json, JsonObject } from '../base/json.ts';
import { didYouMean } from '../base/similar.ts';
import {
  bytes,
  type Context,
  compileMax,
  compileTemplate,
  DIRECTIVE_KEYS,
  type PresetPath,
  refuseUnknown,
  styleOf,
  utf16,
} from './preset-context.ts';
import { compileEach } from './preset-each.ts';
import { ESCAPES } from './preset-escapes.ts';
import { renderLines, type TextLine, type TextStyle } from './preset-template.ts';

/** Compiles `$text`: a template, or several lines, as one text that is escaped and bounded. */
export const compileText = (
  map: Readonly<Record<string, unknown>>,
  path: PresetPath,
  context: Context,
): ((values: JsonObject) => readonly Json[]) => {
  const escape = compileEscape(map, path, context) ?? context.escape;
  const inBytes = map['max_bytes'] !== undefined;
  if (inBytes && map['max'] !== undefined)
    context.problem([...path, 'max'], 'found both max and max_bytes, allowed: one of them', true);
  const max = compileMax(map, inBytes ? 'max_bytes' : 'max', path, context);
  const measure = inBytes ? bytes : utf16;
  const style = styleOf(escape, measure);
  const separator = typeof map['separator'] === 'string' ? map['separator'] : '\n';
  // Some receivers refuse an empty text.
  const fallback = typeof map['default'] === 'string' ? map['default'] : '';
  const raw = map['$text'];
  const lines = Array.isArray(raw)
    ? raw.map((line, index) => compileLine(line, [...path, '$text', index], context, measure))
    : [compileLine(raw, [...path, '$text'], context, measure)];
  return (values) => [
    renderLines(
      lines.flatMap((line) => line(values)),
      style,
      separator,
      max,
    ) || fallback,
  ];
};

/** The escape that is asked for, or undefined. */
const compileEscape = (
  map: Readonly<Record<string, unknown>>,
  path: PresetPath,
  { problem }: Context,
): string | undefined => {
  const escape = map['escape'];
  const known = Object.keys(ESCAPES);
  if (escape === undefined || (typeof escape === 'string' && known.includes(escape))) return escape;
  problem(
    [...path, 'escape'],
    `found ${JSON.stringify(escape)}, allowed: ${known.join(', ')}${typeof escape === 'string' ? didYouMean(escape, known) : ''}`,
  );
  return undefined;
};

type Lines = (values: JsonObject) => readonly TextLine[];

/** A line of a text: a template, `{$text: template, max, escape}`, or `{$each: list, do: line, max, more: line}`. */
const compileLine = (
  raw: unknown,
  path: PresetPath,
  context: Context,
  measure: TextStyle['measure'],
): Lines => {
  if (typeof raw !== 'object' || raw === null) {
    const template = compileTemplate(raw ?? '', path, context);
    return (values) => (template ? [{ template, values, max: Number.POSITIVE_INFINITY }] : []);
  }
  const map = raw as Readonly<Record<string, unknown>>;
  const each = Object.hasOwn(map, '$each');
  const known = each ? DIRECTIVE_KEYS.$each : ['$text', 'max', 'escape'];
  if (Array.isArray(raw) || (!each && !Object.hasOwn(map, '$text'))) {
    context.problem(
      path,
      'found a map or a list, allowed: a template, {$text: …, max: …} or {$each: …, do: …}',
    );
    return () => [];
  }
  refuseUnknown(map, known, path, context);
  if (!each) {
    const max = compileMax(map, 'max', path, context);
    const template = compileTemplate(map['$text'], [...path, '$text'], context);
    const escape = compileEscape(map, path, context);
    const style = escape === undefined ? undefined : styleOf(escape, measure);
    return (values) => (template ? [{ template, values, max, style }] : []);
  }
  const list = compileEach(map, path, context);
  const inside = { ...context, names: list.names };
  const line = compileLine(map['do'], [...path, 'do'], inside, measure);
  const more: Lines =
    map['more'] === undefined ? () => [] : compileLine(map['more'], [...path, 'more'], inside, measure);
  return (values) => {
    const { items, omitted } = list.of(values);
    return [...items.flatMap((item) => line(item)), ...(omitted > 0 ? more({ ...values, omitted }) : [])];
  };
};
