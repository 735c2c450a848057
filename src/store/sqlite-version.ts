import Database from 'better-sqlite3';

/** The version of SQLite that stores are read and written with. */
export const sqliteVersion = (): string => {
  const db = new Database(':memory:');
  try {
    return String(db.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    db.close();
  }
};
