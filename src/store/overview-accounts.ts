import type { Progress } from '../core/collect-store.ts';
import type { AccountFacts } from '../core/overview.ts';
import { everyWaiting } from './backfills.ts';
import { everyLateness, everyRange } from './ledger.ts';
import { all, type Steps } from './steps.ts';

interface ProgressRow extends Progress {
  readonly account: string;
  readonly events: number;
}

const PROGRESS = `SELECT n.name AS account, p.start_ms AS "startMs", p.watermark_ms AS "watermarkMs",
    p.committed_ms AS "committedAtMs", p.events
  FROM progress AS p JOIN accounts AS n ON n.key = p.account ORDER BY n.name`;

/** What is known of all accounts, in four questions however many there are. */
export function* accountFacts(latenessSinceMs: number): Steps<readonly AccountFacts[]> {
  const late = yield* everyLateness(latenessSinceMs);
  const read = yield* everyRange();
  const asked = Map.groupBy(yield* everyWaiting(), ({ account }) => account);
  const progress = yield* all<ProgressRow>(PROGRESS);
  return progress.map((facts) => ({
    ...facts,
    ranges: read.get(facts.account) ?? [],
    lateness: late.get(facts.account) ?? [],
    backfills: asked.get(facts.account) ?? [],
  }));
}
