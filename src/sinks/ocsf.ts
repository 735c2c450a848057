import { isObject, type JsonObject, own } from '../base/json.ts';
import type { Level } from '../core/alert.ts';
import { incidentOf } from '../core/alert.ts';
import type { Delivery, FedEvent } from '../core/delivery.ts';
import { publicAlert } from './alert-json.ts';
import { attackTags } from './attack-tags.ts';
import { compact, type Sparse } from './compact.ts';
import { eventClass, isClassified, OCSF, statusActivity } from './event-classes.ts';
import { type EventFacts, eventFacts } from './event-facts.ts';
import { fieldsOf } from './event-fields.ts';
import { verbatimLine } from './verbatim.ts';

/*
 * Open Cybersecurity Schema Framework (schema.ocsf.io). What it has no attribute for lies in `unmapped`; the event as it
 * came is in `raw_data`.
 */

/** Version of the schema the documents are written in. */
const OCSF_VERSION = '1.5.0';

/** `severity_id` and its caption. */
const SEVERITY: Readonly<Record<Level, readonly [number, string]>> = {
  informational: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
};

/** An audit event in the class its type belongs to. */
export const ocsfEvent = (event: FedEvent, version: string): JsonObject => {
  const fields = fieldsOf(event);
  const facts = eventFacts(fields);
  const { classUid, activityId: usual } = eventClass(event.eventType).ocsf;
  const activityId = event.eventType === 'USER_STATUS' ? statusActivity(statusOf(facts.context)) : usual;
  const statusId = facts.failed ? 2 : isClassified(event.eventType) ? 1 : 0;
  const user = userOf(event.account, facts);
  const subject = facts.target ?? facts.targetId;
  const target: Sparse =
    subject === undefined
      ? user
      : { name: facts.target, uid: facts.targetId, email_addr: subject.includes('@') ? subject : undefined };
  const { _links: _, ...rest } = fields;
  return compact({
    ...classification(classUid, activityId, 'informational'),
    activity_name: activityId === 99 ? event.eventType : undefined,
    time: time(event.createdAtMs, event.seenAtMs),
    message: facts.description ?? event.eventType,
    status_id: statusId,
    status: ['Unknown', 'Success', 'Failure'][statusId],
    metadata: {
      ...metadata({ name: 'Vonage Audit API', vendor_name: 'Vonage' }),
      log_provider: `vonage-audit-monitor ${version}`,
      uid: event.id,
      event_code: event.eventType,
      log_name: 'Vonage Audit API',
      original_time: textOf(own(fields, 'created_at')),
      logged_time: time(event.seenAtMs, 0),
    },
    cloud: cloudOf(event.account, facts.accountId),
    actor: { user },
    src_endpoint: endpointOf(facts),
    api: { operation: event.eventType, service: { name: 'Vonage' } },
    ...(classUid === OCSF.accountChange && { user: target }),
    ...(classUid === OCSF.authentication && {
      user,
      service: { name: facts.source ?? 'Vonage' },
      is_remote: true,
    }),
    ...(classUid === OCSF.apiActivity && {
      resources: facts.resource && [{ type: facts.resource.type, uid: facts.resource.uid }],
    }),
    raw_data: verbatimLine(event.json),
    unmapped: { ...rest, account: event.account },
  });
};

