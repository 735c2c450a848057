import { fileURLToPath } from 'node:url';
import { type Loaded, load } from '../app/load.ts';
import { UsageError } from '../base/errors.ts';
import { processEnvironment } from '../config/process-environment.ts';
import type { KnownSecrets } from '../config/secrets.ts';
import { formatProblem } from '../core/problem.ts';
import { showLines } from '../logs/terminal.ts';

/** The folder of the package, which lies two folders up from source and from `dist` alike. */
export const PACKAGE_DIR = fileURLToPath(new URL('../..', import.meta.url));

/** How a command loads. */
export interface LoadHow {
  /** Whether presets that no sink uses are checked as well. */
  readonly everyPreset?: boolean;
  /**
   * Whether a secret file that every user of the machine can read is a problem. By default a warning: what is refused
   * is to run with such a file, not to look after a monitor that does.
   */
  readonly openSecrets?: 'refuse' | 'warn';
  /** Where the secrets are added; left out: a list of its own. */
  readonly known?: KnownSecrets;
}

/** The option of commands that refuse secret files which everybody can read. */
export const INSECURE = [
  '--insecure',
  'only warn of secret files that every user of this machine can read',
] as const;

/** Configuration and rules for a command, from `--config` or the default place. */
export const loadFor = (config: string | undefined, how: LoadHow = {}): Promise<Loaded> =>
  load({
    path: config,
    env: processEnvironment(),
    cwd: process.cwd(),
    packageDir: PACKAGE_DIR,
    now: Date.now,
    openSecrets: 'warn',
    ...how,
  });

/** All problems and warnings, one a line, as `file:line:column: text`. */
export const problemLines = (loaded: Loaded): string =>
  showLines(
    [
      ...loaded.problems.map((problem) => `error: ${formatProblem(problem, process.cwd())}`),
      ...loaded.warnings.map((problem) => `warning: ${formatProblem(problem, process.cwd())}`),
    ].join('\n'),
  );

/** Like {@link loadFor}, but rejects with a UsageError that lists everything wrong, for commands that need it right. */
export const loadOrRefuse = async (
  config: string | undefined,
  how: LoadHow = {},
): Promise<Loaded & { readonly ready: NonNullable<Loaded['ready']> }> => {
  const loaded = await loadFor(config, how);
  const { ready } = loaded;
  // Whoever loads without saying how hears of it here; the others tell their warnings themselves.
  if (how.openSecrets === undefined)
    for (const open of loaded.openSecrets)
      process.stderr.write(`warning: ${formatProblem(open, process.cwd())}\n`);
  if (ready) return { ...loaded, ready };
  const count = loaded.problems.length === 1 ? 'a problem' : `${loaded.problems.length} problems`;
  throw new UsageError(`${problemLines(loaded)}\n${loaded.file}: ${count}; nothing was started`);
};
