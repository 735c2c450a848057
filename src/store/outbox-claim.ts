import type { Database } from 'better-sqlite3';
import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { Delivery } from '../core/delivery.ts';
import type { ClaimOptions } from '../core/outbox.ts';
import type { FoldDue } from './fold.ts';
import type { PutGate } from './gates.ts';

/**
 * Claims take the oldest of this many that have been due longest. Up to so many waiting deliveries leave in the order
 * they were decided, even after an outage has mixed up their due times; a longer queue leaves roughly so, and no claim
 * has to sort all of it.
 */
const ORDER_POOL = 256;
/** For so long later messages of a thread are answers to its first one; then a new one begins. */
const THREAD_MS = 86_400_000;

interface DueRow {
  readonly seq: number;
  readonly id: string;
  readonly sink: string;
  readonly attempts: number;
  readonly since_ms: number;
  readonly thread: string;
  readonly json: string;
}

/** Leases due deliveries, inside the caller's transaction. */
export type Claim = (
  sink: string,
  limit: number,
  leaseMs: number,
  options: ClaimOptions,
  nowMs: number,
) => readonly Delivery[];

/** Prepares {@link Claim}. */
export const createClaim = (db: Database, foldDue: FoldDue, putGate: PutGate): Claim => {
  const columns = 'd.seq, d.id, d.sink, d.attempts, d.since_ms, d.thread, a.json';
  // What is still in a bundle waits until it is folded: folding is bounded, and may take several claims.
  const due = db.prepare<[string, number, number, number], DueRow>(
    `SELECT ${columns}
     FROM (SELECT seq FROM deliveries WHERE sink = ? AND due_ms <= ? AND bundle IS NULL
           ORDER BY due_ms, seq LIMIT ?) AS pool
     JOIN deliveries AS d ON d.seq = pool.seq JOIN alerts AS a ON a.seq = d.alert
     ORDER BY d.seq LIMIT ?`,
  );
  // What is held (never tried, due later) is no probe: it must not go out before its time. A lease that has expired is.
  const early = db.prepare<[string, number, number], DueRow>(
    `SELECT ${columns} FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
     WHERE d.sink = ? AND d.due_ms IS NOT NULL AND d.bundle IS NULL
       AND (d.due_ms <= ? OR (d.state = 'pending' AND d.attempts > 0))
     ORDER BY d.due_ms, d.seq LIMIT ?`,
  );
  const one = db.prepare<[number | bigint], DueRow>(
    `SELECT ${columns} FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert WHERE d.seq = ?`,
  );
  // One statement for all of them: measured at less than half of one for each.
  const claim = db.prepare<[number, string]>(
    `UPDATE deliveries SET state = 'sending', due_ms = ?, attempts = attempts + 1
     WHERE seq IN (SELECT value FROM json_each(?))`,
  );
  // Most sinks never give a name to a message: asked once a claim, so that they pay nothing for those that do.
  const hasRefs = db
    .prepare<[string], number>('SELECT 1 FROM deliveries WHERE sink = ? AND ref IS NOT NULL LIMIT 1')
    .pluck();
  const threadRef = db
    .prepare<[string, string, number, number], string>(
      `SELECT ref FROM deliveries WHERE sink = ? AND thread = ? AND ref IS NOT NULL AND created_ms >= ? AND seq <> ?
       ORDER BY seq LIMIT 1`,
    )
    .pluck();
  const refOf = db.prepare<[string], string | null>('SELECT ref FROM deliveries WHERE id = ?').pluck();

  const deliveryOf = (row: DueRow, mayHaveRefs: boolean, nowMs: number): Delivery => {
    const alert = JSON.parse(row.json) as Alert;
    const first = mayHaveRefs ? threadRef.get(row.sink, row.thread, nowMs - THREAD_MS, row.seq) : undefined;
    const firing =
      mayHaveRefs && alert.resolves !== undefined
        ? refOf.get(stableId('delivery', alert.resolves, row.sink))
        : undefined;
    return {
      id: row.id,
      sink: row.sink,
      alert,
      attempt: row.attempts + 1,
      createdAtMs: row.since_ms,
      thread: row.thread,
      ...(first === undefined ? {} : { threadRef: first }),
      ...(firing === undefined || firing === null ? {} : { firingRef: firing }),
    };
  };

  return (sink, limit, leaseMs, { foldAbove, early: probe = false, gate }, nowMs) => {
    // A probe tries a single delivery: a digest waits until the receiver is known to be back. Bundles never go unfolded.
    const only = foldDue(sink, probe ? undefined : foldAbove, nowMs);
    const dueRows = (): readonly DueRow[] =>
      probe ? early.all(sink, nowMs, limit) : due.all(sink, nowMs, Math.max(limit, ORDER_POOL), limit);
    const rows = only === undefined ? dueRows() : one.all(only);
    if (rows.length === 0) return [];
    claim.run(nowMs + leaseMs, JSON.stringify(rows.map(({ seq }) => seq)));
    if (gate) putGate(sink, gate(rows.length));
    const mayHaveRefs = hasRefs.get(sink) !== undefined;
    return rows.map((row) => deliveryOf(row, mayHaveRefs, nowMs));
  };
};
