import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import { defaultConfigPath, loadConfiguration } from '../config/load.ts';
import type { LoadedConfiguration } from '../config/loaded.ts';
import { createRuleReader, type RuleFile } from '../config/rule-files.ts';
import type { Clock } from '../core/clock.ts';
import type { RuleInfo } from '../core/match.ts';
import { byPlace, type Problem } from '../core/problem.ts';
import { compileRules } from '../rules/compile.ts';
import { type CompiledRules, ruleOptions } from './load.ts';
import { sinkKinds } from './sink-kinds.ts';

/** Where rules and what they are judged with come from. */
export interface RuleSetOptions {
  /** The configuration file; undefined: the default one. */
  readonly config: string | undefined;
  /** Rule files and folders that were asked for; none: those of the configuration. */
  readonly paths: readonly string[];
  /** Compile the rules of the configuration together with `paths`. */
  readonly withConfigured?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly packageDir: string;
  readonly now: Clock;
}

/** Rules that a command works on, whatever else is wrong with the configuration. */
export interface RuleSet {
  /** The configuration file. */
  readonly file: string;
  readonly configuration: LoadedConfiguration;
  readonly compiled: CompiledRules;
  /** Of everything that was compiled, and of what it is judged with (lists, time zone). */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Whether something lies in a file that was asked for. */
  isChosen(at: { readonly file: string }): boolean;
}

const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : path);

const NO_FILE = 'no rule file here; allowed: *.yml and *.yaml files, and folders that hold some';

/** The files behind paths given on the command line, each once, and what is wrong with the paths. */
const readPaths = (
  options: RuleSetOptions,
): { readonly files: readonly RuleFile[]; readonly problems: readonly Problem[] } => {
  const read = createRuleReader();
  const files: RuleFile[] = [];
  const problems: Problem[] = [];
  for (const given of options.paths) {
    const path = resolve(options.cwd, given);
    const before = files.length;
    const result = read(path);
    files.push(...result.files);
    problems.push(...result.problems);
    const nothing = files.length === before && result.problems.length === 0 && options.paths.length === 1;
    const message = result.failure ?? (nothing ? NO_FILE : undefined);
    if (message !== undefined) problems.push({ file: path, line: 0, column: 0, message });
  }
  return { files, problems };
};

/**
 * Loads the rules of some paths, or of the configuration. Paths that belong to the configuration are compiled with all
 * of its rules, so that correlations and filters find what they refer to; other paths stand alone, unless
 * `withConfigured` says otherwise. Never rejects for the content of files. A configuration that lacks, say, a secret is
 * good enough: only what rules depend on counts.
 */
export const loadRuleSet = async (options: RuleSetOptions): Promise<RuleSet> => {
  const file = options.config ?? defaultConfigPath(options.cwd, options.packageDir);
  const configuration = await loadConfiguration({
    path: file,
    env: options.env,
    ...sinkKinds(options.packageDir),
    now: options.now,
    openSecrets: 'warn',
  });
  const { aboutRules, ruleFiles } = configuration;
  const given = readPaths(options);
  const configured = new Map(ruleFiles.map((each) => [realPath(each.path), each]));
  const foreign = given.files.filter((each) => !configured.has(realPath(each.path)));
  const useConfigured = options.paths.length === 0 || options.withConfigured || foreign.length === 0;
  const files = useConfigured ? [...ruleFiles, ...foreign] : given.files;
  const chosen = new Set(
    given.files.map((each) => (useConfigured ? (configured.get(realPath(each.path)) ?? each) : each).path),
  );
  for (const problem of given.problems) chosen.add(problem.file);
  const compiled = compileRules(files, ruleOptions(configuration));
  return {
    file,
    configuration,
    compiled,
    problems: [...aboutRules.problems, ...given.problems, ...compiled.problems].sort(byPlace),
    // That the configuration names no rules matters only to those who asked for them.
    warnings: [...(options.paths.length === 0 ? aboutRules.warnings : []), ...compiled.warnings].sort(
      byPlace,
    ),
    isChosen: (at) => options.paths.length === 0 || chosen.has(at.file) || at.file === file,
  };
};

/** Tells file arguments from names of rules: what exists as a path, or looks like one, is a file. */
export const isPathArgument = (argument: string, cwd: string): boolean =>
  /\.ya?ml$/i.test(argument) || existsSync(resolve(cwd, argument));

const handles = ({ compiled }: RuleSet): string[] =>
  compiled.rules.flatMap(({ info, name }) => [info.title, info.id, ...(name === undefined ? [] : [name])]);

/** The rules that an id, a name or a title (in any case) means. Rejects with a UsageError when there is none. */
export const findRules = (set: RuleSet, wanted: string): readonly RuleInfo[] => {
  const { rules, skipped } = set.compiled;
  const exact = rules.filter(({ info, name }) => info.id === wanted || name === wanted);
  const lower = wanted.toLowerCase();
  const titled = rules.filter(({ info }) => info.title.toLowerCase() === lower);
  const found = exact.length > 0 ? exact : titled;
  if (found.length > 0) return found.map(({ info }) => info);
  const left = skipped.find(({ info }) => info.id === wanted || info.title.toLowerCase() === lower);
  const shown = JSON.stringify(wanted);
  if (left) throw new UsageError(`the rule ${shown} is not loaded (${left.reason})`);
  const hint = didYouMean(wanted, handles(set)) || '; "rules list" shows all';
  throw new UsageError(`there is no rule ${shown} (an id, a name, a title or a file is allowed)${hint}`);
};
