import { fileURLToPath } from 'node:url';
import { type Loaded, load } from '../app/load.ts';
import { UsageError } from '../base/errors.ts';
import { processEnvironment } from '../config/process-environment.ts';
import { formatProblem } from '../core/problem.ts';

/** The folder of the package, which lies two folders up from source and from `dist` alike. */
export const PACKAGE_DIR = fileURLToPath(new URL('../..', import.meta.url));

/** Configuration and rules for a command, from `--config` or the default place. */
export const loadFor = (config: string | undefined, everyPreset = false): Promise<Loaded> =>
  load({
    path: config,
    env: processEnvironment(),
    cwd: process.cwd(),
    packageDir: PACKAGE_DIR,
    now: Date.now,
    everyPreset,
  });

/** All problems and warnings, one a line, as `file:line:column: text`. */
export const problemLines = (loaded: Loaded): string =>
  [
    ...loaded.problems.map((problem) => `error: ${formatProblem(problem, process.cwd())}`),
    ...loaded.warnings.map((problem) => `warning: ${formatProblem(problem, process.cwd())}`),
  ].join('\n');

/** Like {@link loadFor}, but rejects with a UsageError that lists everything wrong, for commands that need it right. */
export const loadOrRefuse = async (
  config: string | undefined,
): Promise<Loaded & { readonly ready: NonNullable<Loaded['ready']> }> => {
  const loaded = await loadFor(config);
  const { ready } = loaded;
  if (ready) return { ...loaded, ready };
  const count = loaded.problems.length === 1 ? 'a problem' : `${loaded.problems.length} problems`;
  throw new UsageError(`${problemLines(loaded)}\n${loaded.file}: ${count}; nothing was started`);
};
