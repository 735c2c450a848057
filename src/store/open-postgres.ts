import type { Clock } from '../core/clock.ts';
import { explicitPlanner, type Planner } from '../core/planner.ts';
import type { Store } from '../core/store.ts';
import type { PostgresPlace } from '../core/store-place.ts';
import { type Verification, type VerifyOptions, verifyStored } from './chain-verify.ts';
import { composeStore } from './compose.ts';
import { composeHistory, type StoredHistory } from './open-history.ts';
import { beatPatience, DEFAULT_LEASE_MS, NAME_BEATS, workPatience } from './postgres-client.ts';
import { connectPostgres, type PostgresConnection } from './postgres-connection.ts';
import { dropMonths } from './postgres-drop.ts';
import { translate } from './postgres-errors.ts';
import { committedUpTo, insertTogether } from './postgres-events.ts';
import { checkPostgres, migratePostgres } from './postgres-migrate.ts';
import { createPrepareMonths } from './postgres-months.ts';
import { createOthers } from './postgres-others.ts';
import { createPoolWatch } from './postgres-watch.ts';
import { createReplicas } from './replicas.ts';
import { type Steps, value } from './steps.ts';

/** How to open a store on PostgreSQL. */
export interface PostgresStoreOptions {
  readonly place: PostgresPlace;
  readonly now: Clock;
  /** Decides how alerts travel. Left out: only to sinks that are named with them. */
  readonly planner?: Planner;
  /** By which leases run. The clock of the database unless given, which is for tests. */
  readonly leaseClock?: Clock;
  /** How long a lease of a replica lasts; 10 s. */
  readonly leaseMs?: number;
  /** Told each time that a table cannot be brought up to date yet, with the reason; it is tried again. */
  readonly onMigrationWaits?: (reason: string) => void;
}

const BYTES = `SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
  WHERE relnamespace = 'vonage_audit_monitor'::regnamespace AND relkind = 'r'`;

function* bytesOf(): Steps<number> {
  return (yield* value<number>(BYTES)) ?? 0;
}

/**
 * Opens the store in the schema `vonage_audit_monitor` of a PostgreSQL database, made or brought up to date where needed.
 * Rejects with a StoreError when the database does not answer, is too old, or holds what is not ours. Several processes may
 * use the same one; leases say who acts.
 */
export const openPostgresStore = async (options: PostgresStoreOptions): Promise<Store> => {
  const {
    place,
    now,
    planner = explicitPlanner,
    leaseClock,
    leaseMs = DEFAULT_LEASE_MS,
    onMigrationWaits,
  } = options;
  const others = createOthers(place);
  const connection = connectPostgres({
    ...place,
    patience: workPatience(leaseMs),
    onTold: () => others.tell(),
  });
  const patience = beatPatience(leaseMs);
  // Beats wait for no other work, and have a connection given up early.
  const lane = connectPostgres({
    ...place,
    poolSize: 1,
    patience,
    begin: NAME_BEATS,
    onUnanswered: () => {
      connection.distrustIdle();
      others.doubt();
    },
  });
  const watch = createPoolWatch(connection, lane, {
    silentMs: patience.answerMs,
    unheardMs: leaseMs * 0.8,
    forsaken: {
      beatsMs: workPatience(leaseMs).idleInTransactionMs,
      workMs: workPatience(leaseMs).answerMs,
    },
  });
  const end = async (): Promise<void> => {
    await others.close();
    await lane.close();
    await connection.close();
  };
  try {
    await opened(connection, (client, at) => migratePostgres(client, at, { onWaits: onMigrationWaits }));
  } catch (error) {
    await end();
    throw error;
  }
  let prepareMonths = createPrepareMonths(connection.commit, now);
  // It remembers which months there are.
  connection.onChangedServer(() => {
    prepareMonths = createPrepareMonths(connection.commit, now);
  });
  const store = composeStore(connection, {
    now,
    leaseClock,
    planner,
    status: {
      now,
      changedByOthers: async () => others.changed(),
      checkPlace: () => undefined,
      bytes: bytesOf,
    },
    insertEvents: insertTogether,
    beforeWindow: ({ events }) => prepareMonths(events.map(({ createdAtMs }) => createdAtMs)),
    committedUpTo,
    dropBefore: dropMonths,
  });
  return { ...store, replicas: createReplicas(lane, connection, leaseClock, others, watch), close: end };
};

/** Connects to a store that is there for reading alone, or to one that is made or brought up to date. Rejects with a StoreError. */
export const connectChecked = async (
  place: PostgresPlace,
  purpose: 'read' | 'write',
): Promise<PostgresConnection> => {
  const readOnly = purpose === 'read';
  const connection = connectPostgres({ ...place, readOnly, poolSize: 2 });
  try {
    await opened(connection, readOnly ? checkPostgres : migratePostgres);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return connection;
};

/**
 * Opens the history in a PostgreSQL database for reading alone. Rejects with a StoreError when there is none, or it is not one
 * this version can read.
 */
export const openPostgresHistory = async (place: PostgresPlace): Promise<StoredHistory> =>
  composeHistory(await connectChecked(place, 'read'), bytesOf);

/** Verifies the chains of a PostgreSQL store. The server checks its own tables: see its data checksums and amcheck. */
export const verifyPostgres = async (
  place: PostgresPlace,
  options: Omit<VerifyOptions, 'path'>,
): Promise<Verification> => {
  const connection = await connectChecked(place, 'read');
  try {
    return await verifyStored(connection, options, () => undefined);
  } finally {
    await connection.close();
  }
};

const opened = async (connection: PostgresConnection, check: typeof checkPostgres): Promise<void> => {
  try {
    await connection.withClient((client) => check(client, connection.place));
  } catch (error) {
    throw translate(connection.place, error);
  }
};
