import type { Database } from 'better-sqlite3';
import { type Clock } from '../core/clock.ts';
import { type Lease, LeaseLostError, type Leases } from '../core/lease.ts';
import type { Connection } from './connection.ts';

interface LeaseRow {
  readonly holder: string;
  readonly token: number;
  readonly renewed_ms: number;
  readonly ttl_ms: number;
}

/** Leases by the clock of this machine; all processes that share a SQLite file share that clock. */
export const createLeases = (connection: Connection, now: Clock): Leases => {
  const { db } = connection;
  const select = db.prepare<[string], LeaseRow>(
    'SELECT holder, token, renewed_ms, ttl_ms FROM leases WHERE name = ?',
  );
  const put = db.prepare<[string, string, number, number, number]>(
    'INSERT OR REPLACE INTO leases (name, holder, token, renewed_ms, ttl_ms) VALUES (?, ?, ?, ?, ?)',
  );
  const extend = db.prepare<[number, number, string, string, number]>(
    'UPDATE leases SET renewed_ms = ?, ttl_ms = ? WHERE name = ? AND holder = ? AND token = ?',
  );
  // The row stays, so that the next holder gets a larger token.
  const clear = db.prepare<[string, string, number]>(
    "UPDATE leases SET holder = '', ttl_ms = 0 WHERE name = ? AND holder = ? AND token = ?",
  );

  return {
    acquire: (name, holder, ttlMs) =>
      connection.commit(() => {
        const nowMs = now();
        const row = select.get(name);
        const expiresAtMs = row ? row.renewed_ms + row.ttl_ms : nowMs;
        if (row && nowMs < expiresAtMs && row.holder !== holder) {
          const held = { name, holder: row.holder, token: row.token };
          if (nowMs >= row.renewed_ms) return { held, expiresAtMs };
          // The clock was set back since the last heartbeat. Without this, a holder that died before would block the
          // store until the clock catches up; one that lives will renew in time.
          put.run(name, row.holder, row.token, nowMs, row.ttl_ms);
          return { held, expiresAtMs: nowMs + row.ttl_ms };
        }
        const ours = row !== undefined && nowMs < expiresAtMs;
        const token = ours ? row.token : (row?.token ?? 0) + 1;
        put.run(name, holder, token, nowMs, ttlMs);
        return { lease: { name, holder, token } };
      }),

    // A lease that expired unnoticed and that nobody took is still ours: after a suspension the only process goes on
    // at once.
    renew: (lease, ttlMs) =>
      connection.commitLightly(
        () => extend.run(now(), ttlMs, lease.name, lease.holder, lease.token).changes === 1,
      ),

    release: (lease) =>
      connection.commit(() => {
        clear.run(lease.name, lease.holder, lease.token);
      }),
  };
};

/** Throws a LeaseLostError unless `lease` is the current one. To be called inside the transaction that it guards. */
export type CheckLease = (lease: Lease) => void;

/** Prepares {@link CheckLease}. */
export const createCheckLease = (db: Database): CheckLease => {
  const select = db.prepare<[string], Pick<LeaseRow, 'holder' | 'token'>>(
    'SELECT holder, token FROM leases WHERE name = ?',
  );
  return (lease) => {
    const row = select.get(lease.name);
    if (row && row.holder === lease.holder && row.token === lease.token) return;
    const current = row ? `${row.holder || 'nobody'} holds it with token ${row.token}` : 'it never existed';
    throw new LeaseLostError(
      `lease ${lease.name} of ${lease.holder} with token ${lease.token} is no longer held: ${current}`,
    );
  };
};
