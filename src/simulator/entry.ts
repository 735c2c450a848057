import type { Entry } from './trail.ts';
import { parseWireTime, type WireEvent } from './wire.ts';

/** The event in the form in which it is served, with its link when it carries none. */
export const toEntry = (event: WireEvent, linkBase: string): Entry => {
  const atMs = parseWireTime(event.created_at)?.ms;
  if (atMs === undefined)
    throw new RangeError(
      `created_at of event ${event.id} is ${JSON.stringify(event.created_at)}, allowed is 2018-08-13T10:15:31`,
    );
  // One stringify of the whole: a concatenation would keep both parts alive beside the result.
  const _links = event._links ?? { self: { href: `${linkBase}/events/${event.id}` } };
  const json = JSON.stringify({ ...event, _links });
  return { id: event.id, type: event.event_type, atMs, json, searchable: json.lastIndexOf(',"_links":') };
};

/** Something to be served as an event at a time, whatever its text is: for elements that are no proper events. */
export interface RawEvent {
  /** Served verbatim. It must be JSON for the page to stay JSON. */
  readonly json: string;
  /** Where it stands in the list. Epoch ms. */
  readonly atMs: number;
  /** What `GET /events/{id}` and the `event_type` filter know it by. */
  readonly id?: string;
  readonly type?: string;
}

/** The raw text as an entry. */
export const rawEntry = (raw: RawEvent): Entry => ({
  id: raw.id ?? '',
  type: raw.type ?? '',
  atMs: raw.atMs,
  json: raw.json,
  searchable: raw.json.length,
});
