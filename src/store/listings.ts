import type { Act } from '../core/acts.ts';
import type { Alert } from '../core/alert.ts';
import type { Why } from '../core/decided.ts';
import type { DeliveryState } from '../core/delivery.ts';
import type { DeliveryRecord, QuarantineRecord, WindowRecord } from '../core/history.ts';

/** A table as people read it: the rows of a SELECT over it (as `t`, with its `seq`) and what becomes of one. */
export interface Listing<Row, T> {
  readonly select: string;
  readonly item: (row: Row) => T;
}

interface Seq {
  readonly seq: number;
}

export const ALERTS: Listing<Seq & { readonly json: string }, Alert> = {
  select: 'SELECT t.seq, t.json FROM alerts AS t',
  item: (row) => JSON.parse(row.json) as Alert,
};

export const ACTS: Listing<Seq & Act, Act> = {
  select: 'SELECT t.seq, t.act, t.at_ms AS "atMs", t.by, t.subject, t.detail FROM acts AS t',
  item: ({ act, atMs, by, subject, detail }) => ({ act, atMs, by, subject, detail }),
};

interface DeliveryRow
  extends Seq,
    Omit<DeliveryRecord, 'dueAtMs' | 'endedAtMs' | 'foldedInto' | 'silence' | 'why'> {
  readonly dueAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly foldedInto: string | null;
  readonly silence: string | null;
  readonly why: string;
}

export const DELIVERIES: Listing<DeliveryRow, DeliveryRecord> = {
  select: `SELECT t.seq, t.id, a.id AS "alertId", t.sink, t.state, t.attempts, t.created_ms AS "createdAtMs",
                  t.due_ms AS "dueAtMs", t.ended_ms AS "endedAtMs", t.thread, t.silence, t.why,
                  (SELECT f.id FROM deliveries AS f WHERE f.seq = t.folded_into) AS "foldedInto"
           FROM deliveries AS t JOIN alerts AS a ON a.seq = t.alert`,
  item: (row) => ({
    id: row.id,
    alertId: row.alertId,
    sink: row.sink,
    state: row.state,
    attempts: row.attempts,
    createdAtMs: row.createdAtMs,
    dueAtMs: row.dueAtMs ?? undefined,
    endedAtMs: row.endedAtMs ?? undefined,
    thread: row.thread,
    foldedInto: row.foldedInto ?? undefined,
    silence: row.silence ?? undefined,
    why: JSON.parse(row.why) as Why[],
  }),
};

/** Says of a state what the partial indexes say, so that parked and waiting deliveries are found without a scan. */
export const stateCondition = (state: DeliveryState | undefined): string => {
  if (state === 'parked') return "t.state = 'parked' AND t.state = ?";
  if (state === 'pending' || state === 'sending') return 't.due_ms IS NOT NULL AND t.state = ?';
  return 't.state = ?';
};

interface WindowRow extends Seq, Omit<WindowRecord, 'verified'> {
  readonly verified: 0 | 1;
}

export const WINDOWS: Listing<WindowRow, WindowRecord> = {
  select: `SELECT t.seq, n.name AS account, t.from_ms AS "fromMs", t.to_ms AS "toMs", t.verified, t.events, t.fresh,
                  t.late, t.committed_ms AS "committedAtMs"
           FROM windows AS t JOIN accounts AS n ON n.key = t.account`,
  item: (row) => ({
    account: row.account,
    fromMs: row.fromMs,
    toMs: row.toMs,
    verified: row.verified === 1,
    events: row.events,
    fresh: row.fresh,
    late: row.late,
    committedAtMs: row.committedAtMs,
  }),
};

export const QUARANTINE: Listing<Seq & QuarantineRecord, QuarantineRecord> = {
  select: `SELECT t.seq, n.name AS account, t.key, t.json, t.reason, t.found_ms AS "foundAtMs"
           FROM quarantine AS t JOIN accounts AS n ON n.key = t.account`,
  item: ({ account, key, json, reason, foundAtMs }) => ({ account, key, json, reason, foundAtMs }),
};
