import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DESCRIBED_EVENT_TYPES, describeEvent } from '../../src/alerts/describe-event.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { eventFields } from './samples.ts';

const NUMBER = { country: 'GB', msisdn: '447700900000' };
const LINK = { ...NUMBER, account: 'abcd1234', applicationId: 'app-1' };
const APP = { appId: 'app-1', name: 'My voice app' };
const RELOAD = { amount: 100, threshold: 10, currency: 'EUR' };
const FROM = ' from 203.0.113.9 (NL)';

/** Event type, context, what is said of it, and what is said when the event has nothing but its type. */
const TABLE: readonly (readonly [string, JsonObject, string, string])[] = [
  [
    'USER_STATUS',
    { email: 'bob@example.com', old_status: 'ACTIVE', new_status: 'DISABLED' },
    `changed the status of user bob@example.com${FROM}: now DISABLED (was ACTIVE)`,
    'changed the status of a user',
  ],
  [
    'USER_UPDATE',
    { user_email: 'bob@example.com' },
    `changed the details of user bob@example.com${FROM}`,
    'changed the details of a user',
  ],
  ['USER_BILLING_UPDATE', {}, `changed the billing details${FROM}`, 'changed the billing details'],
  ['USER_CREATE', { email: 'bob@example.com' }, `created user bob@example.com${FROM}`, 'created a user'],
  ['USER_LOGIN', {}, `logged in${FROM}`, 'logged in'],
  ['USER_LOGOUT', {}, `logged out${FROM}`, 'logged out'],
  [
    'USER_PRODUCT_SEARCH',
    { product: 'SMS', search_text: '4477' },
    `searched the SMS records${FROM}: looked for 4477`,
    'searched the call and message records',
  ],
  [
    'USER_API_KEYS_UPDATE',
    { email: 'bob@example.com', api_keys: ['k1', 'k2'] },
    `changed the API keys (sub-accounts) of user bob@example.com${FROM}: k1, k2`,
    'changed the API keys (sub-accounts) of a user',
  ],
  [
    'ACCOUNT_SECRET_CREATE',
    { secret_id: 's-1' },
    `created an API secret for account abcd1234${FROM}: secret id s-1`,
    'created an API secret for the account',
  ],
  [
    'ACCOUNT_SECRET_DELETE',
    { 'secret-id': 's-1' },
    `deleted an API secret of account abcd1234${FROM}: secret id s-1`,
    'deleted an API secret of the account',
  ],
  [
    'ACCOUNT_UPDATE_SPAMMER',
    { spammer: true },
    `flagged account abcd1234 as a spammer${FROM}`,
    'changed the spammer flag of the account',
  ],
  [
    'ACCOUNT_UPDATE_SETTINGS',
    {},
    `changed the settings of account abcd1234${FROM}`,
    'changed the settings of the account',
  ],
  [
    'ACCOUNT_UPDATE_SETTINGS_API',
    {},
    `changed the settings of account abcd1234 through the API${FROM}`,
    'changed the settings of the account through the API',
  ],
  [
    'NUMBER_ASSIGN',
    NUMBER,
    `added number 447700900000 (GB) to the account${FROM}`,
    'added a number to the account',
  ],
  [
    'NUMBER_UPDATED',
    { ...NUMBER, 'voice-type': 'sip', 'voice-value': 'sip:m@example.net', http: 'https://example.net/in' },
    `changed number 447700900000 (GB)${FROM}: calls now go to SIP address sip:m@example.net, messages now go to https://example.net/in`,
    'changed a number',
  ],
  ['NUMBER_RELEASE', NUMBER, `released number 447700900000 (GB)${FROM}`, 'released a number'],
  ['NUMBER_USER_CANCELED', NUMBER, `cancelled number 447700900000 (GB)${FROM}`, 'cancelled a number'],
  [
    'NUMBER_LINKED',
    LINK,
    `linked number 447700900000 (GB) to application app-1${FROM}`,
    'linked a number to an application',
  ],
  [
    'NUMBER_UNLINKED',
    LINK,
    `removed the link between number 447700900000 (GB) and application app-1${FROM}`,
    'removed the link between a number and an application',
  ],
  [
    'APP_CREATE',
    { created: { ...APP, answer_url: { method: 'GET', url: 'https://example.org/call' } } },
    `created application "My voice app"${FROM}: answer URL https://example.org/call`,
    'created an application',
  ],
  ['APP_UPDATE', APP, `changed application "My voice app"${FROM}`, 'changed an application'],
  ['APP_DELETE', { appId: 'app-1' }, `deleted application app-1${FROM}`, 'deleted an application'],
  [
    'APP_DISABLE',
    { name: 'My voice app' },
    `disabled application "My voice app"${FROM}`,
    'disabled an application',
  ],
  ['APP_ENABLE', APP, `enabled application "My voice app"${FROM}`, 'enabled an application'],
  [
    'IP_WHITELIST_CREATE',
    { ip: '198.51.100.7' },
    `changed the IP allow-list of account abcd1234${FROM}: added 198.51.100.7`,
    'changed the IP allow-list of the account: added an entry',
  ],
  [
    'IP_WHITELIST_DELETE',
    { ipAddress: '198.51.100.7' },
    `changed the IP allow-list of account abcd1234${FROM}: removed 198.51.100.7`,
    'changed the IP allow-list of the account: removed an entry',
  ],
  [
    'AUTORELOAD_ENABLE',
    RELOAD,
    `switched on automatic reload${FROM}: it adds 100 EUR when the balance falls to 10 EUR`,
    'switched on automatic reload',
  ],
  [
    'AUTORELOAD_UPDATE',
    { amount: 50 },
    `changed automatic reload${FROM}: it adds 50`,
    'changed automatic reload',
  ],
  ['AUTORELOAD_DISABLE', {}, `switched off automatic reload${FROM}`, 'switched off automatic reload'],
];

