import { RE2JS } from 're2js';
import { errorText } from '../base/errors.ts';

/**
 * What routes and silences ask of an alert: for each key the values that may hold. A value is a text (compared without
 * regard to case), `~EXPRESSION` (a regular expression found anywhere, without regard to case), or one of these with `!`
 * before it; `=TEXT` is the text as it stands. All keys must hold; of a key's values any positive one, and none of the
 * negated ones. A key the alert has no value for holds no positive value and every negated one.
 */
export type Matchers = Readonly<Record<string, readonly string[]>>;

/** Answers the texts that something has under a key; empty when it has none. */
export type TextsOf = (key: string) => readonly string[];

/** One value of a {@link Matchers}, taken apart. */
interface Test {
  readonly negated: boolean;
  holds(text: string): boolean;
}

/** The longest expression: what is longer than this is a program, not a matcher. */
const MAX_EXPRESSION_LENGTH = 4_096;

const compileTest = (value: string): Test | string => {
  const negated = value.startsWith('!');
  const rest = negated ? value.slice(1) : value;
  if (!rest.startsWith('~')) {
    const wanted = (rest.startsWith('=') ? rest.slice(1) : rest).toLowerCase();
    return { negated, holds: (text) => text.toLowerCase() === wanted };
  }
  const source = rest.slice(1);
  if (source === '') return 'an expression is missing after "~"';
  if (source.length > MAX_EXPRESSION_LENGTH) return `an expression is longer than ${MAX_EXPRESSION_LENGTH}`;
  try {
    // Linear time: no route and no event can hang the daemon.
    const expression = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
    return { negated, holds: (text) => expression.matcher(text.toWellFormed()).find() };
  } catch (error) {
    return `no regular expression: ${errorText(error)}`;
  }
};

/** What is wrong with one value of a {@link Matchers}; undefined when it can be used. */
export const matchValueProblem = (value: string): string | undefined => {
  const test = compileTest(value);
  return typeof test === 'string' ? test : undefined;
};

/** A value of a {@link Matchers} that is a plain text, as that text; undefined for an expression. */
export const plainValue = (value: string): string | undefined => {
  const rest = value.startsWith('!') ? value.slice(1) : value;
  if (rest.startsWith('~')) return undefined;
  return rest.startsWith('=') ? rest.slice(1) : rest;
};

/** Compiles a match; undefined takes everything. Throws an Error for a value that {@link matchValueProblem} names. */
export const compileMatch = (match: Matchers | undefined): ((textsOf: TextsOf) => boolean) => {
  const keys = Object.entries(match ?? {}).map(([key, values]) => {
    const tests = values.map((value) => {
      const test = compileTest(value);
      if (typeof test === 'string') throw new Error(`${key}: ${test}`);
      return test;
    });
    return { key, any: tests.filter((test) => !test.negated), none: tests.filter((test) => test.negated) };
  });
  return (textsOf) =>
    keys.every(({ key, any, none }) => {
      const texts = textsOf(key);
      if (none.some((test) => texts.some(test.holds))) return false;
      return any.length === 0 ? none.length > 0 : any.some((test) => texts.some(test.holds));
    });
};

/**
 * A matcher as written on a command line: `key=value`, `key!=value`, `key=~expression`, `key!~expression`; white space
 * around the parts does not count. Answers the key and the value of a {@link Matchers}, or undefined when the text is no
 * matcher.
 */
export const parseMatcher = (text: string): readonly [key: string, value: string] | undefined => {
  const parts = /^\s*([^=!~\s]+)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s.exec(text);
  if (!parts) return undefined;
  const [, key, operator, value] = parts as unknown as [string, string, string, string];
  const prefix = { '=': '=', '!=': '!=', '=~': '~', '!~': '!~' }[operator] ?? '=';
  return [key, `${prefix}${value}`];
};

/** A match as people write it: `level=high, rule!=x, event_type=~^NUMBER_`; `everything` when there is none. */
export const matchText = (match: Matchers | undefined): string => {
  const parts = Object.entries(match ?? {}).flatMap(([key, values]) => {
    const plain = values.filter((value) => !value.startsWith('!') && !value.startsWith('~'));
    const rest = values.filter((value) => value.startsWith('!') || value.startsWith('~'));
    const joined = plain.map((value) => (value.startsWith('=') ? value.slice(1) : value)).join(' | ');
    return [
      ...(joined === '' && plain.length === 0 ? [] : [`${key}=${joined}`]),
      ...rest.map((value) => {
        if (value.startsWith('!~')) return `${key}!~${value.slice(2)}`;
        if (value.startsWith('!')) return `${key}!=${value.slice(value.startsWith('!=') ? 2 : 1)}`;
        return `${key}=~${value.slice(1)}`;
      }),
    ];
  });
  return parts.length === 0 ? 'everything' : parts.join(', ');
};
