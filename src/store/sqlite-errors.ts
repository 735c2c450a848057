import Database from 'better-sqlite3';
import { errorCode, errorText } from '../base/errors.ts';
import { StoreError, type StoreErrorKind } from '../core/store.ts';

const ADVICE: Record<StoreErrorKind, (file: string) => string> = {
  corrupt: (file) =>
    `the file is damaged or cut off and was left as it is; restore a backup, or move ${file} aside together with its -wal and -shm files to begin with a new one`,
  newer: () => 'run the newer version again, or restore a backup from before its start',
  foreign: () => 'it belongs to another program and was left as it is; set store.path to another file',
  readonly: (file) =>
    `it cannot be written; mount its volume writable and let the user of this process write ${file} and its directory`,
  full: () => 'the disk is full or a quota is reached; free some space, nothing of the operation was stored',
  io: () =>
    'the disk refuses to read or write; check its space, quota and health, nothing was stored by halves',
  missing: (file) => `it cannot be opened; check that ${file} is a file in a directory this process may use`,
  unreachable: () => 'it does not answer',
  busy: () => 'another process kept it locked; look for a backup or an editor that holds the file',
  closed: () => 'the store is closed already',
  failed: () => 'the operation was refused and nothing was stored',
};

const KINDS: readonly (readonly [RegExp, StoreErrorKind])[] = [
  // The write-ahead log and its index count as corrupt when they cannot be recovered.
  [/^SQLITE_(CORRUPT|NOTADB)/, 'corrupt'],
  [/^SQLITE_(READONLY|PERM|AUTH)/, 'readonly'],
  [/^(EROFS|EACCES|EPERM)$/, 'readonly'],
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)$/, 'full'],
  [/^SQLITE_IOERR|^EIO$/, 'io'],
  [/^SQLITE_CANTOPEN|^(ENOENT|ENOTDIR|EISDIR|EEXIST|ELOOP|ENAMETOOLONG)$/, 'missing'],
  [/^SQLITE_(BUSY|LOCKED)/, 'busy'],
];

/** A {@link StoreError} whose message names the file, what was found and, by its kind, what to do. */
export const refusal = (kind: StoreErrorKind, file: string, found: string, cause?: unknown): StoreError =>
  new StoreError(kind, `database ${file}: ${found}: ${ADVICE[kind](file)}`, { cause });

/**
 * What a caller gets to see of `error`: errors of SQLite and of the file system become a {@link StoreError}; all others,
 * such as those thrown by a `decide` callback, stay what they are.
 */
export const translate = (file: string, error: unknown): unknown => {
  const code = errorCode(error);
  if (code === undefined || error instanceof StoreError) return error;
  const kind = KINDS.find(([pattern]) => pattern.test(code))?.[1];
  if (kind) return refusal(kind, file, `${code} (${errorText(error)})`, error);
  return error instanceof Database.SqliteError
    ? refusal('failed', file, `${code} (${errorText(error)})`, error)
    : error;
};
