import type { PoolClient } from 'pg';
import pg from 'pg';
import { type PostgresPlace, placeText } from '../core/store-place.ts';
import type { Connection } from './connection.ts';
import {
  clientConfig,
  DEFAULT_LEASE_MS,
  FORSAKEN,
  NO_LIMITS,
  type Patience,
  SCHEMA,
  socketOf,
  workPatience,
} from './postgres-client.ts';
import { isLost, isUnanswered, refusal } from './postgres-errors.ts';
import { createPresence, type SilentClient } from './postgres-presence.ts';
import { clashOr, createRetry, once } from './postgres-retry.ts';
import { patient, runSteps } from './postgres-run.ts';
import type { Steps } from './steps.ts';

/** An open PostgreSQL store. */
export interface PostgresConnection extends Connection {
  /** The database, as people may see it. */
  readonly place: string;
  readonly onChangedServer: NonNullable<Connection['onChangedServer']>;
  /** Runs `work` with a connection of its own, outside of any transaction. */
  withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  /** What works on a connection and has heard nothing from the server for so long, looked at now and then. */
  silent(ms: number): readonly SilentClient[];
  /** How long nobody has answered here, ms: no connection came about, and nothing that was asked ended. */
  unheardMs(): number;
  /** Connections that are idle now may lead nowhere: whoever would get one gets a new one. */
  distrustIdle(): void;
  close(): Promise<void>;
}

/** How to open one. */
export interface PostgresConnectionOptions extends PostgresPlace {
  /** Only reads: every transaction refuses to write. */
  readonly readOnly?: boolean;
  /** Called once what others have to know of is committed. */
  readonly onTold?: () => void;
  /** Default: that of work, with the default lease. */
  readonly patience?: Patience;
  /** SQL that each connection begins with. */
  readonly begin?: string;
  /** Called when a connection has turned out to lead nowhere, though it never said so. */
  readonly onUnanswered?: () => void;
}

const DEFAULT_POOL_SIZE = 10;

