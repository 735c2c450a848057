import { countryText } from './circumstances.ts';
import type { ContextLeaves } from './context-leaves.ts';
import { DASHBOARD, type Describe, factsOf, joined, type Phrase, piece } from './phrase.ts';

/** The number an event is about, as part of a sentence and as fields. */
const readNumber = (context: ContextLeaves) => {
  const msisdn = context.take('msisdn', 'number');
  const country = context.take('country');
  return {
    named: msisdn === undefined ? 'a number' : `number ${msisdn}`,
    country: country === undefined ? '' : ` (${country})`,
    facts: factsOf([
      ['Number', msisdn],
      ['Number country', country === undefined ? undefined : countryText(country)],
    ]),
  };
};

const simple =
  (title: string, verb: string, after = ''): Describe =>
  (context): Phrase => {
    const number = readNumber(context);
    return {
      title,
      act: `${verb} ${number.named}${number.country}${after}`,
      facts: number.facts,
      links: [DASHBOARD.numbers],
    };
  };

/** Where calls go, with and without a value: `SIP address sip:…`, `a SIP address`. */
const VOICE_TARGETS: Readonly<Record<string, readonly [named: string, unnamed: string]>> = {
  tel: ['telephone number ', 'a telephone number'],
  sip: ['SIP address ', 'a SIP address'],
  vxml: ['VoiceXML document ', 'a VoiceXML document'],
  app: ['application ', 'an application'],
};

const voiceTarget = (type: string | undefined, value: string | undefined): string | undefined => {
  const target = type === undefined ? undefined : VOICE_TARGETS[type.toLowerCase()];
  if (value === undefined) return target?.[1] ?? type;
  return `${target?.[0] ?? (type === undefined ? '' : `${type} `)}${value}`;
};

const VOICE_TYPE = ['voice-type', 'voiceCallbackType'] as const;
const VOICE_VALUE = ['voice-value', 'voiceCallbackValue'] as const;
const MESSAGES = ['http', 'moHttpUrl', 'mo_http_url'] as const;

const updated: Describe = (context) => {
  const number = readNumber(context);
  const calls = voiceTarget(context.take(...VOICE_TYPE), context.take(...VOICE_VALUE));
  const callsBefore = voiceTarget(context.takeOld(...VOICE_TYPE), context.takeOld(...VOICE_VALUE));
  const messages = context.take(...MESSAGES);
  const messagesBefore = context.takeOld(...MESSAGES);
  return {
    title: 'Number changed',
    act: `changed ${number.named}${number.country}`,
    detail: joined(moved('calls', calls, callsBefore), moved('messages', messages, messagesBefore)),
    facts: [
      ...number.facts,
      ...factsOf([
        ['Calls go to', calls],
        ['Calls went to', callsBefore],
        ['Messages go to', messages],
        ['Messages went to', messagesBefore],
      ]),
    ],
    links: [DASHBOARD.numbers],
  };
};

const moved = (what: string, to: string | undefined, from: string | undefined): string =>
  to === undefined
    ? piece(`${what} went to `, from)
    : `${what} now go to ${to}${piece(' (before: ', from === to ? undefined : from, ')')}`;

const linking =
  (title: string, act: (number: string, application: string) => string): Describe =>
  (context) => {
    const number = readNumber(context);
    const id = context.take('applicationId', 'appId', 'application_id', 'app_id');
    return {
      title,
      act: act(`${number.named}${number.country}`, id === undefined ? 'an application' : `application ${id}`),
      facts: [...number.facts, ...factsOf([['Application', id]])],
      links: [DASHBOARD.numbers, DASHBOARD.applications],
    };
  };

/** Events about numbers. */
export const NUMBER_EVENTS = {
  NUMBER_ASSIGN: simple('Number assigned', 'added', ' to the account'),
  NUMBER_UPDATED: updated,
  NUMBER_RELEASE: simple('Number released', 'released'),
  NUMBER_USER_CANCELED: simple('Number cancelled', 'cancelled'),
  NUMBER_LINKED: linking('Number linked to an application', (number, app) => `linked ${number} to ${app}`),
  NUMBER_UNLINKED: linking(
    'Number unlinked from an application',
    (number, app) => `removed the link between ${number} and ${app}`,
  ),
} as const satisfies Record<string, Describe>;
