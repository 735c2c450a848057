import { type Steps, value, values } from './steps.ts';

/** The short keys of account names or event types. */
export interface Names {
  /** Key of `name` if it has one. */
  find(name: string): Steps<number | undefined>;
  /** Key of `name`, given now if it has none. To be called inside a transaction that writes. */
  key(name: string): Steps<number>;
  /** Keys of all of these, by name; given now to those that have none. Inside a transaction that writes. */
  keys(names: Iterable<string>): Steps<ReadonlyMap<string, number>>;
  /** Name of `key`. */
  name(key: number): Steps<string>;
  /** Forgets what is remembered. What is being looked up meanwhile is not remembered either. */
  forget(): void;
}

/** Event types come from outside; a flood of invented ones must not grow the memory of a daemon. */
const MAX_REMEMBERED = 10_000;

/**
 * Names of one of the two tables of names, remembered in memory since every event needs them. A name that is given just now
 * is remembered when it is found the next time: the transaction that gives it may yet be undone.
 */
export const createNames = (table: 'accounts' | 'event_types'): Names => {
  const select = `SELECT key FROM ${table} WHERE name = ?`;
  const selectName = `SELECT name FROM ${table} WHERE key = ?`;
  const insert = `INSERT INTO ${table} (name) VALUES (?) ON CONFLICT (name) DO NOTHING RETURNING key`;
  // Both are replaced when they are forgotten: whoever is looking something up keeps the one it began with.
  let known = new Map<string, number>();
  let names = new Map<number, string>();

  function* find(name: string): Steps<number | undefined> {
    const memory = known;
    const remembered = memory.get(name);
    if (remembered !== undefined) return remembered;
    const stored = yield* value<number>(select, name);
    if (stored !== undefined) {
      if (memory.size >= MAX_REMEMBERED) memory.clear();
      memory.set(name, stored);
    }
    return stored;
  }
  function* key(name: string): Steps<number> {
    const found = yield* find(name);
    if (found !== undefined) return found;
    const given = yield* value<number>(insert, name);
    if (given !== undefined) return given;
    // Another transaction gave it a key meanwhile.
    const [theirs] = yield* values<number>(select, name);
    if (theirs === undefined) throw new Error(`no key for ${JSON.stringify(name)}`);
    return theirs;
  }
  return {
    find,
    key,
    *keys(all) {
      const keys = new Map<string, number>();
      // In the same order everywhere: two transactions that give the same names do not wait for each other.
      for (const name of [...new Set(all)].sort()) keys.set(name, yield* key(name));
      return keys;
    },
    *name(key) {
      const memory = names;
      const remembered = memory.get(key);
      if (remembered !== undefined) return remembered;
      const stored = (yield* value<string>(selectName, key)) ?? '';
      if (memory.size >= MAX_REMEMBERED) memory.clear();
      memory.set(key, stored);
      return stored;
    },
    forget() {
      known = new Map();
      names = new Map();
    },
  };
};
