import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../base/errors.ts';
import { refusal, translate } from './sqlite-errors.ts';

/** Which file a path names; it differs after the file was removed or replaced. */
export type FileIdentity = string;

/**
 * Makes sure that there is a database file at `path`: an existing one is left alone, otherwise its directory and an
 * empty file that only its owner can read are made. Throws a StoreError when the place cannot be used, or when a
 * write-ahead log lies there without its database: SQLite would throw away the commits in it.
 */
export const prepareFile = (path: string): void => {
  try {
    const found = stat(path);
    if (found?.isDirectory()) throw refusal('missing', path, 'this is a directory, not a file');
    const log = stat(`${path}-wal`);
    if ((found?.size ?? 0) === 0 && (log?.size ?? 0) > 0) {
      throw refusal('corrupt', path, `${found ? 'it is empty' : 'it is gone'}, but ${path}-wal has content`);
    }
    if (!found) create(path);
  } catch (error) {
    throw translate(path, error);
  }
};

/**
 * Throws a StoreError when the last page of the database is cut off. SQLite itself sees whole missing pages, but fills
 * up a partial one with zeros. With a log beside it a short file may be a checkpoint that the log completes.
 */
export const checkLength = (path: string, pageSize: number): void => {
  const logged = stat(`${path}-wal`)?.size ?? 0;
  const size = stat(path)?.size ?? 0;
  if (logged === 0 && size % pageSize !== 0) {
    throw refusal('corrupt', path, `its ${size} bytes are no whole number of pages of ${pageSize}`);
  }
};

/**
 * The code of the system (`EROFS`, `EACCES`) when the directory of an existing database cannot be written, else undefined.
 * SQLite itself only says that it cannot open its log there.
 */
export const directoryRefusal = (path: string): string | undefined => {
  try {
    if (stat(path)?.isFile()) accessSync(dirname(path), constants.W_OK);
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
};

/** Identity of the file at `path` now; undefined when there is none. */
export const fileIdentity = (path: string): FileIdentity | undefined => {
  const found = stat(path);
  return found && `${found.dev}:${found.ino}`;
};

/** Bytes of the database at `path` on disk, with its write-ahead log. */
export const fileBytes = (path: string): number => (stat(path)?.size ?? 0) + (stat(`${path}-wal`)?.size ?? 0);

const stat = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

const create = (path: string): void => {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    // SQLite gives the -wal and -shm files the mode of the database.
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    // Another process that starts at the same time was quicker: its file is as good.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  syncDirectory(directory);
};

/** Makes the new name survive a power cut, where the platform lets a directory be synced. */
export const syncDirectory = (directory: string): void => {
  let handle: number | undefined;
  try {
    handle = openSync(directory, 'r');
    fsyncSync(handle);
  } catch {
    // Windows and some network file systems refuse; the first commit there is as durable as the system makes it.
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
};
