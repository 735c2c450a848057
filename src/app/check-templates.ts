import { TEMPLATE_NAMES } from '../alerts/alert-from-match.ts';
import { templateProblems } from '../alerts/template.ts';
import { EVENT_FIELDS } from '../core/event.ts';
import type { Problem } from '../core/problem.ts';
import type { CompiledRules } from './load.ts';

/** What lies below `context` depends on the type. */
const EVENT_NAMES = [...EVENT_FIELDS, 'context.*'] as const;

/** What `changed` and `first_seen` add. */
const RULE_NAMES = ['value', 'previous'] as const;

/**
 * What is wrong with the message templates of rules, at the place of the rule: syntax that would be sent as it stands is
 * a problem, a name that no known event has is a warning (the text would have a hole). A correlation may also name what
 * it adds itself, so only the names of detections are checked.
 */
export const checkTemplates = (
  rules: CompiledRules['rules'],
): { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] } => {
  const findings = rules.flatMap(({ info, kind, line }) => {
    if (info.message === undefined) return [];
    const known = kind === 'detection' ? [...TEMPLATE_NAMES, ...EVENT_NAMES, ...RULE_NAMES] : undefined;
    return templateProblems(info.message, known).map((found) => ({
      isSyntax: found.kind === 'syntax',
      problem: {
        file: info.file,
        line,
        column: 1,
        message: `monitor.message of "${info.title}", character ${found.offset + 1}: ${found.message}`,
      },
    }));
  });
  return {
    problems: findings.filter(({ isSyntax }) => isSyntax).map(({ problem }) => problem),
    warnings: findings.filter(({ isSyntax }) => !isSyntax).map(({ problem }) => problem),
  };
};
