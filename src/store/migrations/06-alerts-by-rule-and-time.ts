import type { Migration } from './migration.ts';

export const alertsByRuleAndTime: Migration = {
  sqlite: `
  -- How often a rule alerted, and when last, is asked of every rule at once: the index alone answers it.
  CREATE INDEX alerts_by_rule_and_time ON alerts (rule, decided_ms);
  DROP INDEX alerts_by_rule;
  `,
  postgres: `
  CREATE INDEX alerts_by_rule_and_time ON alerts (rule, decided_ms);
  DROP INDEX alerts_by_rule;
  `,
};
