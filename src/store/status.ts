import type { Clock } from '../core/clock.ts';
import type { StoreStatus } from '../core/store.ts';
import type { Connection } from './connection.ts';
import { refusal } from './errors.ts';
import { fileBytes, fileIdentity } from './file.ts';

/** Counts and the writability of the store. Nothing here reads all events or all deliveries. */
export const createStatus = (connection: Connection, now: Clock): StoreStatus => {
  const { db, path } = connection;
  const opened = fileIdentity(path);
  const write = db.prepare<[string]>("INSERT OR REPLACE INTO meta (name, value) VALUES ('probe', ?)");
  const counts = db.prepare<[], Awaited<ReturnType<StoreStatus['deliveryCounts']>>[number]>(
    'SELECT sink, state, count FROM delivery_counts WHERE count > 0 ORDER BY sink, state',
  );
  const totals = db.prepare<[], Omit<Awaited<ReturnType<StoreStatus['totals']>>, 'bytes'>>(
    `SELECT (SELECT coalesce(sum(events), 0) FROM progress) AS events,
            (SELECT count(*) FROM alerts) AS alerts,
            (SELECT count(*) FROM quarantine) AS quarantined,
            (SELECT count(*) FROM ledger WHERE verified = 0) AS unverifiedWindows`,
  );
  // SQLite counts the commits of other connections for us; it costs a look into shared memory.
  let seen = db.pragma('data_version', { simple: true });
  return {
    changedByOthers: () =>
      connection.read(() => {
        const version = db.pragma('data_version', { simple: true });
        const changed = version !== seen;
        seen = version;
        return changed;
      }),
    probe: () =>
      connection.commitLightly(() => {
        // Writes to a file without a name succeed, and all of them are gone with the process.
        if (fileIdentity(path) !== opened) {
          throw refusal('missing', path, 'it was removed or replaced while in use; start the monitor again');
        }
        write.run(String(now()));
      }),
    deliveryCounts: () => connection.read(() => counts.all()),
    totals: () =>
      connection.read(() => {
        const row = totals.get() ?? { events: 0, alerts: 0, quarantined: 0, unverifiedWindows: 0 };
        return { ...row, bytes: fileBytes(path) };
      }),
  };
};
