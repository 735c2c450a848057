import { alertFromMatch } from '../alerts/alert-from-match.ts';
import { driftAlert } from '../alerts/drift-alert.ts';
import { ownCredentialAlert, quarantineAlert } from '../alerts/event-alerts.ts';
import { lateAlert } from '../alerts/late-alert.ts';
import { errorText } from '../base/errors.ts';
import type { Alert } from '../core/alert.ts';
import type { Clock } from '../core/clock.ts';
import type { CollectStore, Decider, Manner } from '../core/collect-store.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Log } from '../core/log.ts';
import type { Match, RuleInfo, RuleState } from '../core/match.ts';
import type { DriftWatch } from '../core/notice-drift.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { DriftMemory } from './drift-memory.ts';
import { forgetRemoved } from './forget-removed.ts';
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
  /** Whether a key of the state is used by one of the rules. */
  isOwnState(key: string): boolean;
}

/** What {@link createDecider} works with. */
export interface DeciderOptions {
  readonly account: string;
  readonly evaluator: Evaluator;
  readonly store: Pick<CollectStore, 'ruleState'>;
  /** What is known of the form of the trail; absent: new forms are not noticed. */
  readonly drift?: DriftMemory;
  readonly now: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** A clock for durations, in ms; `performance.now` unless given. */
  readonly stopwatch?: () => number;
  /** Told of a rule that failed on an event; may be told often. */
  readonly onRuleFailure: (rule: RuleInfo, reason: string) => void;
}

const TIDY_EVERY_MS = 86_400_000;

/** The way from new events to alerts: rules, then the monitor's own checks. Where they go is planned by the store. */
export const createDecider = (options: DeciderOptions): Decider => {
  const { evaluator: rules } = options;
  const stopwatch = options.stopwatch ?? (() => performance.now());
  let state: TrackedRuleState | undefined;
  let tidiedAtMs: number | undefined;
  let drift: DriftWatch | undefined;

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

  /** A commit that fails is judged again, and counted again. */
  const measure = (events: number, matches: readonly Match[], tookMs: number): void => {
    if (events === 0 && matches.length === 0) return;
    options.telemetry.count('events_judged_total', {}, events);
    options.telemetry.observe('rule_evaluation_duration_seconds', tookMs / 1_000);
    for (const { rule } of matches) options.telemetry.count('rule_matches_total', { rule: rule.id });
  };

  return {
    async prepare() {
      state ??= createRuleState(await options.store.ruleState(options.account));
      const nowMs = options.now();
      if (tidiedAtMs === undefined || Math.abs(nowMs - tidiedAtMs) > TIDY_EVERY_MS) {
        forgetRemoved(state, rules.isOwnState, nowMs);
        tidiedAtMs = nowMs;
      }
      drift = await options.drift?.load();
    },
    decide(fresh, quarantined, watermarkMs, manner) {
      if (!state) throw new Error('decide was called before prepare');
      const memory = state;
      const nowMs = options.now();
      const begunMs = stopwatch();
      const matches = fresh.flatMap((event) => told(rules.evaluate(event, memory), event.id));
      if (watermarkMs !== undefined) {
        // The clock goes on in any case. What it tells of the past in a backfill is worth nothing: the next window may
        // hold the very events whose absence it noticed.
        const passed = told(rules.tick(watermarkMs, memory));
        if (manner.reader !== 'backfill') matches.push(...passed);
      }
      rules.flush(memory);
      measure(fresh.length, matches, stopwatch() - begunMs);
      const own = fresh.map((event) => ownCredentialAlert(event, nowMs));
      const changes = drift?.ofEvents(fresh, nowMs, manner.reader === 'backfill') ?? [];
      const alerts = [
        ...matches.map((match) => alertFromMatch(match, nowMs, options.account)),
        ...own,
        quarantineAlert(options.account, quarantined, nowMs),
        driftAlert(options.account, changes, nowMs),
      ];
      const mark = lateness(manner, fresh, nowMs);
      return {
        alerts: alerts
          .filter((alert) => alert !== undefined)
          .map((alert) => ({ alert: mark(alert), ...(manner.quiet ? { sinks: [] } : {}) })),
        state: memory.takeChanges(),
        drift: changes,
      };
    },
    discard() {
      state = undefined;
      tidiedAtMs = undefined;
      options.drift?.forget();
    },
  };
};

/** Marks alerts of events that were found where the trail had been read before. */
const lateness = (
  { reader }: Manner,
  fresh: readonly AuditEvent[],
  nowMs: number,
): ((alert: Alert) => Alert) => {
  if (reader !== 'repair' && reader !== 'sweep') return (alert) => alert;
  const times = new Map(fresh.map((event) => [event.id, event.createdAtMs]));
  return (alert) => {
    const found = alert.eventIds.map((id) => times.get(id)).filter((ms) => ms !== undefined);
    return found.length === 0 ? alert : lateAlert(alert, nowMs - Math.max(...found));
  };
};
