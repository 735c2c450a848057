import type { Database } from 'better-sqlite3';
import type { Act } from '../core/acts.ts';
import { ACTS_CHAIN } from '../core/chain.ts';
import { ACTS_KEY, actDigest } from './chain.ts';
import type { OpenChain } from './chain-append.ts';

/** Writes acts down, inside the transaction that does what they say. */
export type RecordAct = (act: Act) => void;

/** Prepares {@link RecordAct}. */
export const createRecordAct = (db: Database, openChain: OpenChain): RecordAct => {
  const insert = db.prepare<[number, string, string, string, string, number, Buffer]>(
    'INSERT INTO acts (at_ms, act, by, subject, detail, position, hash) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  return ({ atMs, act, by, subject, detail }) => {
    const chain = openChain(ACTS_KEY, ACTS_CHAIN);
    const link = chain.next(atMs, 0, actDigest(act, by, subject, detail));
    insert.run(atMs, act, by, subject, detail, link.position, link.bytes);
    chain.took(link);
    chain.save();
  };
};
