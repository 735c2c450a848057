import { relative } from 'node:path';

/** Something wrong in a file that an operator wrote: where, what was found, what is allowed. Holds no secret. */
export interface Problem {
  readonly file: string;
  /** From 1; 0 when the problem is about the file as a whole (missing, not readable, …). */
  readonly line: number;
  /** From 1, counted in UTF-16 units as editors do; 0 together with `line`. */
  readonly column: number;
  readonly message: string;
}

/** `file:line:column: message`, or `file: message` for the file as a whole; the path relative to `cwd` when inside it. */
export const formatProblem = (problem: Problem, cwd?: string): string => {
  const short = cwd === undefined ? problem.file : relative(cwd, problem.file);
  const file = short === '' || short.startsWith('..') ? problem.file : short;
  const place = problem.line > 0 ? `${file}:${problem.line}:${problem.column}` : file;
  return `${place}: ${problem.message}`;
};

/** Order for people: by file, then by place; problems of one place keep their order. */
export const byPlace = (a: Problem, b: Problem): number =>
  (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column;
