import type { FeedEntry, FeedPage, Feeds, RefusedEvent } from '../core/feed.ts';
import type { ApplyConditions } from './conditions.ts';
import type { Connection } from './connection.ts';
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
}

const OPEN =
  'INSERT INTO feeds (sink, cursor, pruned, opened_ms) VALUES (?, ?, 0, ?) ON CONFLICT (sink) DO NOTHING';
const NEWEST = 'SELECT coalesce(max(seq), 0) FROM events';
const FIND = 'SELECT cursor, pruned FROM feeds WHERE sink = ?';
const AFTER = `SELECT seq, account, type, created_ms, seen_ms, id, json FROM events WHERE seq > ? ORDER BY seq LIMIT ?`;
const ADVANCE = 'UPDATE feeds SET cursor = ? WHERE sink = ? AND cursor < ?';
const REFUSE = `INSERT INTO feed_refusals (sink, account, id, type, created_ms, refused_ms, reason)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const REFUSED = `SELECT account, id, type AS "eventType", created_ms AS "createdAtMs", refused_ms AS "refusedAtMs", reason
  FROM feed_refusals WHERE sink = ? ORDER BY seq DESC LIMIT ?`;
// Counting would read every event that waits: it is the distance in `seq`, which has gaps only where retention took
// something. So it is exact for the newest, and at most too high for a feed that has fallen behind by the retention.
const OLDEST = 'SELECT seq, seen_ms FROM events WHERE seq > ? ORDER BY seq LIMIT 1';

/** Rows up to the limit, or until they are too much together. */
function* pageAfter(sql: Sql, from: number, limit: number): Steps<readonly EventRow[]> {
  let chars = 0;
  const enough = (row: EventRow): boolean => {
    chars += row.json.length;
    return chars > MAX_PAGE_CHARS;
  };
  return yield* some<EventRow>(sql, enough, from, limit);
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
 * Feeds. `events.seq` is the order of commits: it is given inside the one transaction that may write at a time, so no event
 * ever appears behind a cursor that has passed its place.
 */
export const createFeeds = (connection: Connection, deps: FeedDeps): Feeds => {
  const { accounts, eventTypes } = deps;

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
        yield* run(OPEN, feed, from === 'start' ? 0 : ((yield* value<number>(NEWEST)) ?? 0), deps.now());
      }),

    read: (feed, limit, from) =>
      connection.read(function* (): Steps<FeedPage> {
        const row = yield* get<{ cursor: number; pruned: number }>(FIND, feed);
        if (row === undefined) return { entries: [], pruned: 0 };
        const entries: FeedEntry[] = [];
        for (const event of yield* pageAfter(AFTER, from ?? row.cursor, limit))
          entries.push(yield* entryOf(event));
        return { entries, pruned: row.pruned };
      }),

    advance(feed, cursor, events, changes) {
      function* write(): Steps<readonly string[]> {
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
