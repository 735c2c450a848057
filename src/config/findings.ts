import type { Problem } from '../core/problem.ts';
import type { LoadedConfiguration } from './loaded.ts';
import { arrange } from './report.ts';

/** What is found wrong while a configuration is read; added to as it goes on. */
export interface Findings {
  readonly problems: Problem[];
  readonly warnings: Problem[];
  /** Those of `warnings` that are about secret files which every user of the machine can read. */
  readonly openSecrets: Problem[];
  /** Problems and warnings that the rules do not depend on. */
  readonly elsewhere: Set<Problem>;
  /** Problems of rule files and presets, without which all settings can be read. */
  readonly beside: Set<Problem>;
}

/** Nothing found yet. */
export const createFindings = (): Findings => ({
  problems: [],
  warnings: [],
  openSecrets: [],
  elsewhere: new Set(),
  beside: new Set(),
});

/** What was found, for people, and which of the settings that were read can be used. */
export const concluded = (
  { problems, warnings, openSecrets, elsewhere, beside }: Findings,
  settings: LoadedConfiguration['settings'],
): Pick<
  LoadedConfiguration,
  'settings' | 'usable' | 'problems' | 'warnings' | 'openSecrets' | 'aboutRules'
> => {
  const isAboutRules = (problem: Problem): boolean => !elsewhere.has(problem);
  return {
    settings: problems.length === 0 ? settings : undefined,
    usable: problems.every((problem) => beside.has(problem)) ? settings : undefined,
    problems: arrange(problems),
    warnings: arrange(warnings),
    openSecrets: arrange(openSecrets),
    aboutRules: {
      problems: arrange(problems.filter(isAboutRules)),
      warnings: arrange(warnings.filter(isAboutRules)),
    },
  };
};
