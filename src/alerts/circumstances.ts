import type { JsonObject } from '../base/json.ts';
import type { AlertField } from '../core/alert.ts';
import { fieldText } from './event-field.ts';

/** Who did it, from where, through what and when: the same for every type of event. */
export interface Circumstances {
  /** For the start of a sentence; `Someone` when the event names nobody. */
  readonly who: string;
  /** The address and the id of who did it, to tell whether it was done to themselves. */
  readonly email: string | undefined;
  readonly userId: string | undefined;
  /** For the end of a sentence: ` from 203.0.113.9 (NL) via the Developer API`, or ''. */
  readonly whence: string;
  /** The API key the event is about, or undefined. */
  readonly apiAccount: string | undefined;
  /** Fields that belong before and after what is special about the type. */
  readonly before: readonly AlertField[];
  readonly after: readonly AlertField[];
}

let regions: Intl.DisplayNames | undefined;

const countryName = (code: string): string | undefined => {
  if (!/^[a-z]{2}$/i.test(code)) return undefined;
  // Made at the first need: it loads megabytes of names, and most starts tell of no country.
  regions ??= new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  return regions.of(code.toUpperCase());
};

/** An ISO 3166-1 country code with its English name, as `NL, Netherlands`; other text as it is. */
export const countryText = (code: string): string => {
  const name = countryName(code);
  return name === undefined ? code : `${code}, ${name}`;
};

/** `created_at` for people. The API writes no zone and, by our reading, means UTC. */
const timeText = (text: string): string => {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z?$/.exec(text);
  return match ? `${match[1]} ${match[2]} UTC` : text;
};

const viaText = (source: string | undefined, description: string | undefined): string => {
  if (source === 'CD') return '';
  if (source === 'DEVAPI') return ' via the Developer API';
  const named = description ?? source;
  return named === undefined || named === 'Customer Dashboard' ? '' : ` via ${named}`;
};

const field = (name: string, value: string | undefined): readonly AlertField[] =>
  value === undefined ? [] : [{ name, value }];

/** Reads the circumstances of an event; nothing that is missing shows up as text. */
export const circumstances = (event: JsonObject): Circumstances => {
  const text = (name: string): string | undefined => fieldText(event, name) || undefined;
  const email = text('user_email');
  const userId = text('user_id');
  const ip = text('source_ip');
  const country = text('source_country');
  const source = text('source');
  const description = text('source_description');
  const apiAccount = text('account_id');
  const createdAt = text('created_at');
  const place = ip === undefined ? country : country === undefined ? ip : `${ip} (${country})`;
  const placeField =
    country === undefined ? ip : ip === undefined ? countryText(country) : `${ip} (${countryText(country)})`;
  return {
    who: email ?? (userId === undefined ? 'Someone' : `User ${userId}`),
    email,
    userId,
    whence: (place === undefined ? '' : ` from ${place}`) + viaText(source, description),
    apiAccount,
    before: field(
      'Who',
      email === undefined || userId === undefined ? (email ?? userId) : `${email} (user ${userId})`,
    ),
    after: [
      ...field('From', placeField),
      ...field('Via', description ?? source),
      ...field('When', createdAt === undefined ? undefined : timeText(createdAt)),
      ...field('API account', apiAccount),
    ],
  };
};
