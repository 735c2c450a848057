import type { Progress } from '../core/collect-store.ts';
import type { LatenessCount } from '../core/lateness.ts';
import type { AccountFacts } from '../core/overview.ts';
import { everyWaiting } from './backfills.ts';
import { everyRange } from './ledger.ts';
import { all, type Steps } from './steps.ts';

interface ProgressRow extends Progress {
  readonly key: number;
  readonly account: string;
  readonly events: number;
}

const PROGRESS = `SELECT p.account AS key, n.name AS account, p.start_ms AS "startMs", p.watermark_ms AS "watermarkMs",
    p.committed_ms AS "committedAtMs", p.events
  FROM progress AS p JOIN accounts AS n ON n.key = p.account ORDER BY n.name`;
const LATENESS = `SELECT account, edge_ms AS "edgeMs", sum(count) AS count FROM lateness WHERE day_ms >= ?
  GROUP BY account, edge_ms ORDER BY account, edge_ms`;

/** What is known of all accounts, in four questions however many there are. */
export function* accountFacts(latenessSinceMs: number): Steps<readonly AccountFacts[]> {
  const lateness = yield* all<LatenessCount & { readonly account: number }>(LATENESS, latenessSinceMs);
  const late = Map.groupBy(lateness, ({ account }) => account);
  const read = yield* everyRange();
  const asked = Map.groupBy(yield* everyWaiting(), ({ account }) => account);
  const progress = yield* all<ProgressRow>(PROGRESS);
  return progress.map(({ key, ...facts }) => ({
    ...facts,
    ranges: read.get(facts.account) ?? [],
    lateness: (late.get(key) ?? []).map(({ edgeMs, count }) => ({ edgeMs, count })),
    backfills: asked.get(facts.account) ?? [],
  }));
}
