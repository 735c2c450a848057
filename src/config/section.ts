import type { z } from 'zod';
import { didYouMean } from '../base/similar.ts';
import { openMode } from './open-file.ts';
import type { KnownSecrets } from './secrets.ts';
import { type Path, pathLabel, type Tree, valueAt } from './tree.ts';
import { found, type PathProblem, validate } from './validate.ts';

/** What the readers of the sections share: the parsed file, and where problems and secrets go. */
export interface Section {
  /** The configuration file's path. */
  readonly file: string;
  readonly tree: Tree;
  readonly known: KnownSecrets;
  value(path: Path): unknown;
  /** Reports at the value of `path`, or at what is nearest around it. */
  problem(path: Path, message: string): void;
  /** Reports at the key of `path`. */
  keyProblem(path: Path, message: string): void;
  warn(path: Path, message: string): void;
  /** Warns at the key of `path`. */
  keyWarn(path: Path, message: string): void;
  /** Judges the file that the secret at `path` was read from: one that every user of the machine can read is refused. */
  guardSecretFile(path: Path, file: string): void;
  /** Notes that what was read depends on a file or folder, which may be missing. */
  reads(source: string): void;
  /** The value at `path` for a message, unless it came from the environment. */
  shown(path: Path): string;
  /** `; did you mean …?` for a text in the file itself. */
  hint(path: Path, candidates: readonly string[]): string;
  /** The checked value at `path`, or undefined with its problems reported. */
  check<T extends z.ZodType>(
    schema: T,
    path: Path,
    isSecret?: (path: Path) => boolean,
  ): z.output<T> | undefined;
}

/**
 * Makes a {@link Section} over a tree. `openSecret` takes secret files that everybody can read, `reads` what else was
 * read.
 */
export const createSection = (
  file: string,
  tree: Tree,
  known: KnownSecrets,
  report: (problem: PathProblem) => void,
  warn: (problem: PathProblem) => void,
  openSecret: (problem: PathProblem) => unknown,
  reads: (source: string) => void = () => {},
): Section => ({
  file,
  tree,
  known,
  value: (path) => valueAt(tree.root, path),
  problem: (path, message) => report({ path, message }),
  keyProblem: (path, message) => report({ path, message, key: true }),
  warn: (path, message) => warn({ path, message }),
  keyWarn: (path, message) => warn({ path, message, key: true }),
  guardSecretFile(path, secretFile) {
    const mode = openMode(secretFile);
    if (mode !== undefined)
      openSecret({
        path,
        message: `${pathLabel(path)}: found a secret in a file that every user of this machine can read (mode ${mode}), allowed: a file for its owner alone; do: chmod 600 ${secretFile}`,
      });
  },
  reads,
  shown: (path) => found(tree, path, false),
  hint(path, candidates) {
    const value = valueAt(tree.root, path);
    return typeof value === 'string' && !tree.place(path)?.referenced ? didYouMean(value, candidates) : '';
  },
  check(schema, path, isSecret = () => false) {
    const { data, problems } = validate(schema, tree, path, isSecret);
    for (const problem of problems) report(problem);
    return data;
  },
});
