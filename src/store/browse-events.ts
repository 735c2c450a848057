import type { Browse, EventKey, EventSlice } from '../core/browse.ts';
import type { StoredEvent } from '../core/history.ts';
import type { Connection } from './connection.ts';
import type { Names } from './names.ts';
import { all, get, type Steps, type Value, value, values } from './steps.ts';

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

const WHOLE = `SELECT seq, account, id, type, created_ms AS "createdAtMs", seen_ms AS "seenAtMs", json FROM events`;
const SINCE = `${WHOLE} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`;
const COUNT = 'SELECT count(*) FROM events WHERE account = ? AND created_ms >= ? AND created_ms < ?';
const LATE = `SELECT day_ms AS day, sum(count) AS count FROM lateness
  WHERE account = ? AND day_ms >= ? AND edge_ms > 0 GROUP BY day_ms`;
const MATCHED =
  'CASE WHEN EXISTS (SELECT 1 FROM alert_events AS e WHERE e.event = events.id) THEN 1 ELSE 0 END';

/** SQL and values of a piece of one account's trail. */
const sliceQuery = (
  account: number,
  { fromMs, toMs, after, newestFirst, withMatched, limit }: EventSlice,
): { readonly sql: string; readonly bound: readonly Value[] } => {
  const where = ['account = ?'];
  const bound: Value[] = [account];
  const add = (sql: string, ...added: readonly Value[]): void => {
    where.push(sql);
    bound.push(...added);
  };
  const [op, order] = newestFirst ? ['<', 'DESC'] : ['>', 'ASC'];
  if (fromMs !== undefined) add('created_ms >= ?', fromMs);
  if (toMs !== undefined) add('created_ms < ?', toMs);
  if (after) {
    // The first half lets the index find the place, the second leaves out what was shown of the same second.
    add(`created_ms ${op}= ?`, after.createdAtMs);
    add(`(created_ms ${op} ? OR id ${op}${after.inclusive ? '=' : ''} ?)`, after.createdAtMs, after.id);
  }
  const sql = `SELECT seq, id, type, created_ms AS "createdAtMs", ${withMatched ? MATCHED : '0'} AS matched FROM events
    WHERE ${where.join(' AND ')} ORDER BY created_ms ${order}, id ${order} LIMIT ?`;
  return { sql, bound: [...bound, limit] };
};

/**
 * The part of {@link Browse} that is about events. Whoever reads on from a place reads no further than `readableUpTo`, as
 * feeds do: behind it an event may still be committed at a place that was passed.
 */
export const createBrowseEvents = (
  connection: Connection,
  accounts: Names,
  eventTypes: Names,
  readableUpTo: () => Steps<number>,
): Pick<Browse, 'events' | 'eventsAt' | 'eventsSince' | 'countEvents' | 'lateByDay' | 'eventTypes'> => {
  function* wholeOf(row: WholeRow): Steps<StoredEvent & { readonly seq: number }> {
    return {
      seq: row.seq,
      account: yield* accounts.name(row.account),
      id: row.id,
      eventType: yield* eventTypes.name(row.type),
      createdAtMs: row.createdAtMs,
      seenAtMs: row.seenAtMs,
      json: row.json,
    };
  }
  return {
    events: (slice) =>
      connection.read(function* () {
        const account = yield* accounts.find(slice.account);
        const keys: EventKey[] = [];
        if (account === undefined) return keys;
        const { sql, bound } = sliceQuery(account, slice);
        for (const { type, matched, ...row } of yield* all<KeyRow>(sql, ...bound))
          keys.push({ ...row, eventType: yield* eventTypes.name(type), matched: matched === 1 });
        return keys;
      }),
    eventsAt: (seqs) =>
      connection.read(function* () {
        const events = [];
        for (const seq of seqs) {
          const row = yield* get<WholeRow>(`${WHOLE} WHERE seq = ?`, seq);
          if (row) events.push(yield* wholeOf(row));
        }
        return events;
      }),
    eventsSince: (seq, limit) =>
      connection.read(function* () {
        const events = [];
        const upTo = yield* readableUpTo();
        for (const row of yield* all<WholeRow>(SINCE, seq, upTo, limit)) events.push(yield* wholeOf(row));
        return events;
      }),
    countEvents: (account, fromMs, toMs) =>
      connection.read(function* () {
        const key = yield* accounts.find(account);
        return key === undefined ? 0 : ((yield* value<number>(COUNT, key, fromMs, toMs)) ?? 0);
      }),
    lateByDay: (account, sinceMs) =>
      connection.read(function* () {
        const key = yield* accounts.find(account);
        const rows = key === undefined ? [] : yield* all<{ day: number; count: number }>(LATE, key, sinceMs);
        return new Map(rows.map(({ day, count }) => [day, count]));
      }),
    eventTypes: () => connection.read(() => values<string>('SELECT name FROM event_types ORDER BY name')),
  };
};