/** The types that audit-api documents name; the table must have every one of them. */
const KNOWN_TYPES =
  `USER_STATUS USER_UPDATE USER_BILLING_UPDATE USER_CREATE USER_LOGIN USER_LOGOUT USER_PRODUCT_SEARCH
  USER_API_KEYS_UPDATE ACCOUNT_SECRET_CREATE ACCOUNT_SECRET_DELETE ACCOUNT_UPDATE_SPAMMER ACCOUNT_UPDATE_SETTINGS
  ACCOUNT_UPDATE_SETTINGS_API NUMBER_ASSIGN NUMBER_UPDATED NUMBER_RELEASE NUMBER_USER_CANCELED NUMBER_LINKED
  NUMBER_UNLINKED APP_CREATE APP_UPDATE APP_DELETE APP_DISABLE APP_ENABLE IP_WHITELIST_CREATE IP_WHITELIST_DELETE
  AUTORELOAD_ENABLE AUTORELOAD_UPDATE AUTORELOAD_DISABLE`.split(/\s+/);

describe('describeEvent', () => {
  it('has words, and a row below, for every event type that is publicly named', () => {
    expect([...DESCRIBED_EVENT_TYPES].sort()).toEqual([...KNOWN_TYPES].sort());
    expect(TABLE.map(([type]) => type).sort()).toEqual([...KNOWN_TYPES].sort());
  });

  it.each(TABLE)('%s: says who did what from where', (type, context, said, minimal) => {
    const full = describeEvent(eventFields(type, context), type);
    expect(full.sentence).toBe(`alice@example.com ${said}`);
    expect(full.title).not.toBe('');
    expect(full.fields.map((field) => field.name)).toEqual(
      expect.arrayContaining(['Who', 'From', 'Via', 'When', 'API account']),
    );
    for (const { url } of full.links) expect(url).toMatch(/^https:\/\//);

    const bare = describeEvent({ event_type: type }, type);
    expect(bare.sentence).toBe(`Someone ${minimal}`);
    expect(bare.fields).toEqual([]);
  });

  it('names the user by id when there is no address, and by API when it was one', () => {
    const fields = {
      user_id: 1234567,
      source: 'DEVAPI',
      source_description: 'Developer API',
      context: NUMBER,
    };
    const { sentence } = describeEvent(fields, 'NUMBER_RELEASE');
    expect(sentence).toBe('User 1234567 released number 447700900000 (GB) via the Developer API');
  });

  it('names a country with its English name in the fields', () => {
    const { fields } = describeEvent(eventFields('USER_LOGIN'), 'USER_LOGIN');
    expect(fields).toContainEqual({ name: 'From', value: '203.0.113.9 (NL, Netherlands)' });
    expect(fields).toContainEqual({ name: 'When', value: '2026-01-02 03:04:05 UTC' });
    const odd = describeEvent({ source_country: '??' }, 'USER_LOGIN');
    expect(odd.sentence).toBe('Someone logged in from ??');
  });

  it('says an unknown type by its own description, or at least by its name', () => {
    const described = eventFields(
      'SIP_TRUNK_CREATE',
      { trunk: 't-1' },
      { event_type_description: 'SIP trunk created.' },
    );
    const known = describeEvent(described, 'SIP_TRUNK_CREATE');
    expect(known.title).toBe('SIP trunk created');
    expect(known.sentence).toBe(
      'SIP trunk created (SIP_TRUNK_CREATE) by alice@example.com from 203.0.113.9 (NL)',
    );
    expect(known.fields).toContainEqual({ name: 'trunk', value: 't-1' });
    expect(describeEvent({}, 'SIP_TRUNK_CREATE').sentence).toBe('Event SIP_TRUNK_CREATE');
    expect(describeEvent({}, '').sentence).toBe('Event of no named type');
    expect(describeEvent({}, 'toString').sentence).toBe('Event toString');
  });

  it('shows what it has no words for, once, but nothing that is named like a secret', () => {
    const context = {
      secret_id: 's-1',
      id: 's-1',
      new_secret: 'Hunter2Hunter2',
      nested: { apiToken: 'Hunter2', plan: 'gold' },
    };
    const { fields, sentence } = describeEvent(
      eventFields('ACCOUNT_SECRET_CREATE', context),
      'ACCOUNT_SECRET_CREATE',
    );
    expect(JSON.stringify({ fields, sentence })).not.toContain('Hunter2');
    expect(fields).toContainEqual({ name: 'new_secret', value: '(hidden)' });
    expect(fields).toContainEqual({ name: 'nested.plan', value: 'gold' });
    expect(fields.filter((field) => field.value === 's-1')).toHaveLength(1);
  });

  it('makes control characters visible and cuts what is too long', () => {
    const context = { msisdn: `4477\r\n\u202e00`, country: 'x'.repeat(5_000_000) };
    const { sentence } = describeEvent(eventFields('NUMBER_RELEASE', context), 'NUMBER_RELEASE');
    expect(sentence).toContain('number 4477␍␊<U+202E>00');
    expect(sentence.length).toBeLessThan(1_000);
    expect(sentence).toContain('…');
  });

  it('says something sane about any event whatever', () => {
    const arbitrary = fc.record(
      {
        user_email: fc.jsonValue(),
        user_id: fc.jsonValue(),
        source: fc.jsonValue(),
        source_ip: fc.jsonValue(),
        source_country: fc.jsonValue(),
        created_at: fc.jsonValue(),
        account_id: fc.jsonValue(),
        context: fc.jsonValue(),
        event_type_description: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(arbitrary, fc.constantFrom(...KNOWN_TYPES, 'SOMETHING_NEW'), (fields, type) => {
        const described = describeEvent(fields as JsonObject, type);
        const texts = [described.title, described.sentence, ...described.fields.map((field) => field.value)];
        const own = JSON.stringify(fields);
        for (const text of texts) {
          expect(text).not.toBe('');
          expect(text).not.toMatch(/[\p{Cc}]/u);
          const leaks = ['undefined', '[object', 'NaN'].filter((leak) => !own.includes(leak));
          expect(leaks.filter((leak) => text.includes(leak))).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });
});
