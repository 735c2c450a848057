import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { ClientBase, ClientConfig } from 'pg';
import pg from 'pg';
import { errorText } from '../base/errors.ts';
import { type PostgresPlace, placeText, tlsOptionsIn } from '../core/store-place.ts';
import { refusal } from './postgres-errors.ts';
import { decodeText } from './postgres-text.ts';

export const SCHEMA = 'vonage_audit_monitor';
/** By which the server knows our sessions, unless the URL names them otherwise. */
const APPLICATION = 'vonage-audit-monitor';
/** Before the name of a session that beats. */
export const BEATS_OF = 'beats of ';
/** Gives the session that name. */
export const NAME_BEATS = `SELECT set_config('application_name', '${BEATS_OF}' || current_setting('application_name'), false)`;

/** How long is waited for what. ms */
export interface Patience {
  /** For a connection: one that is made anew, or one of the pool. */
  readonly connectMs: number;
  /** For one statement, by the server. */
  readonly statementMs: number;
  /** For the answer to one: the server gives up a little before, so that silence for longer is the fault of the connection. */
  readonly answerMs: number;
  /**
   * For the next statement of a transaction, by the server: a process that is frozen inside of one holds what it has locked, its lease
   * among it, for so long. Ours think for milliseconds between two statements.
   */
  readonly idleInTransactionMs: number;
}

/** Where it is not said. */
export const DEFAULT_LEASE_MS = 10_000;

/** Of all work. A server that does not answer must not hold up whoever asks for longer than a lease lasts. */
export const workPatience = (leaseMs: number): Patience => ({
  connectMs: 10_000,
  statementMs: 60_000,
  answerMs: 65_000,
  idleInTransactionMs: Math.min(10_000, leaseMs / 2),
});

/** Of beats and what belongs to them: a connection on which nobody answers is given up early enough for another try within the lease. */
export const beatPatience = (leaseMs: number): Patience => {
  const statementMs = Math.max(1_000, leaseMs / 5);
  const answerMs = statementMs + Math.max(500, leaseMs / 10);
  return { connectMs: answerMs, statementMs, answerMs, idleInTransactionMs: statementMs };
};

/** Before the first question whether the other end is still there, on a connection on which nothing moves. */
const KEEPALIVE_MS = 10_000;

/**
 * What the server does about a client that is gone without a word: it asks, and it waits for so long until what it sends is received.
 * Who set it up otherwise for all of its clients is not asked: ours are replaced when they die.
 */
export const FORSAKEN = `SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
  SET tcp_user_timeout = 20000`;

/**
 * Of migrations, copies and long reads, which take as long as there is to do: sent at their beginning, to their end. Each of their
 * statements needs {@link PATIENT} as well. Their sessions have another name for so long: see postgres-forsaken.ts.
 */
export const NO_LIMITS = `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
  SELECT set_config('application_name', 'long work of ' || current_setting('application_name'), true)`;
/** Goes with a query that may take long. Node's timers reach no further, and node-postgres takes 0 for "as configured". */
export const PATIENT = { query_timeout: 2 ** 31 - 1 } as const;

const INT8 = 20;
const NUMERIC = 1700;
const TEXTS: ReadonlySet<number> = new Set([25, 1042, 1043, 19]);

/** Numbers of eight bytes are epoch ms, counters and sums: all of them are exact as numbers. */
const types: NonNullable<ClientConfig['types']> = {
  getTypeParser(oid: number, format?: unknown) {
    if (format !== 'binary') {
      if (oid === INT8 || oid === NUMERIC) return Number;
      if (TEXTS.has(oid)) return decodeText;
    }
    // What comes in the binary form (hashes do not) and other types are read as node-postgres reads them.
    return (pg.types.getTypeParser as (oid: number, format?: unknown) => unknown)(oid, format);
  },
};

/** How to connect. Throws a StoreError when a certificate cannot be read. */
export const clientConfig = (place: PostgresPlace, patience: Patience): ClientConfig => ({
  connectionString: place.tls ? withoutTlsOptions(place.url) : place.url,
  ...(place.tls && { ssl: tlsOptions(place, place.tls) }),
  connectionTimeoutMillis: patience.connectMs,
  statement_timeout: patience.statementMs,
  query_timeout: patience.answerMs,
  idle_in_transaction_session_timeout: patience.idleInTransactionMs,
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEPALIVE_MS,
  application_name: APPLICATION,
  types,
});

/** What the URL says wins with node-postgres: `sslmode=no-verify` in it would undo the check that `store.tls` asks for. */
const withoutTlsOptions = (text: string): string => {
  const names = tlsOptionsIn(text);
  if (names.length === 0) return text;
  const url = new URL(text);
  for (const name of names) url.searchParams.delete(name);
  return url.href;
};

const tlsOptions = (place: PostgresPlace, tls: NonNullable<PostgresPlace['tls']>) => {
  const read = (path: string | undefined): string | undefined => {
    try {
      return path === undefined ? undefined : readFileSync(path, 'utf8');
    } catch (error) {
      throw refusal('missing', placeText(place), `store.tls: ${errorText(error)}`, error);
    }
  };
  const { servername } = tls;
  return {
    rejectUnauthorized: true,
    ca: read(tls.ca),
    cert: read(tls.cert),
    key: read(tls.key),
    ...(servername === undefined ? {} : { servername }),
  };
};

/** The socket of a client, which node-postgres keeps to itself. */
export const socketOf = (client: ClientBase): Pick<Socket, 'bytesRead' | 'destroy'> =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
