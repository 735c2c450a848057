import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { Delivery } from '../core/delivery.ts';
import type { ClaimOptions } from '../core/outbox.ts';
import type { FoldDue } from './fold.ts';
import { putGate } from './gates.ts';
import { all, get, type Sql, type Steps, value, values } from './steps.ts';

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
) => Steps<readonly Delivery[]>;

const COLUMNS = 'd.seq, d.id, d.sink, d.attempts, d.since_ms, d.thread, a.json';
// Two that claim for one sink at once would fold the same queue twice. The lease of the sink keeps other processes away, but not the same
// one: when the answer to its COMMIT is lost, it claims anew while the server may still be at work on the first.
const ONE_AT_A_TIME: Sql = {
  sqlite: 'SELECT ?',
  postgres: "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' claim ' || ?, 0))",
};
// What is still in a bundle waits until it is folded: folding is bounded, and may take several claims.
const POOL =
  'SELECT seq FROM deliveries WHERE sink = ? AND due_ms <= ? AND bundle IS NULL ORDER BY due_ms, seq LIMIT ?';
const DUE: Sql = {
  sqlite: `SELECT ${COLUMNS} FROM (${POOL}) AS pool
    JOIN deliveries AS d ON d.seq = pool.seq JOIN alerts AS a ON a.seq = d.alert ORDER BY d.seq LIMIT ?`,
  // Of an array the planner knows that it is short, whatever the limit.
  postgres: `SELECT ${COLUMNS} FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
    WHERE d.seq = ANY (ARRAY(${POOL})) ORDER BY d.seq LIMIT ? FOR UPDATE OF d SKIP LOCKED`,
};
// What is held (never tried, due later) is no probe: it must not go out before its time. A lease that has expired is.
const EARLY = `SELECT ${COLUMNS} FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
  WHERE d.sink = ? AND d.due_ms IS NOT NULL AND d.bundle IS NULL
    AND (d.due_ms <= ? OR (d.state = 'pending' AND d.attempts > 0))
  ORDER BY d.due_ms, d.seq LIMIT ? FOR UPDATE OF d SKIP LOCKED`;
const ONE = `SELECT ${COLUMNS} FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert WHERE d.seq = ? FOR UPDATE OF d`;
// One statement for all of them: measured at less than half of one for each.
const CLAIM = `UPDATE deliveries SET state = 'sending', due_ms = ?, attempts = attempts + 1 WHERE seq`;
/**
 * Whoever waited for the lock of a row got it as it is now, which need not be due any more: it may have been dropped, parked,
 * put off or bundled meanwhile, and PostgreSQL looks again only at some of the conditions of the query that waited.
 */
const claimAll = (due: string): Sql => {
  const still = `AND state IN ('pending', 'sending') AND bundle IS NULL AND (${due}) RETURNING seq`;
  return {
    sqlite: `${CLAIM} IN (SELECT value FROM json_each(?)) ${still}`,
    postgres: `${CLAIM} = ANY(?::bigint[]) ${still}`,
  };
};
const CLAIM_DUE = claimAll('due_ms <= ?');
const CLAIM_EARLY = claimAll("due_ms <= ? OR (state = 'pending' AND attempts > 0)");
// Most sinks never give a name to a message: asked once a claim, so that they pay nothing for those that do.
const HAS_REFS = 'SELECT 1 FROM deliveries WHERE sink = ? AND ref IS NOT NULL LIMIT 1';
const THREAD_REF = `SELECT ref FROM deliveries
  WHERE sink = ? AND thread = ? AND ref IS NOT NULL AND created_ms >= ? AND seq <> ? ORDER BY seq LIMIT 1`;
const REF_OF = 'SELECT ref FROM deliveries WHERE id = ?';

/** What the receiver calls the messages that this one belongs to. */
interface Refs {
  readonly first?: string | undefined;
  readonly firing?: string | null | undefined;
}

function* refsOf(row: DueRow, alert: Alert, nowMs: number): Steps<Refs> {
  const first = yield* value<string>(THREAD_REF, row.sink, row.thread, nowMs - THREAD_MS, row.seq);
  if (alert.resolves === undefined) return { first };
  const resolved = stableId('delivery', alert.resolves, row.sink);
  return { first, firing: yield* value<string | null>(REF_OF, resolved) };
}

const deliveryOf = (row: DueRow, alert: Alert, { first, firing }: Refs): Delivery => ({
  id: row.id,
  sink: row.sink,
  alert,
  attempt: row.attempts + 1,
  createdAtMs: row.since_ms,
  thread: row.thread,
  ...(first === undefined ? {} : { threadRef: first }),
  ...(firing === undefined || firing === null ? {} : { firingRef: firing }),
});

const NO_REFS: Refs = {};

/** Makes {@link Claim}. */
export const createClaim = (foldDue: FoldDue): Claim =>
  function* claim(sink, limit, leaseMs, { foldAbove, early: probe = false, gate }, nowMs) {
    yield* get(ONE_AT_A_TIME, sink);
    // A probe tries a single delivery: a digest waits until the receiver is known to be back. Bundles never go unfolded.
    const only = yield* foldDue(sink, probe ? undefined : foldAbove, nowMs);
    const found =
      only !== undefined
        ? yield* all<DueRow>(ONE, only)
        : probe
          ? yield* all<DueRow>(EARLY, sink, nowMs, limit)
          : yield* all<DueRow>(DUE, sink, nowMs, Math.max(limit, ORDER_POOL), limit);
    if (found.length === 0) return [];
    const claimed = new Set(
      yield* values<number>(
        only === undefined && probe ? CLAIM_EARLY : CLAIM_DUE,
        nowMs + leaseMs,
        found.map(({ seq }) => seq),
        nowMs,
      ),
    );
    const rows = found.filter(({ seq }) => claimed.has(seq));
    if (rows.length === 0) return [];
    if (gate) yield* putGate(sink, gate(rows.length));
    const mayHaveRefs = (yield* value<number>(HAS_REFS, sink)) !== undefined;
    const deliveries: Delivery[] = [];
    for (const row of rows) {
      const alert = JSON.parse(row.json) as Alert;
      const refs = mayHaveRefs ? yield* refsOf(row, alert, nowMs) : NO_REFS;
      deliveries.push(deliveryOf(row, alert, refs));
    }
    return deliveries;
  };
