import type { FeedEntry, FeedPage, Feeds, RefusedEvent } from '../core/feed.ts';
import type { ApplyConditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import { checkLease } from './leases.ts';
import type { Names } from './names.ts';
import { all, get, run, type Sql, type Steps, some, value } from './steps.ts';

/** Events of a megabyte each have been seen: a page of them must not fill the memory. */
const MAX_PAGE_CHARS = 4_000_000;

/** What feeds share with the other parts of the store. */
export interface FeedDeps {
  readonly accounts: Names;
  readonly eventTypes: Names;
  readonly applyConditions: ApplyConditions;
  readonly now: () => number;
  /** Where several commit at a time: the `seq` behind which nothing can appear that lies before it. */
  readonly committedUpTo: (() => Steps<number>) | undefined;
}

const OPEN =
  'INSERT INTO feeds (sink, cursor, pruned, opened_ms) VALUES (?, ?, 0, ?) ON CONFLICT (sink) DO NOTHING';
// What is not committed yet may come to lie before it: a feed that begins now has it still to send.
const NEWEST_UP_TO = 'SELECT coalesce(max(seq), 0) FROM events WHERE seq <= ?';
const NEWEST = 'SELECT coalesce(max(seq), 0) FROM events';
const FIND = 'SELECT cursor, pruned FROM feeds WHERE sink = ?';
const ROWS = 'SELECT seq, account, type, created_ms, seen_ms, id, json';
const AFTER: Sql = {
  sqlite: `${ROWS} FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
  // The server would send the whole page before anything of it is looked at.
  postgres: `${ROWS} FROM (
      SELECT *, sum(octet_length(json)) OVER (ORDER BY seq) AS upto FROM events
      WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?) AS page
    WHERE upto - octet_length(json) <= ${MAX_PAGE_CHARS} ORDER BY seq`,
};
const ADVANCE = 'UPDATE feeds SET cursor = ? WHERE sink = ? AND cursor < ?';
const REFUSE = `INSERT INTO feed_refusals (sink, account, id, type, created_ms, refused_ms, reason)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const REFUSED = `SELECT account, id, type AS "eventType", created_ms AS "createdAtMs", refused_ms AS "refusedAtMs", reason
  FROM feed_refusals WHERE sink = ? ORDER BY seq DESC LIMIT ?`;
// Counting would read every event that waits: it is the distance in `seq`, which has gaps only where retention took
// something. So it is exact for the newest, and at most too high for a feed that has fallen behind by the retention.
const OLDEST = 'SELECT seq, seen_ms FROM events WHERE seq > ? ORDER BY seq LIMIT 1';

/** Rows up to the limit, or until they are too much together. */
function* pageAfter(from: number, upTo: number, limit: number): Steps<readonly EventRow[]> {
  let chars = 0;
  const enough = (row: EventRow): boolean => {
    chars += row.json.length;
    return chars > MAX_PAGE_CHARS;
  };
  return yield* some<EventRow>(AFTER, enough, from, upTo, limit);
}

/** What a feed has still to send; undefined: there is no such feed. */
export function* backlogOf(feed: string): Steps<Awaited<ReturnType<Feeds['backlog']>> | undefined> {
  const row = yield* get<{ cursor: number }>(FIND, feed);
  if (row === undefined) return undefined;
  const first = yield* get<{ seq: number; seen_ms: number }>(OLDEST, row.cursor);
  return first === undefined
    ? { events: 0, oldestSeenAtMs: undefined }
    : { events: ((yield* value<number>(NEWEST)) ?? 0) - first.seq + 1, oldestSeenAtMs: first.seen_ms };
}

/**
 * Feeds. `events.seq` is the order of commits. In SQLite it is given inside the one transaction that may write at a time, so no
 * event ever appears behind a cursor that has passed its place; elsewhere a feed is read no further than `committedUpTo`.
 */
export const createFeeds = (connection: Connection, deps: FeedDeps): Feeds => {
  const { accounts, eventTypes, committedUpTo } = deps;

  function* readableUpTo(): Steps<number> {
    return committedUpTo ? yield* committedUpTo() : Number.MAX_SAFE_INTEGER;
  }

  function* entryOf(row: EventRow): Steps<FeedEntry> {
    return {
      cursor: row.seq,
      event: {
        account: yield* accounts.name(row.account),
        id: row.id,
        eventType: yield* eventTypes.name(row.type),
        createdAtMs: row.created_ms,
        seenAtMs: row.seen_ms,
        json: row.json,
      },
    };
  }

  return {
    open: (feed, from) =>
      connection.commit(function* () {
        const upTo = yield* readableUpTo();
        const cursor = from === 'start' ? 0 : ((yield* value<number>(NEWEST_UP_TO, upTo)) ?? 0);
        yield* run(OPEN, feed, cursor, deps.now());
      }),

    read: (feed, limit, from) =>
      connection.read(function* (): Steps<FeedPage> {
        const row = yield* get<{ cursor: number; pruned: number }>(FIND, feed);
        if (row === undefined) return { entries: [], pruned: 0 };
        const entries: FeedEntry[] = [];
        for (const event of yield* pageAfter(from ?? row.cursor, yield* readableUpTo(), limit))
          entries.push(yield* entryOf(event));
        return { entries, pruned: row.pruned };
      }),

    advance(feed, cursor, events, changes, lease) {
      function* write(): Steps<readonly string[]> {
        if (lease) yield* checkLease(lease);
        yield* run(ADVANCE, cursor, feed, cursor);
        for (const { account, id, eventType, createdAtMs, refusedAtMs, reason } of events)
          yield* run(REFUSE, feed, account, id, eventType, createdAtMs, refusedAtMs, reason);
        return yield* deps.applyConditions(changes);
      }
      const lasting = events.length > 0 || changes.length > 0;
      return lasting ? connection.commit(write) : connection.commitLightly(write);
    },

    backlog: (feed) =>
      connection.read(function* () {
        return (yield* backlogOf(feed)) ?? { events: 0, oldestSeenAtMs: undefined };
      }),

    refused: (feed, limit) => connection.read(() => all<RefusedEvent>(REFUSED, feed, limit)),
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
