import { type DateForm, parseWireTime } from './wire.ts';

/** A checked query of `GET /events`. */
export interface ListQuery {
  /** From 1. */
  readonly page: number;
  /** 1 to 100, 30 when not said. */
  readonly size: number;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly types?: readonly string[];
  readonly search?: string;
  /** The filters as they were written, for the links of the answer. */
  readonly filters: readonly (readonly [string, string])[];
}

const FILTERS = ['event_type', 'date_from', 'date_to', 'search_text'] as const;

const integer = (text: string | null, otherwise: number): number | undefined => {
  if (text === null || text === '') return otherwise;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
};

/**
 * Checks the parameters of a list request; a text when one of them is refused (the message of a 400). Parameters that
 * the contract does not know are ignored. `only` is the single date form accepted, when not both are.
 */
export const parseListQuery = (params: URLSearchParams, only: DateForm | undefined): ListQuery | string => {
  const page = integer(params.get('page'), 1);
  if (page === undefined || page < 1) return `page must be 1 or more, got ${params.get('page')}`;
  const size = integer(params.get('size'), 30);
  if (size === undefined || size < 1 || size > 100)
    return `size must be from 1 to 100, got ${params.get('size')}`;

  const dates: { fromMs?: number; toMs?: number } = {};
  for (const [name, member] of [
    ['date_from', 'fromMs'],
    ['date_to', 'toMs'],
  ] as const) {
    const text = params.get(name);
    if (text === null || text === '') continue;
    const time = parseWireTime(text);
    if (time === undefined || (only !== undefined && time.form !== only))
      return `${name} must be an ISO 8601 date and time, got ${text}`;
    dates[member] = time.ms;
  }

  const types = params
    .getAll('event_type')
    .flatMap((list) => list.split(','))
    .map((type) => type.trim())
    .filter((type) => type !== '');
  const search = params.get('search_text');
  return {
    page,
    size,
    ...dates,
    ...(types.length > 0 ? { types: [...new Set(types)] } : {}),
    ...(search === null || search === '' ? {} : { search }),
    filters: FILTERS.flatMap((name) => params.getAll(name).map((value) => [name, value] as const)),
  };
};
