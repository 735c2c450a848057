import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DESCRIBED_EVENT_TYPES } from '../../src/alerts/describe-event.ts';
import { LEVELS } from '../../src/core/alert.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { EVENT_TYPES as EVENT_TYPE_TEXTS, type EventType } from '../../src/simulator/wire.ts';
import { isClassified } from '../../src/sinks/event-classes.ts';
import { alertLine, eventLine, FORMATS, type Format } from '../../src/sinks/format.ts';
import { ecsFaults } from './ecs-rules.ts';
import { fedEvent } from './fed-events.ts';
import { ocsfFaults } from './ocsf-rules.ts';
import { hostileAlert, hugeAlert, sampleAlert, sampleDelivery } from './sample.ts';

const EVENT_TYPES = Object.keys(EVENT_TYPE_TEXTS) as EventType[];
/** A document of any form, for looking around in it. */
type Document = ReturnType<typeof JSON.parse>;
const event = (format: Format, ...all: Parameters<typeof fedEvent>): Document =>
  JSON.parse(eventLine(format, fedEvent(...all), '1.2.3'));
const alert = (format: Format, ...all: Parameters<typeof sampleAlert>): Document =>
  JSON.parse(alertLine(format, sampleDelivery(sampleAlert(...all)), '1.2.3'));
const faults = { json: () => [], ecs: ecsFaults, ocsf: ocsfFaults } as const;

/** Texts and numbers where an event has them, and everything else that JSON knows. */
const anyFields = fc.dictionary(
  fc.constantFrom(
    'user_email',
    'user_id',
    'source',
    'source_description',
    'source_ip',
    'source_country',
    'account_id',
    'event_type_description',
    'created_at',
    'context',
    '__proto__',
    '_links',
  ),
  fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom('203.0.113.9', '::1', 'nl', 'a@example.com', '\u202e\u0000\ud800'),
    fc.record({
      status: fc.constantFrom('suspended', 'active', 3),
      email: fc.jsonValue(),
      msisdn: fc.jsonValue(),
    }),
  ),
);

