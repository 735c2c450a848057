import { describe, expect, it } from 'vitest';
import { alertFromMatch } from '../../src/alerts/alert-from-match.ts';
import { CONDITION_TEXTS } from '../../src/alerts/condition-texts.ts';
import { DESCRIBED_EVENT_TYPES, describeEvent } from '../../src/alerts/describe-event.ts';
import { ownCredentialAlert, quarantineAlert } from '../../src/alerts/event-alerts.ts';
import { systemAlert } from '../../src/alerts/system-alert.ts';
import type { Json } from '../../src/base/json.ts';
import type { ConditionName } from '../../src/core/conditions.ts';
import type { RuleInfo } from '../../src/core/match.ts';
import { compileTexts, ruleOf, stateOf } from '../support/rules.ts';
import { auditEvent, CREATED_MS, eventFields, matchOf, NOW_MS, ruleInfo } from './samples.ts';
import { BARE_EVENT, SITUATIONS } from './situations.ts';

/*
 * Every sentence that an alert can begin with, in files that a person reads in review. After a wanted change:
 * npx vitest run test/alerts/sentences.test.ts -u
 */

const eventSentences = (): string => {
  const parts = SITUATIONS.map(({ type, about, context, event }) => {
    const { title, sentence, fields } = describeEvent(eventFields(type, context, event), type);
    const facts = fields
      .filter(({ name }) => !['Who', 'From', 'Via', 'When', 'API account'].includes(name))
      .map(({ name, value }) => `\n    ${name}: ${value}`);
    return `${type} (${about})\n  ${title}\n  ${sentence}${facts.join('')}\n`;
  });
  const bare = DESCRIBED_EVENT_TYPES.map(
    (type) =>
      `${type} (nothing but the type)\n  ${describeEvent(eventFields(type, undefined, BARE_EVENT), type).sentence}\n`,
  );
  return [...parts, ...bare].join('\n');
};

interface Unusual {
  readonly about: string;
  readonly rule: Partial<RuleInfo>;
  readonly values: Readonly<Record<string, Json>>;
}

const login = auditEvent(eventFields('USER_LOGIN', {}));
const moved = auditEvent(
  eventFields('NUMBER_UPDATED', {
    msisdn: '447700900000',
    'voice-type': 'sip',
    'voice-value': 'sip:m@example.net',
  }),
);
const UNUSUAL: readonly Unusual[] = [
  {
    about: 'first_seen: source_country by user_email',
    rule: { firstSeen: { field: 'source_country', by: ['user_email'] } },
    values: { value: 'NL' },
  },
  {
    about: 'first_seen: source_ip by account_id',
    rule: { firstSeen: { field: 'source_ip', by: ['account_id'] } },
    values: { value: '203.0.113.9' },
  },
  {
    about: 'first_seen: user_email',
    rule: { firstSeen: { field: 'user_email', by: [] } },
    values: { value: 'alice@example.com' },
  },
  {
    about: 'first_seen: event_type',
    rule: { firstSeen: { field: 'event_type', by: [] } },
    values: { value: 'USER_LOGIN' },
  },
  {
    about: 'first_seen: source by user_id',
    rule: { firstSeen: { field: 'source', by: ['user_id'] } },
    values: { value: 'DEVAPI' },
  },
  {
    about: 'changed: context.voice-value by context.msisdn',
    rule: { changed: { field: 'context.voice-value', by: ['context.msisdn'] } },
    values: { previous: 'sip:desk@pbx.example.com', value: 'sip:m@example.net' },
  },
  {
    about: 'changed, for the first time that it is seen',
    rule: { changed: { field: 'context.voice-value', by: ['context.msisdn'] } },
    values: { previous: null, value: 'sip:m@example.net' },
  },
  {
    about: 'first_seen: context.voice-value by context.msisdn',
    rule: { firstSeen: { field: 'context.voice-value', by: ['context.msisdn'] } },
    values: { value: 'sip:m@example.net' },
  },
];

const unusualSentences = (): string =>
  UNUSUAL.map(({ about, rule, values }) => {
    const event = /voice-value/.test(about + JSON.stringify(rule)) ? moved : login;
    const alert = alertFromMatch(matchOf(ruleInfo(rule), [event], { values }), NOW_MS);
    return `${about}\n  ${alert.message}\n`;
  }).join('\n');

