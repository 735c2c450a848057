import type { StorePlace } from '../core/store-place.ts';
import { isStoreAt, openHistoryAt } from '../store/open.ts';

/** How often each rule has alerted since `sinceMs`, by id, as the store kept it; undefined when there is no store. */
export const ruleHits = async (
  place: StorePlace,
  sinceMs: number,
): Promise<ReadonlyMap<string, number> | undefined> => {
  if (!isStoreAt(place)) return undefined;
  const stored = await openHistoryAt(place);
  try {
    return await stored.history.ruleHits(sinceMs);
  } finally {
    await stored.close();
  }
};
