import type { CursorList } from './cursor-list.ts';

/** Where a row stands whatever comes before it, and which one it is, if it was at hand. */
export interface Place {
  /** Its index from the first row that was read by cursor; news are below 0. */
  readonly fromRead: number;
  readonly key: string | undefined;
}

/** The index that a remembered row has now; -1 if there is none, or it is gone, or out of sight after reading anew. */
export const indexOfPlace = <T>(
  list: CursorList<T>,
  keyOf: (row: T) => string,
  place: Place | undefined,
  first: number,
  last: number,
): number => {
  if (!place) return -1;
  const index = place.fromRead + list.ahead;
  const row = list.at(index);
  if (row === undefined || place.key === undefined) return index < list.size ? index : -1;
  return keyOf(row) === place.key ? index : indexOfKey(list, keyOf, place.key, first, last);
};

/** The index of a row among those in sight; -1 if it is not there. */
export const indexOfKey = <T>(
  list: CursorList<T>,
  keyOf: (row: T) => string,
  key: string | undefined,
  first: number,
  last: number,
): number => {
  if (key === undefined) return -1;
  for (let index = first; index <= last; index += 1) {
    const row = list.at(index);
    if (row !== undefined && keyOf(row) === key) return index;
  }
  return -1;
};
