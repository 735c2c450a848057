import type { Page, PageQuery } from '../core/history.ts';

/** Where a page of events ends: the order of events everywhere, with the account's key to tell equals apart. */
export interface EventCursor {
  readonly createdMs: number;
  readonly id: string;
  readonly account: number;
}

const DEFAULT_LIMIT = 100;

/** The number of items asked for; a RangeError when it is no positive integer. */
export const limitOf = (query: PageQuery): number => {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(`limit: found ${limit}, allowed is an integer from 1`);
  }
  return limit;
};

/** The `seq` a page starts after; undefined for the first page. */
export const seqCursor = (query: PageQuery): number | undefined => {
  if (query.after === undefined) return undefined;
  if (!/^\d{1,15}$/.test(query.after)) throw unknownCursor(query.after);
  return Number(query.after);
};

/** The position a page of events starts after; undefined for the first page. */
export const eventCursor = (query: PageQuery): EventCursor | undefined => {
  if (query.after === undefined) return undefined;
  const match = /^(-?\d{1,16})\.(\d{1,15})\.([\w-]*)$/.exec(query.after);
  if (!match) throw unknownCursor(query.after);
  return {
    createdMs: Number(match[1]),
    account: Number(match[2]),
    id: Buffer.from(match[3] ?? '', 'base64url').toString(),
  };
};

/** The text form of an event's position. */
export const eventCursorText = ({ createdMs, account, id }: EventCursor): string =>
  `${createdMs}.${account}.${Buffer.from(id).toString('base64url')}`;

/** A page of at most `limit` items out of rows of which one more was read to see whether any follow. */
export const toPage = <Row, T>(
  rows: readonly Row[],
  limit: number,
  cursor: (last: Row) => string,
  item: (row: Row) => T,
): Page<T> => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(item),
    next: rows.length > limit && last !== undefined ? cursor(last) : undefined,
  };
};

const unknownCursor = (text: string): RangeError =>
  new RangeError(`after: ${JSON.stringify(text.slice(0, 100))} is no cursor of this store`);
