import { z } from 'zod';
import { didYouMean } from '../base/similar.ts';
import { nearestPlace, type Path, pathLabel, type Tree, valueAt } from './tree.ts';

/** A problem at a path; `key` when it is about the key rather than the value. */
export interface PathProblem {
  readonly path: Path;
  readonly message: string;
  readonly key?: boolean;
}

type Issue = z.core.$ZodIssue;

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

/** What is allowed, for issues whose schema says nothing itself; undefined leaves the word to zod. */
const allowed: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') return `allowed: ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `allowed: ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'unrecognized_keys')
    return issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape).join(', ') : '';
  if (issue.code === 'too_small')
    return `allowed: ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
  if (issue.code === 'too_big')
    return `allowed: ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
  if (issue.code === 'invalid_union')
    return `allowed: ${alternatives(issue.errors) || 'another kind of value'}`;
  return undefined;
};

const alternatives = (
  errors: readonly (readonly { readonly code: string; readonly expected?: unknown }[])[],
) => {
  const kinds = errors.flatMap((branch) => branch.map((issue) => TYPES[String(issue.expected)]));
  return [...new Set(kinds.filter((kind) => kind !== undefined))].join(' or ');
};

/** What stands at a path, for people: never a secret, nor anything that came from outside the file. */
export const found = (tree: Tree, path: Path, secret: boolean): string => {
  const value = valueAt(tree.root, path);
  const place = tree.place(path);
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
  if (value === '') return place?.referenced ? 'an empty text from the environment' : 'an empty text';
  if (secret) return 'a text (not shown)';
  if (place?.referenced) return 'a text from the environment (not shown)';
  const text = place?.source ?? JSON.stringify(value);
  const masked = text.replace(/:\/\/[^/\s]*@/, '://…@');
  return typeof value === 'string' ? JSON.stringify(masked.slice(0, 80)) : masked.slice(0, 80);
};

/**
 * Checks the value at `base` of the tree. Answers the schema's output or problems, all of them. Where the schema wants
 * a text and YAML understood a number (`api_key: 0123`, `1e23`), the text as written is taken; where it wants a number
 * or a boolean and a reference gave a text, the text is converted. The tree is changed accordingly.
 */
export const validate = <T extends z.ZodType>(
  schema: T,
  tree: Tree,
  base: Path,
  isSecret: (path: Path) => boolean,
): { readonly data: z.output<T> | undefined; readonly problems: readonly PathProblem[] } => {
  for (let round = 0; ; round++) {
    const result = schema.safeParse(valueAt(tree.root, base), { error: allowed });
    if (result.success) return { data: result.data, problems: [] };
    const { issues } = result.error;
    if (round < 10 && convert(issues, tree, base)) continue;
    return { data: undefined, problems: issues.flatMap((issue) => explain(issue, tree, base, isSecret)) };
  }
};

const toPath = (base: Path, path: readonly PropertyKey[]): Path => [
  ...base,
  ...path.map((step) => (typeof step === 'symbol' ? String(step) : step)),
];

/** Converts what the schema would take in another form; whether anything was changed. */
const convert = (issues: readonly Issue[], tree: Tree, base: Path): boolean => {
  let changed = false;
  for (const issue of issues) {
    const path = toPath(base, issue.path);
    if (issue.code === 'invalid_union') {
      for (const branch of issue.errors) changed = convert(branch, tree, path) || changed;
    } else if (issue.code === 'invalid_type') {
      const better = converted(issue.expected, valueAt(tree.root, path), tree, path);
      const parent = valueAt(tree.root, path.slice(0, -1));
      const key = path.at(-1);
      if (better === undefined || key === undefined || typeof parent !== 'object' || parent === null)
        continue;
      (parent as Record<string | number, unknown>)[key] = better;
      changed = true;
    }
  }
  return changed;
};

const converted = (expected: string, value: unknown, tree: Tree, path: Path): unknown => {
  const place = tree.place(path);
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return place?.source;
  if (typeof value !== 'string' || !place?.referenced) return undefined;
  if ((expected === 'number' || expected === 'int') && /^-?\d{1,15}(\.\d{1,15})?$/.test(value))
    return Number(value);
  if (expected === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return undefined;
};

const explain = (
  issue: Issue,
  tree: Tree,
  base: Path,
  isSecret: (path: Path) => boolean,
): readonly PathProblem[] => {
  const path = toPath(base, issue.path);
  if (tree.place(path)?.bad) return [];
  const label = pathLabel(path);
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(', ');
    return issue.keys.map((key) => ({
      path: [...path, key],
      key: true,
      message: unknownKey(path, key, known),
    }));
  }
  if (issue.code === 'invalid_key') {
    const message = issue.issues[0]?.message ?? issue.message;
    return [{ path, key: true, message: `${label}: found this name, ${message}` }];
  }
  if (issue.code === 'invalid_union') {
    // The alternative that fits the kind of value fails further inside: its problem is the one to tell.
    const inner = issue.errors.find(
      (branch) => branch.length > 0 && branch.every(({ path: at }) => at.length > 0),
    );
    if (inner) return inner.flatMap((deeper) => explain(deeper, tree, path, isSecret));
  }
  const value = valueAt(tree.root, path);
  if (issue.code === 'invalid_type' && value === undefined && path.length > 0)
    return [{ path, message: `${label} is missing; ${issue.message}` }];
  const hint =
    issue.code === 'invalid_value' &&
    typeof value === 'string' &&
    !isSecret(path) &&
    !tree.place(path)?.referenced
      ? didYouMean(value, issue.values.map(String))
      : '';
  // A text where a map or a list belongs can be anything, a secret that slipped a level too.
  const container = issue.code === 'invalid_type' && ['array', 'object', 'record'].includes(issue.expected);
  const shown = found(tree, path, container || isSecret(path));
  return [{ path, message: `${label}: found ${shown}, ${issue.message}${hint}` }];
};

/** `sinks.slack: unknown key "ulr"; did you mean "url"?`, or all keys there are when none is near. */
export const unknownKey = (path: Path, key: string, known: readonly string[]): string =>
  `${pathLabel(path)}: unknown key ${JSON.stringify(key.slice(0, 80))}${
    didYouMean(key, known) || `; allowed: ${known.join(', ')}`
  }`;

/** Offset at which a problem is shown. */
export const problemOffset = (tree: Tree, problem: PathProblem): number => {
  const place = problem.key ? tree.place(problem.path) : nearestPlace(tree, problem.path);
  return (problem.key ? place?.keyOffset : undefined) ?? place?.offset ?? 0;
};
