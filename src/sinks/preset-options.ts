import { z } from 'zod';
import { HTTP_SECRETS, httpOptions } from './http-options.ts';
import { urlOption } from './option-schemas.ts';
import type { PresetPath } from './preset-context.ts';
import type { PresetFile, PresetOption } from './preset-schema.ts';

type Report = (path: PresetPath, message: string, key?: boolean) => void;

/** The options of a preset as every sink has them: its own, and those of HTTP. */
export interface PresetOptions {
  readonly options: z.ZodObject;
  readonly secrets: readonly string[];
  /** The option whose empty text switches the sink off: the first that is needed. */
  readonly off: string | undefined;
}

/* What the configuration itself reads of every sink, and the form in which it takes secrets from files. */
const RESERVED = /^(type|rate|burst|fold_above|fallback)$|_file$/;

/** Compiles the options of a preset; problems are reported. */
export const compileOptions = (file: PresetFile, problem: Report): PresetOptions => {
  const common = httpOptions({ timeout: '10s', concurrency: file.limits.concurrency ?? 1 });
  const [off] = Object.entries(file.options).find(([, { needed }]) => needed) ?? [];
  const own: Record<string, z.ZodType> = {};
  for (const [name, option] of Object.entries(file.options)) {
    const path = ['options', name];
    if (Object.hasOwn(common, name) || RESERVED.test(name))
      problem(path, `every sink has an option "${name}" of its own; allowed: another name`, true);
    if (option.needed && option.default !== undefined)
      problem(
        [...path, 'default'],
        'found a default for an option that is needed; allowed: one of them',
        true,
      );
    own[name] = compileOption(option, path, name === off, problem);
  }
  return {
    options: z.strictObject({ ...own, ...common }),
    secrets: [
      ...Object.entries(file.options)
        .filter(([, { secret }]) => secret)
        .map(([name]) => name),
      ...HTTP_SECRETS,
    ],
    off,
  };
};

const compileOption = (
  option: PresetOption,
  path: PresetPath,
  switchesOff: boolean,
  problem: Report,
): z.ZodType => {
  const schema = plainOption(option, path, switchesOff, problem);
  const described = (type: z.ZodType): z.ZodType =>
    type.meta({ description: option.description, ...(option.allowed && { allowed: option.allowed }) });
  if (option.needed) return described(schema);
  if (option.default === undefined)
    return described(
      option.type === 'number' || option.type === 'boolean'
        ? schema.optional()
        : schema.default(option.type === 'list' ? [] : ''),
    );
  const checked = schema.safeParse(option.default);
  if (!checked.success)
    problem(
      [...path, 'default'],
      `found ${JSON.stringify(option.default)}, which the option itself does not allow`,
    );
  return described(schema.default(option.default));
};

const plainOption = (
  { type, pattern, one_of: oneOf, allowed, needed, default: fallback, description }: PresetOption,
  path: PresetPath,
  switchesOff: boolean,
  problem: Report,
): z.ZodType => {
  if (type === 'number') return z.number();
  if (type === 'boolean') return z.boolean();
  if (type === 'url') {
    const url = urlOption(['https:', 'http:'], description);
    return switchesOff
      ? url
      : url.refine((text) => text !== '', { error: 'allowed: a URL that starts with https:// or http://' });
  }
  // An option that nobody has to give may be given empty, as a reference with an empty default does.
  const mayBeEmpty = switchesOff || (!needed && (fallback === undefined || fallback === ''));
  const line = z
    .string()
    .trim()
    .max(10_000)
    .regex(/^[^\p{Cc}]*$/u, { error: 'allowed: one line of text' })
    .refine((text) => text !== '' || mayBeEmpty || type === 'list', {
      error: 'allowed: a text that is not empty',
    });
  const text = withPattern(line, pattern, oneOf, allowed, path, problem, mayBeEmpty);
  return type === 'list' ? z.array(text) : text;
};

const withPattern = (
  line: z.ZodString | z.ZodType<string>,
  pattern: string | undefined,
  oneOf: readonly string[] | undefined,
  allowed: string | undefined,
  path: PresetPath,
  problem: Report,
  mayBeEmpty: boolean,
): z.ZodType<string> => {
  if (oneOf !== undefined) return z.enum([...oneOf, ...(mayBeEmpty ? [''] : [])] as [string, ...string[]]);
  if (pattern === undefined) return line;
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${pattern})$`, 'u');
  } catch {
    problem([...path, 'pattern'], 'allowed: a regular expression');
    return line;
  }
  return line.refine((text) => (text === '' && mayBeEmpty) || expression.test(text), {
    error: `allowed: ${allowed ?? `a text that matches ${pattern}`}`,
  });
};
