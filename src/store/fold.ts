import type { Database } from 'better-sqlite3';
import { stableId } from '../base/hash.ts';
import { type Alert, type Level, type SummaryReason } from '../core/alert.ts';
import type { Why } from '../core/decided.ts';
import { dueNow, MAX_SUMMARY_MEMBERS, type Planner } from '../core/planner.ts';
import type { Silence } from '../core/silence.ts';
import type { InsertAlert, InsertDelivery } from './alerts.ts';
import type { HeadsForSummary } from './heads-for-summary.ts';

/**
 * Folds what is due for a sink, inside the caller's transaction: bundles first, then a queue that is too long. Answers
 * the `seq` of the digest's delivery when the queue is so long that more of it is to be folded the next time: until
 * then, that delivery is the only one to be sent.
 */
export type FoldDue = (
  sink: string,
  foldAbove: number | undefined,
  nowMs: number,
) => number | bigint | undefined;

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

/** Makes the summary of some deliveries and puts it into the outbox. */
export type Summarise = (
  fold: Fold,
  nowMs: number,
) => { readonly alert: Alert; readonly deliveries: readonly (number | bigint)[] };

/** Prepares {@link Summarise}. */
export const createSummarise = (
  db: Database,
  planner: Planner,
  insertAlert: InsertAlert,
  insertDelivery: InsertDelivery,
  headsFor: HeadsForSummary,
): Summarise => {
  const json = db.prepare<[number], string>('SELECT json FROM alerts WHERE seq = ?').pluck();
  return ({ reason, sinks, rows, silence }, nowMs) => {
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
    const [first] = rows;
    const sink = sinks.join(', ');
    const listed = [...alerts.keys()]
      .slice(0, MAX_SUMMARY_MEMBERS)
      .map((seq) => JSON.parse(json.get(seq) ?? 'null') as Alert);
    const accounts = [...new Set(listed.map(({ account }) => account))].filter((name) => name !== '');
    const alert = planner.summarise(
      {
        reason,
        sink,
        key: stableId(...rows.map((row) => row.id).sort()),
        total: alerts.size,
        levels,
        alerts: listed,
        heads: headsFor(sink, accounts, nowMs),
        firstMs,
        lastMs,
        ...(silence && { silence }),
      },
      nowMs,
    );
    const seq = insertAlert(alert);
    if (seq === undefined) throw new Error(`summary ${alert.id} exists already`);
    const thread = rows.every((row) => row.thread === first?.thread) ? first?.thread : undefined;
    const deliveries = sinks.map((name) => {
      // What was hidden may be told in the hours of its route only, as it would have been without the silence.
      const dueAtMs = reason === 'silenced' ? planner.toldAtMs(listed, name, nowMs) : nowMs;
      const why: Why[] = [{ reason: 'summary', detail: `${alerts.size} alerts, ${reason}` }];
      if (dueAtMs > nowMs) why.push({ reason: 'held', detail: `until ${new Date(dueAtMs).toISOString()}` });
      const planned = { ...dueNow(alert, name, nowMs, why), dueAtMs };
      const delivery = insertDelivery(alert.id, seq, { ...planned, thread: thread ?? planned.thread }, nowMs);
      if (delivery === undefined) throw new Error(`summary ${alert.id} has a delivery already`);
      return delivery;
    });
    return { alert, deliveries };
  };
};

/** Prepares {@link FoldDue}. */
export const createFoldDue = (db: Database, summarise: Summarise): FoldDue => {
  const bundles = db.prepare<[string, number], { bundle: string; count: number }>(
    `SELECT bundle, count(*) AS count FROM deliveries
     WHERE sink = ? AND bundle IS NOT NULL AND state = 'pending' AND due_ms <= ? GROUP BY bundle LIMIT 200`,
  );
  const columns = 'd.seq, d.id, d.alert, d.thread, a.level, a.decided_ms';
  const bundled = db.prepare<[string, string, number, number], DueRow>(
    `SELECT ${columns} FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
     WHERE d.sink = ? AND d.bundle = ? AND d.bundle IS NOT NULL AND d.state = 'pending' AND d.due_ms <= ?
     ORDER BY ${RANK} DESC, a.decided_ms DESC, d.seq DESC LIMIT ?`,
  );
  // Summaries are not folded again: what they list would be lost to the reader. Nor are drills: they prove the way of a
  // single alert, and one that was folded would count as one that did not arrive.
  const waiting = `FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
     WHERE d.sink = ? AND d.due_ms <= ? AND d.state = 'pending' AND a.kind NOT IN ('summary', 'drill')`;
  const count = db
    .prepare<[string, number, number], number>(`SELECT count(*) FROM (SELECT 1 ${waiting} LIMIT ?)`)
    .pluck();
  // The newest of a long queue, and of these the most severe first. Ranking all of it would hold up every other sink for
  // as long as it is long, once for each digest.
  const queued = db.prepare<[string, number, number], DueRow>(
    `SELECT ${columns}
     FROM (SELECT d.seq ${waiting} ORDER BY d.due_ms DESC, d.seq DESC LIMIT ?) AS pool
     JOIN deliveries AS d ON d.seq = pool.seq JOIN alerts AS a ON a.seq = d.alert
     ORDER BY ${RANK} DESC, a.decided_ms DESC, d.seq DESC`,
  );
  const unbundle = db.prepare<[string, string, number]>(
    "UPDATE deliveries SET bundle = NULL WHERE sink = ? AND bundle = ? AND state = 'pending' AND due_ms <= ?",
  );
  const fold = db.prepare<[number, number | bigint, string]>(
    `UPDATE deliveries SET state = 'folded', due_ms = NULL, bundle = NULL, ended_ms = ?, folded_into = ?
     WHERE seq IN (SELECT value FROM json_each(?))`,
  );
  const foldRows = (
    sink: string,
    reason: SummaryReason,
    rows: readonly DueRow[],
    nowMs: number,
  ): number | bigint | undefined => {
    const [into] = summarise({ reason, sinks: [sink], rows }, nowMs).deliveries;
    if (into !== undefined) fold.run(nowMs, into, JSON.stringify(rows.map(({ seq }) => seq)));
    return into;
  };
  const isCrowded = (sink: string, foldAbove: number, nowMs: number): boolean =>
    (count.get(sink, nowMs, foldAbove + 1) ?? 0) > foldAbove;
  const REASONS = { suppressed: 'suppressed', group: 'group', held: 'held' } as const;
  return (sink, foldAbove, nowMs) => {
    for (const bundle of bundles.all(sink, nowMs)) {
      const kind = bundle.bundle.slice(0, bundle.bundle.indexOf(':')) as keyof typeof REASONS;
      if (bundle.count === 1 && kind !== 'suppressed') unbundle.run(sink, bundle.bundle, nowMs);
      else foldRows(sink, REASONS[kind], bundled.all(sink, bundle.bundle, nowMs, MAX_FOLDED), nowMs);
    }
    if (foldAbove === undefined || !isCrowded(sink, foldAbove, nowMs)) return undefined;
    const digest = foldRows(sink, 'backlog', queued.all(sink, nowMs, MAX_FOLDED), nowMs);
    return isCrowded(sink, foldAbove, nowMs) ? digest : undefined;
  };
};
