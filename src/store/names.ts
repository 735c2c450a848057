import type { Database } from 'better-sqlite3';

/** The short keys of account names or event types. */
export interface Names {
  /** Key of `name` if it has one. */
  find(name: string): number | undefined;
  /** Key of `name`, given now if it has none. To be called inside a transaction that writes. */
  key(name: string): number;
  /** Name of `key`. */
  name(key: number): string;
  /** Drops what is remembered: keys given in a transaction that was rolled back do not exist. */
  forget(): void;
}

/** Event types come from outside; a flood of invented ones must not grow the memory of a daemon. */
const MAX_REMEMBERED = 10_000;

/** Names of one of the two tables of names, remembered in memory since every event needs them. */
export const createNames = (db: Database, table: 'accounts' | 'event_types'): Names => {
  const select = db.prepare<[string], number>(`SELECT key FROM ${table} WHERE name = ?`).pluck();
  const selectName = db.prepare<[number], string>(`SELECT name FROM ${table} WHERE key = ?`).pluck();
  const insert = db.prepare<[string]>(`INSERT INTO ${table} (name) VALUES (?)`);
  const keys = new Map<string, number>();
  const names = new Map<number, string>();

  const remember = (name: string, key: number): number => {
    if (keys.size >= MAX_REMEMBERED) keys.clear();
    keys.set(name, key);
    return key;
  };
  const find = (name: string): number | undefined => {
    const known = keys.get(name);
    if (known !== undefined) return known;
    const stored = select.get(name);
    return stored === undefined ? undefined : remember(name, stored);
  };
  return {
    find,
    key: (name) => find(name) ?? remember(name, Number(insert.run(name).lastInsertRowid)),
    name(key) {
      const known = names.get(key);
      if (known !== undefined) return known;
      const stored = selectName.get(key) ?? '';
      if (names.size >= MAX_REMEMBERED) names.clear();
      names.set(key, stored);
      return stored;
    },
    forget() {
      keys.clear();
      names.clear();
    },
  };
};
