import { existsSync } from 'node:fs';
import { openHistory } from '../store/open-history.ts';

/** How often each rule has alerted since `sinceMs`, by id, as the store kept it; undefined when there is no store. */
export const ruleHits = async (
  storePath: string,
  sinceMs: number,
): Promise<ReadonlyMap<string, number> | undefined> => {
  if (!existsSync(storePath)) return undefined;
  const stored = openHistory(storePath);
  try {
    return await stored.history.ruleHits(sinceMs);
  } finally {
    await stored.close();
  }
};
