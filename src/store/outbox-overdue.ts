import type { Database } from 'better-sqlite3';
import type { Overdue } from '../core/outbox.ts';
import type { GiveTo } from './outbox-settle.ts';

/** What has waited too long for a sink, inside the caller's transaction. */
export interface OverdueRows {
  count(sink: string, beforeMs: number): number;
  park(overdue: Overdue, nowMs: number): number;
}

/**
 * Prepares {@link OverdueRows}. What is being sent is left to its own end, and what is in a bundle to its summary, which
 * is new when it is made.
 */
export const createOverdue = (db: Database, giveTo: GiveTo): OverdueRows => {
  const waits = `FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL AND state = 'pending' AND bundle IS NULL
     AND since_ms <= ?`;
  const count = db.prepare<[string, number], number>(`SELECT count(*) ${waits}`).pluck();
  const select = db
    .prepare<[string, number, number], number>(`SELECT seq ${waits} ORDER BY due_ms, seq LIMIT ?`)
    .pluck();
  const park = db.prepare<[number, string, string]>(
    `UPDATE deliveries SET state = 'parked', due_ms = NULL, ended_ms = ?, why = json_insert(why, '$[#]', json(?))
     WHERE seq IN (SELECT value FROM json_each(?))`,
  );
  return {
    count: (sink, beforeMs) => count.get(sink, beforeMs) ?? 0,
    park({ sink, beforeMs, limit, detail, fallback }, nowMs) {
      const rows = select.all(sink, beforeMs, limit);
      if (rows.length === 0) return 0;
      park.run(nowMs, JSON.stringify({ reason: 'overdue', detail }), JSON.stringify(rows));
      if (fallback !== undefined) for (const seq of rows) giveTo(seq, fallback, detail, nowMs);
      return rows.length;
    },
  };
};