describe('every format', () => {
  it('has a place for every event type that public documents name', () => {
    expect(DESCRIBED_EVENT_TYPES.filter((type) => !isClassified(type))).toEqual([]);
    expect(EVENT_TYPES.filter((type) => !isClassified(type))).toEqual([]);
  });

  it.each(FORMATS)('%s: every known type, as the API gives it, keeps the rules of the format', (format) => {
    const generator = createGenerator({ seed: 'formats', account: 'abcd1234' });
    for (const type of EVENT_TYPES) {
      const made = generator.any(Date.UTC(2026, 2, 1), type);
      const document = JSON.parse(
        eventLine(format, fedEvent({ id: made.id, eventType: type, json: JSON.stringify(made) }), '1.2.3'),
      );
      expect({ type, faults: faults[format](document) }).toEqual({ type, faults: [] });
    }
  });

  it.each(FORMATS)('%s: whatever an event holds, it is one line of JSON that keeps the rules', (format) => {
    fc.assert(
      fc.property(
        anyFields,
        fc.constantFrom('USER_STATUS', 'NEW_TYPE', '', ...EVENT_TYPES),
        fc.double(),
        (fields, eventType, ms) => {
          const line = eventLine(
            format,
            fedEvent({ eventType, createdAtMs: ms, json: JSON.stringify(fields, null, 1) }),
            '1.2.3',
          );
          expect(line).not.toMatch(/[\r\n]/);
          expect(line.isWellFormed()).toBe(true);
          expect(line).not.toMatch(/(?<!\\)(?:\\\\)*\\ud[89a-f]/);
          expect(faults[format](JSON.parse(line))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each(FORMATS)('%s: every kind of alert keeps the rules', (format) => {
    for (const kind of ['rule', 'system', 'drill', 'summary'] as const)
      for (const status of ['firing', 'resolved'] as const)
        for (const level of LEVELS)
          expect(
            faults[format](alert(format, { kind, status, rule: { ...sampleAlert().rule, level } })),
          ).toEqual([]);
    for (const odd of [
      hostileAlert(),
      hugeAlert(),
      sampleAlert({
        account: '',
        events: [],
        message: '',
        createdAtMs: Number.NaN,
        rule: { id: '', title: '', level: 'low', tags: [], references: [] },
      }),
    ])
      expect(faults[format](JSON.parse(alertLine(format, sampleDelivery(odd), '1.2.3')))).toEqual([]);
  });
});

describe('Elastic Common Schema', () => {
  it('says who did what from where, and keeps the event word for word', () => {
    const json = fedEvent().json;
    expect(event('ecs')).toEqual({
      '@timestamp': '2026-03-01T02:14:07.000Z',
      ecs: { version: '8.17.0' },
      observer: { vendor: 'vonage-audit-monitor', product: 'vonage-audit-monitor', version: '1.2.3' },
      message: 'Account secret created',
      event: {
        kind: 'event',
        category: ['iam'],
        type: ['admin', 'creation'],
        action: 'account-secret-create',
        code: 'ACCOUNT_SECRET_CREATE',
        id: '3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81',
        outcome: 'success',
        created: '2026-03-01T02:14:38.120Z',
        provider: 'vonage',
        module: 'vonage',
        dataset: 'vonage.audit',
        original: json,
      },
      user: { id: '4711', email: 'alice@example.com', name: 'alice@example.com' },
      source: { address: '203.0.113.9', ip: '203.0.113.9', geo: { country_iso_code: 'NL' } },
      related: { ip: ['203.0.113.9'], user: ['alice@example.com', '4711'] },
      cloud: { provider: 'vonage', account: { id: 'abcd1234', name: 'default' } },
      organization: { id: 'abcd1234', name: 'default' },
      vonage: {
        audit: JSON.parse(json),
      },
    });
  });

  it('takes for an address only what is one', () => {
    expect(event('ecs', {}, { source_ip: '203.0.113.9, 10.0.0.1' }).source).toEqual({
      address: '203.0.113.9, 10.0.0.1',
      geo: { country_iso_code: 'NL' },
    });
    expect(isIP(event('ecs', {}, { source_ip: '2001:db8::1' }).source.ip)).toBe(6);
  });

  it('tells the user something was done to from the one who did it', () => {
    const { user } = event(
      'ecs',
      { eventType: 'USER_CREATE' },
      { context: { email: 'new@example.com', user_id: 5 } },
    );
    expect(user.target).toEqual({ email: 'new@example.com', name: 'new@example.com', id: '5' });
  });

  it('knows a login that failed', () => {
    const outcome = (context: object, eventType = 'USER_LOGIN') =>
      event('ecs', { eventType }, { context }).event.outcome;
    expect(outcome({})).toBe('success');
    expect(outcome({ success: false })).toBe('failure');
    expect(outcome({ result: 'LOGIN_FAILED' })).toBe('failure');
    expect(outcome({}, 'BRAND_NEW')).toBe('unknown');
  });

  it('puts rule, technique and everybody concerned into an alert', () => {
    const document = alert('ecs', {
      rule: { ...sampleAlert().rule, tags: ['attack.credential-access', 'attack.t1110.001', 'cve.2026-1'] },
    });
    expect(document).toMatchObject({
      event: {
        kind: 'alert',
        category: ['intrusion_detection'],
        action: 'rule-firing',
        severity: 73,
        id: sampleDelivery().id,
      },
      rule: { id: sampleAlert().rule.id, name: 'Account secret created' },
      threat: {
        framework: 'MITRE ATT&CK',
        tactic: { id: ['TA0006'], name: ['Credential Access'] },
        technique: { id: ['T1110'], subtechnique: { id: ['T1110.001'] } },
      },
      related: { ip: ['203.0.113.9'], user: ['alice@example.com'] },
      vonage: { alert: { id: sampleAlert().id, incident: sampleAlert().id } },
    });
  });
});

describe('Open Cybersecurity Schema Framework', () => {
  it.each([
    ['USER_LOGIN', {}, 3002, 1],
    ['USER_LOGOUT', {}, 3002, 2],
    ['USER_CREATE', {}, 3001, 1],
    ['USER_STATUS', { status: 'suspended' }, 3001, 5],
    ['USER_STATUS', { old_status: 'suspended', new_status: 'active' }, 3001, 2],
    ['USER_STATUS', { status: 'odd' }, 3001, 99],
    ['USER_PRODUCT_SEARCH', {}, 6003, 2],
    ['NUMBER_RELEASE', { msisdn: '447700900000' }, 6003, 4],
    ['APP_UPDATE', { appId: 'a1' }, 6003, 3],
    ['BRAND_NEW', {}, 6003, 99],
  ])('%s %j is class %i, activity %i', (eventType, context, classUid, activityId) => {
    const document = event('ocsf', { eventType }, { context });
    expect(document).toMatchObject({
      class_uid: classUid,
      activity_id: activityId,
      type_uid: classUid * 100 + activityId,
    });
    expect(document['activity_name']).toBe(activityId === 99 ? eventType : undefined);
  });

  it('says who did what to what from where', () => {
    expect(
      event('ocsf', { eventType: 'NUMBER_RELEASE' }, { context: { msisdn: '447700900000', country: 'GB' } }),
    ).toMatchObject({
      time: Date.UTC(2026, 2, 1, 2, 14, 7),
      severity_id: 1,
      status_id: 1,
      actor: {
        user: {
          name: 'alice@example.com',
          email_addr: 'alice@example.com',
          uid: '4711',
          account: { uid: 'abcd1234' },
        },
      },
      src_endpoint: { ip: '203.0.113.9', svc_name: 'Customer Dashboard', location: { country: 'NL' } },
      api: { operation: 'NUMBER_RELEASE' },
      resources: [{ type: 'number', uid: '447700900000' }],
      cloud: { provider: 'Vonage', account: { name: 'default', uid: 'abcd1234' } },
      unmapped: { account: 'default', context: { country: 'GB' } },
    });
  });

  it('has the user it was done to in Account Change', () => {
    const document = event('ocsf', { eventType: 'USER_CREATE' }, { context: { email: 'new@example.com' } });
    expect(document['user']).toEqual({ name: 'new@example.com', email_addr: 'new@example.com' });
    expect(document['actor'].user.name).toBe('alice@example.com');
  });

  it('makes an alert a finding that is created and closed', () => {
    const firing = alert('ocsf', { id: 'one' });
    const resolved = alert('ocsf', { id: 'two', status: 'resolved', resolves: 'one' });
    expect(firing).toMatchObject({
      class_uid: 2004,
      activity_id: 1,
      severity_id: 4,
      status_id: 1,
      is_alert: true,
      finding_info: {
        uid: 'one',
        title: 'Account secret created',
        analytic: { type_id: 1 },
        attacks: [{ tactic: { uid: 'TA0003', name: 'Persistence' } }],
        related_events: [{ uid: sampleAlert().eventIds[0] }],
      },
      evidences: [{ actor: { user: { name: 'alice@example.com' } } }],
    });
    expect(resolved).toMatchObject({
      activity_id: 3,
      status_id: 4,
      is_alert: false,
      finding_info: { uid: 'one' },
    });
  });
});