const BEGIN = 'BEGIN';
// What is committed so may be lost by a crash of the server, together with nothing else.
const BEGIN_LIGHTLY = 'BEGIN; SET LOCAL synchronous_commit TO off';
// One moment of a whole store, and one transaction over all of it.
const BEGIN_SNAPSHOT = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${NO_LIMITS}`;
const BEGIN_LONG = `BEGIN; ${NO_LIMITS}`;

/** Makes the pool. Nothing is connected before the first use. */
export const connectPostgres = (options: PostgresConnectionOptions): PostgresConnection => {
  const {
    poolSize = DEFAULT_POOL_SIZE,
    readOnly = false,
    onTold = () => undefined,
    patience = workPatience(DEFAULT_LEASE_MS),
  } = options;
  const place = placeText(options);
  const settings = [
    `SET search_path TO ${SCHEMA}`,
    ...(readOnly ? ['SET default_transaction_read_only TO on'] : []),
    FORSAKEN,
    ...(options.begin === undefined ? [] : [options.begin]),
  ].join('; ');
  const presence = createPresence();
  const listeners: (() => void)[] = [];
  const mayHaveChanged = (): void => {
    for (const forget of listeners) forget();
  };
  const pool = new pg.Pool({
    ...clientConfig(options, patience),
    max: poolSize,
    idleTimeoutMillis: 60_000,
    // The first thing a connection does; what is asked of it afterwards waits for the answer.
    onConnect: (client) => {
      // Connections may have ended unnoticed, such as idle ones: a new one may already lead to another server.
      mayHaveChanged();
      return presence.introduce(client, settings) as unknown as undefined;
    },
  });
  // A connection that breaks while nobody uses it is taken out of the pool; whoever needs one gets another.
  pool.on('error', mayHaveChanged);
  let closed = false;
  /** Connections that could not even be told to give up: what they hold must not reach the next who uses them. */
  const hurt = new WeakSet<PoolClient>();
  /** Errors of transactions that never began. */
  const notBegun = new WeakSet<object>();

  const rollBack = async (client: PoolClient): Promise<void> => {
    await client.query('ROLLBACK').catch(() => hurt.add(client));
  };

  const checkOut = async (): Promise<PoolClient> => {
    for (;;) {
      const client = await pool.connect();
      if (presence.isTrusted(client)) return client;
      client.release(true);
      // Its end in order would wait for an answer.
      socketOf(client).destroy();
    }
  };

  const withClient = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    if (closed) throw refusal('closed', place, 'used after its end');
    const client = await checkOut();
    // Without a listener, a connection that breaks between two statements would end the process. The next one tells.
    client.on('error', mayHaveChanged);
    let broken: unknown;
    try {
      const result = await work(client);
      presence.heard(client);
      return result;
    } catch (error) {
      broken = error;
      if (isLost(error)) mayHaveChanged();
      else presence.heard(client);
      if (isUnanswered(error)) options.onUnanswered?.();
      throw error;
    } finally {
      client.off('error', mayHaveChanged);
      client.release(isLost(broken) || hurt.has(client));
    }
  };
  /** The same for work whose statements follow each other at once: between two of them nothing is waited for. */
  const withBusy = <T>(work: (client: PoolClient) => Promise<T>): Promise<T> =>
    withClient(async (client) => {
      const ended = presence.working(client);
      try {
        return await work(client);
      } finally {
        ended();
      }
    });

  const transaction = <T>(begin: string, work: () => Steps<T>): Promise<T> =>
    withBusy(async (client) => {
      let told = false;
      await client.query(begin).catch((error: unknown) => {
        if (isLost(error)) notBegun.add(error as object);
        throw error;
      });
      try {
        const result = await runSteps(client, work(), () => {
          told = true;
        });
        const { command } = await client.query('COMMIT');
        if (command !== 'COMMIT') throw refusal('failed', place, 'the transaction was rolled back');
        if (told) onTold();
        return result;
      } catch (error) {
        if (!isLost(error)) await rollBack(client);
        throw error;
      }
    });

  const retried = createRetry(place);
  const commit = <T>(begin: string, work: () => Steps<T>): Promise<T> =>
    retried(clashOr(once((error) => notBegun.has(error as object))), () => transaction(begin, work));
  const readOn = async <T>(client: PoolClient, work: () => Steps<T>): Promise<T> => {
    try {
      return await runSteps(client, work(), () => undefined);
    } catch (error) {
      // What was stored as JSON is none any more: nothing else that reads parses anything.
      if (error instanceof SyntaxError) throw refusal('corrupt', place, 'a stored JSON text is none', error);
      throw error;
    }
  };

  return {
    dialect: 'postgres',
    place,
    onChangedServer(forget) {
      listeners.push(forget);
    },
    withClient,
    silent: presence.silent,
    unheardMs: presence.unheardMs,
    distrustIdle: presence.distrustIdle,
    read: (work) => retried(once(isLost), () => withBusy((client) => readOn(client, work))),
    commit: (work) => commit(BEGIN, work),
    // The server shares the wait for its disk between all that commit at the same time.
    commitTogether: (work) => commit(BEGIN, work),
    commitLightly: (work) => commit(BEGIN_LIGHTLY, work),
    snapshot: (work) =>
      retried(
        () => false,
        () =>
          withClient(async (client) => {
            await client.query(BEGIN_SNAPSHOT);
            try {
              return await work((steps) => readOn(patient(client), steps));
            } finally {
              await rollBack(client);
            }
          }),
      ),
    transaction: (work) =>
      retried(
        () => false,
        () =>
          withClient(async (client) => {
            await client.query(BEGIN_LONG);
            try {
              const result = await work((steps) => readOn(patient(client), steps));
              await client.query('COMMIT');
              return result;
            } catch (error) {
              await rollBack(client);
              throw error;
            }
          }),
      ),
    async close() {
      if (closed) return;
      closed = true;
      await pool.end();
    },
  };
};
