import type { JsonObject } from '../../src/base/json.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Match, RuleInfo } from '../../src/core/match.ts';

export const CREATED_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
export const NOW_MS = CREATED_MS + 40_000;

/** An event with everything around it, to which a test adds type and context. */
export const eventFields = (event_type: string, context?: JsonObject, more: JsonObject = {}): JsonObject => ({
  id: 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab',
  event_type,
  event_type_description: `${event_type} described`,
  created_at: '2026-01-02T03:04:05',
  account_id: 'abcd1234',
  user_email: 'alice@example.com',
  user_id: 1234567,
  source: 'CD',
  source_description: 'Customer Dashboard',
  source_ip: '203.0.113.9',
  source_country: 'NL',
  ...(context === undefined ? {} : { context }),
  ...more,
});

export const auditEvent = (fields: JsonObject, more: Partial<AuditEvent> = {}): AuditEvent => ({
  id: fields['id'] as string,
  account: 'default',
  eventType: fields['event_type'] as string,
  createdAtMs: CREATED_MS,
  json: JSON.stringify(fields),
  fields,
  ...more,
});

export const ruleInfo = (more: Partial<RuleInfo> = {}): RuleInfo => ({
  id: '7f3d0000-0000-4000-8000-000000000001',
  title: 'Number released',
  description: undefined,
  level: 'high',
  tags: ['attack.impact'],
  references: ['https://runbook.example.com/numbers'],
  falsepositives: [],
  fields: [],
  to: undefined,
  message: undefined,
  shadow: false,
  unsilenceable: false,
  suppress: undefined,
  file: 'rules/numbers.yml',
  ...more,
});

export const matchOf = (rule: RuleInfo, events: readonly AuditEvent[], more: Partial<Match> = {}): Match => ({
  rule,
  status: 'firing',
  events,
  group: undefined,
  values: {},
  atMs: events.at(-1)?.createdAtMs ?? CREATED_MS,
  ...more,
});

export const alertOf = (more: Partial<Alert> = {}): Alert => ({
  id: 'a1',
  kind: 'rule',
  status: 'firing',
  rule: { id: 'r1', title: 'A rule', level: 'high', tags: ['attack.t1111'], references: [] },
  account: 'default',
  message: 'something happened',
  fields: [],
  events: [],
  eventIds: [],
  eventTypes: [],
  createdAtMs: CREATED_MS,
  decidedAtMs: NOW_MS,
  ...more,
});
