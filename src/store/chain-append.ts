import { genesisHash, hashBytes, hashText, linkHash } from './chain.ts';
import { get, run, type Steps } from './steps.ts';

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
  save(): Steps<void>;
}

// Whoever appends holds the head to the end of the transaction: the next one follows what this one stores. Two that both
// make the very first entry clash over the row of the chain, and one of them begins anew.
const HEAD = 'SELECT head_position AS position, head_hash AS hash FROM chains WHERE account = ? FOR UPDATE';
const BEGIN = `INSERT INTO chains (account, head_position, head_hash, begin_position, begin_hash) VALUES (?, ?, ?, 0, ?)`;
const MOVE = 'UPDATE chains SET head_position = ?, head_hash = ? WHERE account = ?';

interface HeadRow {
  readonly position: number;
  readonly hash: Buffer;
}

/**
 * Opens the end of the chain of an account's key (or of acts). To be called inside the transaction that appends. The head is
 * read anew by every transaction: another process may have written.
 */
export function* openChain(key: number, name: string): Steps<ChainEnd> {
  const genesis = genesisHash(name);
  const stored = yield* get<HeadRow>(HEAD, key);
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
    *save() {
      if (!appended) return;
      if (stored) yield* run(MOVE, position, hashBytes(before), key);
      else yield* run(BEGIN, key, position, hashBytes(before), hashBytes(genesis));
    },
  };
}
