import type { Database, Statement } from 'better-sqlite3';
import type { EventQuery, History, Page, StoredEvent } from '../core/history.ts';
import type { Connection } from './connection.ts';
import { type EventCursor, eventCursor, eventCursorText, limitOf, toPage } from './cursor.ts';
import type { Names } from './names.ts';

/**
 * Reads events in order of (created_at, id, account). The index of time is one per account, so a page over all accounts
 * merges the first rows of each by key and then fetches only the bodies it shows.
 */
export const createEventHistory = (
  connection: Connection,
  accounts: Names,
  eventTypes: Names,
): History['events'] => {
  const { db } = connection;
  const empty: Page<StoredEvent> = { items: [], next: undefined };
  const allAccounts = db.prepare<[], number>('SELECT account FROM progress ORDER BY account').pluck();
  const body = db.prepare<[number], BodyRow>('SELECT type, seen_ms, json FROM events WHERE seq = ?');

  const keysOf = (request: KeyRequest, limit: number, prepare: PrepareKeys): readonly KeyRow[] => {
    const { sql, values } = keyQuery(request);
    const rows = prepare(sql).all(...values, limit);
    return rows.map((row) => ({ ...row, account: request.account }));
  };

  const eventOf = (row: KeyRow): StoredEvent => {
    const found = body.get(row.seq);
    return {
      account: accounts.name(row.account),
      id: row.id,
      eventType: eventTypes.name(found?.type ?? 0),
      createdAtMs: row.createdMs,
      seenAtMs: found?.seen_ms ?? 0,
      json: found?.json ?? '',
    };
  };

  return (query) =>
    connection.read((): Page<StoredEvent> => {
      const limit = limitOf(query);
      const after = eventCursor(query);
      const account = query.account === undefined ? undefined : accounts.find(query.account);
      if (query.account !== undefined && account === undefined) return empty;
      const types = query.types?.map((type) => eventTypes.find(type)).filter((key) => key !== undefined);
      if (types?.length === 0) return empty;
      const sources = account === undefined ? allAccounts.all() : [account];
      const prepare = preparedOnce(db);
      const rows = sources.flatMap((source) =>
        keysOf({ account: source, query, types, after }, limit + 1, prepare),
      );
      if (sources.length > 1) rows.sort(query.newestFirst ? (a, b) => byPosition(b, a) : byPosition);
      return toPage(rows, limit, eventCursorText, eventOf);
    });
};

interface KeyRow extends EventCursor {
  readonly seq: number;
}

type PrepareKeys = (sql: string) => Statement<unknown[], Omit<KeyRow, 'account'>>;

/** Hundreds of accounts are asked the same question. */
const preparedOnce = (db: Database): PrepareKeys => {
  const known = new Map<string, ReturnType<PrepareKeys>>();
  return (sql) => {
    const statement = known.get(sql) ?? db.prepare<unknown[], Omit<KeyRow, 'account'>>(sql);
    known.set(sql, statement);
    return statement;
  };
};

interface BodyRow {
  readonly type: number;
  readonly seen_ms: number;
  readonly json: string;
}

/** Ids are compared as SQLite compares them, by their bytes: the cursor goes back into its comparison. */
const byPosition = (a: EventCursor, b: EventCursor): number =>
  a.createdMs - b.createdMs || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)) || a.account - b.account;

/** One account's part of a page, with names already turned into keys. */
interface KeyRequest {
  readonly account: number;
  readonly query: EventQuery;
  readonly types: readonly number[] | undefined;
  readonly after: EventCursor | undefined;
}

const keyQuery = (request: KeyRequest): { readonly sql: string; readonly values: readonly unknown[] } => {
  const { account, query, types, after } = request;
  const where: string[] = ['account = ?'];
  const values: unknown[] = [account];
  const add = (sql: string, ...added: readonly unknown[]): void => {
    where.push(sql);
    values.push(...added);
  };
  if (query.id !== undefined) add('id = ?', query.id);
  if (query.fromMs !== undefined) add('created_ms >= ?', query.fromMs);
  if (query.toMs !== undefined) add('created_ms < ?', query.toMs);
  if (types) add(`type IN (${types.map(() => '?').join(', ')})`, ...types);
  const [op, order] = query.newestFirst ? ['<', 'DESC'] : ['>', 'ASC'];
  if (after) {
    // The first half lets the index find the place, the second leaves out what was shown of the same second.
    const equalId = (query.newestFirst ? account < after.account : account > after.account) ? '=' : '';
    add(`created_ms ${op}= ?`, after.createdMs);
    add(`(created_ms ${op} ? OR id ${op}${equalId} ?)`, after.createdMs, after.id);
  }
  return {
    sql: `SELECT seq, created_ms AS createdMs, id FROM events WHERE ${where.join(' AND ')}
          ORDER BY created_ms ${order}, id ${order} LIMIT ?`,
    values,
  };
};
