import type { Database } from 'better-sqlite3';
import type { DriftChange, DriftEntry, DriftStore } from '../core/drift.ts';
import type { InsertAlerts } from './alerts.ts';
import type { Connection } from './connection.ts';
import type { CheckLease } from './leases.ts';
import type { Names } from './names.ts';

/** Applies changes inside the caller's transaction. */
export type ApplyDrift = (account: number, changes: readonly DriftChange[]) => void;

/** Prepares {@link ApplyDrift}. */
export const createApplyDrift = (db: Database): ApplyDrift => {
  const put = db.prepare<[number, string, string, number, number]>(
    'INSERT OR IGNORE INTO drift (account, kind, name, at_ms, told) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = db.prepare<[number, string, string]>(
    'DELETE FROM drift WHERE account = ? AND kind = ? AND name = ?',
  );
  return (account, changes) => {
    for (const { kind, name, atMs, told, gone } of changes) {
      if (gone) remove.run(account, kind, name);
      else put.run(account, kind, name, atMs, told ? 1 : 0);
    }
  };
};

/** What is known of the form of the trails, in SQLite. */
export const createDriftStore = (
  connection: Connection,
  deps: {
    readonly accounts: Names;
    readonly checkLease: CheckLease;
    readonly insertAlerts: InsertAlerts;
    readonly applyDrift: ApplyDrift;
  },
): DriftStore => {
  const known = connection.db.prepare<[number], Omit<DriftEntry, 'told'> & { readonly told: 0 | 1 }>(
    'SELECT kind, name, at_ms AS atMs, told FROM drift WHERE account = ? ORDER BY kind, name',
  );
  return {
    known: (account) =>
      connection.read(() => {
        const key = deps.accounts.find(account);
        return key === undefined ? [] : known.all(key).map((row) => ({ ...row, told: row.told === 1 }));
      }),
    change: (lease, account, changes, alerts, nowMs) =>
      connection.commit(() => {
        deps.checkLease(lease);
        deps.applyDrift(deps.accounts.key(account), changes);
        return deps.insertAlerts(alerts, nowMs);
      }),
  };
};
