import type { Store } from '../core/store.ts';
import type { EventSearch } from '../server/api-console.ts';
import type { EventRow } from '../server/trail-shapes.ts';
import { eventRowOf, fieldsOf } from './event-rows.ts';
import { searchEvents } from './search-events.ts';

/** An event of a list: as a row, and word for word. */
export interface ListedEvent {
  readonly row: EventRow;
  readonly json: string;
}

/** How far a list is: the time up to which has been looked, epoch ms. */
export type OnReached = (reachedMs: number) => void;

/** At once; a search over much is asked again and again anyway. */
const PART = 100;

/** The stored events that a search finds, in its order, a few at a time in memory. */
export async function* storedEvents(
  store: Pick<Store, 'history' | 'browse'>,
  search: Omit<EventSearch, 'after' | 'limit'>,
  onReached: OnReached,
  signal: AbortSignal,
): AsyncGenerator<ListedEvent, void, void> {
  const { history, browse } = store;
  const known = await history.accounts();
  const accounts = search.account === undefined ? known : known.filter((name) => name === search.account);
  let after: string | undefined;
  do {
    const part = await searchEvents(browse, accounts, { ...search, after, limit: PART }, signal);
    for (const event of part.events) {
      const alerts = await history.alertsOf(event.account, event.id);
      yield { row: eventRowOf(event, fieldsOf(event), alerts), json: event.json };
    }
    const reachedMs = part.searchedUntilMs ?? part.events.at(-1)?.createdAtMs;
    if (reachedMs !== undefined) onReached(reachedMs);
    after = part.next;
  } while (after !== undefined && !signal.aborted);
}
