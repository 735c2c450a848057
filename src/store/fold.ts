import { stableId } from '../base/hash.ts';
import { type Alert, type Level, type SummaryReason } from '../core/alert.ts';
import type { Why } from '../core/decided.ts';
import { dueNow, MAX_SUMMARY_MEMBERS, type Planner } from '../core/planner.ts';
import type { Silence } from '../core/silence.ts';
import { insertAlert, insertDelivery } from './alerts.ts';
import { headsForSummary } from './heads-for-summary.ts';
import { PLANNING_IN_TURN } from './planner-memory.ts';
import { all, run, type Steps, value } from './steps.ts';

/**
 * Folds what is due for a sink, inside the caller's transaction: bundles first, then a queue that is too long. Answers
 * the `seq` of the digest's delivery when the queue is so long that more of it is to be folded the next time: until
 * then, that delivery is the only one to be sent.
 */
export type FoldDue = (
  sink: string,
  foldAbove: number | undefined,
  nowMs: number,
) => Steps<number | undefined>;

/** The rank of a level, for ORDER BY: the most severe is the largest. */
const RANK = `CASE a.level WHEN 'critical' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' THEN 1 ELSE 0 END`;

/** Folded at once; what is more makes another summary. Bounds the length of the transaction. */
const MAX_FOLDED = 5_000;

interface DueRow {
  readonly seq: number;
  readonly id: string;
  readonly alert: number;
  readonly thread: string;
  readonly level: Level;
  readonly decided_ms: number;
}

/** What is told in one summary. */
interface Fold {
  readonly reason: SummaryReason;
  readonly sinks: readonly string[];
  readonly rows: readonly DueRow[];
  readonly silence?: Silence;
}

/** Makes the summary of some deliveries and puts it into the outbox; answers the `seq` of each of its deliveries. */
export type Summarise = (fold: Fold, nowMs: number) => Steps<readonly number[]>;

/** What a summary lists of its alerts, and how many of each level there are. */
const tally = (rows: readonly DueRow[]) => {
  const levels: Partial<Record<Level, number>> = {};
  const alerts = new Map<number, DueRow>();
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = 0;
  for (const row of rows) {
    // A silence hides an alert from several sinks at once: it is one alert all the same.
    if (alerts.has(row.alert)) continue;
    alerts.set(row.alert, row);
    levels[row.level] = (levels[row.level] ?? 0) + 1;
    firstMs = Math.min(firstMs, row.decided_ms);
    lastMs = Math.max(lastMs, row.decided_ms);
  }
  return { levels, alerts: [...alerts.keys()], firstMs, lastMs };
};

/** Makes {@link Summarise}. */
export const createSummarise = (planner: Planner): Summarise =>
  function* summarise({ reason, sinks, rows, silence }, nowMs) {
    const { levels, alerts, firstMs, lastMs } = tally(rows);
    const members: Alert[] = [];
    for (const seq of alerts.slice(0, MAX_SUMMARY_MEMBERS)) {
      const json = yield* value<string>('SELECT json FROM alerts WHERE seq = ?', seq);
      members.push(JSON.parse(json ?? 'null') as Alert);
    }
    const key = stableId(...rows.map((row) => row.id).sort());
    const sink = sinks.join(', ');
    const accounts = [...new Set(members.map(({ account }) => account))].filter((name) => name !== '');
    const heads = yield* headsForSummary(sink, accounts, nowMs);
    const told = { reason, sink, key, total: alerts.length, levels, alerts: members, firstMs, lastMs, heads };
    const alert = planner.summarise({ ...told, ...(silence && { silence }) }, nowMs);
    const seq = yield* insertAlert(alert);
    if (seq === undefined) throw new Error(`summary ${alert.id} exists already`);
    const [first] = rows;
    const thread = rows.every((row) => row.thread === first?.thread) ? first?.thread : undefined;
    const deliveries: number[] = [];
    for (const name of sinks) {
      // What was hidden may be told in the hours of its route only, as it would have been without the silence.
      const dueAtMs = reason === 'silenced' ? planner.toldAtMs(members, name, nowMs) : nowMs;
      const why: Why[] = [{ reason: 'summary', detail: `${alerts.length} alerts, ${reason}` }];
      if (dueAtMs > nowMs) why.push({ reason: 'held', detail: `until ${new Date(dueAtMs).toISOString()}` });
      const planned = { ...dueNow(alert, name, nowMs, why), dueAtMs };
      const delivery = { ...planned, thread: thread ?? planned.thread };
      const into = yield* insertDelivery({ alertId: alert.id, alertSeq: seq, delivery }, nowMs);
      if (into === undefined) throw new Error(`summary ${alert.id} has a delivery already`);
      deliveries.push(into);
    }
    return deliveries;
  };

