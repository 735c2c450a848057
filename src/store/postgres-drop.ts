import { eventDigest, hashBytes } from './chain.ts';
import { type Begin, closeHoles, leaveHole, moveBegin, readBegin } from './chain-prune.ts';
import { all, get, run, type Steps, value } from './steps.ts';

const postgres = (sql: string) => ({ sqlite: '', postgres: sql });

/** Entries of a month that were committed behind younger ones; with more of them, its rows are pruned one by one first. */
const MAX_LEFT_HOLES = 5_000;

// The name is made by add_events_month, and says which month it is.
const MONTHS =
  postgres(`SELECT c.relname::text AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'events'::regclass AND c.relname ~ '^events_[0-9]{4}_[0-9]{2}$' ORDER BY c.relname`);

interface Late {
  readonly position: number;
  readonly createdMs: number;
  readonly seenMs: number;
  readonly account: string;
  readonly type: string;
  readonly id: string;
  readonly json: string;
}

/** The first moment that is no longer in a month. */
const endOf = (name: string): number => {
  const [year = 0, month = 0] = name.split('_').slice(1).map(Number);
  return Date.UTC(year, month, 1);
};

/**
 * Drops the tables of months that lie before the bound, and keeps the chains verifiable; answers how many events they held.
 * To be called inside a transaction. Whoever commits to an account waits for it meanwhile.
 */
export function* dropMonths(beforeMs: number, nowMs: number): Steps<number> {
  let dropped = 0;
  for (const { name } of yield* all<{ name: string }>(MONTHS))
    if (endOf(name) <= beforeMs) dropped += yield* dropMonth(name, beforeMs, nowMs);
  return dropped;
}

function* dropMonth(month: string, beforeMs: number, nowMs: number): Steps<number> {
  // Names of tables cannot be bound; these are ours, and of digits.
  const counts = yield* all<{ account: number; count: number; unchained: number }>(
    postgres(`SELECT account, count(*) AS count, count(*) FILTER (WHERE position IS NULL) AS unchained
      FROM ${month} GROUP BY account ORDER BY account`),
  );
  const moved: { readonly key: number; readonly at: Begin }[] = [];
  let holes = 0;
  for (const { account: key, count, unchained } of counts) {
    let at = yield* readBegin(key);
    if (at) {
      at = yield* prefixEnd(month, key, at);
      const left =
        (yield* value<number>(
          postgres(`SELECT count(*) FROM ${month} WHERE account = ? AND position > ?`),
          key,
          at.position,
        )) ?? 0;
      holes += left;
      if (holes > MAX_LEFT_HOLES) return 0;
      if (left > 0) yield* leaveHoles(month, key, at);
      moved.push({ key, at });
    }
    if (unchained > 0)
      yield* run('UPDATE unchained SET entries = entries - ? WHERE account = ?', unchained, key);
    yield* run('UPDATE progress SET events = events - ? WHERE account = ?', count, key);
  }
  for (const { key, at } of moved) yield* moveBegin(key, at, nowMs, beforeMs);
  yield* run(
    postgres(
      `UPDATE feeds SET pruned = pruned + (SELECT count(*) FROM ${month} AS e WHERE e.seq > feeds.cursor)`,
    ),
  );
  yield* value(postgres('SELECT drop_events_month(?)'), month);
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/** How far the beginning of a chain moves over what lies in a month and over holes, without a gap. */
function* prefixEnd(month: string, key: number, begin: Begin): Steps<Begin> {
  let at = begin;
  for (;;) {
    const last = yield* get<Begin>(
      postgres(`SELECT position, hash FROM ${month} WHERE account = ? AND position = (
        SELECT max(position) FROM (
          SELECT position, row_number() OVER (ORDER BY position) AS n FROM ${month} WHERE account = ? AND position > ?
        ) AS numbered WHERE position - n = ?) LIMIT 1`),
      key,
      key,
      at.position,
      at.position,
    );
    const next = last ? yield* closeHoles(key, last) : at;
    if (next.position === at.position) return at;
    at = next;
  }
}

function* leaveHoles(month: string, key: number, at: Begin): Steps<void> {
  const late = yield* all<Late>(
    postgres(`SELECT e.position, e.created_ms AS "createdMs", e.seen_ms AS "seenMs", a.name AS account, t.name AS type,
        e.id, e.json
      FROM ${month} AS e JOIN accounts AS a ON a.key = e.account JOIN event_types AS t ON t.key = e.type
      WHERE e.account = ? AND e.position > ? ORDER BY e.position`),
    key,
    at.position,
  );
  for (const { position, createdMs, seenMs, account, type, id, json } of late) {
    const digest = hashBytes(eventDigest(account, id, type, json));
    yield* leaveHole(key, { position, createdMs, seenMs, digest });
  }
}
