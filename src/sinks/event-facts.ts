import { isIP } from 'node:net';
import { isObject, type Json, type JsonObject, own } from '../base/json.ts';
import { oneLine } from './text.ts';

/** Who did what from where, as far as an event says so. Texts are on one line and cut; what is missing is undefined. */
export interface EventFacts {
  readonly email: string | undefined;
  readonly userId: string | undefined;
  /** The user something was done to, who need not be the one who did it. */
  readonly target: string | undefined;
  readonly targetId: string | undefined;
  /** A valid IP address. */
  readonly ip: string | undefined;
  /** `source_ip` as it stood. */
  readonly address: string | undefined;
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string | undefined;
  /** Through what: `Customer dashboard`, `DEVAPI`. */
  readonly source: string | undefined;
  /** The API key the event is about. */
  readonly accountId: string | undefined;
  readonly description: string | undefined;
  readonly context: JsonObject;
  /** What it was done to: `number` and 447700900000, `application` and its id. */
  readonly resource: { readonly type: string; readonly uid: string } | undefined;
  readonly failed: boolean;
}

const MAX_TEXT = 1_000;
const FAILED_WORD = /^((login|sign-?in)[ _-])?(fail(ed|ure)?|denied|rejected|refused|locked)$/i;

/** A scalar as text; undefined for what is missing, empty or no scalar. */
const textOf = (value: Json | undefined): string | undefined => {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  return oneLine(String(value).slice(0, MAX_TEXT)) || undefined;
};

const firstText = (object: JsonObject, ...names: readonly string[]): string | undefined => {
  for (const name of names) {
    const text = textOf(own(object, name));
    if (text !== undefined) return text;
  }
  return undefined;
};

const RESOURCES: readonly (readonly [type: string, ...names: string[]])[] = [
  ['number', 'msisdn'],
  ['application', 'appId', 'applicationId', 'app_id'],
  ['API secret', 'secret_id'],
  ['IP allow-list entry', 'ip'],
];

const resourceOf = (context: JsonObject): EventFacts['resource'] => {
  for (const [type, ...names] of RESOURCES) {
    const uid = firstText(context, ...names);
    if (uid !== undefined) return { type, uid };
  }
  return undefined;
};

/** Reads the facts out of an event's fields, whatever they hold. */
export const eventFacts = (fields: JsonObject): EventFacts => {
  const given = own(fields, 'context');
  const context = isObject(given) ? given : {};
  const address = firstText(fields, 'source_ip');
  const country = firstText(fields, 'source_country');
  return {
    email: firstText(fields, 'user_email'),
    userId: firstText(fields, 'user_id'),
    target: firstText(context, 'user_email', 'email', 'username', 'user_name', 'user'),
    targetId: firstText(context, 'user_id'),
    ip: address !== undefined && isIP(address) !== 0 ? address : undefined,
    address,
    country: country !== undefined && /^[a-z]{2}$/i.test(country) ? country.toUpperCase() : undefined,
    source: firstText(fields, 'source_description', 'source'),
    accountId: firstText(fields, 'account_id'),
    description: firstText(fields, 'event_type_description'),
    context,
    resource: resourceOf(context),
    failed:
      ['success', 'successful'].some((name) => own(context, name) === false) ||
      Object.values(context).some((value) => typeof value === 'string' && FAILED_WORD.test(value)),
  };
};
