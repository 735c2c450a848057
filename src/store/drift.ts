import type { DriftChange, DriftEntry, DriftStore } from '../core/drift.ts';
import type { InsertAlerts } from './alerts.ts';
import type { Connection } from './connection.ts';
import { checkLease } from './leases.ts';
import type { Names } from './names.ts';
import { all, many, type Steps, values } from './steps.ts';

const PUT = {
  sqlite:
    'INSERT INTO drift (account, kind, name, at_ms, told) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  postgres: `INSERT INTO drift (account, kind, name, at_ms, told)
    SELECT * FROM unnest(?::bigint[], ?::text[], ?::text[], ?::bigint[], ?::smallint[]) ON CONFLICT DO NOTHING`,
};
const REMOVE = {
  sqlite: 'DELETE FROM drift WHERE account = ? AND kind = ? AND name = ?',
  postgres: `DELETE FROM drift USING unnest(?::bigint[], ?::text[], ?::text[]) AS gone (account, kind, name)
    WHERE drift.account = gone.account AND drift.kind = gone.kind AND drift.name = gone.name`,
};
const KNOWN = 'SELECT kind, name, at_ms AS "atMs", told FROM drift WHERE account = ? ORDER BY kind, name';
const LISTED = "SELECT DISTINCT name FROM drift WHERE kind = 'listed' ORDER BY name";

/** Applies changes inside the caller's transaction. A new account has as many as there are types of events. */
export function* applyDrift(account: number, changes: readonly DriftChange[]): Steps<void> {
  // Of what is named twice, the last change counts.
  const last = [...new Map(changes.map((change) => [`${change.kind} ${change.name}`, change])).values()];
  yield* many(
    REMOVE,
    last.filter(({ gone }) => gone).map(({ kind, name }) => [account, kind, name]),
  );
  yield* many(
    PUT,
    last
      .filter(({ gone }) => !gone)
      .map(({ kind, name, atMs, told }) => [account, kind, name, atMs, told ? 1 : 0]),
  );
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
  listed: () => connection.read(() => values<string>(LISTED)),
  change: (lease, account, changes, alerts, nowMs) =>
    connection.commit(function* () {
      yield* checkLease(lease);
      yield* applyDrift(yield* deps.accounts.key(account), changes);
      return yield* deps.insertAlerts(alerts, nowMs);
    }),
});
