import type { Database } from 'better-sqlite3';
import type { Progress } from '../core/collect-store.ts';
import type { LatenessCount } from '../core/lateness.ts';
import type { AccountFacts } from '../core/overview.ts';
import { prepareEveryWaiting } from './backfills.ts';
import { prepareEveryRange } from './ledger.ts';

interface ProgressRow extends Progress {
  readonly key: number;
  readonly account: string;
  readonly events: number;
}

/** Reads what is known of all accounts, in four questions however many there are. */
export const prepareAccountFacts = (db: Database): ((latenessSinceMs: number) => readonly AccountFacts[]) => {
  const progress = db.prepare<[], ProgressRow>(
    `SELECT p.account AS key, n.name AS account, p.start_ms AS startMs, p.watermark_ms AS watermarkMs,
            p.committed_ms AS committedAtMs, p.events
     FROM progress AS p JOIN accounts AS n ON n.key = p.account ORDER BY n.name`,
  );
  const lateness = db.prepare<[number], LatenessCount & { readonly account: number }>(
    `SELECT account, edge_ms AS edgeMs, sum(count) AS count FROM lateness WHERE day_ms >= ?
     GROUP BY account, edge_ms ORDER BY account, edge_ms`,
  );
  const ranges = prepareEveryRange(db);
  const waiting = prepareEveryWaiting(db);
  return (latenessSinceMs) => {
    const late = Map.groupBy(lateness.all(latenessSinceMs), ({ account }) => account);
    const read = ranges();
    const asked = Map.groupBy(waiting(), ({ account }) => account);
    return progress.all().map(({ key, ...facts }) => ({
      ...facts,
      ranges: read.get(key) ?? [],
      lateness: (late.get(key) ?? []).map(({ edgeMs, count }) => ({ edgeMs, count })),
      backfills: asked.get(facts.account) ?? [],
    }));
  };
};
