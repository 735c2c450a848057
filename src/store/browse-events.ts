import type { Browse, EventHeads, EventKey, EventSlice, PlacedKey } from '../core/browse.ts';
import type { StoredEvent } from '../core/history.ts';
import type { Connection } from './connection.ts';
import type { Names } from './names.ts';
import { all, get, type Sql, type Steps, type Value, value, values } from './steps.ts';

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

/** What an event has to fulfil beside its account, with the values, and the order. */
const conditions = ({
  fromMs,
  toMs,
  after,
  newestFirst,
}: Pick<EventSlice, 'fromMs' | 'toMs' | 'after' | 'newestFirst'>): {
  readonly where: readonly string[];
  readonly bound: readonly Value[];
  readonly order: string;
} => {
  const where: string[] = [];
  const bound: Value[] = [];
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
  return { where, bound, order: `ORDER BY created_ms ${order}, id ${order}` };
};

/** SQL and values of a piece of one account's trail. */
const sliceQuery = (
  account: number,
  slice: EventSlice,
): { readonly sql: string; readonly bound: readonly Value[] } => {
  const { where, bound, order } = conditions(slice);
  const sql = `SELECT seq, id, type, created_ms AS "createdAtMs", ${slice.withMatched ? MATCHED : '0'} AS matched FROM events
    WHERE ${['account = ?', ...where].join(' AND ')} ${order} LIMIT ?`;
  return { sql, bound: [account, ...bound, slice.limit] };
};

/** SQL and values of the first events of all accounts: a step into the index for each, none of which reads on. */
const headsQuery = ({
  from,
  withMatched,
  ...heads
}: EventHeads): { readonly sql: Sql; readonly bound: readonly Value[] } => {
  const after = from && { ...from, inclusive: true };
  const { where, bound, order } = conditions({ ...heads, after });
  const firstOf = (what: string): string =>
    `SELECT ${what} FROM events WHERE ${['account = a.key', ...where].join(' AND ')} ${order} LIMIT 1`;
  const wanted = `id, type, created_ms AS "createdAtMs", ${withMatched ? MATCHED : '0'} AS matched`;
  return {
    sql: {
      sqlite: `SELECT a.name AS account, events.seq, ${wanted}
        FROM accounts AS a JOIN events ON events.seq = (${firstOf('seq')})`,
      // Of parts by month, the join by seq would look into each.
      postgres: `SELECT a.name AS account, e.* FROM accounts AS a CROSS JOIN LATERAL (${firstOf(`seq, ${wanted}`)}) AS e`,
    },
    bound,
  };
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
): Pick<
  Browse,
  'events' | 'heads' | 'eventsAt' | 'eventsSince' | 'countEvents' | 'lateByDay' | 'eventTypes'
> => {
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
    heads: (heads) =>
      connection.read(function* () {
        const { sql, bound } = headsQuery(heads);
        const keys: PlacedKey[] = [];
        for (const { type, matched, ...row } of yield* all<KeyRow & { readonly account: string }>(
          sql,
          ...bound,
        ))
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
