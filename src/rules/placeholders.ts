import { placeIn, type Scalar } from './node.ts';
import { didYouMean, type Reporter, shown } from './problem.ts';

const MAX_EXPANSIONS = 100_000;

/** What reading values needs beside the values. */
export interface ValueContext {
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly reporter: Reporter;
  /** Told of a list that nobody has, which is then no problem: of another product, or for a caller without lists. */
  readonly onUnlisted?: (name: string) => void;
}

/**
 * The ways to write a value once each `%name%` is replaced by each entry of its list; `\%` is a percent sign. Undefined
 * after a problem, which is reported, and without a list that may be missing. `quote` protects entries from what the value is read as.
 */
export const expansions = (
  scalar: Scalar,
  quote: (text: string) => string,
  context: ValueContext,
): string[] | undefined => {
  let made = [''];
  let from = 0;
  let found = false;
  const { text } = scalar;
  for (const match of text.matchAll(/\\%|%([^%\s]+)%/g)) {
    const before = text.slice(from, match.index);
    from = match.index + match[0].length;
    const name = match[1];
    if (name === undefined) {
      made = made.map((head) => `${head}${before}%`);
      continue;
    }
    found = true;
    const list = Object.hasOwn(context.lists, name) ? context.lists[name] : undefined;
    if (!list) {
      context.onUnlisted?.(name);
      if (context.onUnlisted) return undefined;
      const names = Object.keys(context.lists);
      context.reporter.problem(
        placeIn(scalar, match.index),
        `no list ${shown(name)} for the placeholder is configured${names.length > 0 ? ` (there are: ${names.join(', ')})` : ''}`,
        didYouMean(name, names) ?? 'add it under "lists"',
      );
      return undefined;
    }
    if (made.length * list.length > MAX_EXPANSIONS) {
      context.reporter.problem(scalar.at, `the placeholders make more than ${MAX_EXPANSIONS} values`);
      return undefined;
    }
    made = made.flatMap((head) => list.map((value) => head + before + quote(value)));
  }
  if (!found) {
    context.reporter.problem(
      scalar.at,
      `"expand" finds no placeholder such as %name% in ${shown(text)}`,
      'remove "expand", or name a list',
    );
    return undefined;
  }
  return made.map((head) => head + text.slice(from));
};
