import type { Clock } from '../core/clock.ts';
import type { Trouble } from '../core/conditions.ts';

/** A rule that has not failed for so long counts as mended. Also bounds how often one rule can alert: once an hour. */
const QUIET_MS = 3_600_000;

/** Keeps count of failing rules between commits. */
export interface RuleFailures {
  /** A rule failed. Only remembered: a report writes to the store, and this is called inside a transaction. */
  note(rule: string, reason: string): void;
  /** Raises what was noted and clears what has been quiet for an hour. To be called after a commit. */
  report(): Promise<void>;
}

/**
 * Makes {@link RuleFailures}. `open` are the titles of rules whose condition is open from before, `lastMs` is what is known
 * of their last failures.
 */
export const createRuleFailures = (
  open: Iterable<string>,
  trouble: Trouble,
  now: Clock,
  lastMs = new Map<string, number>(),
): RuleFailures => {
  for (const rule of open) if (!lastMs.has(rule)) lastMs.set(rule, now());
  const noted = new Map<string, string>();
  return {
    note(rule, reason) {
      noted.set(rule, reason);
    },
    async report() {
      const news = [...noted];
      noted.clear();
      for (const [rule, reason] of news) {
        lastMs.set(rule, now());
        await trouble.raise('rule_failing', rule, reason);
      }
      for (const [rule, ms] of lastMs) {
        if (now() - ms < QUIET_MS) continue;
        lastMs.delete(rule);
        await trouble.clear('rule_failing', rule);
      }
    },
  };
};
