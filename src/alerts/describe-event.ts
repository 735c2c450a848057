import type { JsonObject } from '../base/json.ts';
import type { AlertField } from '../core/alert.ts';
import { circumstances } from './circumstances.ts';
import { contextLeaves } from './context-leaves.ts';
import { ACCOUNT_EVENTS } from './describe-account.ts';
import { APPLICATION_EVENTS } from './describe-applications.ts';
import { NUMBER_EVENTS } from './describe-numbers.ts';
import { USER_EVENTS } from './describe-users.ts';
import { fieldText } from './event-field.ts';
import { type Describe, factsOf, type Link, piece } from './phrase.ts';
import { visibleText } from './visible-text.ts';

/** What happened, in plain English. All texts are raw: sinks escape. */
export interface Description {
  /** A few words: `Number released`. */
  readonly title: string;
  /** One sentence without its full stop: `alice@example.com released number 447700900000 (GB) from 203.0.113.9 (NL)`. */
  readonly sentence: string;
  /** Who, what, from where, when. Only what the event has. */
  readonly fields: readonly AlertField[];
  /** Pages of the vendor's dashboard where the reader can look or act. */
  readonly links: readonly Link[];
}

const KNOWN = new Map<string, Describe>(
  Object.entries({ ...USER_EVENTS, ...ACCOUNT_EVENTS, ...NUMBER_EVENTS, ...APPLICATION_EVENTS }),
);

/** Event types that {@link describeEvent} has words for: all that public documents name. Others are normal, too. */
export const DESCRIBED_EVENT_TYPES: readonly string[] = [...KNOWN.keys()];

/**
 * The type an event means. The vendor's list of types prints IP_WHITELIST_CREATE twice, once for the removal of an entry,
 * and only the description tells which of the two it is.
 */
export const meantType = (fields: JsonObject, eventType: string): string =>
  eventType === 'IP_WHITELIST_CREATE' &&
  /delet|remov/i.test(fieldText(fields, 'event_type_description') ?? '')
    ? 'IP_WHITELIST_DELETE'
    : eventType;

/** How many values nobody has words for are shown beside the others. */
const MAX_OTHER_FACTS = 8;

/** Says in plain English what an event tells, for every known type; unknown ones by their own description. */
export const describeEvent = (fields: JsonObject, eventType: string): Description => {
  const about = circumstances(fields);
  const context = contextLeaves(fields);
  const describe = KNOWN.get(meantType(fields, eventType));
  if (describe) {
    const { title, act, detail, facts, links } = describe(context, about);
    const shown = [...about.before, ...facts, ...about.after];
    // Who it was is said once, by whatever name the context repeats it.
    const said = [
      ...shown,
      ...factsOf([
        ['', about.email],
        ['', about.userId],
      ]),
    ];
    return {
      title,
      sentence: `${about.who} ${act}${about.whence}${piece(': ', detail || undefined)}`,
      fields: [...shown, ...context.rest(MAX_OTHER_FACTS, said)],
      links,
    };
  }
  const shown = [...about.before, ...about.after];
  const type = visibleText(eventType, 100);
  const described = fieldText(fields, 'event_type_description', 200)?.replace(/[.\s]+$/, '');
  const title = described || (type === '' ? 'Event of no named type' : `Event ${type}`);
  const by = about.who === 'Someone' ? '' : ` by ${about.who}`;
  return {
    title,
    sentence: `${title}${described && type !== '' ? ` (${type})` : ''}${by}${about.whence}`,
    fields: [...shown, ...context.rest(MAX_OTHER_FACTS, shown)],
    links: [],
  };
};
