import { isObject, type Json, own } from '../base/json.ts';
import { fit } from './text.ts';

/** Said where a text as a whole had to end early. */
const CUT_NOTE = '… (cut)';

/** A piece of a template: text as it stands, or a name whose value goes there. */
export type TemplatePart =
  | { readonly literal: string }
  | { readonly path: readonly string[]; readonly fallback: string | undefined };

/** A parsed template: `Key {options.key} of {account|nobody}`. */
export type Template = readonly TemplatePart[];

/** How texts are made safe and counted for their receiver. */
export interface TextStyle {
  /** Applied to a whole value first. */
  readonly clean: (text: string) => string;
  /** Applied to every code point of what is left. */
  readonly escape: (codePoint: string) => string;
  /** Size of a text in the receiver's unit: UTF-16 units, or bytes. */
  readonly measure: (text: string) => number;
  /** Whether a value that has no room is left out instead of cut. */
  readonly whole?: boolean;
}

const NAME = /^[A-Za-z_@][\w@-]*(\.[\w@-]+)*$/;

/**
 * Parses `{name}`, `{name.inner}`, `{name.0}` and `{name|default}`; `{{` and `}}` stand for braces. There is nothing
 * else: no conditions, no expressions, and what a name stands for is never parsed again.
 */
export const parseTemplate = (text: string): Template | { readonly failure: string } => {
  const parts: TemplatePart[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character !== '{' && character !== '}') {
      literal += character;
    } else if (text.charAt(at + 1) === character) {
      literal += character;
      at += 1;
    } else {
      const end = character === '{' ? text.indexOf('}', at) : -1;
      const [name = '', ...rest] = text.slice(at + 1, end).split('|');
      if (end < 0 || !NAME.test(name.trim())) {
        return {
          failure: `"${text.slice(at, at + 20)}" begins no valid name; allowed: {name}, {name.inner}, {name|default}, and {{ }} for braces`,
        };
      }
      if (literal !== '') parts.push({ literal });
      literal = '';
      parts.push({
        path: name.trim().split('.'),
        fallback: rest.length === 0 ? undefined : rest.join('|'),
      });
      at = end;
    }
  }
  if (literal !== '' || parts.length === 0) parts.push({ literal });
  return parts;
};

/** The value of a name, or undefined. Reads own properties only: keys of events are hostile input. */
export const valueOf = (values: Json, path: readonly string[]): Json | undefined => {
  let value: Json | undefined = values;
  for (const step of path) {
    if (Array.isArray(value))
      value = /^\d{1,6}$/.test(step) ? (value as readonly Json[])[Number(step)] : undefined;
    else value = isObject(value) ? own(value, step) : undefined;
  }
  return value;
};

/** Whether a value says nothing: absent, null, a text of white space, an empty list or map. */
export const isEmpty = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' && value.trim() === '') ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

/** A value as text: a list of scalars with commas, anything deeper as JSON. */
export const textOf = (value: Json | undefined): string => {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** Whether a template has names and all of them are empty: a line that would say nothing. */
const isBlank = (template: Template, values: Json): boolean => {
  const holes = template.filter((part) => 'path' in part);
  return (
    holes.length > 0 &&
    holes.every((part) => part.fallback === undefined && isEmpty(valueOf(values, part.path)))
  );
};

/**
 * A template as text of at most `room`. What is written in the template always stays whole, so that a mark of bold is
 * never opened without being closed; values are cut, the last one first, with a note. Undefined when there is no room
 * for the template itself, for anything of its values, or for one that may not be cut.
 */
export const renderTemplate = (
  template: Template,
  values: Json,
  style: TextStyle,
  room = Number.POSITIVE_INFINITY,
): string | undefined => {
  let left = room;
  for (const part of template) if ('literal' in part) left -= style.measure(part.literal);
  if (left < 0) return undefined;
  let text = '';
  let given = 0;
  let shown = 0;
  for (const part of template) {
    if ('literal' in part) {
      text += part.literal;
      continue;
    }
    const own = textOf(valueOf(values, part.path));
    const isBare = style.clean(own.slice(0, MAX_VALUE)).trim() === '';
    const raw = isBare && part.fallback !== undefined ? part.fallback : own;
    const value = fitted(raw, left, style);
    if (!isBare) given += 1;
    if (value !== '') shown += 1;
    else if (!isBare && style.whole) return undefined;
    left -= style.measure(value);
    text += value;
  }
  return given > 0 && shown === 0 ? undefined : text;
};

/** A longer text than this is cut whatever the receiver takes; nothing we send is as long. */
const MAX_VALUE = 1_000_000;
/** The end of what {@link fit} had to cut. */
const FIT_NOTE = ' … (cut)';

const fitted = (raw: string, room: number, { clean, escape, measure, whole }: TextStyle): string => {
  if (whole && raw.length > room) return '';
  const text = fit(raw, Math.min(room, MAX_VALUE), clean, escape, measure);
  // A note that says "cut" needs room as well.
  return measure(text) > room || (whole && text.endsWith(FIT_NOTE)) ? '' : text;
};

/** One line of a text of several. */
export interface TextLine {
  readonly template: Template;
  readonly values: Json;
  /** Most that the line may take. */
  readonly max: number;
  /** Where it is not that of the whole text. */
  readonly style?: TextStyle | undefined;
}

/**
 * Lines as one text of at most `max`. Lines that say nothing are left out. Where the room ends, the text does, with a
 * note; a line whose values may not be cut is left out for itself.
 */
export const renderLines = (
  lines: readonly TextLine[],
  style: TextStyle,
  separator: string,
  max: number,
): string => {
  const { measure } = style;
  let whole = '';
  let withRoomForNote = '';
  let isCut = false;
  for (const line of lines) {
    if (isBlank(line.template, line.values)) continue;
    const own = line.style ?? style;
    const start = whole === '' ? '' : whole + separator;
    const text = renderTemplate(line.template, line.values, own, Math.min(max - measure(start), line.max));
    if (text === undefined) {
      isCut = true;
      if (own.whole) continue;
      break;
    }
    if (text.trim() === '') continue;
    whole = start + text;
    if (measure(whole + separator + CUT_NOTE) <= max) withRoomForNote = whole;
  }
  // A part of an address with a note behind it would be another address.
  if (!isCut || style.whole) return whole;
  const noted = withRoomForNote + (withRoomForNote === '' ? '' : separator) + CUT_NOTE;
  return measure(noted) <= max ? noted : withRoomForNote;
};
