import { UsageError } from '../base/errors.ts';
import { defaultConfigPath, loadConfiguration } from '../config/load.ts';
import type { LoadedConfiguration } from '../config/loaded.ts';
import type { RuleFile } from '../config/rule-files.ts';
import type { KnownSecrets } from '../config/secrets.ts';
import type { Settings } from '../config/settings.ts';
import { sourcesState } from '../config/sources.ts';
import type { Clock } from '../core/clock.ts';
import { byPlace, type Problem } from '../core/problem.ts';
import { type CompileOptions, compileRules } from '../rules/compile.ts';
import { checkTemplates } from './check-templates.ts';
import { sinkKinds } from './sink-kinds.ts';
import { createSinks, sharedClaims } from './sinks.ts';

/** The rules as compiled. */
export type CompiledRules = ReturnType<typeof compileRules>;

/** Configuration and rules that are right. */
export interface Ready {
  readonly settings: Settings;
  readonly rules: CompiledRules;
  /** What they were read from, to tell what has changed. */
  readonly texts: {
    readonly rules: readonly RuleFile[];
    /** Presets that sinks are made of, by name. */
    readonly presets: Readonly<Record<string, string>>;
  };
  /** Files and folders that all of it was read from, and their state right after. */
  readonly sources: readonly string[];
  readonly sourcesState: string;
}

/** What looking after a running monitor needs of its configuration. */
export interface Usable {
  readonly settings: Settings;
  /** Those that are right. */
  readonly rules: CompiledRules;
  /** Whether there are others, or presets, that are wrong: a running monitor may have rules that are not among `rules`. */
  readonly rulesWrong: boolean;
}

/** Configuration and rules together: either both are right, or there is a list of everything that is not. */
export interface Loaded {
  readonly file: string;
  /** Undefined when there are problems. */
  readonly ready: Ready | undefined;
  /** Also when all problems are of rules, templates and presets; never to run with. */
  readonly usable: Usable | undefined;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Those of `warnings` that are about secret files which every user of the machine can read. */
  readonly openSecrets: readonly Problem[];
  /** Every secret that was read; live, a rotated secret file adds to it. */
  readonly secrets: readonly string[];
  /** The configuration as it was read, for those who show it. */
  readonly read: LoadedConfiguration['read'];
  /** Files and folders that were read, or looked for. */
  readonly sources: readonly string[];
}

/** Loads the configuration file (`path`, or the default one) and all rules it names. Never rejects for their content. */
export const load = async (options: {
  readonly path: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly packageDir: string;
  readonly now: Clock;
  /** Whether presets that no sink uses are checked as well. */
  readonly everyPreset?: boolean;
  /** Whether a secret file that every user of the machine can read is a problem (the default) or a warning. */
  readonly openSecrets?: 'refuse' | 'warn';
  /** Where the secrets are added; left out: a list of its own. */
  readonly known?: KnownSecrets;
}): Promise<Loaded> => {
  const file = options.path ?? defaultConfigPath(options.cwd, options.packageDir);
  const loaded = await loadConfiguration({
    path: file,
    env: options.env,
    ...sinkKinds(options.packageDir, options.everyPreset),
    now: options.now,
    ...(options.openSecrets && { openSecrets: options.openSecrets }),
    ...(options.known && { known: options.known }),
  });
  const { sources } = loaded;
  const state = sourcesState(sources);
  const rules = compileRules(loaded.ruleFiles, ruleOptions(loaded));
  const templates = checkTemplates(rules.rules);
  const ofSinks = loaded.settings ? await sinkProblems(loaded.settings) : [];
  const problems = [...loaded.problems, ...rules.problems, ...templates.problems, ...ofSinks].sort(byPlace);
  return {
    file,
    ready:
      loaded.settings && problems.length === 0
        ? {
            settings: loaded.settings,
            rules,
            texts: { rules: loaded.ruleFiles, presets: loaded.presets },
            sources,
            sourcesState: state,
          }
        : undefined,
    usable:
      loaded.usable && ofSinks.length === 0
        ? { settings: loaded.usable, rules, rulesWrong: problems.length > 0 }
        : undefined,
    problems,
    warnings: [...loaded.warnings, ...rules.warnings, ...templates.warnings].sort(byPlace),
    openSecrets: loaded.openSecrets,
    secrets: loaded.secrets,
    read: loaded.read,
    sources,
  };
};

/** What rules are compiled with, as far as the configuration could be read. */
export const ruleOptions = (loaded: LoadedConfiguration): CompileOptions => ({
  ...(loaded.lists && { lists: loaded.lists }),
  ...(loaded.timezone !== undefined && { timezone: loaded.timezone }),
  ...(loaded.timeWindows && { timeWindows: loaded.timeWindows }),
  ...(loaded.sinkNames && { knownSinks: loaded.sinkNames }),
});

/** What only making a sink can find: options that are legal one by one but cannot work together. */
const sinkProblems = async (settings: Settings): Promise<readonly Problem[]> => {
  const whole = (message: string): Problem => ({ file: settings.file, line: 0, column: 0, message });
  const problems = sharedClaims(settings.sinks).map(whole);
  for (const sink of settings.sinks) {
    try {
      for (const made of createSinks([sink], { ...UNUSED, proxyFor: settings.proxy.urlFor }))
        await made.close();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(whole(error.message));
    }
  }
  return problems;
};

/** Making a sink opens no connection and says nothing. */
const UNUSED = {
  log: { debug() {}, info() {}, warn() {}, error() {} },
  now: Date.now,
  random: Math.random,
  version: '',
} as const;
