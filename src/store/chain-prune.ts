import { ACTS_KEY, actDigest, eventDigest, hashBytes, hashText, linkHash } from './chain.ts';
import { all, get, run, type Sql, type Steps } from './steps.ts';

/** An entry that is about to be pruned. Position and hash are null when an older version stored it. */
interface Victim {
  readonly seq: number;
  readonly position: number | null;
  readonly hash: Buffer | null;
  readonly createdMs: number;
  readonly seenMs: number;
}

interface Hole {
  readonly createdMs: number;
  readonly seenMs: number;
  readonly digest: Buffer;
}

/** Where a chain begins: the newest entry before what is kept. */
export interface Begin {
  readonly position: number;
  readonly hash: Buffer;
}

interface ChainTable {
  /** Of an account's key (ignored for acts), a bound and a limit. */
  readonly victims: (key: number, beforeMs: number, limit: number) => Steps<readonly Victim[]>;
  /** Digest of an entry that is still stored. */
  readonly digest: (victim: Victim) => Steps<string>;
  readonly remove: (victim: Victim) => Steps<number>;
}

const BEGIN =
  'SELECT begin_position AS position, begin_hash AS hash FROM chains WHERE account = ? FOR UPDATE';
const MOVE_BEGIN = `UPDATE chains SET begin_position = ?, begin_hash = ?, pruned_ms = ?,
    pruned_before_ms = CASE WHEN pruned_before_ms > ? THEN pruned_before_ms ELSE ? END
  WHERE account = ?`;
const HOLE = `SELECT created_ms AS "createdMs", seen_ms AS "seenMs", digest FROM chain_holes
  WHERE account = ? AND position = ?`;
