import type { Browse, EventKey, EventSlice } from '../core/browse.ts';
import type { StoredEvent } from '../core/history.ts';
import type { Connection } from './connection.ts';
import type { Names } from './names.ts';

interface KeyRow {
  readonly seq: number;
  readonly id: string;
  readonly type: number;
  readonly createdAtMs: number;
  readonly matched: 0 | 1;
}

interface WholeRow extends Omit<KeyRow, 'matched'> {
  readonly account: number;
  readonly seenAtMs: number;
  readonly json: string;
}

const WHOLE =
  'SELECT seq, account, id, type, created_ms AS createdAtMs, seen_ms AS seenAtMs, json FROM events';

/** SQL and values of a piece of one account's trail. */
const sliceQuery = (
  account: number,
  { fromMs, toMs, after, newestFirst, withMatched, limit }: EventSlice,
): { readonly sql: string; readonly values: readonly unknown[] } => {
  const where = ['account = ?'];
  const values: unknown[] = [account];
  const add = (sql: string, ...added: readonly unknown[]): void => {
    where.push(sql);
    values.push(...added);
  };
  const [op, order] = newestFirst ? ['<', 'DESC'] : ['>', 'ASC'];
  if (fromMs !== undefined) add('created_ms >= ?', fromMs);
  if (toMs !== undefined) add('created_ms < ?', toMs);
  if (after) {
    // The first half lets the index find the place, the second leaves out what was shown of the same second.
    add(`created_ms ${op}= ?`, after.createdAtMs);
    add(`(created_ms ${op} ? OR id ${op}${after.inclusive ? '=' : ''} ?)`, after.createdAtMs, after.id);
  }
  const matched = withMatched ? 'EXISTS (SELECT 1 FROM alert_events AS e WHERE e.event = events.id)' : '0';
  const sql = `SELECT seq, id, type, created_ms AS createdAtMs, ${matched} AS matched FROM events
    WHERE ${where.join(' AND ')} ORDER BY created_ms ${order}, id ${order} LIMIT ?`;
  return { sql, values: [...values, limit] };
};

/** The part of {@link Browse} that is about events. */
export const createBrowseEvents = (
  connection: Connection,
  accounts: Names,
  eventTypes: Names,
): Pick<Browse, 'events' | 'eventsAt' | 'eventsSince' | 'countEvents' | 'lateByDay' | 'eventTypes'> => {
  const { db } = connection;
  const at = db.prepare<[number], WholeRow>(`${WHOLE} WHERE seq = ?`);
  const since = db.prepare<[number, number], WholeRow>(`${WHOLE} WHERE seq > ? ORDER BY seq LIMIT ?`);
  const types = db.prepare<[], string>('SELECT name FROM event_types ORDER BY name').pluck();
  const count = db
    .prepare<[number, number, number], number>(
      'SELECT count(*) FROM events WHERE account = ? AND created_ms >= ? AND created_ms < ?',
    )
    .pluck();
  const late = db.prepare<[number, number], { day: number; count: number }>(
    `SELECT day_ms AS day, sum(count) AS count FROM lateness
     WHERE account = ? AND day_ms >= ? AND edge_ms > 0 GROUP BY day_ms`,
  );
  const wholeOf = (row: WholeRow): StoredEvent & { readonly seq: number } => ({
    seq: row.seq,
    account: accounts.name(row.account),
    id: row.id,
    eventType: eventTypes.name(row.type),
    createdAtMs: row.createdAtMs,
    seenAtMs: row.seenAtMs,
    json: row.json,
  });
  return {
    events: (slice) =>
      connection.read((): readonly EventKey[] => {
        const key = accounts.find(slice.account);
        if (key === undefined) return [];
        const { sql, values } = sliceQuery(key, slice);
        return db
          .prepare<unknown[], KeyRow>(sql)
          .all(...values)
          .map(({ type, matched, ...row }) => ({
            ...row,
            eventType: eventTypes.name(type),
            matched: matched === 1,
          }));
      }),
    eventsAt: (seqs) =>
      connection.read(() =>
        seqs
          .map((seq) => at.get(seq))
          .filter((row) => row !== undefined)
          .map(wholeOf),
      ),
    eventsSince: (seq, limit) => connection.read(() => since.all(seq, limit).map(wholeOf)),
    countEvents: (account, fromMs, toMs) =>
      connection.read(() => {
        const key = accounts.find(account);
        return key === undefined ? 0 : (count.get(key, fromMs, toMs) ?? 0);
      }),
    lateByDay: (account, sinceMs) =>
      connection.read(() => {
        const key = accounts.find(account);
        const rows = key === undefined ? [] : late.all(key, sinceMs);
        return new Map(rows.map((row) => [row.day, row.count]));
      }),
    eventTypes: () => connection.read(() => types.all()),
  };
};
