import { fileURLToPath } from 'node:url';
import { type Loaded, load, type Usable } from '../app/load.ts';
import { UsageError } from '../base/errors.ts';
import { processEnvironment } from '../config/process-environment.ts';
import type { KnownSecrets } from '../config/secrets.ts';
import { formatProblem, type Problem } from '../core/problem.ts';
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
  if (how.openSecrets === undefined) warnOfOpenSecrets(loaded);
  if (ready) return { ...loaded, ready };
  throw refusal(loaded, 'nothing was started');
};

/**
 * For commands that look after a monitor, which need settings and not that all rules are right: a slip in a rule must not
 * take silences and retries from the operator. Warns of wrong rules in one line; rejects with a UsageError that lists
 * everything wrong, and ends with `hint`, when the settings cannot be had.
 */
export const loadSettings = async (
  config: string | undefined,
  { hint = '', quiet = false }: { readonly hint?: string; readonly quiet?: boolean } = {},
): Promise<Loaded & Usable> => {
  const loaded = await loadFor(config);
  if (!loaded.usable) throw refusal(loaded, `nothing was done${hint}`);
  if (!quiet) {
    warnOfOpenSecrets(loaded);
    warnOfRules(loaded.problems);
  }
  return { ...loaded, ...loaded.usable };
};

/** Says in one line on stderr that what is on disk is not what a running monitor goes on with; nothing without problems. */
export const warnOfRules = ([first]: readonly Problem[]): void => {
  if (!first) return;
  const text = `warning: the rules or presets on disk are wrong (${formatProblem(first, process.cwd())}); a running monitor goes on with those it has; "check" shows all`;
  process.stderr.write(`${showLines(text)}\n`);
};

const warnOfOpenSecrets = (loaded: Loaded): void => {
  for (const open of loaded.openSecrets)
    process.stderr.write(`warning: ${formatProblem(open, process.cwd())}\n`);
};

const refusal = (loaded: Loaded, end: string): UsageError => {
  const count = loaded.problems.length === 1 ? 'a problem' : `${loaded.problems.length} problems`;
  return new UsageError(`${problemLines(loaded)}\n${loaded.file}: ${count}; ${end}`);
};
