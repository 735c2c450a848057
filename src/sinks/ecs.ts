import { isObject, type JsonObject } from '../base/json.ts';
import type { Level } from '../core/alert.ts';
import type { Delivery, FedEvent } from '../core/delivery.ts';
import { publicAlert } from './alert-json.ts';
import { attackTags } from './attack-tags.ts';
import { compact, type Sparse } from './compact.ts';
import { eventClass, isClassified } from './event-classes.ts';
import { type EventFacts, eventFacts } from './event-facts.ts';
import { fieldsOf } from './event-fields.ts';
import { fit, isoTime, oneLine } from './text.ts';
import { verbatimLine } from './verbatim.ts';

/*
 * Elastic Common Schema (elastic.co/guide/en/ecs). Nothing is put under a name that ECS has for something else: what it
 * has no name for lies under `vonage`.
 */

/** Version of the schema the documents are written in. */
const ECS_VERSION = '8.17.0';

/** Numbers as Elastic's detection rules use them for the levels. */
const SEVERITY: Readonly<Record<Level, number>> = {
  informational: 1,
  low: 21,
  medium: 47,
  high: 73,
  critical: 99,
};

/** An audit event as an ECS document. */
export const ecsEvent = (event: FedEvent, version: string): JsonObject => {
  const fields = fieldsOf(event);
  const facts = eventFacts(fields);
  const { category, type } = eventClass(event.eventType).ecs;
  const { _links: _, context: _context, ...rest } = fields;
  return compact({
    '@timestamp': stamp(event.createdAtMs, event.seenAtMs),
    ...common(version),
    message: facts.description ?? event.eventType,
    event: {
      kind: 'event',
      category,
      type,
      action: actionOf(event.eventType),
      code: event.eventType || undefined,
      id: event.id,
      outcome: facts.failed ? 'failure' : isClassified(event.eventType) ? 'success' : 'unknown',
      created: isoTime(event.seenAtMs) ?? undefined,
      provider: 'vonage',
      module: 'vonage',
      dataset: 'vonage.audit',
      original: verbatimLine(event.json),
    },
    ...people([facts]),
    cloud: cloudOf(event.account, facts.accountId),
    organization: { id: facts.accountId, name: event.account },
    vonage: { audit: { ...rest, context: facts.context } },
  });
};

/** An alert as an ECS document. A function of the delivery alone, but for the version. */
export const ecsAlert = (delivery: Delivery, version: string): JsonObject => {
  const { alert } = delivery;
  const shown = publicAlert(delivery);
  const all = alert.events.slice(0, MAX_RELATED).filter(isObject).map(eventFacts);
  // Of several accounts none has its id said for all.
  const accountId = alert.eventAccounts
    ? undefined
    : all.find((facts) => facts.accountId !== undefined)?.accountId;
  const { tactics, techniques, subtechniques } = attackTags(alert.rule.tags);
  const aboutTrail = alert.kind === 'rule' || alert.kind === 'summary';
  return compact({
    '@timestamp': stamp(alert.createdAtMs, alert.decidedAtMs),
    ...common(version),
    message: shown.message,
    event: {
      kind: 'alert',
      category: aboutTrail ? ['intrusion_detection'] : [],
      type: ['info'],
      action: `${alert.kind}-${alert.status}`,
      id: delivery.id,
      created: isoTime(alert.decidedAtMs) ?? undefined,
      severity: SEVERITY[alert.rule.level],
      reason: fit(alert.message, MAX_REASON, oneLine) || undefined,
      reference: alert.rule.references[0],
      provider: 'vonage-audit-monitor',
      module: 'vonage',
      dataset: 'vonage.alert',
    },
    rule: {
      id: alert.rule.id || undefined,
      name: shown.rule.title || undefined,
      reference: alert.rule.references[0],
    },
    threat: {
      framework: tactics.length + techniques.length > 0 ? 'MITRE ATT&CK' : undefined,
      tactic: { id: tactics.map(({ id }) => id), name: tactics.map(({ name }) => name) },
      technique: { id: techniques, subtechnique: { id: subtechniques } },
    },
    tags: alert.rule.tags,
    ...people(all),
    cloud: alert.account === '' ? undefined : cloudOf(alert.account, accountId),
    organization: { id: accountId, name: alert.account || undefined },
    vonage: { alert: shown as unknown as JsonObject },
  });
};

const MAX_REASON = 1_000;
/** So many events of one alert give their people and addresses to `related`. */
const MAX_RELATED = 1_000;

const stamp = (...ms: readonly number[]): string =>
  ms.map(isoTime).find((text) => text !== null) ?? new Date(0).toISOString();

const actionOf = (eventType: string): string | undefined =>
  oneLine(eventType).toLowerCase().replaceAll('_', '-').slice(0, 200) || undefined;

const common = (version: string): Sparse => ({
  ecs: { version: ECS_VERSION },
  observer: { vendor: 'vonage-audit-monitor', product: 'vonage-audit-monitor', version },
});

const cloudOf = (account: string, id: string | undefined): Sparse => ({
  provider: 'vonage',
  account: { id, name: account },
});

/** User and source of the first event that has them; everybody and every address of all. */
const people = (all: readonly EventFacts[]): Sparse => {
  const first = all[0];
  const unique = (texts: readonly (string | undefined)[]): readonly string[] => [
    ...new Set(texts.filter((text) => text !== undefined)),
  ];
  return {
    user: {
      id: first?.userId,
      email: first?.email,
      name: first?.email,
      target: { email: emailOnly(first?.target), name: first?.target, id: first?.targetId },
    },
    source: {
      address: first?.address,
      ip: first?.ip,
      geo: { country_iso_code: first?.country },
    },
    related: {
      ip: unique(all.map(({ ip }) => ip)),
      user: unique(all.flatMap(({ email, userId, target }) => [email, userId, target])),
    },
  };
};

const emailOnly = (text: string | undefined): string | undefined => (text?.includes('@') ? text : undefined);