// A position that is there twice was tampered with: "verify" says so, and pruning goes on.
const ADD_HOLE = `INSERT INTO chain_holes (account, position, created_ms, seen_ms, digest) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const CLOSE_HOLES = 'DELETE FROM chain_holes WHERE account = ? AND position > ? AND position <= ?';
const SUBTRACT = 'UPDATE unchained SET entries = entries - ? WHERE account = ?';

/** Where the chain would begin once the holes that lie right behind `from` were closed. Only reads. */
export function* passHoles(key: number, from: Begin): Steps<Begin> {
  let at = from;
  for (;;) {
    const position = at.position + 1;
    const next = yield* get<Hole>(HOLE, key, position);
    if (!next) return at;
    const { createdMs, seenMs, digest } = next;
    const hash = linkHash(hashText(at.hash), position, createdMs, seenMs, hashText(digest));
    at = { position, hash: hashBytes(hash) };
  }
}

/** Takes away the holes after one position of a chain up to another, over which its beginning moves. */
export const removeHoles = (key: number, after: number, to: number): Steps<number> =>
  run(CLOSE_HOLES, key, after, to);

/** Where the chain begins once the holes that now lie at its beginning are closed. */
function* closeHoles(key: number, from: Begin): Steps<Begin> {
  const at = yield* passHoles(key, from);
  if (at.position > from.position) yield* removeHoles(key, from.position, at.position);
  return at;
}

/** Where a chain begins, held to the end of the transaction; undefined when nothing was ever appended. */
export const readBegin = (key: number): Steps<Begin | undefined> => get<Begin>(BEGIN, key);

/** Moves the beginning of a chain up to what was pruned by a bound. */
export const moveBegin = (key: number, at: Begin, nowMs: number, beforeMs: number): Steps<number> =>
  run(MOVE_BEGIN, at.position, at.hash, nowMs, beforeMs, beforeMs, key);

/** Keeps what is left of an entry that goes while older ones, committed before it, are still kept. */
export const leaveHole = (
  key: number,
  { position, createdMs, seenMs, digest }: Hole & { readonly position: number },
): Steps<number> => run(ADD_HOLE, key, position, createdMs, seenMs, digest);

/**
 * Prunes up to `limit` entries of a chain whose time is before `beforeMs`, the oldest first, and keeps the chain
 * verifiable; answers the `seq` of each. To be called inside a transaction.
 *
 * Entries are pruned by their time, and the chain is in order of commits. As long as both agree, the beginning of the
 * chain moves up. An entry that was committed behind younger ones (it was found late, or by a backfill) leaves its digest
 * as a hole, which goes once everything before it has gone.
 */
function* prune(
  table: ChainTable,
  key: number,
  beforeMs: number,
  limit: number,
  nowMs: number,
): Steps<readonly number[]> {
  let at = yield* readBegin(key);
  const victims = (yield* table.victims(key, beforeMs, limit)).toSorted(
    (a, b) => (a.position ?? 0) - (b.position ?? 0),
  );
  let unchained = 0;
  for (const victim of victims) {
    const { position, hash, createdMs, seenMs } = victim;
    if (position === null || hash === null || !at) unchained += 1;
    else if (position === at.position + 1) at = yield* closeHoles(key, { position, hash });
    else if (position > at.position) {
      const digest = hashBytes(yield* table.digest(victim));
      yield* leaveHole(key, { position, createdMs, seenMs, digest });
    }
    yield* table.remove(victim);
  }
  if (unchained > 0) yield* run(SUBTRACT, unchained, key);
  if (at && victims.length > unchained) yield* moveBegin(key, at, nowMs, beforeMs);
  return victims.map(({ seq }) => seq);
}

const EVENT_VICTIMS = `SELECT seq, position, hash, created_ms AS "createdMs", seen_ms AS "seenMs" FROM events
  WHERE account = ? AND created_ms < ? ORDER BY created_ms LIMIT ?`;
const EVENT_CONTENT = `SELECT a.name AS account, t.name AS type, e.id, e.json FROM events AS e
  JOIN accounts AS a ON a.key = e.account JOIN event_types AS t ON t.key = e.type
  WHERE e.seq = ? AND e.created_ms = ?`;
const REMOVE_EVENT = 'DELETE FROM events WHERE seq = ? AND created_ms = ?';

interface EventContent {
  readonly account: string;
  readonly type: string;
  readonly id: string;
  readonly json: string;
}

const EVENTS: ChainTable = {
  victims: (key, beforeMs, limit) => all<Victim>(EVENT_VICTIMS, key, beforeMs, limit),
  *digest({ seq, createdMs }) {
    const { account, id, type, json } = (yield* get<EventContent>(EVENT_CONTENT, seq, createdMs)) ?? {
      account: '',
      id: '',
      type: '',
      json: '',
    };
    return eventDigest(account, id, type, json);
  },
  remove: ({ seq, createdMs }) => run(REMOVE_EVENT, seq, createdMs),
};

const ACT_VICTIMS: Sql = `SELECT seq, position, hash, at_ms AS "createdMs", 0 AS "seenMs" FROM acts WHERE at_ms < ?
  ORDER BY at_ms, seq LIMIT ?`;

interface ActContent {
  readonly act: string;
  readonly by: string;
  readonly subject: string;
  readonly detail: string;
}

const ACTS: ChainTable = {
  victims: (_key, beforeMs, limit) => all<Victim>(ACT_VICTIMS, beforeMs, limit),
  *digest({ seq }) {
    const content = yield* get<ActContent>('SELECT act, by, subject, detail FROM acts WHERE seq = ?', seq);
    const { act, by, subject, detail } = content ?? { act: '', by: '', subject: '', detail: '' };
    return actDigest(act, by, subject, detail);
  },
  remove: ({ seq }) => run('DELETE FROM acts WHERE seq = ?', seq),
};

/** Prunes events of an account. */
export const pruneEvents = (
  account: number,
  beforeMs: number,
  limit: number,
  nowMs: number,
): Steps<readonly number[]> => prune(EVENTS, account, beforeMs, limit, nowMs);

/** Prunes acts. */
export const pruneActs = (beforeMs: number, limit: number, nowMs: number): Steps<readonly number[]> =>
  prune(ACTS, ACTS_KEY, beforeMs, limit, nowMs);
