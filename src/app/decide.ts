import { alertFromMatch } from '../alerts/alert-from-match.ts';
import { ownCredentialAlert, quarantineAlert } from '../alerts/event-alerts.ts';
import { errorText } from '../base/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { CollectStore, Decider } from '../core/collect-store.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Log } from '../core/log.ts';
import type { Match, RuleInfo, RuleState } from '../core/match.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { createRuleState, type TrackedRuleState } from './rule-state.ts';

/** What evaluating an event, or the passing of time, came to. */
interface Evaluation {
  readonly matches: readonly Match[];
  readonly failures: readonly { readonly rule: RuleInfo; readonly error: unknown }[];
}

/** What the decider asks of the rules; the rule engine is shaped so. */
export interface Evaluator {
  evaluate(event: AuditEvent, state: RuleState): Evaluation;
  /** What the mere passing of time has made true up to `untilMs` (absence of events). */
  tick(untilMs: number, state: RuleState): Evaluation;
  /** Writes what is held in memory for speed into the state; called once at the end of a batch. */
  flush(state: RuleState): void;
}

/** What {@link createDecider} works with. */
export interface DeciderOptions {
  readonly account: string;
  /** The rules to judge the next batch with. */
  readonly evaluator: () => Promise<Evaluator>;
  readonly store: Pick<CollectStore, 'ruleState'>;
  readonly now: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Told of a rule that failed on an event; may be told often. */
  readonly onRuleFailure: (rule: RuleInfo, reason: string) => void;
}

/** The way from new events to alerts: rules, then the monitor's own checks. Where they go is planned by the store. */
export const createDecider = (options: DeciderOptions): Decider => {
  let state: TrackedRuleState | undefined;
  let evaluator: Evaluator | undefined;

  const told = ({ matches, failures }: Evaluation, eventId?: string): readonly Match[] => {
    for (const { rule, error } of failures) {
      const reason = errorText(error);
      options.telemetry.count('rule_errors_total', { rule: rule.id });
      options.log.error('rule.failed', {
        account: options.account,
        rule: rule.id,
        rule_title: rule.title,
        event_id: eventId,
        reason,
      });
      options.onRuleFailure(rule, reason);
    }
    return matches;
  };

  return {
    async prepare() {
      evaluator = await options.evaluator();
      state ??= createRuleState(await options.store.ruleState(options.account));
    },
    decide(fresh, quarantined, watermarkMs) {
      if (!state || !evaluator) throw new Error('decide was called before prepare');
      const memory = state;
      const rules = evaluator;
      const nowMs = options.now();
      const matches = fresh.flatMap((event) => told(rules.evaluate(event, memory), event.id));
      matches.push(...told(rules.tick(watermarkMs, memory)));
      rules.flush(memory);
      const own = fresh.map((event) => ownCredentialAlert(event, nowMs));
      const alerts = [
        ...matches.map((match) => alertFromMatch(match, nowMs, options.account)),
        ...own,
        quarantineAlert(options.account, quarantined, nowMs),
      ];
      return {
        alerts: alerts.filter((alert) => alert !== undefined).map((alert) => ({ alert })),
        state: memory.takeChanges(),
      };
    },
    discard() {
      state = undefined;
    },
  };
};
