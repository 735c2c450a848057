import { fieldText } from '../alerts/event-field.ts';
import { UsageError } from '../base/errors.ts';
import { isObject, type JsonObject } from '../base/json.ts';
import type { EventKey } from '../core/browse.ts';
import { inNetwork, parseAddress, parseNetwork } from '../rules/cidr.ts';
import type { EventSearch } from '../server/api-console.ts';

/** What is asked of events beside account and time: first of their keys, then, of few, of their content. */
export interface EventFilter {
  byKey(key: Pick<EventKey, 'eventType' | 'matched'>): boolean;
  /** Undefined: the content does not matter. */
  readonly byContent: ((json: string) => boolean) | undefined;
}

const fieldsOf = (json: string): JsonObject => {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
};

const isUser = (wanted: string): ((fields: JsonObject) => boolean) => {
  const lower = wanted.toLowerCase();
  return (fields) =>
    (fieldText(fields, 'user_id') ?? '').toLowerCase() === lower ||
    (fieldText(fields, 'user_email') ?? '').toLowerCase().includes(lower);
};

const isFrom = (wanted: string): ((fields: JsonObject) => boolean) => {
  const network = parseNetwork(wanted);
  if ('wrong' in network)
    throw new UsageError(
      `query.ip: found ${JSON.stringify(wanted)}, which ${network.wrong}${network.hint ? `; ${network.hint}` : ''}`,
    );
  return (fields) => {
    const address = parseAddress(fieldText(fields, 'source_ip') ?? '');
    return address !== undefined && inNetwork(network, address);
  };
};

/** Text in an event, in any case of letters, as it stands in the JSON or as JSON writes it. */
const holdsText = (wanted: string): ((json: string) => boolean) => {
  const lower = wanted.toLowerCase();
  const written = JSON.stringify(wanted).slice(1, -1).toLowerCase();
  return (json) => {
    const text = json.toLowerCase();
    return text.includes(lower) || (written !== lower && text.includes(written));
  };
};

/** Makes an {@link EventFilter}. Throws a UsageError for a network that is none. */
export const createEventFilter = (
  search: Pick<EventSearch, 'types' | 'matched' | 'user' | 'country' | 'ip' | 'search'>,
): EventFilter => {
  const { matched } = search;
  const types = search.types && new Set(search.types.map((type) => type.toUpperCase()));
  const country = search.country?.toUpperCase();
  const text = search.search === undefined ? undefined : holdsText(search.search);
  const ofFields = [
    search.user === undefined ? undefined : isUser(search.user),
    country === undefined
      ? undefined
      : (fields: JsonObject) => (fieldText(fields, 'source_country') ?? '').toUpperCase() === country,
    search.ip === undefined ? undefined : isFrom(search.ip),
  ].filter((test) => test !== undefined);
  return {
    byKey: (key) => (!matched || key.matched) && (!types || types.has(key.eventType.toUpperCase())),
    byContent:
      text || ofFields.length > 0
        ? (json) => {
            if (text && !text(json)) return false;
            if (ofFields.length === 0) return true;
            const fields = fieldsOf(json);
            return ofFields.every((test) => test(fields));
          }
        : undefined,
  };
};
