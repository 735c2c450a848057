import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import pg from 'pg';
import { errorText } from '../base/errors.ts';
import { type PostgresPlace, placeText, tlsOptionsIn } from '../core/store-place.ts';
import { refusal } from './postgres-errors.ts';
import { decodeText } from './postgres-text.ts';

export const SCHEMA = 'vonage_audit_monitor';

/** A server that does not answer must not hold up whoever asks for longer than a lease lasts. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Of one statement; the server gives up a little before we stop waiting for it. */
const STATEMENT_TIMEOUT_MS = 60_000;
/**
 * A process that is frozen inside a transaction holds what it has locked, its lease among it, for so long. Ours think for
 * milliseconds between two statements.
 */
const IDLE_IN_TRANSACTION_MS = 10_000;

/**
 * Of migrations, copies and long reads, which take as long as there is to do: sent at their beginning, to their end. Each of their
 * statements needs {@link PATIENT} as well.
 */
export const NO_LIMITS = 'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0';
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
export const clientConfig = (place: PostgresPlace): ClientConfig => ({
  connectionString: place.tls ? withoutTlsOptions(place.url) : place.url,
  ...(place.tls && { ssl: tlsOptions(place, place.tls) }),
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  statement_timeout: STATEMENT_TIMEOUT_MS,
  query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  keepAlive: true,
  application_name: 'vonage-audit-monitor',
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
