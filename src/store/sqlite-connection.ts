import Database from 'better-sqlite3';
import { errorCode } from '../base/errors.ts';
import { StoreError } from '../core/store.ts';
import type { Connection } from './connection.ts';
import { SQLITE_MIGRATIONS } from './migrations/list.ts';
import { createTogether } from './sqlite-commit-together.ts';
import { refusal, translate } from './sqlite-errors.ts';
import { checkLength, directoryRefusal, prepareFile } from './sqlite-file.ts';
import { checkIdentity, migrate } from './sqlite-migrate.ts';
import { createRunNow } from './sqlite-run.ts';
import type { Steps } from './steps.ts';

/** One open SQLite file. */
export interface SqliteConnection extends Connection {
  readonly path: string;
  readonly db: Database.Database;
  close(): void;
}

/** How to open a database. */
export interface ConnectionOptions {
  readonly path: string;
  /** `off` leaves durability to the operating system, for tests. */
  readonly durability: 'full' | 'off';
  /** The list in migrations/ unless given. */
  readonly migrations?: readonly string[];
  /** How long a statement waits for another process. Commits of others take milliseconds; 5 s unless given. */
  readonly busyTimeoutMs?: number;
}

const BUSY_TIMEOUT_MS = 5_000;

/** Opens, checks and migrates the database at `path`. Throws a StoreError; what is there is never replaced. */
export const connect = (options: ConnectionOptions): SqliteConnection => {
  const { path, durability, migrations = SQLITE_MIGRATIONS, busyTimeoutMs = BUSY_TIMEOUT_MS } = options;
  prepareFile(path);
  let db: Database.Database;
  try {
    db = new Database(path, { fileMustExist: true, timeout: busyTimeoutMs });
  } catch (error) {
    throw translate(path, error);
  }
  try {
    checkIdentity(db, path, migrations.length);
    checkLength(path, Number(db.pragma('page_size', { simple: true })));
    configure(db, path, durability);
    migrate(db, path, migrations);
  } catch (error) {
    db.close();
    throw translateOpening(path, error);
  }
  return wrap(db, path, durability);
};

/**
 * Opens the database at `path` for reading alone, beside whoever writes to it. Throws a StoreError; a file of an older
 * version is refused, since bringing it up to date would be a write.
 */
export const connectToRead = (path: string): SqliteConnection => {
  let db: Database.Database;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw translate(path, error);
  }
  try {
    checkIdentity(db, path, SQLITE_MIGRATIONS.length);
    if (Number(db.pragma('user_version', { simple: true })) < SQLITE_MIGRATIONS.length) {
      throw new StoreError(
        'failed',
        `database ${path}: an older version wrote it; start this one once with "run"`,
      );
    }
  } catch (error) {
    db.close();
    throw translateOpening(path, error);
  }
  return wrap(db, path, 'full');
};

/** What opening came to: where the log cannot be made since nothing can be written there, that is the reason. */
const translateOpening = (path: string, error: unknown): unknown => {
  const code = errorCode(error)?.startsWith('SQLITE_CANTOPEN') ? directoryRefusal(path) : undefined;
  return code === undefined
    ? translate(path, error)
    : refusal('readonly', path, `${code} (its directory cannot be written)`, error);
};

const configure = (db: Database.Database, path: string, durability: 'full' | 'off'): void => {
  // Larger pages hold several events each: measured a quarter faster than 4,096 at 700 bytes an event. Only a new
  // file takes it.
  db.pragma('page_size = 8192');
  const mode = switchToWal(db);
  if (mode !== 'wal') throw refusal('io', path, `no write-ahead log here (journal mode ${String(mode)})`);
  db.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'OFF'}`);
  db.pragma('foreign_keys = ON');
  db.pragma('cell_size_check = ON');
  // Statements that touch much keep a journal of their own beside the database's: in a container there may be no place
  // for temporary files, or a tiny one. What the monitor does at once is bounded, so it fits into memory.
  db.pragma('temp_store = MEMORY');
  // Ids are random, so every window touches most pages of their index: a checkpoint for about ten windows writes such a
  // page once instead of ten times. Measured a quarter faster than SQLite's 1,000 pages.
  db.pragma('wal_autocheckpoint = 4096');
  // A long catch-up lets the log grow; afterwards it is cut back to this.
  db.pragma('journal_size_limit = 67108864');
};

/** SQLite does not wait for locks while it changes the journal mode, so two first starts at once would fail. */
const switchToWal = (db: Database.Database): unknown => {
  const tries = 50;
  for (let left = tries; ; left -= 1) {
    try {
      return db.pragma('journal_mode = WAL', { simple: true });
    } catch (error) {
      const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!busy || left === 0) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_TIMEOUT_MS / tries);
    }
  }
};

/** Nothing was written, so nothing is lost when a damaged file refuses even this. */
const endReading = (db: Database.Database): void => {
  try {
    if (db.open && db.inTransaction) db.exec('ROLLBACK');
  } catch {
    // Whoever reads a snapshot closes the connection afterwards.
  }
};

const wrap = (db: Database.Database, path: string, durability: 'full' | 'off'): SqliteConnection => {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  const runNow = createRunNow(db);

  const transaction = <T>(work: () => T): T => {
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      // After some errors (a full disk, say) SQLite has rolled back by itself.
      if (db.inTransaction) rollback.run();
      throw error;
    }
  };
  const answer = async <T>(work: () => T): Promise<T> => {
    refuseIfClosed();
    try {
      return work();
    } catch (error) {
      throw translate(path, error);
    }
  };
  const refuseIfClosed = (): void => {
    if (!db.open) throw refusal('closed', path, 'used after its end');
  };
  const together = createTogether(db, (work) => {
    refuseIfClosed();
    return transaction(work);
  });
  const lightly = <T>(work: () => T): T => {
    db.pragma('synchronous = NORMAL');
    try {
      return transaction(work);
    } finally {
      db.pragma('synchronous = FULL');
    }
  };
  const read = <T>(work: () => Steps<T>): Promise<T> =>
    answer(() => {
      try {
        return runNow(work());
      } catch (error) {
        // What was stored as JSON is none any more: nothing else that reads parses anything.
        if (error instanceof SyntaxError) throw refusal('corrupt', path, 'a stored JSON text is none', error);
        throw error;
      }
    });

  return {
    path,
    db,
    dialect: 'sqlite',
    read,
    commit: (work) => answer(() => transaction(() => runNow(work()))),
    commitTogether: (work) =>
      together(() => runNow(work())).catch((error: unknown) => {
        throw translate(path, error);
      }),
    commitLightly: (work) =>
      answer(() =>
        durability === 'off' ? transaction(() => runNow(work())) : lightly(() => runNow(work())),
      ),
    async snapshot(work) {
      refuseIfClosed();
      try {
        db.exec('BEGIN');
        return await work(read);
      } catch (error) {
        throw translate(path, error);
      } finally {
        endReading(db);
      }
    },
    async transaction(work) {
      refuseIfClosed();
      try {
        begin.run();
        const result = await work((steps) => answer(() => runNow(steps())));
        commit.run();
        return result;
      } catch (error) {
        if (db.inTransaction) rollback.run();
        throw translate(path, error);
      }
    },
    close() {
      db.close();
    },
  };
};
