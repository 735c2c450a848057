import type { Database } from 'better-sqlite3';
import { refusal } from './sqlite-errors.ts';

/** Marks a SQLite file as ours (`VAM1`), so that no other program's database is ever written to. */
export const APPLICATION_ID = 0x56_41_4d_31;

/**
 * Refuses a file that is another program's or that a newer version has migrated. Reads only, and comes before
 * everything that writes.
 */
export const checkIdentity = (db: Database, path: string, known: number): void => {
  const { version, id, tables } = readIdentity(db);
  const untouched = id === 0 && version === 0 && tables === 0;
  if (id !== APPLICATION_ID && !untouched) {
    throw refusal('foreign', path, `a SQLite database with application_id ${id}, not ${APPLICATION_ID}`);
  }
  if (version > known) {
    throw refusal('newer', path, `it has schema version ${version}, this program knows up to ${known}`);
  }
};

/**
 * Brings the file up to date, each migration in a transaction of its own: a crash leaves a version that exists. Two
 * processes may try at once; the version is looked up again under the write lock. The version is written even when there
 * is nothing to do, since SQLite opens a read-only file without a word and refuses only to write it.
 */
export const migrate = (db: Database, path: string, migrations: readonly string[]): void => {
  for (let done = false; !done; ) {
    db.exec('BEGIN IMMEDIATE');
    try {
      checkIdentity(db, path, migrations.length);
      const version = readNumber(db, 'user_version');
      const sql = migrations[version];
      done = sql === undefined;
      if (sql !== undefined) db.exec(sql);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${done ? version : version + 1}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
};

/**
 * What tells whose file it is, all of one moment: read one after the other, another process that creates the file just
 * now would look like a third program's file.
 */
const readIdentity = (
  db: Database,
): { readonly version: number; readonly id: number; readonly tables: unknown } => {
  const read = () => ({
    version: readNumber(db, 'user_version'),
    id: readNumber(db, 'application_id'),
    tables: db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get(),
  });
  return db.inTransaction ? read() : db.transaction(read)();
};

const readNumber = (db: Database, pragma: 'user_version' | 'application_id'): number =>
  Number(db.pragma(pragma, { simple: true }));
