import { type Clock } from '../core/clock.ts';
import { type Lease, LeaseLostError, type Leases } from '../core/lease.ts';
import type { Connection } from './connection.ts';
import { get, run, type Sql, type Steps, value } from './steps.ts';

interface LeaseRow {
  readonly holder: string;
  readonly token: number;
  readonly renewed_ms: number;
  readonly ttl_ms: number;
}

// Who takes a lease waits for the commits that were made under it, and they for nobody: see {@link checkLease}.
const SELECT = 'SELECT holder, token, renewed_ms, ttl_ms FROM leases WHERE name = ? FOR UPDATE';
const INSERT = `INSERT INTO leases (name, holder, token, renewed_ms, ttl_ms) VALUES (?, '', 0, 0, 0)
  ON CONFLICT (name) DO NOTHING`;
const PUT = 'UPDATE leases SET holder = ?, token = ?, renewed_ms = ?, ttl_ms = ? WHERE name = ?';
const EXTEND = 'UPDATE leases SET renewed_ms = ?, ttl_ms = ? WHERE name = ? AND holder = ? AND token = ?';
// The row stays, so that the next holder gets a larger token.
const CLEAR = "UPDATE leases SET holder = '', ttl_ms = 0 WHERE name = ? AND holder = ? AND token = ?";
/** When this life of the server began: another one after a restart, and of another server after a failover. */
export const SERVER_LIFE = 'extract(epoch FROM pg_postmaster_start_time())::text';
const LIFE = `SELECT ${SERVER_LIFE}`;
/** The lease of a process that does all the work: nobody has it beside replicas, and they take nothing beside it. */
export const WHOLE = 'monitor';
/** Stands for whatever a replica holds. */
const NO_TOKEN = 0;
/** The first replica that lives. */
export const LIVING = `SELECT id, seen_ms + ttl_ms AS "expiresAtMs" FROM replicas WHERE seen_ms + ttl_ms > ? ORDER BY id LIMIT 1`;
const END_ALL = "UPDATE leases SET holder = '', ttl_ms = 0 WHERE name <> ? AND holder <> ''";
/** All that a replica holds, and the replica itself. */
export const CLEAR_ALL = "UPDATE leases SET holder = '', ttl_ms = 0 WHERE holder = ?";
export const REMOVE = 'DELETE FROM replicas WHERE id = ?';
const DATABASE_CLOCK = 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** The time by which leases run: see {@link createLeases}. Epoch ms. */
export function* timeOf(now: Clock | undefined): Steps<number> {
  return now ? now() : ((yield* value<number>(DATABASE_CLOCK)) ?? 0);
}

/**
 * Leases. All processes that share a SQLite file share the clock of their machine; those that share a PostgreSQL server have
 * its clock alone in common, and so it counts there, unless `now` is given.
 */
export const createLeases = (connection: Connection, now: Clock | undefined): Leases => ({
  // Good for one life of the server where there is one.
  acquire: (name, holder, ttlMs) =>
    connection.commit(function* () {
      yield* run(INSERT, name);
      const row = yield* get<LeaseRow>(SELECT, name);
      if (!row) throw new Error(`lease ${name} cannot be made`);
      const nowMs = yield* timeOf(now);
      const life = yield* lifeOf(connection);
      if (connection.dialect === 'postgres' && name === WHOLE) {
        const living = yield* get<{ id: string; expiresAtMs: number }>(LIVING, nowMs);
        if (living)
          return { held: { name, holder: living.id, token: NO_TOKEN }, expiresAtMs: living.expiresAtMs };
        // A replica that slept over the end of its leases would find them again with its next beat.
        yield* run(END_ALL, name);
      }
      const expiresAtMs = row.renewed_ms + row.ttl_ms;
      if (nowMs < expiresAtMs && row.holder !== holder) {
        const held = { name, holder: row.holder, token: row.token, ...life };
        if (nowMs >= row.renewed_ms) return { held, expiresAtMs };
        // The clock was set back since the last heartbeat. Without this, a holder that died before would block the
        // store until the clock catches up; one that lives will renew in time.
        yield* run(PUT, row.holder, row.token, nowMs, row.ttl_ms, name);
        return { held, expiresAtMs: nowMs + row.ttl_ms };
      }
      const token = nowMs < expiresAtMs ? row.token : row.token + 1;
      yield* run(PUT, holder, token, nowMs, ttlMs, name);
      return { lease: { name, holder, token, ...life } };
    }),

  // A lease that expired unnoticed and that nobody took is still ours: after a suspension the only process goes on
  // at once. Not under another life of the server: what this process remembers may never have been committed there.
  renew: (lease, ttlMs) =>
    connection.commitLightly(function* () {
      if (!isSameServer(lease, yield* lifeOf(connection))) return false;
      return (yield* run(EXTEND, yield* timeOf(now), ttlMs, lease.name, lease.holder, lease.token)) === 1;
    }),

  release: (lease) =>
    connection.commit(function* () {
      yield* run(CLEAR, lease.name, lease.holder, lease.token);
      if (connection.dialect !== 'postgres' || lease.token !== NO_TOKEN) return;
      yield* run(CLEAR_ALL, lease.holder);
      yield* run(REMOVE, lease.holder);
    }),
});

// Held to the end of the transaction: until then nobody else can take the lease. Its holder can renew it meanwhile.
const CURRENT: Sql = {
  sqlite: 'SELECT holder, token FROM leases WHERE name = ?',
  postgres: `SELECT holder, token, ${SERVER_LIFE} AS server FROM leases WHERE name = ? FOR KEY SHARE`,
};

type Current = Pick<LeaseRow, 'holder' | 'token'> & { readonly server?: string };

const current = (lease: Lease): Steps<Current | undefined> => get<Current>(CURRENT, lease.name);

const isSameServer = (lease: Lease, { server }: Pick<Current, 'server'>): boolean =>
  lease.server === undefined || lease.server === server;

function* lifeOf({ dialect }: Connection): Steps<Pick<Lease, 'server'>> {
  const server = dialect === 'postgres' ? yield* value<string>(LIFE) : undefined;
  return server === undefined ? {} : { server };
}

/** Whether `lease` is the current one, and stays it to the end of the transaction. */
export function* isCurrent(lease: Lease): Steps<boolean> {
  const row = yield* current(lease);
  return row?.holder === lease.holder && row.token === lease.token && isSameServer(lease, row);
}

/** Throws a LeaseLostError unless `lease` is the current one. To be called inside the transaction that it guards. */
export function* checkLease(lease: Lease): Steps<void> {
  const row = yield* current(lease);
  if (row && row.holder === lease.holder && row.token === lease.token) {
    if (isSameServer(lease, row)) return;
    throw new LeaseLostError(
      `lease ${lease.name} of ${lease.holder} was taken before the database server was started anew, or replaced by another`,
    );
  }
  const holds = row ? `${row.holder || 'nobody'} holds it with token ${row.token}` : 'it never existed';
  throw new LeaseLostError(
    `lease ${lease.name} of ${lease.holder} with token ${lease.token} is no longer held: ${holds}`,
  );
}
