/** The text of anything thrown, with the texts of its causes, for a log line. Secrets are redacted by the logger. */
export const errorText = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const own = error.message || error.name;
  const inner = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error.cause;
  if (inner === undefined || inner === null) return own;
  const cause = errorText(inner);
  return cause === '' || own.includes(cause) ? own : `${own}: ${cause}`;
};

/** The `code` of a Node or SQLite error (`ECONNREFUSED`, `SQLITE_FULL`, …) or undefined; looks into causes. */
export const errorCode = (error: unknown): string | undefined => {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? errorCode(error.cause) : undefined;
};

/** Something the operator must mend before the monitor can run: ends the process with exit code 2 and this text. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
