import { existsSync } from 'node:fs';
import { openHistory } from '../store/open-history.ts';

const PAGE = 500;

/** How often each rule has alerted since `sinceMs`, by id, as the store kept it; undefined when there is no store. */
export const ruleHits = async (
  storePath: string,
  sinceMs: number,
): Promise<ReadonlyMap<string, number> | undefined> => {
  if (!existsSync(storePath)) return undefined;
  const stored = openHistory(storePath);
  const hits = new Map<string, number>();
  try {
    let after: string | undefined;
    do {
      const page = await stored.history.alerts({ kind: 'rule', fromMs: sinceMs, limit: PAGE, after });
      for (const { rule, status } of page.items)
        if (status === 'firing') hits.set(rule.id, (hits.get(rule.id) ?? 0) + 1);
      after = page.next;
    } while (after !== undefined);
    return hits;
  } finally {
    stored.close();
  }
};
