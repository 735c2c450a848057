import { countryText } from './circumstances.ts';
import type { ContextLeaves } from './context-leaves.ts';
import { DASHBOARD, type Describe, factsOf, type Phrase, piece } from './phrase.ts';

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
  (title: string, verb: string): Describe =>
  (context): Phrase => {
    const number = readNumber(context);
    return {
      title,
      act: `${verb} ${number.named}${number.country}`,
      facts: number.facts,
      links: [DASHBOARD.numbers],
    };
  };

const VOICE_TARGETS: Readonly<Record<string, string>> = {
  tel: 'telephone number ',
  sip: 'SIP address ',
  vxml: 'VoiceXML document ',
  app: 'application ',
};

const updated: Describe = (context) => {
  const number = readNumber(context);
  const voiceType = context.take('voice-type', 'voiceCallbackType');
  const voiceValue = context.take('voice-value', 'voiceCallbackValue');
  const webhook = context.take('http', 'moHttpUrl');
  const kind = voiceType === undefined ? '' : (VOICE_TARGETS[voiceType.toLowerCase()] ?? `${voiceType} `);
  const changes = [
    ...(voiceValue === undefined
      ? voiceType === undefined
        ? []
        : [`calls now go to: ${voiceType}`]
      : [`calls now go to ${kind}${voiceValue}`]),
    ...(webhook === undefined ? [] : [`messages now go to ${webhook}`]),
  ];
  return {
    title: 'Number changed',
    act: `changed ${number.named}${number.country}${piece(': ', changes.join(', ') || undefined)}`,
    facts: [
      ...number.facts,
      ...factsOf([
        ['Calls go to', voiceValue === undefined ? voiceType : `${kind}${voiceValue}`],
        ['Messages go to', webhook],
      ]),
    ],
    links: [DASHBOARD.numbers],
  };
};

const linking =
  (title: string, verb: string, preposition: string): Describe =>
  (context) => {
    const number = readNumber(context);
    const application = context.take('applicationId', 'appId', 'application_id', 'app_id');
    return {
      title,
      act: `${verb} ${number.named}${number.country} ${preposition} ${application === undefined ? 'an application' : `application ${application}`}`,
      facts: [...number.facts, ...factsOf([['Application', application]])],
      links: [DASHBOARD.numbers, DASHBOARD.applications],
    };
  };

/** Events about numbers. */
export const NUMBER_EVENTS = {
  NUMBER_ASSIGN: simple('Number assigned', 'added'),
  NUMBER_UPDATED: updated,
  NUMBER_RELEASE: simple('Number released', 'released'),
  NUMBER_USER_CANCELED: simple('Number cancelled', 'cancelled'),
  NUMBER_LINKED: linking('Number linked to an application', 'linked', 'to'),
  NUMBER_UNLINKED: linking('Number unlinked from an application', 'unlinked', 'from'),
} as const satisfies Record<string, Describe>;
