import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ChainHead } from '../core/chain.ts';
import { createChains } from './chain-heads.ts';
import { connect, connectToRead } from './sqlite-connection.ts';
import { refusal, translate } from './sqlite-errors.ts';
import { syncDirectory } from './sqlite-file.ts';

/** What a backup holds. */
export interface Backup {
  readonly bytes: number;
  readonly events: number;
  /** Up to when each account is known, by name. Epoch ms. */
  readonly accounts: readonly { readonly account: string; readonly watermarkMs: number }[];
  readonly heads: readonly ChainHead[];
}

/** How to back up. */
export interface BackupOptions {
  /** The store, which a monitor may be writing to. */
  readonly source: string;
  /** The copy; replaced when it is there. */
  readonly target: string;
  /** What part of the pages is copied. */
  readonly onProgress: (done: number) => void;
  /** The copy is complete and now checked. */
  readonly onCheck: () => void;
  readonly signal: AbortSignal;
}

/** Thrown when the signal aborted; nothing is left behind. */
export class BackupStopped extends Error {
  override readonly name = 'BackupStopped';
}

/** Some megabytes a step, so that the bar moves and a signal is seen. */
const PAGES = 1_000;

/**
 * Makes a consistent copy of a store, for its owner only, under its name only when SQLite has found it whole. Rejects with a
 * StoreError, or with {@link BackupStopped}.
 */
export const backUp = async (options: BackupOptions): Promise<Backup> => {
  const { target } = options;
  const part = `${target}.part`;
  try {
    removeParts(part);
    closeSync(openSync(part, 'wx', 0o600));
  } catch (error) {
    throw translate(part, error);
  }
  try {
    await copy(options, part);
    options.onCheck();
    const found = await inspect(part);
    const handle = openSync(part, 'r');
    fsyncSync(handle);
    closeSync(handle);
    // Logs of a database that lay there before would be played into the copy.
    for (const suffix of ['-wal', '-shm']) rmSync(`${target}${suffix}`, { force: true });
    renameSync(part, target);
    syncDirectory(dirname(resolve(target)));
    return found;
  } catch (error) {
    throw translate(part, error);
  } finally {
    removeParts(part);
  }
};

const removeParts = (part: string): void => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${part}${suffix}`, { force: true });
};

const copy = async ({ source, onProgress, signal }: BackupOptions, part: string): Promise<void> => {
  const connection = connectToRead(source);
  const { db } = connection;
  try {
    // Held to the end, this read keeps the copy at one moment. Without it, every commit of the monitor would make SQLite
    // begin anew, and the backup of a large store would never end.
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    await db.backup(part, {
      progress({ totalPages, remainingPages }) {
        if (signal.aborted) throw new BackupStopped('the backup was stopped');
        onProgress(totalPages === 0 ? 0 : 1 - remainingPages / totalPages);
        return PAGES;
      },
    });
  } catch (error) {
    throw translate(source, error);
  } finally {
    connection.close();
  }
};

/** Opens the copy as a monitor would, and has SQLite read every page of it. */
const inspect = async (part: string): Promise<Backup> => {
  const connection = connect({ path: part, durability: 'full' });
  const { db } = connection;
  try {
    const result = db.pragma('integrity_check', { simple: true });
    if (result !== 'ok')
      throw refusal('corrupt', part, `the copy is not whole: ${String(result).slice(0, 300)}`);
    const accounts = db
      .prepare<[], { account: string; watermarkMs: number; events: number }>(
        `SELECT n.name AS account, p.watermark_ms AS watermarkMs, p.events
         FROM progress AS p JOIN accounts AS n ON n.key = p.account ORDER BY n.name`,
      )
      .all();
    const heads = await createChains(connection).heads();
    // A copy is one file: it can be read from a read-only medium, and reading leaves no logs beside it. The monitor switches
    // back when it is put in place.
    db.pragma('journal_mode = DELETE');
    return {
      bytes: statSync(part).size,
      events: accounts.reduce((sum, { events }) => sum + events, 0),
      accounts: accounts.map(({ account, watermarkMs }) => ({ account, watermarkMs })),
      heads,
    };
  } finally {
    connection.close();
  }
};

/** Whether two paths are one file, or one would be the log of the other. */
export const isSameFile = (a: string, b: string): boolean => {
  const of = (path: string): string => {
    if (!existsSync(path)) return resolve(path);
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  };
  return ['', '-wal', '-shm'].some((suffix) => of(`${a}${suffix}`) === of(b));
};
