import type { Database } from 'better-sqlite3';
import type { ActName } from '../core/acts.ts';
import type { DeliveryState } from '../core/delivery.ts';
import type { DeliverySelection, Outbox } from '../core/outbox.ts';
import type { RecordAct } from './acts.ts';
import type { Connection } from './connection.ts';

interface Selected {
  readonly seq: number;
  readonly id: string;
}

/** SQL of a condition with its value; a value of undefined does not restrict. */
const selected = (
  db: Database,
  which: DeliverySelection,
  states: readonly DeliveryState[],
): readonly Selected[] => {
  const conditions: readonly (readonly [string, unknown])[] = [
    ['d.id IN (SELECT value FROM json_each(?))', which.ids && JSON.stringify(which.ids)],
    ['d.sink = ?', which.sink],
    ['a.rule = ?', which.ruleId],
    ['d.created_ms >= ?', which.fromMs],
    ['d.created_ms < ?', which.toMs],
  ];
  const used = conditions.filter(([, value]) => value !== undefined);
  const inStates = states.map((state) => `'${state}'`).join(', ');
  // A literal list, so that the partial indexes of what is parked and what waits can be used.
  const where = [`d.state IN (${inStates})`, ...used.map(([sql]) => sql)].join(' AND ');
  return db
    .prepare<unknown[], Selected>(
      `SELECT d.seq, d.id FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert WHERE ${where} ORDER BY d.seq`,
    )
    .all(...used.map(([, value]) => value));
};

/** What people do to deliveries; each act is recorded with what it changes. */
export const createOutboxActs = (
  connection: Connection,
  recordAct: RecordAct,
  now: () => number,
): Pick<Outbox, 'retry' | 'drop'> => {
  const { db } = connection;
  const again = db.prepare<[number, number, number]>(
    "UPDATE deliveries SET state = 'pending', due_ms = ?, ended_ms = NULL, since_ms = ? WHERE seq = ?",
  );
  const end = db.prepare<[number, number]>(
    "UPDATE deliveries SET state = 'dropped', due_ms = NULL, bundle = NULL, ended_ms = ? WHERE seq = ?",
  );
  const act = (
    name: ActName,
    rows: readonly Selected[],
    { by, detail }: { readonly by: string; readonly detail: string },
    change: (seq: number, nowMs: number) => void,
  ): number => {
    const atMs = now();
    for (const { seq, id } of rows) {
      change(seq, atMs);
      recordAct({ act: name, atMs, by, subject: id, detail });
    }
    return rows.length;
  };
  return {
    retry: (which, by = { by: 'unknown', detail: '' }) =>
      connection.commit(() =>
        act('delivery.retried', selected(db, which, ['parked']), by, (seq, nowMs) =>
          again.run(nowMs, nowMs, seq),
        ),
      ),
    drop: ({ states, ...which }, by) =>
      connection.commit(() =>
        act('delivery.dropped', selected(db, which, states), by, (seq, nowMs) => end.run(nowMs, seq)),
      ),
  };
};
