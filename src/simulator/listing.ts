import type { ActiveFaults } from './fault-table.ts';
import type { Order } from './faults.ts';
import { MALFORMED, MALFORMED_KINDS } from './malformed.ts';
import type { ListQuery } from './query.ts';
import { createRand, type Rand } from './random.ts';
import type { Selection } from './trail.ts';

/** What one answer of `GET /events` holds, before it is written. */
export interface Listing {
  /** JSON texts of the elements. */
  readonly elements: readonly string[];
  readonly number: number;
  readonly size: number;
  /** Absent or of another type only under a fault. */
  readonly totalElements?: number | string;
  readonly totalPages?: number | string;
  /** The true last page, for the links. */
  readonly lastPage: number;
}

/** Maps a place in the list to an index of the selection (oldest first). */
type Arrange = (place: number) => number;

/**
 * A permutation of [0, length) in O(1) per place: multiplication by a number without a common factor, and a shift.
 * Exact as long as the product of two places is, which is to 90 million of them.
 */
const permute = (length: number, rand: Rand): Arrange => {
  const commonFactor = (a: number, b: number): number => (b === 0 ? a : commonFactor(b, a % b));
  let step = rand.int(1, Math.max(1, length - 1));
  while (commonFactor(step, length) !== 1) step = (step % length) + 1;
  const offset = rand.int(0, Math.max(0, length - 1));
  return (place) => (place * step + offset) % length;
};

const newestFirst =
  (length: number): Arrange =>
  (place) =>
    length - 1 - place;

const ARRANGE: Readonly<Record<Order, (length: number, request: Rand) => Arrange>> = {
  'newest-first': newestFirst,
  'oldest-first': () => (place) => place,
  // Seeded by the length alone: every page of an unchanged list is cut from the same permutation.
  unordered: (length) => permute(length, createRand('unordered', length)),
  'shuffled-pages': newestFirst,
  shuffled: permute,
};

/**
 * Cuts the asked page out of the selection, as the faults have it. O(page). `rand` is drawn from only by faults that
 * differ from request to request.
 */
export const cutPage = (
  selection: Selection,
  query: ListQuery,
  faults: ActiveFaults,
  rand: Rand,
): Listing => {
  const same = faults.of('same-page') !== undefined;
  const asked = same ? { ...query, page: 1 } : query;
  const hidden = faults.of('shift')?.by === 'hide' && asked.page > 1 && selection.length > 0 ? 1 : 0;
  const length = selection.length - hidden;
  // Arranged over all, then read one place on: the hidden element is the first of the list in any order.
  const order = faults.of('order')?.order ?? 'newest-first';
  const arrange = ARRANGE[order](selection.length, rand);

  const duplicates = faults.of('duplicates');
  const repeated = Math.min(
    duplicates?.count ?? (duplicates ? 1 : 0),
    duplicates?.counted ? asked.size - 1 : Infinity,
  );
  const step = duplicates?.counted ? asked.size - repeated : asked.size;
  const pages =
    length === 0 ? 0 : Math.max(1, Math.ceil((length - (duplicates?.counted ? repeated : 0)) / step));
  const total = duplicates?.counted ? length + Math.max(0, pages - 1) * repeated : length;

  const first = (asked.page - 1) * step;
  const from = duplicates && !duplicates.counted && first < length ? Math.max(0, first - repeated) : first;
  const elements: string[] = [];
  if (faults.of('empty-page')?.number !== asked.page)
    for (let place = from; place < Math.min(length, first + asked.size); place++)
      elements.push(selection.at(arrange(place + hidden)).json);

  const listing = {
    elements: mangle(order === 'shuffled-pages' ? mixed(elements, rand) : elements, faults, rand),
    number: query.page,
    size: query.size,
    lastPage: same ? query.page + 1 : Math.max(1, pages),
  };
  if (same) return { ...listing, totalElements: (query.page + 1) * query.size, totalPages: query.page + 1 };
  return { ...listing, ...totals(total, pages, faults) };
};

const mixed = (elements: readonly string[], rand: Rand): readonly string[] => {
  const arrange = permute(elements.length, rand);
  return elements.map((_, place) => elements[arrange(place)] as string);
};

const mangle = (elements: readonly string[], faults: ActiveFaults, rand: Rand): readonly string[] => {
  const fault = faults.of('malformed');
  if (!fault || elements.length === 0) return elements;
  const kinds = fault.as === undefined ? MALFORMED_KINDS : [fault.as].flat();
  const mangled = [...elements];
  const count = Math.min(fault.perPage ?? 1, elements.length);
  const first = rand.int(0, elements.length - 1);
  const firstKind = fault.as === undefined ? rand.int(0, kinds.length - 1) : 0;
  for (let turn = 0; turn < count; turn++) {
    const place = (first + turn) % elements.length;
    const kind = kinds[(firstKind + turn) % kinds.length];
    if (kind !== undefined) mangled[place] = MALFORMED[kind](elements[place] as string);
  }
  return mangled;
};

const totals = (total: number, pages: number, faults: ActiveFaults): Partial<Listing> => {
  const fault = faults.of('totals');
  if (!fault) return { totalElements: total, totalPages: pages };
  const by = fault.by ?? 1;
  switch (fault.totals) {
    case 'text':
      return { totalElements: String(total), totalPages: String(pages) };
    case 'too-big':
      return { totalElements: total + by, totalPages: pages + 1 };
    case 'too-small':
      return { totalElements: Math.max(0, total - by), totalPages: Math.max(0, pages - 1) };
    case 'missing':
      return {};
    default:
      return fault.totals satisfies never;
  }
};
