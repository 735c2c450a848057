import { type Json, own } from '../base/json.ts';
import type { Match } from '../core/match.ts';
import { listText } from './event-field.ts';

/** What stands behind a field that groups: `first time from NL for this user`. */
const GROUPS: Readonly<Record<string, string>> = {
  user_email: 'user',
  user_id: 'user',
  account_id: 'account',
  source_ip: 'address',
  source_country: 'country',
  msisdn: 'number',
  appId: 'application',
  applicationId: 'application',
};

/** Ways in, by their codes in `source`. */
const SOURCES: Readonly<Record<string, string>> = { CD: 'the dashboard', DEVAPI: 'the Developer API' };

/** `voice-value` of `context.voice-value`; `answer_url` of `context.updated.answer_url.url`. */
const leafOf = (field: string): string => {
  const parts = field.split('.');
  const last = parts.at(-1) ?? field;
  return last === 'url' ? (parts.at(-2) ?? last) : last;
};

const groupOf = (field: string): string => GROUPS[leafOf(field)] ?? leafOf(field);

const firstTime = (field: string, value: string): string => {
  switch (field) {
    case 'source_country':
      return `first time from ${value}`;
    case 'source_ip':
      return 'first time from this address';
    case 'source':
      return `first time through ${SOURCES[value] ?? value}`;
    case 'event_type':
      return 'first event of this type';
    case 'user_email':
    case 'user_id':
      return `first time for ${value}`;
    default:
      return `first time with ${leafOf(field)} ${value}`;
  }
};

const textOf = (value: Json | undefined): string | undefined =>
  value === undefined ? undefined : listText([value].flat() as readonly Json[]);

/**
 * What is unusual about a match of a rule with `first_seen` or `changed`, to follow its sentence:
 * ` — first time from NL for this user`, ` — voice-value was sip:desk@example.com`; '' for other rules.
 */
export const noveltyText = ({ rule: { firstSeen, changed }, values }: Match): string => {
  const value = textOf(own(values, 'value'));
  const seen =
    firstSeen === undefined || value === undefined
      ? undefined
      : [
          firstTime(firstSeen.field, value),
          ...firstSeen.by.map((field) => `for this ${groupOf(field)}`),
        ].join(' ');
  const previous = textOf(own(values, 'previous'));
  const was =
    changed === undefined || !Object.hasOwn(values, 'previous')
      ? undefined
      : `${leafOf(changed.field)} ${previous === undefined ? 'before is not known' : `was ${previous}`}`;
  return [seen, was].map((text) => (text === undefined ? '' : ` — ${text}`)).join('');
};
