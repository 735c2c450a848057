import { dirname, isAbsolute, join } from 'node:path';
import type { Problem } from '../core/problem.ts';
import { createRuleReader, type RuleFile } from './rule-files.ts';
import type { Section } from './section.ts';

/** Reads the files that `rules` names. Its default folder may be missing; one that was named may not. */
export const readRules = (
  section: Section,
  rules: readonly string[],
  problems: Problem[],
): readonly RuleFile[] => {
  const given = section.value(['rules']) !== undefined;
  const read = createRuleReader();
  const files: RuleFile[] = [];
  for (const [index, entry] of rules.entries()) {
    const path = isAbsolute(entry) ? entry : join(dirname(section.file), entry);
    section.reads(path);
    const result = read(path);
    files.push(...result.files);
    problems.push(...result.problems);
    if (result.failure === undefined) continue;
    // The folder that nobody named need not be there.
    const shown = section.tree.place(['rules', index])?.referenced
      ? 'a path from the environment'
      : JSON.stringify(entry);
    if (given)
      section.problem(
        ['rules', index],
        `rules[${index}]: found ${shown} (${result.failure}), allowed: rule files and folders of them`,
      );
  }
  if (files.length === 0)
    section.warn(
      ['rules'],
      'rules: no rule file was found (*.yml, *.yaml), so events are stored but nothing can match',
    );
  return files;
};