/** An alert as a Detection Finding: created when it fires, closed when it is resolved. */
export const ocsfAlert = (delivery: Delivery, version: string): JsonObject => {
  const { alert } = delivery;
  const { rule, message, fields, events, summary, ...shown } = publicAlert(delivery);
  const firing = alert.status === 'firing';
  const happenedMs = time(alert.createdAtMs, alert.decidedAtMs);
  const accountId = alert.eventAccounts
    ? undefined
    : alert.events.filter(isObject).map(eventFacts)[0]?.accountId;
  return compact({
    ...classification(OCSF.detectionFinding, firing ? 1 : 3, alert.rule.level),
    time: time(alert.decidedAtMs, alert.createdAtMs),
    start_time: happenedMs,
    message,
    is_alert: firing,
    status_id: firing ? 1 : 4,
    status: firing ? 'New' : 'Resolved',
    metadata: {
      ...metadata({ name: 'vonage-audit-monitor', vendor_name: 'vonage-audit-monitor', version }),
      uid: delivery.id,
      correlation_uid: incidentOf(alert),
      log_name: 'vonage-audit-monitor alerts',
      labels: [alert.kind],
    },
    finding_info: {
      uid: incidentOf(alert),
      title: rule.title || 'Alert',
      desc: message,
      types: [alert.kind],
      created_time: time(alert.decidedAtMs, alert.createdAtMs),
      first_seen_time: happenedMs,
      analytic: rule.id === '' ? undefined : { uid: rule.id, name: rule.title, type_id: 1, type: 'Rule' },
      attacks: attacksOf(alert.rule.tags),
      data_sources: ['Vonage Audit API'],
      related_events: alert.eventIds.slice(0, MAX_LISTED).map((uid) => ({ uid })),
      src_url: alert.rule.references.find((link) => /^https?:\/\/\S+$/.test(link)),
    },
    evidences: events.slice(0, MAX_LISTED).map((event) => evidenceOf(accountOf(alert, event), event)),
    cloud: alert.account === '' ? { provider: 'Vonage' } : cloudOf(alert.account, accountId),
    unmapped: {
      ...(shown as unknown as JsonObject),
      rule: rule as unknown as JsonObject,
      fields: fields as unknown as JsonObject[],
      summary: (summary ?? undefined) as unknown as JsonObject | undefined,
    },
  });
};

const MAX_LISTED = 1_000;

const classification = (classUid: number, activityId: number, level: Level): Sparse => {
  const [severityId, severity] = SEVERITY[level];
  return {
    category_uid: Math.floor(classUid / 1_000),
    class_uid: classUid,
    activity_id: activityId,
    type_uid: classUid * 100 + activityId,
    severity_id: severityId,
    severity,
  };
};

const metadata = (product: Sparse): Sparse => ({
  version: OCSF_VERSION,
  profiles: ['cloud'],
  product,
});

/** The first that is a time, as whole milliseconds. */
const time = (...ms: readonly number[]): number => {
  const found = ms.find((candidate) => Number.isFinite(candidate) && Math.abs(candidate) <= 8.64e15);
  return Math.trunc(found ?? 0);
};

const cloudOf = (account: string, uid: string | undefined): Sparse => ({
  provider: 'Vonage',
  account: { name: account, uid },
});

/** Who did it; at the least, of which account. */
const userOf = (account: string, facts: EventFacts): Sparse => ({
  name: facts.email,
  email_addr: facts.email,
  uid: facts.userId,
  account: { name: account, uid: facts.accountId },
});

const endpointOf = (facts: EventFacts): Sparse => ({
  ip: facts.ip,
  svc_name: facts.source ?? (facts.ip === undefined ? 'unknown' : undefined),
  location: { country: facts.country },
});

/** An event of a rule over all accounts says itself of which it is. */
const accountOf = (alert: Delivery['alert'], event: JsonObject): string => {
  const named = alert.eventAccounts && own(event, 'account');
  return typeof named === 'string' ? named : alert.account;
};

const evidenceOf = (account: string, event: JsonObject): JsonObject => {
  const facts = eventFacts(event);
  return compact({ actor: { user: userOf(account, facts) }, src_endpoint: endpointOf(facts), data: event });
};

const attacksOf = (tags: readonly string[]): readonly JsonObject[] => {
  const { tactics, techniques, subtechniques } = attackTags(tags);
  return [
    ...tactics.map(({ id, name }) => ({ tactic: { uid: id, name } })),
    ...techniques.map((uid) => ({ technique: { uid } })),
    ...subtechniques.map((uid) => ({ technique: { uid: uid.slice(0, 5) }, sub_technique: { uid } })),
  ];
};

const statusOf = (context: JsonObject): string | undefined =>
  ['new_status', 'status'].map((name) => textOf(own(context, name))).find((text) => text !== undefined);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
