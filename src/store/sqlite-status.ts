import type { Clock } from '../core/clock.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { refusal } from './sqlite-errors.ts';
import { fileBytes, fileIdentity } from './sqlite-file.ts';
import type { StatusDeps } from './status.ts';

/** What is asked of the file itself. */
export const fileStatus = (connection: SqliteConnection, now: Clock): StatusDeps => {
  const { db, path } = connection;
  const opened = fileIdentity(path);
  const version = (): unknown => db.pragma('data_version', { simple: true });
  // SQLite counts the commits of other connections for us; it costs a look into shared memory.
  let seen = version();
  return {
    now,
    changedByOthers: () =>
      // oxlint-disable-next-line require-yield -- it looks at the file alone
      connection.read(function* () {
        const found = version();
        const changed = found !== seen;
        seen = found;
        return changed;
      }),
    checkPlace() {
      // Writes to a file without a name succeed, and all of them are gone with the process.
      if (fileIdentity(path) !== opened)
        throw refusal('missing', path, 'it was removed or replaced while in use; start the monitor again');
    },
    // oxlint-disable-next-line require-yield -- it looks at the file alone
    *bytes() {
      return fileBytes(path);
    },
  };
};
