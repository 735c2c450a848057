import type { Database } from 'better-sqlite3';
import type { Act } from '../core/acts.ts';

/** Writes acts down, inside the transaction that does what they say. */
export type RecordAct = (act: Act) => void;

/** Prepares {@link RecordAct}. */
export const createRecordAct = (db: Database): RecordAct => {
  const insert = db.prepare<[number, string, string, string, string]>(
    'INSERT INTO acts (at_ms, act, by, subject, detail) VALUES (?, ?, ?, ?, ?)',
  );
  return ({ atMs, act, by, subject, detail }) => {
    insert.run(atMs, act, by, subject, detail);
  };
};
