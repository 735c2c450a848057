import type { DriftChange, DriftEntry, DriftStore } from '../core/drift.ts';
import type { InsertAlerts } from './alerts.ts';
import type { Connection } from './connection.ts';
import { checkLease } from './leases.ts';
import type { Names } from './names.ts';
import { all, run, type Steps } from './steps.ts';

const PUT =
  'INSERT INTO drift (account, kind, name, at_ms, told) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
const REMOVE = 'DELETE FROM drift WHERE account = ? AND kind = ? AND name = ?';
const KNOWN = 'SELECT kind, name, at_ms AS "atMs", told FROM drift WHERE account = ? ORDER BY kind, name';

/** Applies changes inside the caller's transaction. */
export function* applyDrift(account: number, changes: readonly DriftChange[]): Steps<void> {
  for (const { kind, name, atMs, told, gone } of changes) {
    if (gone) yield* run(REMOVE, account, kind, name);
    else yield* run(PUT, account, kind, name, atMs, told ? 1 : 0);
  }
}

/** What is known of the form of the trails. */
export const createDriftStore = (
  connection: Connection,
  deps: { readonly accounts: Names; readonly insertAlerts: InsertAlerts },
): DriftStore => ({
  known: (account) =>
    connection.read(function* () {
      const key = yield* deps.accounts.find(account);
      if (key === undefined) return [];
      const rows = yield* all<Omit<DriftEntry, 'told'> & { readonly told: 0 | 1 }>(KNOWN, key);
      return rows.map((row) => ({ ...row, told: row.told === 1 }));
    }),
  change: (lease, account, changes, alerts, nowMs) =>
    connection.commit(function* () {
      yield* checkLease(lease);
      yield* applyDrift(yield* deps.accounts.key(account), changes);
      return yield* deps.insertAlerts(alerts, nowMs);
    }),
});
