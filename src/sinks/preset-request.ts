import type { Json, JsonObject } from '../base/json.ts';
import { portableJson } from './alert-json.ts';
import { type Context, compileTemplate, type PresetPath } from './preset-context.ts';
import { compileValue } from './preset-node.ts';
import type { PresetRequest } from './preset-schema.ts';
import { isEmpty, renderTemplate, type Template, valueOf } from './preset-template.ts';
import { PORTIONS, portionOf } from './preset-values.ts';
import { oneLine } from './text.ts';

/** A request ready to go. */
export interface RenderedRequest {
  readonly url: URL;
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Makes requests from values. Throws when the URL that comes out is none, or the body is too large whatever is left out. */
export interface RequestMaker {
  /** Where requests go; what only an alert would tell is a placeholder. Throws when that is no URL. */
  target(values: JsonObject): URL;
  make(values: JsonObject): RenderedRequest;
}

const MAX_BODY_BYTES = 1_000_000;

/** Compiles the keys of a request, each of which may stand somewhere else in the file. Problems are reported. */
export const compileRequest = (
  request: PresetRequest,
  pathOf: (key: keyof PresetRequest) => PresetPath,
  context: Context,
): RequestMaker => {
  const at = (key: keyof PresetRequest): PresetPath => pathOf(key);
  const bodyContext = { ...context, escape: request.escape ?? 'none' };
  const url = compileUrl(request.url, at('url'), context);
  const query = compilePairs(request.query ?? {}, at('query'), context);
  const headers = compilePairs(request.headers ?? {}, at('headers'), context);
  if (request.body !== undefined && request.body_lines !== undefined)
    context.problem(at('body_lines'), 'found both body and body_lines, allowed: one of them', true);
  if (request.body === undefined && request.body_lines === undefined)
    context.problem(at('body'), 'body is missing; allowed: what is sent, or body_lines');
  const lines =
    request.body_lines === undefined
      ? undefined
      : compileValue(request.body_lines, at('body_lines'), bodyContext);
  const body = compileValue(request.body ?? null, at('body'), bodyContext);
  const maxBytes = request.max_bytes ?? MAX_BODY_BYTES;

  const bodyOf = (values: JsonObject): string => {
    let size = 0;
    for (const portion of PORTIONS) {
      const some = portionOf(values, portion);
      const text =
        lines === undefined
          ? portableJson(body(some))
          : (lines(some) as readonly Json[]).map((line) => `${portableJson(line)}\n`).join('');
      size = Buffer.byteLength(text);
      if (size <= maxBytes) return text;
    }
    throw new Error(`${size} bytes without all that can be left out; the receiver takes ${maxBytes}`);
  };

  return {
    target: (values) => urlOf(url, values, 'x'),
    make: (values) => {
      const target = urlOf(url, values);
      for (const { key, value } of filled(query, values)) target.searchParams.append(key, value);
      return {
        url: target,
        method: request.method ?? 'POST',
        headers: {
          'content-type': request.content_type ?? 'application/json',
          ...Object.fromEntries(
            filled(headers, values).map(({ key, value }) => [key.toLowerCase(), headerText(value)]),
          ),
        },
        body: bodyOf(values),
      };
    },
  };
};

const compileUrl = (raw: string | undefined, path: PresetPath, context: Context): Template => {
  if (raw === undefined) {
    context.problem(path, 'url is missing; allowed: https://… or a name such as {options.url}');
    return [];
  }
  const template = compileTemplate(raw, path, context) ?? [];
  if (template.length > 0 && !isSafeAddress(template))
    context.problem(
      path,
      'allowed: https://host/… or {options.NAME} first; what an alert says can only stand behind the host and a "/"',
    );
  return template;
};

/* With a name of an alert in the place of the host, an event could say where alerts go. */
const isSafeAddress = (template: Template): boolean => {
  let text = '';
  for (const part of template) {
    const isPath = /^https?:\/\/[^/?#]+[/?#]/.test(text);
    if ('literal' in part) text += part.literal;
    else if (isPath) text += 'x';
    else if (part.path[0] !== 'options') return false;
    // An address that an option gives may end with its host.
    else text += text === '' ? 'https://x' : 'x';
  }
  return /^https?:\/\/[^/?#]/.test(text);
};

/** The address; with a placeholder for what an alert would say, when one is given. */
const urlOf = (template: Template, values: JsonObject, placeholder?: string): URL => {
  let text = '';
  for (const [index, part] of template.entries()) {
    if ('literal' in part) {
      text +=
        text.endsWith('/') && index === 1 && part.literal.startsWith('/')
          ? part.literal.slice(1)
          : part.literal;
      continue;
    }
    const value =
      placeholder !== undefined && part.path[0] !== 'options'
        ? placeholder
        : (renderTemplate([part], values, RAW) ?? '');
    text += index === 0 ? value : pathText(value, text);
  }
  const [, path = ''] = /^https?:\/\/[^/]*([^?#]*)/i.exec(text) ?? [];
  if (/\/(\.|%2e){1,2}(\/|$)/i.test(path)) throw new Error('its address would lead elsewhere');
  return new URL(text);
};

/* Even percent-encoded, a dot or two by themselves are a step in a path. A colon is none, and part of some tokens. */
const pathText = (value: string, before: string): string => {
  const encoded = encodeURIComponent(value.toWellFormed()).replace(/^\.+$/, (dots) =>
    '_'.repeat(dots.length),
  );
  return /^https?:\/\/[^/]+\//i.test(before) ? encoded.replaceAll('%3A', ':') : encoded;
};

const RAW = {
  clean: (text: string): string => text,
  escape: (codePoint: string): string => codePoint,
  measure: (text: string): number => text.length,
};

interface Pair {
  readonly key: string;
  readonly template: Template;
  readonly optional: boolean;
}

const compilePairs = (
  pairs: Readonly<Record<string, string>>,
  path: PresetPath,
  context: Context,
): readonly Pair[] =>
  Object.entries(pairs).map(([key, raw]) => ({
    key: key.replace(/\?$/, ''),
    optional: key.endsWith('?'),
    template: compileTemplate(raw, [...path, key], context) ?? [],
  }));

const filled = (
  pairs: readonly Pair[],
  values: JsonObject,
): readonly { readonly key: string; readonly value: string }[] =>
  pairs
    .filter(({ optional, template }) => !optional || !lacksSomething(template, values))
    .map(({ key, template }) => ({ key, value: renderTemplate(template, values, RAW) ?? '' }));

const lacksSomething = (template: Template, values: JsonObject): boolean =>
  template.some(
    (part) => 'path' in part && part.fallback === undefined && isEmpty(valueOf(values, part.path)),
  );

/** What may stand in a header: one line of Latin-1. */
const headerText = (text: string): string => oneLine(text).replace(/[^\t\u0020-\u007e\u00a0-\u00ff]/gu, '?');
