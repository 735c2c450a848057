import type { Database } from 'better-sqlite3';
import { genesisHash, hashBytes, hashText, linkHash } from './chain.ts';

/** The next entry of a chain, as it is to be stored. */
export interface Link {
  readonly position: number;
  readonly hash: string;
  readonly bytes: Buffer;
}

/** The end of one chain inside one transaction. */
export interface ChainEnd {
  /** What the next entry carries if it is stored. */
  next(createdMs: number, seenMs: number, digest: string): Link;
  /** It was stored: what comes next follows it. */
  took(link: Link): void;
  /** Writes the head down. Without it, nothing was appended. */
  save(): void;
}

/** Opens the end of the chain of an account's key (or of acts). To be called inside the transaction that appends. */
export type OpenChain = (key: number, name: string) => ChainEnd;

/** Prepares {@link OpenChain}. The head is read anew by every transaction: another process may have written. */
export const createOpenChain = (db: Database): OpenChain => {
  const select = db.prepare<[number], { position: number; hash: Buffer }>(
    'SELECT head_position AS position, head_hash AS hash FROM chains WHERE account = ?',
  );
  const put = db.prepare<[number, number, Buffer, Buffer]>(
    `INSERT INTO chains (account, head_position, head_hash, begin_position, begin_hash) VALUES (?, ?, ?, 0, ?)
     ON CONFLICT (account) DO UPDATE SET head_position = excluded.head_position, head_hash = excluded.head_hash`,
  );
  return (key, name) => {
    const genesis = genesisHash(name);
    const stored = select.get(key);
    let position = stored?.position ?? 0;
    let before = stored ? hashText(stored.hash) : genesis;
    let appended = false;
    return {
      next(createdMs, seenMs, digest) {
        const hash = linkHash(before, position + 1, createdMs, seenMs, digest);
        return { position: position + 1, hash, bytes: hashBytes(hash) };
      },
      took(link) {
        ({ position, hash: before } = link);
        appended = true;
      },
      save() {
        if (appended) put.run(key, position, hashBytes(before), hashBytes(genesis));
      },
    };
  };
};
