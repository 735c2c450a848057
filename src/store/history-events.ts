import type { EventQuery, History, Page, StoredEvent } from '../core/history.ts';
import type { Connection } from './connection.ts';
import { type EventCursor, eventCursor, eventCursorText, limitOf, toPage } from './cursor.ts';
import { firstOfAll } from './first-of-all.ts';
import type { Names } from './names.ts';
import { all, get, type Steps, type Value, values } from './steps.ts';

const ALL_ACCOUNTS = 'SELECT account FROM progress ORDER BY account';
const BODY = 'SELECT type, seen_ms, json FROM events WHERE seq = ? AND created_ms = ?';

/**
 * Reads events in order of (created_at, id, account). The index of time is one per account, so a page over all accounts
 * merges the first rows of each by key and then fetches only the bodies it shows.
 */
export const createEventHistory = (
  connection: Connection,
  accounts: Names,
  eventTypes: Names,
): History['events'] => {
  const empty: Page<StoredEvent> = { items: [], next: undefined };

  function* keysOf(request: KeyRequest, limit: number): Steps<readonly KeyRow[]> {
    const { sql, bound } = keyQuery(request);
    const rows = yield* all<Omit<KeyRow, 'account'>>(sql, ...bound, limit);
    return rows.map((row) => ({ ...row, account: request.account }));
  }

  /** Undefined: it was pruned since its key was read. */
  function* eventOf(row: KeyRow): Steps<StoredEvent | undefined> {
    const found = yield* get<BodyRow>(BODY, row.seq, row.createdMs);
    return (
      found && {
        account: yield* accounts.name(row.account),
        id: row.id,
        eventType: yield* eventTypes.name(found.type),
        createdAtMs: row.createdMs,
        seenAtMs: found.seen_ms,
        json: found.json,
      }
    );
  }

  function* typesOf(names: readonly string[]): Steps<readonly number[]> {
    const keys: number[] = [];
    for (const name of names) {
      const key = yield* eventTypes.find(name);
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }

  return (query) =>
    connection.read(function* (): Steps<Page<StoredEvent>> {
      const limit = limitOf(query);
      const after = eventCursor(query);
      const account = query.account === undefined ? undefined : yield* accounts.find(query.account);
      if (query.account !== undefined && account === undefined) return empty;
      const types = query.types && (yield* typesOf(query.types));
      if (types?.length === 0) return empty;
      const rows = yield* firstOfAll<KeyRow>(
        {
          accounts: account === undefined ? yield* values<number>(ALL_ACCOUNTS) : [account],
          order: query.newestFirst ? (a, b) => byPosition(b, a) : byPosition,
          read: (source, last, count) =>
            keysOf({ account: source, query, types, after: last ?? after }, count),
        },
        limit + 1,
      );
      const page = toPage(rows, limit, eventCursorText, (row) => row);
      const items: StoredEvent[] = [];
      for (const row of page.items) {
        const event = yield* eventOf(row);
        if (event) items.push(event);
      }
      return { items, next: page.next };
    });
};

interface KeyRow extends EventCursor {
  readonly seq: number;
}

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

const keyQuery = (request: KeyRequest): { readonly sql: string; readonly bound: readonly Value[] } => {
  const { account, query, types, after } = request;
  const where: string[] = ['account = ?'];
  const bound: Value[] = [account];
  const add = (sql: string, ...added: readonly Value[]): void => {
    where.push(sql);
    bound.push(...added);
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
    sql: `SELECT seq, created_ms AS "createdMs", id FROM events WHERE ${where.join(' AND ')}
          ORDER BY created_ms ${order}, id ${order} LIMIT ?`,
    bound,
  };
};
