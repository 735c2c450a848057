import type { Browse, DeliveryKey } from '../core/browse.ts';
import type { DeliverySearch } from '../server/api-console.ts';
import { createBreath } from './breath.ts';
import { cursorPlace, cursorText } from './cursor-text.ts';
import { SEARCH_BOUNDS, type SearchBounds } from './search-events.ts';

/** Part of what a search finds. */
export interface FoundDeliveries {
  readonly deliveries: readonly DeliveryKey[];
  readonly next: string | undefined;
  readonly searchedUntilMs: number | undefined;
}

const ROWS = 200;

/** Looks through the deliveries, newest first, for those that fit, as `searchEvents` does through events. */
export const searchDeliveries = async (
  browse: Pick<Browse, 'deliveries'>,
  search: DeliverySearch,
  signal: AbortSignal,
  bounds: SearchBounds = SEARCH_BOUNDS,
): Promise<FoundDeliveries> => {
  const { sink, state, rule, alert, fromMs = 0, toMs = Number.POSITIVE_INFINITY, limit } = search;
  const fits = (key: DeliveryKey): boolean =>
    (sink === undefined || key.sink === sink) &&
    (state === undefined || key.state === state) &&
    (rule === undefined || key.ruleId === rule) &&
    key.createdAtMs >= fromMs &&
    key.createdAtMs < toMs;
  const breath = createBreath(bounds.workMs);
  const found: DeliveryKey[] = [];
  let before = search.after === undefined ? undefined : cursorPlace(search.after, ['number'])[0];
  for (let looked = 0; ; ) {
    const keys = await browse.deliveries({ before, limit: ROWS, alertId: alert, parked: state === 'parked' });
    for (const [index, key] of keys.entries()) {
      before = key.seq;
      if (!fits(key)) continue;
      found.push(key);
      if (found.length < limit) continue;
      const more = index < keys.length - 1 || keys.length === ROWS;
      return {
        deliveries: found,
        next: more ? cursorText([key.seq]) : undefined,
        searchedUntilMs: undefined,
      };
    }
    looked += keys.length;
    const last = keys.at(-1);
    if (keys.length < ROWS || !last)
      return { deliveries: found, next: undefined, searchedUntilMs: undefined };
    await breath.take();
    if (signal.aborted || looked >= bounds.rows || breath.isSpent())
      return { deliveries: found, next: cursorText([last.seq]), searchedUntilMs: last.createdAtMs };
  }
};
