import type { Database } from 'better-sqlite3';
import { actDigest, eventDigest, hashBytes, hashText, linkHash } from './chain.ts';

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

interface Begin {
  readonly position: number;
  readonly hash: Buffer;
}

/**
 * Prunes up to `limit` entries of a chain whose time is before `beforeMs`, the oldest first, and keeps the chain
 * verifiable; answers the `seq` of each. To be called inside a transaction.
 */
export type PruneChain = (key: number, beforeMs: number, limit: number) => readonly number[];

interface ChainTable {
  /** Of an account's key (ignored for acts), a bound and a limit. */
  readonly victims: (key: number, beforeMs: number, limit: number) => readonly Victim[];
  /** Digest of an entry that is still stored. */
  readonly digest: (seq: number) => string;
  readonly remove: (seq: number) => void;
}

/**
 * Entries are pruned by their time, and the chain is in order of commits. As long as both agree, the beginning of the
 * chain moves up. An entry that was committed behind younger ones (it was found late, or by a backfill) leaves its digest
 * as a hole, which goes once everything before it has gone.
 */
const createPrune = (db: Database, now: () => number, table: ChainTable): PruneChain => {
  const begin = db.prepare<[number], Begin>(
    'SELECT begin_position AS position, begin_hash AS hash FROM chains WHERE account = ?',
  );
  const moveBegin = db.prepare<[number, Buffer, number, number, number]>(
    `UPDATE chains SET begin_position = ?, begin_hash = ?, pruned_ms = ?,
       pruned_before_ms = max(ifnull(pruned_before_ms, -9000000000000000), ?) WHERE account = ?`,
  );
  const hole = db.prepare<[number, number], Hole>(
    `SELECT created_ms AS createdMs, seen_ms AS seenMs, digest FROM chain_holes
     WHERE account = ? AND position = ?`,
  );
  const addHole = db.prepare<[number, number, number, number, Buffer]>(
    // A position that is there twice was tampered with: "verify" says so, and pruning goes on.
    `INSERT INTO chain_holes (account, position, created_ms, seen_ms, digest) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const closeHole = db.prepare<[number, number]>(
    'DELETE FROM chain_holes WHERE account = ? AND position = ?',
  );
  const subtract = db.prepare<[number, number]>(
    'UPDATE unchained SET entries = entries - ? WHERE account = ?',
  );

  /** Where the chain begins once the holes that now lie at its beginning are closed. */
  const closed = (key: number, from: Begin): Begin => {
    let at = from;
    for (let next = hole.get(key, at.position + 1); next; next = hole.get(key, at.position + 1)) {
      const position = at.position + 1;
      const { createdMs, seenMs, digest } = next;
      const hash = linkHash(hashText(at.hash), position, createdMs, seenMs, hashText(digest));
      closeHole.run(key, position);
      at = { position, hash: hashBytes(hash) };
    }
    return at;
  };

  return (key, beforeMs, limit) => {
    const victims = table
      .victims(key, beforeMs, limit)
      .toSorted((a, b) => (a.position ?? 0) - (b.position ?? 0));
    let at = begin.get(key);
    let unchained = 0;
    for (const { seq, position, hash, createdMs, seenMs } of victims) {
      if (position === null || hash === null || !at) unchained += 1;
      else if (position === at.position + 1) at = closed(key, { position, hash });
      else if (position > at.position)
        addHole.run(key, position, createdMs, seenMs, hashBytes(table.digest(seq)));
      table.remove(seq);
    }
    if (unchained > 0) subtract.run(unchained, key);
    if (at && victims.length > unchained) moveBegin.run(at.position, at.hash, now(), beforeMs, key);
    return victims.map(({ seq }) => seq);
  };
};

const VICTIM = 'seq, position, hash';

/** Prepares {@link PruneChain} for events. */
export const createPruneEvents = (db: Database, now: () => number): PruneChain => {
  const victims = db.prepare<[number, number, number], Victim>(
    `SELECT ${VICTIM}, created_ms AS createdMs, seen_ms AS seenMs FROM events
     WHERE account = ? AND created_ms < ? ORDER BY created_ms LIMIT ?`,
  );
  const content = db.prepare<[number], { account: string; type: string; id: string; json: string }>(
    `SELECT a.name AS account, t.name AS type, e.id, e.json FROM events AS e
     JOIN accounts AS a ON a.key = e.account JOIN event_types AS t ON t.key = e.type WHERE e.seq = ?`,
  );
  const remove = db.prepare<[number]>('DELETE FROM events WHERE seq = ?');
  return createPrune(db, now, {
    victims: (key, beforeMs, limit) => victims.all(key, beforeMs, limit),
    digest(seq) {
      const { account, id, type, json } = content.get(seq) ?? { account: '', id: '', type: '', json: '' };
      return eventDigest(account, id, type, json);
    },
    remove: (seq) => void remove.run(seq),
  });
};

/** Prepares {@link PruneChain} for acts; its key is `ACTS_KEY`. */
export const createPruneActs = (db: Database, now: () => number): PruneChain => {
  const victims = db.prepare<[number, number], Victim>(
    `SELECT ${VICTIM}, at_ms AS createdMs, 0 AS seenMs FROM acts WHERE at_ms < ? ORDER BY at_ms, seq LIMIT ?`,
  );
  const content = db.prepare<[number], { act: string; by: string; subject: string; detail: string }>(
    'SELECT act, by, subject, detail FROM acts WHERE seq = ?',
  );
  const remove = db.prepare<[number]>('DELETE FROM acts WHERE seq = ?');
  return createPrune(db, now, {
    victims: (_key, beforeMs, limit) => victims.all(beforeMs, limit),
    digest(seq) {
      const { act, by, subject, detail } = content.get(seq) ?? { act: '', by: '', subject: '', detail: '' };
      return actDigest(act, by, subject, detail);
    },
    remove: (seq) => void remove.run(seq),
  });
};
