import type { Browse, EventPlace, PlacedKey } from '../core/browse.ts';
import type { StoredEvent } from '../core/history.ts';
import type { EventSearch } from '../server/api-console.ts';
import { createBreath } from './breath.ts';
import { cursorPlace, cursorText } from './cursor-text.ts';
import { createEventFilter } from './event-filter.ts';
import { mergedKeys } from './merge-events.ts';

/** Part of what a search finds. */
export interface FoundEvents {
  readonly events: readonly StoredEvent[];
  /** Where to go on; undefined: nothing is left. */
  readonly next: string | undefined;
  /** Up to here it has looked, when it stopped for want of time. */
  readonly searchedUntilMs: number | undefined;
}

/** How much one search may look at before it says how far it has come. */
export interface SearchBounds {
  readonly rows: number;
  readonly workMs: number;
}

export const SEARCH_BOUNDS: SearchBounds = { rows: 100_000, workMs: 300 };
const BATCH = 64;

const placeOf = (after: string | undefined): EventPlace | undefined => {
  if (after === undefined) return undefined;
  const [createdAtMs, id, account] = cursorPlace(after, ['number', 'string', 'string']);
  return { createdAtMs, id, account };
};

const textOf = ({ createdAtMs, id, account }: EventPlace): string => cursorText([createdAtMs, id, account]);

/**
 * Looks through the stored events in order of time for those that fit. It reads on until the part is full, everything is
 * read, or the bounds are reached; then it answers what it has, and where to go on. Others have their turns meanwhile.
 */
export const searchEvents = async (
  browse: Pick<Browse, 'events' | 'heads' | 'eventsAt'>,
  accounts: readonly string[],
  search: EventSearch,
  signal: AbortSignal,
  bounds: SearchBounds = SEARCH_BOUNDS,
): Promise<FoundEvents> => {
  const filter = createEventFilter(search);
  const breath = createBreath(bounds.workMs);
  const keys = mergedKeys(browse, accounts, {
    fromMs: search.fromMs,
    toMs: search.toMs,
    newestFirst: search.newestFirst,
    withMatched: search.matched,
    after: placeOf(search.after),
  });
  const events: StoredEvent[] = [];
  let looked = 0;
  let last: PlacedKey | undefined;
  for (;;) {
    const batch: PlacedKey[] = [];
    while (batch.length < BATCH) {
      const { value, done } = await keys.next();
      if (done) break;
      batch.push(value);
    }
    const wanted = batch.filter(filter.byKey).map(({ seq }) => seq);
    const found = new Map((await browse.eventsAt(wanted)).map((event) => [event.seq, event]));
    for (const [index, key] of batch.entries()) {
      const event = found.get(key.seq);
      last = key;
      if (!event || (filter.byContent && !filter.byContent(event.json))) continue;
      events.push(event);
      if (events.length < search.limit) continue;
      const more = index < batch.length - 1 || !(await keys.next()).done;
      return { events, next: more ? textOf(key) : undefined, searchedUntilMs: undefined };
    }
    looked += batch.length;
    if (batch.length < BATCH || !last) return { events, next: undefined, searchedUntilMs: undefined };
    await breath.take();
    if (signal.aborted || looked >= bounds.rows || breath.isSpent())
      return { events, next: textOf(last), searchedUntilMs: last.createdAtMs };
  }
};
