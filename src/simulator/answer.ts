import type { Listing } from './listing.ts';
import type { ListQuery } from './query.ts';
import { EVENT_TYPES } from './wire.ts';

/** One HTTP answer, not yet written. Header names are lower-case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Filler to write behind the body without a length in the headers, as fast as it is read. */
  readonly filler?: { readonly bytes: number; readonly end: string };
}

const JSON_TYPE = { 'content-type': 'application/json' } as const;

/** 200 with JSON that is already text. */
export const jsonAnswer = (body: string): Answer => ({ status: 200, headers: JSON_TYPE, body });

/** The documented error bodies: `{status, error, message}`. */
const ERRORS: Readonly<Record<number, readonly [error: string, message: string]>> = {
  400: ['BadRequest', 'This was a bad request.'],
  401: ['Unauthorized', 'Full authentication is required. JWT was not found in "Authorization" HTTP header.'],
  403: ['Forbidden', 'This account may not read its audit events.'],
  404: ['Not Found', 'There is nothing here.'],
  405: ['Method Not Allowed', 'Allowed are GET and OPTIONS.'],
  429: ['Too Many Requests', 'Too many requests.'],
  503: ['Service Unavailable', 'The service is unavailable.'],
};

/** An error with the body the documents describe; statuses they do not describe have the same form. */
export const errorAnswer = (status: number, message?: string): Answer => {
  const [error, usual] =
    ERRORS[status] ?? (status < 500 ? ['Error', 'Error.'] : ['Internal Server Error', 'Error.']);
  return { status, headers: JSON_TYPE, body: JSON.stringify({ status, error, message: message ?? usual }) };
};

/** The answer to `OPTIONS /events`; 204 without a body for an empty list. */
export const typesAnswer = (types: Readonly<Record<string, string>> = EVENT_TYPES): Answer => {
  const eventTypes = Object.entries(types).map(([type, description]) => ({ type, description }));
  return eventTypes.length === 0
    ? { status: 204, headers: {}, body: '' }
    : jsonAnswer(JSON.stringify({ eventTypes }));
};

/** How a page is written. */
export interface PageForm {
  /** Base of the links, such as `http://api.nexmo.com/beta/audit`. */
  readonly linkBase: string;
  /** Whether a page without elements has `_embedded: {events: []}` or no `_embedded`. */
  readonly emptyEmbedded: boolean;
}

/** The answer to `GET /events`. The elements are texts already, so nothing is serialised twice. */
export const pageAnswer = (listing: Listing, query: ListQuery, form: PageForm): Answer => {
  const embedded =
    listing.elements.length === 0 && !form.emptyEmbedded
      ? ''
      : `"_embedded":{"events":[${listing.elements.join(',')}]},`;
  const { size, totalElements, totalPages, number } = listing;
  const page = JSON.stringify({ size, totalElements, totalPages, number });
  return jsonAnswer(`{${embedded}"_links":${JSON.stringify(links(listing, query, form))},"page":${page}}`);
};

const links = (
  listing: Listing,
  query: ListQuery,
  form: PageForm,
): Readonly<Record<string, { readonly href: string }>> => {
  const { number, lastPage } = listing;
  const to = (page: number): { readonly href: string } => {
    const params = new URLSearchParams([
      ...query.filters.map(([name, value]): [string, string] => [name, value]),
      ['page', String(page)],
      ['size', String(query.size)],
    ]);
    return { href: `${form.linkBase}/events?${params.toString()}` };
  };
  return {
    self: to(number),
    first: to(1),
    ...(number > 1 ? { prev: to(number - 1) } : {}),
    ...(number < lastPage ? { next: to(number + 1) } : {}),
    last: to(lastPage),
  };
};
