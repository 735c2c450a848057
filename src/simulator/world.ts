import type { Rand } from './random.ts';

/*
 * Every value is from a range reserved for examples: example domains, documentation addresses, and the numbers that
 * the British and North American regulators keep for drama.
 */

/** Somebody who works with the account, with their habits. */
export interface Person {
  readonly email: string;
  readonly userId: number;
  readonly role: 'admin' | 'developer' | 'billing' | 'support';
  /** Where they usually are. */
  readonly country: string;
  readonly ips: readonly string[];
  /** Usual working hours, UTC, [from, to). */
  readonly hours: readonly [fromHour: number, toHour: number];
}

/** Where a number sends calls and messages. */
interface Forward {
  readonly 'voice-type': 'app' | 'sip' | 'tel' | 'vxml';
  readonly 'voice-value': string;
  readonly http: string;
}

/** A rented number with its usual targets. */
interface RentedNumber {
  readonly msisdn: string;
  readonly country: string;
  readonly forwards: readonly Forward[];
}

/** A voice or messages application. */
export interface Application {
  readonly appId: string;
  readonly name: string;
  readonly type: 'voice' | 'messages';
  readonly answerUrl: string;
  readonly eventUrl: string;
}

/** One company and all it has with the vendor. */
export interface World {
  /** The account's API key. */
  readonly account: string;
  readonly people: readonly Person[];
  /** Deploys through the developer API, at any hour, always from the same address. */
  readonly automation: Person;
  readonly numbers: readonly RentedNumber[];
  readonly apps: readonly Application[];
  readonly secretIds: readonly string[];
  readonly allowList: readonly string[];
  readonly subAccounts: readonly string[];
  readonly autoreload: { readonly amount: number; readonly threshold: number; readonly currency: string };
}

const PEOPLE = [
  ['anna.keller', 'admin', 'DE', [7, 16]],
  ['tom.baker', 'developer', 'GB', [8, 17]],
  ['priya.nair', 'developer', 'GB', [9, 18]],
  ['luis.romero', 'support', 'ES', [7, 15]],
  ['mary.jones', 'billing', 'GB', [9, 16]],
  ['sam.carter', 'developer', 'US', [14, 22]],
] as const;

const APPS = [
  ['Call centre', 'voice', 'calls'],
  ['Appointment reminders', 'messages', 'reminders'],
  ['Voicemail', 'voice', 'voicemail'],
  ['Delivery notices', 'messages', 'notices'],
] as const;

/** A number of the range 07700 900000 to 900999, which Ofcom keeps for drama. */
export const dramaMobile = (index: number): string => `447700900${String(index % 1_000).padStart(3, '0')}`;

/** A number of 020 7946 0000 to 0999, kept for drama as well. */
const dramaLandline = (index: number): string => `442079460${String(index % 1_000).padStart(3, '0')}`;

/** A number of 555-0100 to 0199, kept for fiction in North America. */
const fictionNumber = (index: number): string => `120255501${String(index % 100).padStart(2, '0')}`;

/** Makes the company behind an account. */
export const createWorld = (account: string, rand: Rand): World => {
  const firstUser = rand.int(100_000, 900_000);
  const people = PEOPLE.map(
    ([name, role, country, hours], index): Person => ({
      email: `${name}@example.com`,
      userId: firstUser + index * 7,
      role,
      country,
      ips: [`192.0.2.${10 + index}`, `192.0.2.${110 + index}`],
      hours,
    }),
  );
  const apps = APPS.map(
    ([name, type, path]): Application => ({
      appId: rand.uuid(),
      name,
      type,
      answerUrl: `https://hooks.example.com/${path}/answer`,
      eventUrl: `https://hooks.example.com/${path}/event`,
    }),
  );
  const firstNumber = rand.int(0, 900);
  const numbers = Array.from({ length: 24 }, (_, index): RentedNumber => {
    const app = apps[index % apps.length] as Application;
    const msisdn =
      index % 4 === 3
        ? fictionNumber(firstNumber + index)
        : index % 2 === 1
          ? dramaLandline(firstNumber + index)
          : dramaMobile(firstNumber + index);
    return {
      msisdn,
      country: index % 4 === 3 ? 'US' : 'GB',
      forwards: [
        { 'voice-type': 'app', 'voice-value': app.appId, http: 'https://hooks.example.com/sms/inbound' },
        {
          'voice-type': 'sip',
          'voice-value': `sip:desk${index}@pbx.example.com`,
          http: 'https://hooks.example.com/sms/inbound',
        },
      ],
    };
  });
  return {
    account,
    people,
    automation: {
      email: 'deploy-bot@example.com',
      userId: firstUser + 999,
      role: 'developer',
      country: 'IE',
      ips: ['198.51.100.20'],
      hours: [0, 24],
    },
    numbers,
    apps,
    secretIds: [rand.uuid(), rand.uuid()],
    allowList: ['192.0.2.0/28', '198.51.100.20', '198.51.100.21'],
    subAccounts: [rand.hex(8), rand.hex(8)],
    autoreload: { amount: 50, threshold: 10, currency: 'EUR' },
  };
};