const BUNDLES = `SELECT bundle, count(*) AS count FROM deliveries
  WHERE sink = ? AND bundle IS NOT NULL AND state = 'pending' AND due_ms <= ? GROUP BY bundle LIMIT 200`;
const COLUMNS = 'd.seq, d.id, d.alert, d.thread, a.level, a.decided_ms';
const BUNDLED = `SELECT ${COLUMNS} FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
  WHERE d.sink = ? AND d.bundle = ? AND d.bundle IS NOT NULL AND d.state = 'pending' AND d.due_ms <= ?
  ORDER BY ${RANK} DESC, a.decided_ms DESC, d.seq DESC LIMIT ? FOR UPDATE OF d`;
// Summaries are not folded again: what they list would be lost to the reader. Nor are drills: they prove the way of a
// single alert, and one that was folded would count as one that did not arrive.
const WAITING = `FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
  WHERE d.sink = ? AND d.due_ms <= ? AND d.state = 'pending' AND a.kind NOT IN ('summary', 'drill')`;
const COUNT = `SELECT count(*) FROM (SELECT 1 ${WAITING} LIMIT ?) AS few`;
// The newest of a long queue, and of these the most severe first. Ranking all of it would hold up every other sink for
// as long as it is long, once for each digest.
const QUEUED = `SELECT ${COLUMNS}
  FROM (SELECT d.seq ${WAITING} ORDER BY d.due_ms DESC, d.seq DESC LIMIT ?) AS pool
  JOIN deliveries AS d ON d.seq = pool.seq JOIN alerts AS a ON a.seq = d.alert
  ORDER BY ${RANK} DESC, a.decided_ms DESC, d.seq DESC FOR UPDATE OF d`;
const UNBUNDLE =
  "UPDATE deliveries SET bundle = NULL WHERE sink = ? AND bundle = ? AND state = 'pending' AND due_ms <= ?";
const FOLD = `UPDATE deliveries SET state = 'folded', due_ms = NULL, bundle = NULL, ended_ms = ?, folded_into = ? WHERE seq`;
const FOLD_ALL = {
  sqlite: `${FOLD} IN (SELECT value FROM json_each(?)) AND state = 'pending'`,
  postgres: `${FOLD} = ANY(?::bigint[]) AND state = 'pending'`,
};
interface Bundle {
  readonly bundle: string;
  readonly count: number;
}

const REASONS = { suppressed: 'suppressed', group: 'group', held: 'held' } as const;

/** Makes {@link FoldDue}. */
export const createFoldDue = (summarise: Summarise): FoldDue => {
  function* foldRows(
    sink: string,
    reason: SummaryReason,
    rows: readonly DueRow[],
    nowMs: number,
  ): Steps<number | undefined> {
    const [into] = yield* summarise({ reason, sinks: [sink], rows }, nowMs);
    if (into !== undefined)
      yield* run(
        FOLD_ALL,
        nowMs,
        into,
        rows.map(({ seq }) => seq),
      );
    return into;
  }
  function* isCrowded(sink: string, foldAbove: number, nowMs: number): Steps<boolean> {
    return ((yield* value<number>(COUNT, sink, nowMs, foldAbove + 1)) ?? 0) > foldAbove;
  }
  return function* foldDue(sink, foldAbove, nowMs) {
    const isDue = (): Steps<readonly Bundle[]> => all<Bundle>(BUNDLES, sink, nowMs);
    let bundles = yield* isDue();
    if (bundles.length > 0) {
      // Who is just planning may put more into them, and who plans later knows that this sending is over: nothing comes behind it.
      yield* run(PLANNING_IN_TURN);
      bundles = yield* isDue();
    }
    for (const { bundle, count } of bundles) {
      const kind = bundle.slice(0, bundle.indexOf(':')) as keyof typeof REASONS;
      if (count === 1 && kind !== 'suppressed') {
        yield* run(UNBUNDLE, sink, bundle, nowMs);
        continue;
      }
      const rows = yield* all<DueRow>(BUNDLED, sink, bundle, nowMs, MAX_FOLDED);
      yield* foldRows(sink, REASONS[kind], rows, nowMs);
    }
    if (foldAbove === undefined || !(yield* isCrowded(sink, foldAbove, nowMs))) return undefined;
    const queued = yield* all<DueRow>(QUEUED, sink, nowMs, MAX_FOLDED);
    const digest = yield* foldRows(sink, 'backlog', queued, nowMs);
    return (yield* isCrowded(sink, foldAbove, nowMs)) ? digest : undefined;
  };
};
