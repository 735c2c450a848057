import { type DateForm, lowerBound, upperBound } from './created-at.ts';

/** A query of `GET /events`. All parts narrow it down; none means everything. */
export interface EventQuery {
  /** Types to answer; empty or undefined means all. */
  readonly eventTypes?: readonly string[] | undefined;
  /** Bounds of `created_at`, epoch ms, rounded outwards to the second; the API may take them as inclusive or not. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Text that the event's JSON must contain. */
  readonly searchText?: string | undefined;
  /** From 1. */
  readonly page: number;
  /** Elements per page, 1 to 100; as configured unless given. */
  readonly size?: number | undefined;
}

/** The API wants "legal text for a JSON attribute value" (its OpenAPI document, `search_text`). */
const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1);

/**
 * The query string of one page, with its question mark. Every page carries all filters: the server keeps nothing
 * between pages. Spaces are %20, which unlike `+` means a space to every server.
 */
export const queryString = (query: EventQuery, pageSize: number, form: DateForm): string => {
  const { eventTypes = [], fromMs, toMs, searchText, page } = query;
  const parameters: [string, string][] = [];
  if (eventTypes.length > 0) parameters.push(['event_type', eventTypes.join(',')]);
  if (fromMs !== undefined) parameters.push(['date_from', lowerBound(fromMs, form)]);
  if (toMs !== undefined) parameters.push(['date_to', upperBound(toMs, form)]);
  if (searchText !== undefined && searchText !== '') parameters.push(['search_text', jsonText(searchText)]);
  parameters.push(['page', String(page)], ['size', String(pageSize)]);
  return `?${parameters.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&')}`;
};
