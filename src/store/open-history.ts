import type { Progress } from '../core/collect-store.ts';
import type { History } from '../core/history.ts';
import type { LatenessCount } from '../core/lateness.ts';
import type { LedgerRange } from '../core/ledger.ts';
import type { ReadOverview } from '../core/overview.ts';
import type { MemoryEntry, ReadMemory } from '../core/rule-memory.ts';
import { progressOf } from './collect.ts';
import type { Connection } from './connection.ts';
import { createHistory } from './history.ts';
import { allRanges, latenessSince } from './ledger.ts';
import { createNames } from './names.ts';
import { createOverview } from './overview.ts';
import { memoryOf } from './rule-memory.ts';
import { connectToRead } from './sqlite-connection.ts';
import { fileBytes } from './sqlite-file.ts';
import type { Steps } from './steps.ts';

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
  close(): Promise<void>;
}

/**
 * Opens the history in the SQLite file at `path` for reading alone: a running monitor is not disturbed, nothing is
 * written. Throws a StoreError when there is no such file, or it is not one this version can read.
 */
export const openHistory = (path: string): StoredHistory =>
  // oxlint-disable-next-line require-yield -- it looks at the file alone
  composeHistory(connectToRead(path), function* () {
    return fileBytes(path);
  });

/** The history over a connection of either kind. `bytes` are those on disk. */
export const composeHistory = (connection: Connection, bytes: () => Steps<number>): StoredHistory => {
  const accounts = createNames('accounts');
  const eventTypes = createNames('event_types');
  connection.onChangedServer?.(() => {
    accounts.forget();
    eventTypes.forget();
  });
  const of = <T>(account: string, otherwise: T, read: (key: number) => Steps<T>): Promise<T> =>
    connection.read(function* () {
      const key = yield* accounts.find(account);
      return key === undefined ? otherwise : yield* read(key);
    });
  return {
    history: createHistory(connection, accounts, eventTypes),
    progress: (account) => of<Progress | undefined>(account, undefined, progressOf),
    ranges: (account) => of<readonly LedgerRange[]>(account, [], allRanges),
    lateness: (account, sinceMs) =>
      of<readonly LatenessCount[]>(account, [], (key) => latenessSince(key, sinceMs)),
    overview: createOverview(connection, bytes),
    memory: (account) => of<readonly MemoryEntry[]>(account, [], memoryOf),
    close: async () => connection.close(),
  };
};
