import type { Progress } from '../core/collect-store.ts';
import type { History } from '../core/history.ts';
import type { LatenessCount } from '../core/lateness.ts';
import type { LedgerRange } from '../core/ledger.ts';
import type { ReadOverview } from '../core/overview.ts';
import type { MemoryEntry, ReadMemory } from '../core/rule-memory.ts';
import { prepareCollect } from './collect-statements.ts';
import { connectToRead } from './connection.ts';
import { createHistory } from './history.ts';
import { prepareLateness, prepareRanges } from './ledger.ts';
import { createNames } from './names.ts';
import { createOverview } from './overview.ts';
import { prepareMemory } from './rule-memory.ts';

/** What was kept, without any way to change it. */
export interface StoredHistory {
  readonly history: History;
  /** How far an account's trail is known; undefined when it was never read. */
  progress(account: string): Promise<Progress | undefined>;
  /** What has been read of it, in order. */
  ranges(account: string): Promise<readonly LedgerRange[]>;
  /** How late its events were found, over the days since `sinceMs`. */
  lateness(account: string, sinceMs: number): Promise<readonly LatenessCount[]>;
  readonly overview: ReadOverview;
  readonly memory: ReadMemory;
  close(): void;
}

/**
 * Opens the history in the SQLite file at `path` for reading alone: a running monitor is not disturbed, nothing is
 * written. Throws a StoreError when there is no such file, or it is not one this version can read.
 */
export const openHistory = (path: string): StoredHistory => {
  const connection = connectToRead(path);
  const accounts = createNames(connection.db, 'accounts');
  const { progress } = prepareCollect(connection.db);
  const ranges = prepareRanges(connection.db);
  const lateness = prepareLateness(connection.db);
  const memory = prepareMemory(connection.db);
  const of = <T>(account: string, otherwise: T, read: (key: number) => T): Promise<T> =>
    connection.read(() => {
      const key = accounts.find(account);
      return key === undefined ? otherwise : read(key);
    });
  return {
    history: createHistory(connection, accounts, createNames(connection.db, 'event_types')),
    progress: (account) => of<Progress | undefined>(account, undefined, (key) => progress.get(key)),
    ranges: (account) => of<readonly LedgerRange[]>(account, [], ranges),
    lateness: (account, sinceMs) =>
      of<readonly LatenessCount[]>(account, [], (key) => lateness(key, sinceMs)),
    overview: createOverview(connection),
    memory: (account) => of<readonly MemoryEntry[]>(account, [], memory),
    close: () => connection.close(),
  };
};
