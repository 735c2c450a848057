import { similar } from '../base/similar.ts';
import { byPlace, formatProblem, type Problem as PlacedProblem } from '../core/problem.ts';

export { byPlace, formatProblem };

/** Something wrong (or, as a warning, probably not meant) at a place of a rule file. */
export interface Problem extends PlacedProblem {
  /** The last part of the message once more: what to do about it, such as `did you mean "contains"?`. */
  readonly hint?: string;
}

/** Collects problems and warnings of one file; places are given as offsets into its text. */
export interface Reporter {
  readonly file: string;
  problem(at: number, message: string, hint?: string): void;
  warn(at: number, message: string, hint?: string): void;
  /** Line and column, both from 1. */
  position(at: number): { readonly line: number; readonly column: number };
  /** How many problems were reported so far. */
  count(): number;
}

/** Makes a {@link Reporter} that appends to the two lists. Positions are computed only when something is reported. */
export const createReporter = (
  file: string,
  text: string,
  problems: Problem[],
  warnings: Problem[],
): Reporter => {
  let starts: number[] | undefined;
  let count = 0;
  const lineStarts = (): number[] => {
    if (starts) return starts;
    starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    return starts;
  };
  const position = (at: number): { line: number; column: number } => {
    const all = lineStarts();
    let low = 0;
    let high = all.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((all[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (all[low] as number) + 1 };
  };
  const make = (at: number, message: string, hint: string | undefined): Problem => ({
    file,
    ...position(at),
    message: hint ? `${message}; ${hint}` : message,
    ...(hint ? { hint } : {}),
  });
  return {
    file,
    position,
    count: () => count,
    problem(at, message, hint) {
      count += 1;
      problems.push(make(at, message, hint));
    },
    warn(at, message, hint) {
      warnings.push(make(at, message, hint));
    },
  };
};

/** A value for a message: quoted, on one line, at most 80 characters. */
export const shown = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);

/** `did you mean "…"?` for the nearest candidate; undefined when nothing is near. */
export const didYouMean = (word: string, candidates: Iterable<string>): string | undefined => {
  const found = similar(word, candidates);
  return found === undefined ? undefined : `did you mean "${found}"?`;
};

/** `a, b or c`, for saying what is allowed. */
export const oneOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
