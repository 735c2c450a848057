import type { z } from 'zod';

/** One thing that is wrong about a request. */
export interface InputProblem {
  /** Such as `query.from`, `body.match`. */
  readonly place: string;
  readonly message: string;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a JSON object',
  record: 'a JSON object',
};

/** What is allowed, for issues whose schema says nothing itself. */
export const allowed: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') return `allowed: ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `allowed: ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small') return `allowed: at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `allowed: at most ${issue.maximum}`;
  return undefined;
};

/** What was found, for people: short, and never what may be a secret. */
const found = (value: unknown, place: string): string => {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a JSON object';
  if (place.endsWith('.token')) return 'a text (not shown)';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

const valueAt = (root: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<PropertyKey, unknown>)[step]
        : undefined,
    root,
  );

/** The problems of one part (`query`, `body`, `path`) of a request. `keys` are the names it may have. */
export const problemsOf = (
  part: string,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  keys: readonly string[],
): readonly InputProblem[] =>
  issues.flatMap((issue): readonly InputProblem[] => {
    const place = [part, ...issue.path.map(String)].join('.').slice(0, 200);
    if (issue.code === 'unrecognized_keys') {
      const known = issue.path.length === 0 ? `; allowed: ${keys.join(', ') || 'none'}` : '';
      return issue.keys.slice(0, 20).map((key) => ({
        place: `${place}.${key.slice(0, 80)}`,
        message: `unknown${known}`,
      }));
    }
    const said = issue.message.startsWith('allowed: ') ? issue.message : `allowed: ${issue.message}`;
    return [{ place, message: `found ${found(valueAt(value, issue.path), place)}, ${said}` }];
  });
