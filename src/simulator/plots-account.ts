import { type Beat, login, type Plot } from './plot.ts';

/** Attacks on the account: its users, secrets, money and existence. */
export const ACCOUNT_PLOTS = {
  accountTakeover: {
    title: 'Account takeover',
    victim: 'admin',
    beats: (scene) => {
      const { world, rand, ip } = scene;
      const number = rand.pick(world.numbers);
      return [
        login(scene),
        {
          afterS: 95,
          type: 'ACCOUNT_SECRET_CREATE',
          note: 'a second API secret is created: access that survives a password change',
          context: { account: world.account, secret_id: rand.uuid() },
        },
        {
          afterS: 160,
          type: 'IP_WHITELIST_DELETE',
          note: 'an entry of the IP allow-list disappears, so the new secret works from anywhere',
          context: { account: world.account, ip: rand.pick(world.allowList) },
        },
        {
          afterS: 240,
          type: 'NUMBER_UPDATED',
          note: `calls of ${number.msisdn} now go to the attacker's SIP address`,
          context: {
            country: number.country,
            msisdn: number.msisdn,
            'voice-type': 'sip',
            'voice-value': `sip:line1@${ip}`,
            http: 'https://hooks.example.com/sms/inbound',
          },
        },
        {
          afterS: 330,
          type: 'AUTORELOAD_ENABLE',
          note: 'auto-reload is switched on, so the bill has no limit',
          context: { ...world.autoreload, amount: 500, threshold: 100 },
        },
      ];
    },
  },
  sabotage: {
    title: 'Sabotage: numbers released, applications deleted',
    victim: 'admin',
    beats: (scene) => {
      const { world } = scene;
      return [
        login(scene),
        ...world.apps.map(
          ({ appId, name }, index): Beat => ({
            afterS: 40 + index * 6,
            type: 'APP_DELETE',
            note: `the application ${name} is deleted`,
            context: { appId, name, accountId: world.account },
          }),
        ),
        ...world.numbers.slice(0, 12).map(
          ({ country, msisdn }, index): Beat => ({
            afterS: 70 + index * 4,
            type: index % 3 === 2 ? 'NUMBER_USER_CANCELED' : 'NUMBER_RELEASE',
            note: `${msisdn} is given up; somebody else may rent it`,
            context: { country, msisdn },
          }),
        ),
      ];
    },
  },
  quietPersistence: {
    title: 'Quiet persistence (tell it at night)',
    victim: 'admin',
    beats: ({ world, rand }) => {
      const email = `it.support.${rand.hex(3)}@example.net`;
      const userId = rand.int(1_000_000, 1_999_999);
      return [
        {
          afterS: 0,
          type: 'USER_CREATE',
          note: `the user ${email} is created, of a domain nobody here has`,
          context: { email, user_id: userId, role: 'admin' },
        },
        {
          afterS: 420,
          type: 'USER_API_KEYS_UPDATE',
          note: `${email} gets access to every sub-account`,
          context: { email, api_keys: world.subAccounts },
        },
        {
          afterS: 1_500,
          type: 'ACCOUNT_SECRET_CREATE',
          note: 'a secret is created while everybody sleeps',
          context: { account: world.account, secret_id: rand.uuid() },
        },
      ];
    },
  },
  billingAbuse: {
    title: 'Billing abuse after a new secret',
    victim: 'billing',
    beats: (scene) => {
      const { world, rand, victim } = scene;
      return [
        login(scene),
        {
          afterS: 60,
          type: 'ACCOUNT_SECRET_CREATE',
          note: 'somebody from accounting creates an API secret, which they never do',
          context: { account: world.account, secret_id: rand.uuid() },
        },
        {
          afterS: 200,
          type: 'USER_BILLING_UPDATE',
          note: 'invoices go to another address, so nobody sees the bill',
          context: { email: victim.email, changed: ['billing_email'], billing_email: 'invoices@example.net' },
        },
        {
          afterS: 260,
          type: 'AUTORELOAD_UPDATE',
          note: 'auto-reload is raised a hundredfold',
          context: { ...world.autoreload, amount: 5_000, threshold: 1_000 },
        },
      ];
    },
  },
} as const satisfies Record<string, Plot>;
