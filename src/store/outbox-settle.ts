import type { Settlement } from '../core/outbox.ts';
import { insertDelivery } from './alerts.ts';
import { all, get, type ManySql, many, run, type Sql, type Steps, tellOthers, type Value } from './steps.ts';

/** A delivery as it is while a group is settled. */
interface Row {
  readonly id: string;
  readonly seq: number;
  readonly attempts: number;
  state: string;
  /** The number of its last recorded attempt. */
  number: number;
}

interface Given {
  readonly alert: number;
  readonly alertId: string;
  readonly kind: string;
  readonly sink: string;
  readonly thread: string;
  readonly bundle: string | null;
}

const GIVEN = `SELECT d.alert, a.id AS "alertId", a.kind, d.sink, d.thread, d.bundle
  FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert WHERE d.seq = ?`;

/**
 * Gives the alert of a delivery to another sink; answers whether it was. Thread and bundle stay: at the fallback too, what
 * belongs together is told together. Drills are not given: they are about the sink itself.
 */
export function* giveTo(
  deliverySeq: number,
  fallback: string,
  detail: string,
  nowMs: number,
): Steps<boolean> {
  const row = yield* get<Given>(GIVEN, deliverySeq);
  if (!row || row.sink === fallback || row.kind === 'drill') return false;
  const why = [{ reason: 'fallback', detail: `for ${row.sink}: ${detail}` }] as const;
  const { thread, bundle, alertId, alert } = row;
  const delivery = {
    sink: fallback,
    state: 'pending',
    dueAtMs: nowMs,
    thread,
    why,
    ...(bundle === null ? {} : { bundle }),
  } as const;
  return (yield* insertDelivery({ alertId, alertSeq: alert, delivery }, nowMs)) !== undefined;
}

// CROSS JOIN keeps the order of the loops: every id of the list is looked up, nothing is scanned.
const SELECT = `SELECT d.id, d.seq, d.state, d.attempts,
  (SELECT coalesce(max(number), 0) FROM attempts WHERE delivery = d.seq) AS number`;
const SELECT_ALL: Sql = {
  sqlite: `${SELECT} FROM json_each(?) AS wanted CROSS JOIN deliveries AS d ON d.id = wanted.value`,
  postgres: `${SELECT} FROM deliveries AS d WHERE d.id = ANY(?::text[]) ORDER BY d.seq FOR UPDATE`,
};
const ATTEMPT_COLUMNS = 'delivery, number, started_ms, ended_ms, outcome, detail, status, bytes';
const INSERT_ATTEMPTS = {
  sqlite: `INSERT INTO attempts (${ATTEMPT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  postgres: `INSERT INTO attempts (${ATTEMPT_COLUMNS}) SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[],
    ?::bigint[], ?::text[], ?::text[], ?::bigint[], ?::bigint[])`,
};
const MOVE: ManySql = {
  atOnce: true,
  sqlite: `UPDATE deliveries SET state = moved.value ->> 0, due_ms = moved.value ->> 1, ended_ms = moved.value ->> 2
    FROM json_each(?) AS moved WHERE deliveries.seq = moved.value ->> 3`,
  postgres: `UPDATE deliveries SET state = moved.state, due_ms = moved.due_ms, ended_ms = moved.ended_ms
    FROM unnest(?::text[], ?::bigint[], ?::bigint[], ?::bigint[]) AS moved (state, due_ms, ended_ms, seq)
    WHERE deliveries.seq = moved.seq`,
};

/**
 * Records attempts and moves their deliveries on, inside the caller's transaction. The state is left alone when the delivery
 * no longer is `sending` or when a later claim is: its attempt will settle it. Unknown ids (pruned since) are ignored.
 */
export function* settle(settlements: readonly Settlement[], nowMs: number): Steps<void> {
  const ids = settlements.map(({ deliveryId }) => deliveryId);
  const rows = new Map((yield* all<Row>(SELECT_ALL, ids)).map((row) => [row.id, row]));
  const attempts: Value[][] = [];
  const moved: Value[][] = [];
  const named: (readonly [ref: string, seq: number])[] = [];
  const given: (readonly [seq: number, fallback: string, detail: string])[] = [];
  for (const { deliveryId, attempt, startedAtMs, endedAtMs, next, ...said } of settlements) {
    const row = rows.get(deliveryId);
    if (!row) continue;
    const { outcome, detail, status = null, bytes = null, ref } = said;
    row.number += 1;
    attempts.push([row.seq, row.number, startedAtMs, endedAtMs, outcome, detail, status, bytes]);
    if (row.state !== 'sending' || (attempt !== undefined && attempt !== row.attempts)) continue;
    row.state = next.state;
    if (next.state === 'pending') {
      moved.push([next.state, next.dueAtMs, null, row.seq]);
      continue;
    }
    moved.push([next.state, null, endedAtMs, row.seq]);
    if (ref !== undefined) named.push([ref, row.seq]);
    if (next.state === 'parked' && next.fallback !== undefined) given.push([row.seq, next.fallback, detail]);
  }
  yield* many(INSERT_ATTEMPTS, attempts);
  yield* many(MOVE, moved);
  for (const [ref, seq] of named) yield* run('UPDATE deliveries SET ref = ? WHERE seq = ?', ref, seq);
  if (given.length > 0) yield* tellOthers();
  for (const [seq, fallback, detail] of given) yield* giveTo(seq, fallback, detail, nowMs);
}
