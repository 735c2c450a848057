import type { Level } from '../core/alert.ts';
import type { Browse, DeliveryKey } from '../core/browse.ts';
import type { Connection } from './connection.ts';
import { DELIVERIES } from './listings.ts';

type Row = Parameters<typeof DELIVERIES.item>[0] & {
  readonly ruleId: string;
  readonly level: Level;
  readonly account: string;
  readonly alertSeq: number;
  readonly lastDetail: string | null;
};

/** The part of {@link Browse} that is about deliveries. */
export const createBrowseDeliveries = (
  connection: Connection,
): Pick<Browse, 'deliveryStates' | 'deliveries' | 'deliveriesAt' | 'deliveriesSince' | 'underWay'> => {
  const { db } = connection;
  const select = `SELECT t.seq, t.id, a.id AS alertId, t.sink, t.state, t.attempts, t.created_ms AS createdAtMs,
            t.due_ms AS dueAtMs, t.ended_ms AS endedAtMs, t.thread, t.silence, t.why,
            (SELECT f.id FROM deliveries AS f WHERE f.seq = t.folded_into) AS foldedInto,
            a.rule AS ruleId, a.level, a.account, t.alert AS alertSeq,
            (SELECT x.detail FROM attempts AS x WHERE x.delivery = t.seq ORDER BY x.number DESC LIMIT 1) AS lastDetail
     FROM deliveries AS t JOIN alerts AS a ON a.seq = t.alert`;
  const at = db.prepare<[number], Row>(`${select} WHERE t.seq = ?`);
  const since = db
    .prepare<[number, number], number>('SELECT seq FROM deliveries WHERE seq > ? ORDER BY seq LIMIT ?')
    .pluck();
  const states = db.prepare<[number], { state: string; count: number }>(
    'SELECT state, count(*) AS count FROM deliveries WHERE alert = ? GROUP BY state',
  );
  const underWay = db.prepare<[number], { seq: number; state: string }>(
    `SELECT seq, state || ' ' || attempts || ' ' || due_ms AS state FROM deliveries
     WHERE due_ms IS NOT NULL ORDER BY sink, due_ms LIMIT ?`,
  );
  const keyOf = (row: Row): DeliveryKey => ({
    ...DELIVERIES.item(row),
    seq: row.seq,
    alertSeq: row.alertSeq,
    ruleId: row.ruleId,
    level: row.level,
    account: row.account,
    lastDetail: row.lastDetail ?? undefined,
  });
  return {
    deliveryStates: (alertSeq) =>
      connection.read(() =>
        Object.fromEntries(states.all(alertSeq).map(({ state, count }) => [state, count])),
      ),
    deliveries: ({ before = Number.MAX_SAFE_INTEGER, limit, alertId, parked }) =>
      connection.read(() => {
        const of = alertId === undefined ? '' : ' AND t.alert = (SELECT seq FROM alerts WHERE id = ?)';
        const which = parked ? " AND t.state = 'parked'" : '';
        return db
          .prepare<unknown[], Row>(`${select} WHERE t.seq < ?${of}${which} ORDER BY t.seq DESC LIMIT ?`)
          .all(before, ...(alertId === undefined ? [] : [alertId]), limit)
          .map(keyOf);
      }),
    deliveriesAt: (seqs) =>
      connection.read(() =>
        seqs
          .map((seq) => at.get(seq))
          .filter((row) => row !== undefined)
          .map(keyOf),
      ),
    deliveriesSince: (seq, limit) => connection.read(() => since.all(seq, limit)),
    underWay: (limit) => connection.read(() => underWay.all(limit)),
  };
};
