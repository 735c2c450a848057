import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { registerRulesBacktest } from './rules-backtest.ts';
import { registerRulesCheck } from './rules-check.ts';
import { registerRulesExplain } from './rules-explain.ts';
import { registerRulesList } from './rules-list.ts';
import { registerRulesNew } from './rules-new.ts';
import { registerRulesTest } from './rules-test.ts';

/** `rules …`: everything for those who write rules. */
export const registerRules = (program: Command, context: CommandContext): void => {
  const rules = program
    .command('rules')
    .description('check, test, explain, try out and list rules')
    .addHelpText(
      'after',
      '\nExamples:\n  vonage-audit-monitor rules list\n  vonage-audit-monitor rules check --strict',
    );
  for (const register of [
    registerRulesList,
    registerRulesCheck,
    registerRulesTest,
    registerRulesExplain,
    registerRulesBacktest,
    registerRulesNew,
  ]) {
    register(rules, context);
  }
};
