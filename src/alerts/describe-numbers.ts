import { countryText } from './circumstances.ts';
import type { ContextLeaves } from './context-leaves.ts';
import { DASHBOARD, type Describe, factsOf, type Phrase } from './phrase.ts';

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
    act: `changed ${number.named}${number.country}`,
    detail: changes.join(', '),
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
  NUMBER_ASSIGN: simple('Number assigned', 'added'),
  NUMBER_UPDATED: updated,
  NUMBER_RELEASE: simple('Number released', 'released'),
  NUMBER_USER_CANCELED: simple('Number cancelled', 'cancelled'),
  NUMBER_LINKED: linking('Number linked to an application', (number, app) => `linked ${number} to ${app}`),
  NUMBER_UNLINKED: linking(
    'Number unlinked from an application',
    (number, app) => `removed the link between ${number} and ${app}`,
  ),
} as const satisfies Record<string, Describe>;
