import type { JsonObject } from '../base/json.ts';
import type { Rand } from './random.ts';
import type { EventType } from './wire.ts';
import { type Application, dramaMobile, type Person, type World } from './world.ts';

/** Makes an ordinary context of one type. */
type MakeContext = (world: World, rand: Rand, who: Person) => JsonObject;

/** An application as APP_CREATE describes it (schema ContextAppCreate). */
export const appFields = (account: string, app: Application): JsonObject => ({
  accountId: account,
  appId: app.appId,
  name: app.name,
  answer_url: { method: 'GET', url: app.answerUrl },
  event_url: { method: 'POST', url: app.eventUrl },
  type: app.type,
});

const changed =
  (side: 'created' | 'updated'): MakeContext =>
  ({ account, apps }, rand) => {
    const app = rand.pick(apps);
    const subject = side === 'created' ? { ...app, appId: rand.uuid(), name: `Pilot ${rand.hex(4)}` } : app;
    return { appId: subject.appId, [side]: appFields(account, subject) };
  };

const appState: MakeContext = ({ account, apps }, rand) => {
  const app = rand.pick(apps);
  return { appId: app.appId, name: app.name, accountId: account };
};

const numberOnly: MakeContext = ({ numbers }, rand) => {
  const { country, msisdn } = rand.pick(numbers);
  return { country, msisdn };
};

/** Linking and unlinking (schema ContextNumberLinking). */
const linking: MakeContext = ({ account, apps, numbers }, rand) => {
  const { country, msisdn } = rand.pick(numbers);
  return { country, account, msisdn, applicationId: rand.pick(apps).appId };
};

const settings: MakeContext = ({ account }, rand) => ({
  account,
  moCallBackUrl: 'https://hooks.example.com/sms/inbound',
  drCallBackUrl: 'https://hooks.example.com/sms/receipt',
  'max-outbound-request': rand.pick([30, 50, 80]),
});

const self: MakeContext = (_world, _rand, who) => ({ email: who.email, user_id: who.userId });

const autoreload: MakeContext = ({ autoreload: { amount, threshold, currency } }) => ({
  amount,
  threshold,
  currency,
});

/**
 * An ordinary context for every documented type. The shapes of the application and number types are those of the
 * OpenAPI document; the others are not documented, and are what such an event must at least say.
 */
export const CONTEXTS: Readonly<Record<EventType, MakeContext>> = {
  USER_STATUS: ({ people }, rand) => {
    const person = rand.pick(people);
    return { email: person.email, user_id: person.userId, status: rand.pick(['active', 'suspended']) };
  },
  USER_UPDATE: (_world, rand, who) => ({
    email: who.email,
    changed: [rand.pick(['phone', 'language', 'name'])],
  }),
  USER_BILLING_UPDATE: (_world, rand, who) => ({
    email: who.email,
    changed: [rand.pick(['billing_email', 'company_address', 'vat_number'])],
  }),
  USER_CREATE: (_world, rand) => ({
    email: `new.colleague.${rand.hex(4)}@example.com`,
    user_id: rand.int(100_000, 999_999),
    role: rand.pick(['developer', 'support']),
  }),
  USER_LOGIN: self,
  USER_LOGOUT: self,
  USER_PRODUCT_SEARCH: (_world, rand) => ({
    product: rand.pick(['SMS', 'VOICE', 'VERIFY']),
    'search-type': rand.pick(['number', 'message-id', 'date']),
    to: dramaMobile(rand.int(0, 999)),
  }),
  USER_API_KEYS_UPDATE: ({ subAccounts }, _rand, who) => ({ email: who.email, api_keys: subAccounts }),
  ACCOUNT_SECRET_CREATE: ({ account }, rand) => ({ account, secret_id: rand.uuid() }),
  ACCOUNT_SECRET_DELETE: ({ account, secretIds }, rand) => ({ account, secret_id: rand.pick(secretIds) }),
  ACCOUNT_UPDATE_SPAMMER: ({ account }, rand) => ({ account, spammer: rand.chance(0.5) }),
  ACCOUNT_UPDATE_SETTINGS: settings,
  ACCOUNT_UPDATE_SETTINGS_API: settings,
  NUMBER_ASSIGN: (_world, rand) => ({ country: 'GB', msisdn: dramaMobile(rand.int(0, 999)) }),
  NUMBER_UPDATED: ({ numbers }, rand) => {
    const { country, msisdn, forwards } = rand.pick(numbers);
    return { country, msisdn, ...rand.pick(forwards) };
  },
  NUMBER_RELEASE: numberOnly,
  NUMBER_USER_CANCELED: numberOnly,
  NUMBER_LINKED: linking,
  NUMBER_UNLINKED: linking,
  APP_CREATE: changed('created'),
  APP_UPDATE: changed('updated'),
  APP_DELETE: appState,
  APP_DISABLE: appState,
  APP_ENABLE: appState,
  IP_WHITELIST_CREATE: ({ account }, rand) => ({ account, ip: `198.51.100.${rand.int(30, 60)}` }),
  IP_WHITELIST_DELETE: ({ account, allowList }, rand) => ({ account, ip: rand.pick(allowList) }),
  AUTORELOAD_ENABLE: autoreload,
  AUTORELOAD_UPDATE: autoreload,
  AUTORELOAD_DISABLE: autoreload,
};
