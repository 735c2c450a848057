import { fleetAlert } from '../alerts/fleet-alert.ts';
import { parseSingle } from '../audit/page.ts';
import { errorText } from '../base/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { NewAlert } from '../core/decided.ts';
import type { FleetEntry } from '../core/fleet.ts';
import type { Log } from '../core/log.ts';
import type { Match, RuleInfo, RuleState } from '../core/match.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { RuleEngine } from '../rules/engine.ts';
import type { RuleFailures } from './rule-failures.ts';

/** What rules over all accounts are judged with. */
export interface FleetJudgeOptions {
  readonly engine: Pick<RuleEngine, 'evaluate'>;
  readonly now: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly failures: Pick<RuleFailures, 'note'>;
}

/**
 * Makes what holds one event against rules over all accounts, and answers its alerts. Whatever fails on an event costs that
 * event alone: it would be read again and again, and hold up the events of all accounts.
 */
export const createFleetJudge = (
  options: FleetJudgeOptions,
): ((entry: FleetEntry, memory: RuleState) => readonly NewAlert[]) => {
  const { engine, log, telemetry } = options;

  const fail = ({ event }: FleetEntry, rule: RuleInfo, error: unknown): void => {
    const reason = errorText(error);
    telemetry.count('rule_errors_total', { rule: rule.id });
    log.error('rule.failed', {
      account: event.account,
      rule: rule.id,
      rule_title: rule.title,
      event_id: event.id,
      reason,
    });
    options.failures.note(rule.title, reason);
  };

  const tell = (entry: FleetEntry, match: Match): readonly NewAlert[] => {
    telemetry.count('rule_matches_total', { rule: match.rule.id });
    try {
      return [{ alert: fleetAlert(match, options.now()), ...(entry.quiet ? { sinks: [] } : {}) }];
    } catch (error) {
      fail(entry, match.rule, error);
      return [];
    }
  };

  return (entry, memory) => {
    const { account, id, json } = entry.event;
    try {
      const parsed = parseSingle(account, json);
      if (!('value' in parsed)) throw new Error(parsed.problem);
      const { matches, failures } = engine.evaluate(parsed.value, memory);
      for (const { rule, error } of failures) fail(entry, rule, error);
      return matches.flatMap((match) => tell(entry, match));
    } catch (error) {
      log.error('fleet.skipped', { account, event_id: id, reason: errorText(error) });
      return [];
    }
  };
};
