import { errorCode, errorText } from '../base/errors.ts';
import { StoreError, type StoreErrorKind } from '../core/store.ts';

const ADVICE: Record<StoreErrorKind, string> = {
  corrupt: 'the server finds its files damaged; look into its log and restore a backup',
  newer: 'run the newer version again, or restore a backup from before its start',
  foreign:
    'its schema vonage_audit_monitor is not ours and was left as it is; set store.url to another database',
  readonly:
    'it cannot be written; store.url must name the primary, and its role must have the rights of docs/scale.md',
  full: 'the server has no space or no memory left; nothing of the operation was stored',
  io: 'the server cannot read or write its files; nothing was stored by halves',
  missing: 'look at host, database, user and password in store.url',
  unreachable: 'it does not answer; it is tried again, and nothing was stored by halves',
  busy: 'others kept what was needed locked; nothing of the operation was stored',
  closed: 'the store is closed already',
  failed: 'the operation was refused and nothing was stored',
};

const KINDS: readonly (readonly [RegExp, StoreErrorKind])[] = [
  // Connections that break, servers that start, stop or have no connection left.
  [
    /^(08...|57P0[1-5]|53300|ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|LOST)$/,
    'unreachable',
  ],
  [/^(53100|53200)$/, 'full'],
  [/^58...$/, 'io'],
  [/^XX00[12]$/, 'corrupt'],
  [/^(25006|42501)$/, 'readonly'],
  [
    /^(28...|3D000|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_\w+|UNABLE_TO_\w+|CERT_\w+)$/,
    'missing',
  ],
  [/^(40001|40P01|55P03|57014|25P03|POOL)$/, 'busy'],
];

/** What node-postgres says without a code when a connection breaks or does not come about in time. */
const LOST =
  /^(Connection terminated|timeout e|Query read timeout|Client has encountered a connection error|The server does not)/;

/** What the pool says when all of its connections are in use for too long: the server need not even have been asked. */
const ALL_IN_USE = 'timeout exceeded when trying to connect';

/** A {@link StoreError} whose message names the database, what was found and, by its kind, what to do. */
export const refusal = (kind: StoreErrorKind, place: string, found: string, cause?: unknown): StoreError =>
  new StoreError(kind, `database ${place}: ${found}: ${ADVICE[kind]}`, { cause });

/** The code of an error of the server, the network or the client; undefined when it is of another kind. */
const databaseCode = (error: unknown): string | undefined => {
  if (error instanceof Error && error.message === ALL_IN_USE) return 'POOL';
  if (error instanceof Error && LOST.test(error.message)) return 'LOST';
  const code = errorCode(error);
  return code !== undefined && (isServerError(error) || KINDS.some(([pattern]) => pattern.test(code)))
    ? code
    : undefined;
};

/** Whether nobody has answered in time: the server would have given up before, so the connection leads nowhere any more. */
export const isUnanswered = (error: unknown): boolean =>
  error instanceof Error && error.message === 'Query read timeout';

/** Whether the connection is of no more use. */
export const isLost = (error: unknown): boolean => kindOf(databaseCode(error)) === 'unreachable';

/**
 * Whether the same transaction can simply be tried again: it waited for another one that waited for it, or both made the
 * same row for the first time.
 */
export const isClash = (error: unknown): boolean => /^(40001|40P01|23505)$/.test(databaseCode(error) ?? '');

/** Whether others had what was wanted locked, for longer than was waited, or waited for what was locked here. */
export const isInUse = (error: unknown): boolean => /^(55P03|40P01)$/.test(databaseCode(error) ?? '');

/**
 * What a caller gets to see of `error`: errors of the server and of the network become a {@link StoreError}; all others,
 * such as those thrown by a `decide` callback, stay what they are.
 */
export const translate = (place: string, error: unknown): unknown => {
  if (error instanceof StoreError) return error;
  const code = databaseCode(error);
  if (code === undefined) return error;
  return refusal(
    kindOf(code) ?? 'failed',
    place,
    `${code === 'LOST' || code === 'POOL' ? '' : `${code} `}(${errorText(error)})`,
    error,
  );
};

const kindOf = (code: string | undefined): StoreErrorKind | undefined =>
  code === undefined ? undefined : KINDS.find(([pattern]) => pattern.test(code))?.[1];

/** Errors of the server carry its severity. */
const isServerError = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'severity' in error;
