import type { Progress } from '../core/collect-store.ts';
import type { History } from '../core/history.ts';
import { prepareCollect } from './collect-statements.ts';
import { connectToRead } from './connection.ts';
import { createHistory } from './history.ts';
import { createNames } from './names.ts';

/** What was kept, without any way to change it. */
export interface StoredHistory {
  readonly history: History;
  /** How far an account's trail is known; undefined when it was never read. */
  progress(account: string): Promise<Progress | undefined>;
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
  return {
    history: createHistory(connection, accounts, createNames(connection.db, 'event_types')),
    progress: (account) =>
      connection.read(() => {
        const key = accounts.find(account);
        return key === undefined ? undefined : progress.get(key);
      }),
    close: () => connection.close(),
  };
};
