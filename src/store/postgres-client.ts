import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import pg from 'pg';
import { errorText } from '../base/errors.ts';
import { refusal } from './postgres-errors.ts';
import { decodeText } from './postgres-text.ts';

/** Where a PostgreSQL store lies and how to get there. */
export interface PostgresPlace {
  /** postgres://user:password@host:port/database; what it says of TLS counts unless `tls` says more. */
  readonly url: string;
  /** How the server is known: by the certificates of the system, unless `ca` names a file with its own. */
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        readonly servername?: string | undefined;
      }
    | undefined;
  /** Connections at a time; 10 unless given. One more listens. */
  readonly poolSize?: number | undefined;
}

export const SCHEMA = 'vonage_audit_monitor';

/** A server that does not answer must not hold up whoever asks for longer than a lease lasts. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Of one statement; the server gives up a little before we stop waiting for it. */
const STATEMENT_TIMEOUT_MS = 60_000;

const INT8 = 20;
const NUMERIC = 1700;
const TEXTS: ReadonlySet<number> = new Set([25, 1042, 1043, 19]);

/** Numbers of eight bytes are epoch ms, counters and sums: all of them are exact as numbers. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format !== 'binary') {
      if (oid === INT8 || oid === NUMERIC) return Number;
      if (TEXTS.has(oid)) return decodeText;
    }
    return pg.types.getTypeParser(oid, format as 'text');
  },
} as NonNullable<ClientConfig['types']>;

/** The database of a URL as people may see it: no password, no options. */
export const placeName = (url: string): string => {
  try {
    const { host, pathname, username, searchParams } = new URL(url);
    const user = username === '' ? '' : `${username}@`;
    return `postgres://${user}${host || (searchParams.get('host') ?? '')}${pathname}`;
  } catch {
    return 'postgres://…';
  }
};

/** How to connect. Throws a StoreError when a certificate cannot be read. */
export const clientConfig = ({ url, tls }: PostgresPlace): ClientConfig => ({
  connectionString: url,
  ...(tls && { ssl: tlsOptions(url, tls) }),
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  statement_timeout: STATEMENT_TIMEOUT_MS,
  query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
  idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
  keepAlive: true,
  application_name: 'vonage-audit-monitor',
  types,
});

const tlsOptions = (url: string, tls: NonNullable<PostgresPlace['tls']>) => {
  const read = (path: string | undefined): string | undefined => {
    try {
      return path === undefined ? undefined : readFileSync(path, 'utf8');
    } catch (error) {
      throw refusal('missing', placeName(url), `store.tls: ${errorText(error)}`, error);
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
