import { findRules, isPathArgument, loadRuleSet, type RuleSet } from '../app/rule-set.ts';
import { UsageError } from '../base/errors.ts';
import { processEnvironment } from '../config/process-environment.ts';
import { formatProblem } from '../core/problem.ts';
import { PACKAGE_DIR } from './load-or-refuse.ts';

/** The rules of `paths`, or of the configuration, with everything that is wrong with them. */
export const loadRules = (
  config: string | undefined,
  paths: readonly string[],
  withConfigured = false,
): Promise<RuleSet> =>
  loadRuleSet({
    config,
    paths,
    withConfigured,
    env: processEnvironment(),
    cwd: process.cwd(),
    packageDir: PACKAGE_DIR,
    now: Date.now,
  });

const refuse = (set: RuleSet): RuleSet => {
  const { problems } = set;
  if (problems.length === 0) return set;
  const lines = problems.map((problem) => `error: ${formatProblem(problem, process.cwd())}`);
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  throw new UsageError(`${lines.join('\n')}\n${count}; nothing was done`);
};

/** Like {@link loadRules}, but rejects with a UsageError that lists everything wrong, for commands that need it right. */
export const loadRulesOrRefuse = async (
  config: string | undefined,
  paths: readonly string[],
): Promise<RuleSet> => refuse(await loadRules(config, paths));

/**
 * The rules that arguments mean (files, folders, ids, names, titles) with the set they are in; every rule when there
 * are no arguments. Names are those of the configuration's rules. Rejects with a UsageError when one means nothing, or
 * when rules are wrong; with `passOver` those that are only named go without the configuration's wrong ones.
 */
export const loadSelected = async (
  config: string | undefined,
  wanted: readonly string[],
  how: { readonly passOver?: boolean } = {},
): Promise<{ readonly set: RuleSet; readonly ids: ReadonlySet<string> }> => {
  const cwd = process.cwd();
  const paths = wanted.filter((argument) => isPathArgument(argument, cwd));
  const names = wanted.filter((argument) => !paths.includes(argument));
  const set = await loadRules(config, paths, names.length > 0);
  const passOver =
    how.passOver === true && paths.length === 0 && set.problems.every(({ file }) => file !== set.file);
  if (!passOver) refuse(set);
  const named = (name: string): ReturnType<typeof findRules> => {
    try {
      return findRules(set, name);
    } catch (error) {
      // It may be one of those that are wrong.
      refuse(set);
      throw error;
    }
  };
  const inFiles = paths.length > 0 || wanted.length === 0 ? set.compiled.rules : [];
  const ids = new Set(
    [...inFiles.map(({ info }) => info).filter(set.isChosen), ...names.flatMap(named)].map(({ id }) => id),
  );
  if (ids.size === 0) throw new UsageError('no rule there: the files hold none that is loaded');
  return { set, ids };
};