/* What is not here is shown with its own name and no reason. */
const details: Partial<Record<ConditionName, readonly [subject: string, detail: string]>> = {
  blind: ['acme', 'status 401'],
  stale: ['acme', 'the last complete pass ended 12m ago: GET /events: no answer within 10s'],
  unverified: ['acme', 'a window of 5m held 812 of 814 events after 3 readings'],
  clock_skew: ['acme', 'ours is 7m behind'],
  parked: ['oncall-slack', 'HTTP 404 from hooks.slack.com in 80ms: no_service'],
  rule_failing: ['Number forwarded to a costly destination', 'an expression is too large'],
  config: ['', 'monitor.yml:3:1: unknown key "pol"; did you mean "poll"?; and 2 more'],
  store: ['', 'SQLITE_FULL: database or disk is full'],
};

const systemTexts = (): string => {
  const names = Object.keys(CONDITION_TEXTS) as ConditionName[];
  const conditions = names.flatMap((name) => {
    const [subject, detail] = details[name] ?? [name, ''];
    const condition = { name, subject, detail };
    return (['firing', 'resolved'] as const).map((status) => {
      const alert = systemAlert(condition, status, CREATED_MS, CREATED_MS + 7_500_000);
      return `${name} (${status})\n  ${alert.rule.title}\n  ${alert.message}\n`;
    });
  });
  const item = { account: 'acme', key: 'k1', json: '{}', reason: 'created_at is "soon", no date' };
  const events = [
    ...[
      eventFields('ACCOUNT_SECRET_CREATE', { secret_id: 's-1' }),
      eventFields('ACCOUNT_SECRET_DELETE', { secret_id: 's-1' }),
      eventFields('IP_WHITELIST_CREATE', { ip: '198.51.100.34' }),
      eventFields(
        'IP_WHITELIST_CREATE',
        { ip: '198.51.100.34' },
        { event_type_description: 'entry removed' },
      ),
      eventFields('IP_WHITELIST_DELETE', { ip: '198.51.100.20' }),
      eventFields('USER_API_KEYS_UPDATE', { email: 'bob@example.com', api_keys: ['c5cd76d9'] }),
    ].map((fields) => ownCredentialAlert(auditEvent(fields), NOW_MS)),
    quarantineAlert('acme', [item], NOW_MS),
    quarantineAlert('acme', [item, { ...item, key: 'k2' }], NOW_MS),
  ].map((alert) => `${alert?.rule.id}\n  ${alert?.rule.title}\n  ${alert?.message}\n`);
  return [...conditions, ...events].join('\n');
};

describe('what alerts say, word for word', () => {
  it('tells what is new with the words of the rule that found it', () => {
    const { engine } = compileTexts([
      ruleOf(
        'selection: { event_type: USER_LOGIN }\ncondition: selection',
        'monitor: { first_seen: { field: source_country, by: [user_email] } }\n',
      ),
      ruleOf(
        'selection: { event_type: NUMBER_UPDATED }\ncondition: selection',
        'monitor: { changed: { field: context.voice-value, by: [context.msisdn] } }\n',
      ),
    ]);
    const state = stateOf();
    const messages = [login, moved].flatMap((event) =>
      engine.evaluate(event, state).matches.map((match) => alertFromMatch(match, NOW_MS).message),
    );
    expect(messages).toEqual([
      'alice@example.com logged in from 203.0.113.9 (NL) — first time from NL for this user',
      'alice@example.com changed number 447700900000 from 203.0.113.9 (NL): calls now go to SIP address sip:m@example.net — voice-value before is not known',
    ]);
  });

  it('of every known type of event: sentences.txt', async () => {
    const text = eventSentences();
    for (const type of DESCRIBED_EVENT_TYPES) expect(text).toContain(`${type} (`);
    await expect(text).toMatchFileSnapshot('sentences.txt');
  });

  it('of what is unusual about it: unusual.txt', async () => {
    await expect(unusualSentences()).toMatchFileSnapshot('unusual.txt');
  });

  it('of the monitor itself: system-texts.txt', async () => {
    await expect(systemTexts()).toMatchFileSnapshot('system-texts.txt');
  });
});
