import type { JsonObject } from '../../src/base/json.ts';

/** One event as it may come, and what is special about it. */
export interface Situation {
  readonly type: string;
  readonly about: string;
  readonly context?: JsonObject;
  /** Fields of the event beside its context that differ from the usual ones. */
  readonly event?: JsonObject;
}

const NUMBER = { country: 'GB', msisdn: '447700900000' };
const APP = { appId: '78d335fa-323d-0114-9c3d-d6f0d48968cf', name: 'Voicemail' };
const ANSWER = { method: 'GET', url: 'https://hooks.example.com/answer' };
const EVENT = { method: 'POST', url: 'https://hooks.example.com/event' };
const RELOAD = { amount: 50, threshold: 10, currency: 'EUR' };
const ALICE = { email: 'alice@example.com', user_id: 1234567 };
const BOB = { email: 'bob@example.com', user_id: 7654321 };
const BARE: JsonObject = {
  user_email: null,
  user_id: null,
  source: null,
  source_description: null,
  source_ip: null,
  source_country: null,
  account_id: null,
  event_type_description: null,
};
const API: JsonObject = { source: 'DEVAPI', source_description: 'Developer API' };
const SECRET_ID = 'da07c60a-126c-4506-b2c5-4bf0d49c5123';

/** Every known type of event in the ways it may come: usual, to oneself, with the state before, spelt otherwise, bare. */
export const SITUATIONS: readonly Situation[] = [
  { type: 'USER_STATUS', about: 'somebody else', context: { ...BOB, status: 'suspended' } },
  { type: 'USER_STATUS', about: 'oneself', context: { ...ALICE, status: 'active' } },
  {
    type: 'USER_STATUS',
    about: 'with the status before',
    context: { user_email: 'bob@example.com', old_status: 'ACTIVE', new_status: 'DISABLED' },
  },
  {
    type: 'USER_STATUS',
    about: 'with objects for before and after',
    context: { user: 'bob@example.com', old: { status: 'ACTIVE' }, new: { status: 'DISABLED' } },
  },
  { type: 'USER_UPDATE', about: 'oneself', context: { ...ALICE, changed: ['phone', 'language'] } },
  { type: 'USER_UPDATE', about: 'somebody else', context: { email: 'bob@example.com' } },
  { type: 'USER_BILLING_UPDATE', about: 'oneself', context: { ...ALICE, changed: ['vat_number'] } },
  {
    type: 'USER_BILLING_UPDATE',
    about: 'another address for invoices',
    context: { ...BOB, changed: ['billing_email'], billing_email: 'invoices@example.net' },
  },
  { type: 'USER_BILLING_UPDATE', about: 'nobody named', context: {} },
  { type: 'USER_CREATE', about: 'usual', context: { ...BOB, role: 'developer' } },
  {
    type: 'USER_CREATE',
    about: 'with several roles',
    context: { username: 'bob', roles: ['admin', 'billing'] },
  },
  { type: 'USER_LOGIN', about: 'usual', context: ALICE },
  { type: 'USER_LOGIN', about: 'failed, by a flag', context: { ...ALICE, success: false } },
  {
    type: 'USER_LOGIN',
    about: 'failed, in words',
    context: { ...ALICE, status: 'LOGIN_FAILED', reason: 'invalid password' },
  },
  { type: 'USER_LOGIN', about: 'no address, country only', event: { source_ip: null } },
  {
    type: 'USER_LOGIN',
    about: 'no country, IPv6',
    event: { source_ip: '2001:db8::1', source_country: null },
  },
  { type: 'USER_LOGOUT', about: 'usual', context: ALICE },
  {
    type: 'USER_PRODUCT_SEARCH',
    about: 'usual',
    context: { product: 'SMS', 'search-type': 'number', to: '447700900110' },
  },
  {
    type: 'USER_PRODUCT_SEARCH',
    about: 'verification codes',
    context: { product: 'VERIFY', query: '447700900110' },
  },
  { type: 'USER_PRODUCT_SEARCH', about: 'no term', context: { product: 'VOICE', searchType: 'date' } },
  {
    type: 'USER_API_KEYS_UPDATE',
    about: 'somebody else',
    context: { ...BOB, api_keys: ['c5cd76d9', '462aaba1'] },
  },
  { type: 'USER_API_KEYS_UPDATE', about: 'oneself', context: { ...ALICE, apiKeys: 'c5cd76d9' } },
  { type: 'ACCOUNT_SECRET_CREATE', about: 'usual', context: { account: 'abcd1234', secret_id: SECRET_ID } },
  {
    type: 'ACCOUNT_SECRET_CREATE',
    about: 'through the API',
    context: { secret: { id: SECRET_ID } },
    event: API,
  },
  { type: 'ACCOUNT_SECRET_DELETE', about: 'usual', context: { api_key: 'abcd1234', secretId: SECRET_ID } },
  { type: 'ACCOUNT_UPDATE_SPAMMER', about: 'flag set', context: { account: 'abcd1234', spammer: true } },
  {
    type: 'ACCOUNT_UPDATE_SPAMMER',
    about: 'flag taken off',
    context: { account: 'abcd1234', spammer: false },
  },
  { type: 'ACCOUNT_UPDATE_SPAMMER', about: 'another word', context: { status: 'under review' } },
  {
    type: 'ACCOUNT_UPDATE_SETTINGS',
    about: 'usual',
    context: {
      account: 'abcd1234',
      moCallBackUrl: 'https://hooks.example.com/inbound',
      drCallBackUrl: 'https://hooks.example.com/receipt',
      'max-outbound-request': 30,
    },
  },
  {
    type: 'ACCOUNT_UPDATE_SETTINGS',
    about: 'with the address before',
    context: {
      before: { moCallBackUrl: 'https://hooks.example.com/inbound' },
      after: { moCallBackUrl: 'https://collect.example.net/in' },
    },
  },
  {
    type: 'ACCOUNT_UPDATE_SETTINGS',
    about: 'many things',
    context: { a: 1, b: 2, c: 3, d: 4, new_secret: 'Hunter2' },
  },
  { type: 'ACCOUNT_UPDATE_SETTINGS', about: 'something else', context: { 'max-outbound-request': 80 } },
  {
    type: 'ACCOUNT_UPDATE_SETTINGS_API',
    about: 'usual',
    context: { mo_callback_url: 'https://hooks.example.com/inbound' },
    event: API,
  },
  { type: 'ACCOUNT_UPDATE_SETTINGS_API', about: 'said to be from the dashboard', context: {} },
  { type: 'NUMBER_ASSIGN', about: 'usual', context: NUMBER },
  {
    type: 'NUMBER_UPDATED',
    about: 'usual',
    context: {
      ...NUMBER,
      'voice-type': 'sip',
      'voice-value': 'sip:desk@pbx.example.com',
      http: 'https://hooks.example.com/inbound',
    },
  },
  {
    type: 'NUMBER_UPDATED',
    about: 'to a telephone, in camel case',
    context: { ...NUMBER, voiceCallbackType: 'tel', voiceCallbackValue: '447700900999' },
  },
  {
    type: 'NUMBER_UPDATED',
    about: 'with where calls went before',
    context: {
      ...NUMBER,
      old: { 'voice-type': 'app', 'voice-value': APP.appId },
      new: { 'voice-type': 'tel', 'voice-value': '447700900999' },
    },
  },
  { type: 'NUMBER_UPDATED', about: 'target without a value', context: { ...NUMBER, 'voice-type': 'app' } },
  {
    type: 'NUMBER_UPDATED',
    about: 'messages only',
    context: { ...NUMBER, moHttpUrl: 'https://hooks.example.com/inbound' },
  },
  { type: 'NUMBER_UPDATED', about: 'nothing told', context: NUMBER },
  { type: 'NUMBER_RELEASE', about: 'usual', context: NUMBER },
  { type: 'NUMBER_RELEASE', about: 'no country', context: { number: 447700900000 } },
  { type: 'NUMBER_USER_CANCELED', about: 'usual', context: NUMBER },
  { type: 'NUMBER_LINKED', about: 'usual', context: { ...NUMBER, applicationId: APP.appId } },
  { type: 'NUMBER_UNLINKED', about: 'usual', context: { ...NUMBER, application_id: APP.appId } },
  {
    type: 'APP_CREATE',
    about: 'voice',
    context: { appId: APP.appId, created: { ...APP, answer_url: ANSWER, event_url: EVENT, type: 'voice' } },
  },
  {
    type: 'APP_CREATE',
    about: 'messages',
    context: {
      created: { ...APP, inbound_url: { address: 'https://hooks.example.com/inbound' }, type: 'messages' },
    },
  },
  {
    type: 'APP_UPDATE',
    about: 'usual',
    context: { appId: APP.appId, updated: { ...APP, answer_url: ANSWER, event_url: EVENT, type: 'voice' } },
  },
  {
    type: 'APP_UPDATE',
    about: 'with the state before',
    context: {
      appId: APP.appId,
      previous: { name: 'Old voicemail', answer_url: ANSWER },
      updated: { ...APP, answer_url: { method: 'GET', url: 'https://collect.example.net/answer' } },
    },
  },
  { type: 'APP_UPDATE', about: 'id only', context: { application_id: APP.appId } },
  { type: 'APP_DELETE', about: 'usual', context: APP },
  { type: 'APP_DISABLE', about: 'usual', context: APP },
  { type: 'APP_ENABLE', about: 'usual', context: APP },
  { type: 'IP_WHITELIST_CREATE', about: 'usual', context: { account: 'abcd1234', ip: '198.51.100.34' } },
  { type: 'IP_WHITELIST_CREATE', about: 'everybody', context: { cidr: '0.0.0.0/0' } },
  { type: 'IP_WHITELIST_CREATE', about: 'several', context: { ips: ['198.51.100.34', '198.51.100.35'] } },
  {
    type: 'IP_WHITELIST_CREATE',
    about: 'that the description calls a removal',
    context: { addresses: ['198.51.100.34'] },
    event: { event_type_description: 'IP whitelist entry deleted' },
  },
  {
    type: 'IP_WHITELIST_DELETE',
    about: 'usual',
    context: { account: 'abcd1234', ipAddress: '198.51.100.20' },
  },
  { type: 'AUTORELOAD_ENABLE', about: 'usual', context: RELOAD },
  {
    type: 'AUTORELOAD_UPDATE',
    about: 'with the terms before',
    context: { old: RELOAD, new: { amount: 5_000, threshold: 1_000, currency: 'EUR' } },
  },
  { type: 'AUTORELOAD_UPDATE', about: 'amount only', context: { amount: 500 } },
  { type: 'AUTORELOAD_DISABLE', about: 'usual', context: RELOAD },
  { type: 'AUTORELOAD_DISABLE', about: 'nothing told', context: {} },
  {
    type: 'SIP_TRUNK_CREATE',
    about: 'a type without words of ours',
    context: { trunk: 't-1' },
    event: { event_type_description: 'SIP trunk created.' },
  },
  {
    type: 'SIP_TRUNK_CREATE',
    about: 'neither words nor a description',
    event: { event_type_description: null },
  },
];

/** What no event has in the barest case. */
export const BARE_EVENT = BARE;
