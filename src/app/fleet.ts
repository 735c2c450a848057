import { alertFromMatch } from '../alerts/alert-from-match.ts';
import { parseSingle } from '../audit/page.ts';
import { errorText } from '../base/errors.ts';
import type { NewAlert } from '../core/decided.ts';
import type { AuditEvent } from '../core/event.ts';
import type { FeedEntry } from '../core/feed.ts';
import { FLEET } from '../core/fleet.ts';
import { type Lease, LeaseLostError } from '../core/lease.ts';
import type { Match } from '../core/match.ts';
import { mayPass } from '../core/store.ts';
import type { RuleEngine } from '../rules/engine.ts';
import { withAccount } from '../rules/fleet.ts';
import { createCommittedReporter } from './committed.ts';
import { forgetRemoved } from './forget-removed.ts';
import type { Monitor } from './parts.ts';
import type { RuleFailures } from './rule-failures.ts';
import { createRuleState, type TrackedRuleState } from './rule-state.ts';

/** Rules over all accounts at work, for whoever holds the lease. */
export interface Fleet {
  /** Rules that are new begin with what is stored from then on. To be awaited before the first pass where that is to count. */
  open(): Promise<void>;
  /** Judges what is committed, as it comes, until the signal aborts. What a store in trouble undoes is done again. */
  run(signal: AbortSignal): Promise<void>;
  /** Judges what is committed by now; resolves with whether it went well. */
  drain(signal: AbortSignal): Promise<boolean>;
}

const PAGE = 500;
/** Other processes ring no bell of ours when the store cannot tell of them. */
const LOOK_EVERY_MS = 15_000;
const TROUBLE_PAUSE_MS = 2_000;

/** Of one configuration; undefined: no rule of it looks at all accounts. */
export const createFleet = (
  monitor: Monitor,
  lease: Lease,
  ruleFailures: RuleFailures,
): Fleet | undefined => {
  const { rules, log, now, settings } = monitor.parts;
  const { store, telemetry } = monitor;
  if (rules.fleet === undefined) return undefined;
  const engine: RuleEngine = rules.fleet;
  const report = createCommittedReporter({
    account: FLEET,
    typeLabel: monitor.eventTypes.labelOf,
    events: settings.log.events,
    now,
    log,
    telemetry,
    wake: monitor.wake,
  });
  let state: TrackedRuleState | undefined;
  let opened = false;

  const judge = ({ event: fed }: FeedEntry, memory: TrackedRuleState): readonly Match[] => {
    const parsed = parseSingle(fed.account, fed.json);
    if (!('value' in parsed)) return [];
    const event: AuditEvent = withAccount(parsed.value);
    const { matches, failures } = engine.evaluate(event, memory);
    for (const { rule, error } of failures) {
      const reason = errorText(error);
      telemetry.count('rule_errors_total', { rule: rule.id });
      log.error('rule.failed', {
        account: fed.account,
        rule: rule.id,
        rule_title: rule.title,
        event_id: fed.id,
        reason,
      });
      ruleFailures.note(rule.title, reason);
    }
    for (const { rule } of matches) telemetry.count('rule_matches_total', { rule: rule.id });
    return matches;
  };

  const open = async (): Promise<void> => {
    if (!opened) await store.fleet.open(lease);
    opened = true;
  };

  /** Judges one page; resolves with whether there may be more. */
  const turn = async (): Promise<boolean> => {
    await open();
    if (state === undefined) {
      state = createRuleState(await store.fleet.ruleState());
      forgetRemoved(state, engine.isOwnState, now());
    }
    const memory = state;
    const { cursor, entries } = await store.fleet.read(PAGE);
    const last = entries.at(-1);
    if (last === undefined) return false;
    const nowMs = now();
    const matches = entries.flatMap((entry) => judge(entry, memory));
    engine.flush(memory);
    const alerts = matches.map((match): NewAlert => ({ alert: fleetAlert(match, nowMs) }));
    const decision = { alerts, state: memory.takeChanges() };
    report.alerts(await store.fleet.commit(lease, cursor, last.cursor, decision, nowMs));
    await ruleFailures.report();
    return true;
  };

  /** After a failure nobody knows what was committed: memory and cursor are read again. */
  const carefully = async (): Promise<boolean> => {
    try {
      return await turn();
    } catch (error) {
      state = undefined;
      throw error;
    }
  };

  return {
    open,
    async run(signal) {
      while (!signal.aborted) {
        let wait = LOOK_EVERY_MS;
        try {
          while (!signal.aborted && (await carefully()));
        } catch (error) {
          if (error instanceof LeaseLostError || !mayPass(error)) throw error;
          log.error('store.error', { operation: 'fleet rules', reason: errorText(error) });
          wait = TROUBLE_PAUSE_MS;
        }
        await monitor.fleetWake.wait(wait, signal);
      }
    },
    async drain(signal) {
      try {
        while (!signal.aborted && (await carefully()));
        return !signal.aborted;
      } catch (error) {
        if (error instanceof LeaseLostError || !mayPass(error)) throw error;
        log.error('store.error', { operation: 'fleet rules', reason: errorText(error) });
        return false;
      }
    },
  };
};

/** The alert is of the account of the newest event, and says which accounts the events are of. */
const fleetAlert = (match: Match, nowMs: number): ReturnType<typeof alertFromMatch> => {
  const accounts = [...new Set(match.events.map(({ account }) => account))].sort();
  return alertFromMatch(
    { ...match, values: { ...match.values, accounts } },
    nowMs,
    match.events.at(-1)?.account ?? FLEET,
  );
};
