import { byPlace, type Problem } from '../core/problem.ts';

/** More than this many help nobody, and a generated file can have a hundred thousand. */
const MAX_PROBLEMS = 200;

/** Sorted by file and place, each text once at a place, at most {@link MAX_PROBLEMS} and a line that tells of the rest. */
export const arrange = (problems: readonly Problem[]): readonly Problem[] => {
  const seen = new Set<string>();
  const distinct = problems.filter((problem) => {
    const key = JSON.stringify([problem.file, problem.line, problem.column, problem.message]);
    return seen.size !== seen.add(key).size;
  });
  const sorted = distinct.sort(byPlace);
  const last = sorted[MAX_PROBLEMS - 1];
  if (last === undefined || sorted.length === MAX_PROBLEMS) return sorted;
  const rest = sorted.length - MAX_PROBLEMS;
  return [
    ...sorted.slice(0, MAX_PROBLEMS),
    { file: last.file, line: last.line, column: last.column, message: `and ${rest} more problems` },
  ];
};
