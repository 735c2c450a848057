import type { Level } from '../core/alert.ts';
import type { Browse, DeliveryKey } from '../core/browse.ts';
import type { Connection } from './connection.ts';
import { DELIVERIES } from './listings.ts';
import { all, get, values } from './steps.ts';

type Row = Parameters<typeof DELIVERIES.item>[0] & {
  readonly ruleId: string;
  readonly level: Level;
  readonly account: string;
  readonly alertSeq: number;
  readonly lastDetail: string | null;
};

const SELECT = `SELECT t.seq, t.id, a.id AS "alertId", t.sink, t.state, t.attempts, t.created_ms AS "createdAtMs",
    t.due_ms AS "dueAtMs", t.ended_ms AS "endedAtMs", t.thread, t.silence, t.why,
    (SELECT f.id FROM deliveries AS f WHERE f.seq = t.folded_into) AS "foldedInto",
    a.rule AS "ruleId", a.level, a.account, t.alert AS "alertSeq",
    (SELECT x.detail FROM attempts AS x WHERE x.delivery = t.seq ORDER BY x.number DESC LIMIT 1) AS "lastDetail"
  FROM deliveries AS t JOIN alerts AS a ON a.seq = t.alert`;
const AT = `${SELECT} WHERE t.seq = ?`;
const SINCE = 'SELECT seq FROM deliveries WHERE seq > ? ORDER BY seq LIMIT ?';
const PLACE = 'SELECT seq FROM deliveries WHERE id = ?';
const STATES = 'SELECT state, count(*) AS count FROM deliveries WHERE alert = ? GROUP BY state';
const UNDER_WAY = `SELECT seq, state || ' ' || attempts || ' ' || due_ms AS state FROM deliveries
  WHERE due_ms IS NOT NULL ORDER BY sink, due_ms LIMIT ?`;

const keyOf = (row: Row): DeliveryKey => ({
  ...DELIVERIES.item(row),
  seq: row.seq,
  alertSeq: row.alertSeq,
  ruleId: row.ruleId,
  level: row.level,
  account: row.account,
  lastDetail: row.lastDetail ?? undefined,
});

/** The part of {@link Browse} that is about deliveries. */
export const createBrowseDeliveries = (
  connection: Connection,
): Pick<
  Browse,
  'deliveryStates' | 'deliveries' | 'deliveriesAt' | 'deliveriesSince' | 'deliveryPlaces' | 'underWay'
> => ({
  deliveryStates: (alertSeq) =>
    connection.read(function* () {
      const rows = yield* all<{ state: string; count: number }>(STATES, alertSeq);
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    }),
  deliveries: ({ before = Number.MAX_SAFE_INTEGER, limit, alertId, parked }) =>
    connection.read(function* () {
      const of = alertId === undefined ? '' : ' AND t.alert = (SELECT seq FROM alerts WHERE id = ?)';
      const which = parked ? " AND t.state = 'parked'" : '';
      const rows = yield* all<Row>(
        `${SELECT} WHERE t.seq < ?${of}${which} ORDER BY t.seq DESC LIMIT ?`,
        before,
        ...(alertId === undefined ? [] : [alertId]),
        limit,
      );
      return rows.map(keyOf);
    }),
  deliveriesAt: (seqs) =>
    connection.read(function* () {
      const keys: DeliveryKey[] = [];
      for (const seq of seqs) {
        const row = yield* get<Row>(AT, seq);
        if (row) keys.push(keyOf(row));
      }
      return keys;
    }),
  deliveryPlaces: (ids) =>
    connection.read(function* () {
      const places: number[] = [];
      for (const id of ids) places.push(...(yield* values<number>(PLACE, id)));
      return places;
    }),
  deliveriesSince: (seq, limit) => connection.read(() => values<number>(SINCE, seq, limit)),
  underWay: (limit) => connection.read(() => all<{ seq: number; state: string }>(UNDER_WAY, limit)),
});
