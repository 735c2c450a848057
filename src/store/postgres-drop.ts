import { eventDigest, hashBytes } from './chain.ts';
import { type Begin, leaveHole, moveBegin, passHoles, readBegin, removeHoles } from './chain-prune.ts';
import type { Dropped } from './retention.ts';
import { all, get, run, type Steps, value } from './steps.ts';

const postgres = (sql: string) => ({ sqlite: '', postgres: sql });

/** Entries of a month that were committed behind younger ones; with more of them, its rows are pruned one by one first. */
const MAX_LEFT_HOLES = 5_000;

// The name is made by add_events_month, and says which month it is.
const MONTHS =
  postgres(`SELECT c.relname::text AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'events'::regclass AND c.relname ~ '^events_[0-9]{4}_[0-9]{2}$' ORDER BY c.relname`);

const HOLD_CHAINS = postgres(
  'SELECT account FROM chains WHERE account IN (SELECT account FROM progress) ORDER BY account FOR UPDATE',
);

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
 * Drops the tables of months that lie before the bound, and keeps the chains verifiable. To be called inside a transaction.
 * Whoever commits to an account waits for it meanwhile. A month with more than `maxHoles` entries that were committed behind
 * younger ones stays as it is, and so does one that somebody reads for longer than a second.
 */
export function* dropMonths(beforeMs: number, nowMs: number, maxHoles = MAX_LEFT_HOLES): Steps<Dropped> {
  let events = 0;
  for (const { name } of yield* all<{ name: string }>(MONTHS)) {
    if (endOf(name) > beforeMs) continue;
    const dropped = yield* dropMonth(name, beforeMs, nowMs, maxHoles);
    if (dropped === 'held') return { events, held: true };
    events += dropped;
  }
  return { events, held: false };
}

/** What a month holds of an account. */
interface Part {
  readonly key: number;
  readonly count: number;
  readonly unchained: number;
  /** Undefined when nothing of the account was ever chained. */
  readonly chain: { readonly from: Begin; readonly to: Begin; readonly holes: number } | undefined;
}

function* dropMonth(
  month: string,
  beforeMs: number,
  nowMs: number,
  maxHoles: number,
): Steps<number | 'held'> {
  const newest = postgres(`SELECT max(seq) FROM ${month}`);
  // The caller commits whatever was written: all is decided before the first change.
  const counted = yield* value<number | null>(newest);
  const parts = yield* partsOf(month);
  if (parts.reduce((sum, { chain }) => sum + (chain?.holes ?? 0), 0) > maxHoles) return 0;
  if (!(yield* value<boolean>(postgres('SELECT hold_events_month(?)'), month))) return 'held';
  // An account that had no chain yet was held by nobody, and may have got its first events meanwhile.
  if ((yield* value<number | null>(newest)) !== counted) return 'held';
  for (const { key, count, unchained, chain } of parts) {
    if (chain) {
      const { from, to, holes } = chain;
      if (to.position > from.position) yield* removeHoles(key, from.position, to.position);
      if (holes > 0) yield* leaveHoles(month, key, to);
      yield* moveBegin(key, to, nowMs, beforeMs);
    }
    if (unchained > 0)
      yield* run('UPDATE unchained SET entries = entries - ? WHERE account = ?', unchained, key);
    yield* run('UPDATE progress SET events = events - ? WHERE account = ?', count, key);
  }
  yield* run(
    postgres(
      `UPDATE feeds SET pruned = pruned + (SELECT count(*) FROM ${month} AS e WHERE e.seq > feeds.cursor)`,
    ),
  );
  yield* value(postgres('SELECT drop_events_month(?)'), month);
  return parts.reduce((sum, { count }) => sum + count, 0);
}

/** What a month holds, by account; nothing more is committed to any of them before the transaction ends. Only reads. */
function* partsOf(month: string): Steps<readonly Part[]> {
  yield* all(HOLD_CHAINS);
  // Names of tables cannot be bound; these are ours, and of digits.
  const counts = yield* all<{ key: number; count: number; unchained: number }>(
    postgres(`SELECT account AS key, count(*) AS count, count(*) FILTER (WHERE position IS NULL) AS unchained
      FROM ${month} GROUP BY account ORDER BY account`),
  );
  const parts: Part[] = [];
  for (const counted of counts) {
    const { key } = counted;
    const from = yield* readBegin(key);
    if (!from) {
      parts.push({ ...counted, chain: undefined });
      continue;
    }
    const to = yield* prefixEnd(month, key, from);
    const late = postgres(`SELECT count(*) FROM ${month} WHERE account = ? AND position > ?`);
    const holes = (yield* value<number>(late, key, to.position)) ?? 0;
    parts.push({ ...counted, chain: { from, to, holes } });
  }
  return parts;
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
    const next = last ? yield* passHoles(key, last) : at;
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
