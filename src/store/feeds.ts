import type { Database } from 'better-sqlite3';
import type { FeedEntry, FeedPage, Feeds, RefusedEvent } from '../core/feed.ts';
import type { ApplyConditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import type { Names } from './names.ts';

/** Events of a megabyte each have been seen: a page of them must not fill the memory. */
const MAX_PAGE_CHARS = 4_000_000;

/** What feeds share with the other parts of the store. */
export interface FeedDeps {
  readonly accounts: Names;
  readonly eventTypes: Names;
  readonly applyConditions: ApplyConditions;
  readonly now: () => number;
}

/** Reads what a feed has still to send; undefined: there is no such feed. */
export const prepareBacklog = (
  db: Database,
): ((feed: string) => Awaited<ReturnType<Feeds['backlog']>> | undefined) => {
  const cursor = db.prepare<[string], number>('SELECT cursor FROM feeds WHERE sink = ?').pluck();
  const newest = db.prepare<[], number>('SELECT coalesce(max(seq), 0) FROM events').pluck();
  // Counting would read every event that waits: it is the distance in `seq`, which has gaps only where retention took
  // something. So it is exact for the newest, and at most too high for a feed that has fallen behind by the retention.
  const oldest = db.prepare<[number], { seq: number; seen_ms: number }>(
    'SELECT seq, seen_ms FROM events WHERE seq > ? ORDER BY seq LIMIT 1',
  );
  return (feed) => {
    const done = cursor.get(feed);
    if (done === undefined) return undefined;
    const first = oldest.get(done);
    return first === undefined
      ? { events: 0, oldestSeenAtMs: undefined }
      : { events: (newest.get() ?? 0) - first.seq + 1, oldestSeenAtMs: first.seen_ms };
  };
};

/**
 * Feeds in SQLite. `events.seq` is the order of commits: it is given inside the one transaction that may write at a
 * time, so no event ever appears behind a cursor that has passed its place.
 */
export const createFeeds = (connection: Connection, deps: FeedDeps): Feeds => {
  const { db } = connection;
  const { accounts, eventTypes } = deps;
  const open = db.prepare<[string, number, number]>(
    'INSERT INTO feeds (sink, cursor, pruned, opened_ms) VALUES (?, ?, 0, ?) ON CONFLICT (sink) DO NOTHING',
  );
  const newest = db.prepare<[], number>('SELECT coalesce(max(seq), 0) FROM events').pluck();
  const find = db.prepare<[string], { cursor: number; pruned: number }>(
    'SELECT cursor, pruned FROM feeds WHERE sink = ?',
  );
  const after = db.prepare<[number, number], EventRow>(
    `SELECT seq, account, type, created_ms, seen_ms, id, json FROM events WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const advance = db.prepare<[number, string]>('UPDATE feeds SET cursor = max(cursor, ?) WHERE sink = ?');
  const refuse = db.prepare<[string, string, string, string, number, number, string]>(
    `INSERT INTO feed_refusals (sink, account, id, type, created_ms, refused_ms, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const refused = db.prepare<[string, number], RefusedEvent>(
    `SELECT account, id, type AS eventType, created_ms AS createdAtMs, refused_ms AS refusedAtMs, reason
     FROM feed_refusals WHERE sink = ? ORDER BY seq DESC LIMIT ?`,
  );
  const backlog = prepareBacklog(db);

  /** Rows up to the limit, or until they are too much together; read to their end before anything else is asked. */
  const pageOf = (from: number, limit: number): readonly EventRow[] => {
    const rows: EventRow[] = [];
    let chars = 0;
    for (const row of after.iterate(from, limit)) {
      rows.push(row);
      chars += row.json.length;
      if (chars > MAX_PAGE_CHARS) break;
    }
    return rows;
  };

  const entryOf = (row: EventRow): FeedEntry => ({
    cursor: row.seq,
    event: {
      account: accounts.name(row.account),
      id: row.id,
      eventType: eventTypes.name(row.type),
      createdAtMs: row.created_ms,
      seenAtMs: row.seen_ms,
      json: row.json,
    },
  });

  return {
    open: (feed, from) =>
      connection.commit(() => {
        open.run(feed, from === 'start' ? 0 : (newest.get() ?? 0), deps.now());
      }),

    read: (feed, limit, from) =>
      connection.read((): FeedPage => {
        const row = find.get(feed);
        if (row === undefined) return { entries: [], pruned: 0 };
        return { entries: pageOf(from ?? row.cursor, limit).map(entryOf), pruned: row.pruned };
      }),

    advance(feed, cursor, events, changes) {
      const write = (): readonly string[] => {
        advance.run(cursor, feed);
        for (const { account, id, eventType, createdAtMs, refusedAtMs, reason } of events)
          refuse.run(feed, account, id, eventType, createdAtMs, refusedAtMs, reason);
        return deps.applyConditions(changes);
      };
      const lasting = events.length > 0 || changes.length > 0;
      return lasting ? connection.commit(write) : connection.commitLightly(write);
    },

    backlog: (feed) => connection.read(() => backlog(feed) ?? { events: 0, oldestSeenAtMs: undefined }),

    refused: (feed, limit) => connection.read(() => refused.all(feed, limit)),
  };
};

interface EventRow {
  readonly seq: number;
  readonly account: number;
  readonly type: number;
  readonly created_ms: number;
  readonly seen_ms: number;
  readonly id: string;
  readonly json: string;
}
