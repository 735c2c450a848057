import type { JsonObject } from '../base/json.ts';
import type { Clock } from '../core/clock.ts';
import type { Committed, Reader } from '../core/collect-store.ts';
import type { DecidedAlert } from '../core/decided.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { planLabel, ruleLabel } from './metric-labels.ts';

/** Tells what was committed. */
export interface CommittedReporter {
  /** A window of any reader. */
  committed(window: Committed, reader: Reader): void;
  /** Alerts that came about without one. */
  alerts(alerts: readonly DecidedAlert[]): void;
}

/** Tells the log and the metrics what a committed window brought, and wakes those who deliver. */
export const createCommittedReporter = (options: {
  readonly account: string;
  /** The label of an event type. */
  readonly typeLabel: (eventType: string) => string;
  /** Which new events become a line of the log. */
  readonly events: 'all' | 'matched' | 'none';
  readonly now: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Rung after a commit that put something into the outbox, with the sinks concerned. */
  readonly wake: (sinks: Iterable<string>) => void;
}): CommittedReporter => {
  const { account, log, telemetry } = options;

  const countPlans = ({ alert, deliveries }: DecidedAlert): void => {
    const rule = ruleLabel(alert);
    const nowMs = options.now();
    for (const delivery of deliveries)
      telemetry.count('deliveries_planned_total', { rule, plan: planLabel(delivery, nowMs) });
    if (deliveries.length === 0) telemetry.count('deliveries_planned_total', { rule, plan: 'none' });
  };

  const tellAlerts = (alerts: readonly DecidedAlert[]): void => {
    for (const decided of alerts) {
      const { alert, sinks } = decided;
      countPlans(decided);
      telemetry.count('alerts_total', { kind: alert.kind, level: alert.rule.level });
      if (alert.kind === 'rule') telemetry.count('rule_alerts_total', { rule: ruleLabel(alert) });
      log.info('alert.decided', {
        account: alert.account,
        alert_id: alert.id,
        kind: alert.kind,
        rule: alert.rule.id,
        rule_title: alert.rule.title,
        rule_level: alert.rule.level,
        message: alert.message,
        event_ids: alert.eventIds,
        sinks,
      });
      if (alert.rule.id !== 'system.drift') continue;
      telemetry.count('drift_total', { account }, alert.fields.length);
      log.warn('drift.noticed', {
        account,
        alert_id: alert.id,
        noticed: alert.fields.map(({ name, value }) => `${name.toLowerCase()}: ${value}`),
      });
    }
  };
  const wakeFor = (alerts: readonly DecidedAlert[]): void => {
    if (alerts.length > 0) options.wake(new Set(alerts.flatMap((decided) => decided.sinks)));
  };

  const countTypes = (fresh: readonly AuditEvent[]): void => {
    const counts = new Map<string, number>();
    for (const { eventType } of fresh) counts.set(eventType, (counts.get(eventType) ?? 0) + 1);
    for (const [type, count] of counts)
      telemetry.count('events_by_type_total', { event_type: options.typeLabel(type) }, count);
  };

  const committed = (window: Committed, reader: Reader): void => {
    const { fresh, alerts, quarantined, late } = window;
    // Whoever delivers should not wait for the log.
    wakeFor(alerts);

    const nowMs = options.now();
    if (fresh.length > 0) telemetry.count('events_total', { account }, fresh.length);
    countTypes(fresh);
    const labels = { account };
    // What was asked for a year later says nothing about how soon the API shows events.
    for (const { createdAtMs } of reader === 'backfill' ? [] : fresh) {
      telemetry.observe('event_lateness_seconds', Math.max(0, nowMs - createdAtMs) / 1_000, labels);
    }
    if (late > 0) telemetry.count('events_late_total', { account }, late);
    for (const event of chosen(options.events, window)) log.info('audit.event', eventFields(event));

    if (quarantined.length > 0) telemetry.count('events_quarantined_total', { account }, quarantined.length);
    for (const element of quarantined) {
      log.warn('audit.quarantined', { account, key: element.key, reason: element.reason });
    }
    tellAlerts(alerts);
  };
  return {
    committed,
    alerts(alerts) {
      wakeFor(alerts);
      tellAlerts(alerts);
    },
  };
};

const chosen = (which: 'all' | 'matched' | 'none', committed: Committed): readonly AuditEvent[] => {
  if (which === 'all') return committed.fresh;
  if (which === 'none') return [];
  const matched = new Set(committed.alerts.flatMap((decided) => decided.alert.eventIds));
  return committed.fresh.filter((event) => matched.has(event.id));
};

/** The event as the API gave it but for the links, with names that tell it from the line's own `event` and `time`. */
const eventFields = (event: AuditEvent): JsonObject => {
  const rest = Object.entries(event.fields).filter(([name]) => name !== '_links' && name !== 'id');
  return { account: event.account, event_id: event.id, ...Object.fromEntries(rest) };
};
