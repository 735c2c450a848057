import type { Clock } from '../core/clock.ts';
import type { Log, LogFields } from '../core/log.ts';
import type { LogEvent } from '../core/log-events.ts';

/** So long after the first line of some trouble it is said how much waits for the store: by then, most have noticed. */
const FIRST_SUM_MS = 2_000;
/** As long as it lasts. Trouble that does not show for so long is over. */
const SUM_EVERY_MS = 60_000;

interface Trouble {
  readonly sinceMs: number;
  /** Kinds of lines that were written. */
  readonly told: Set<string>;
  readonly accounts: Set<string>;
  readonly sinks: Set<string>;
  reason: unknown;
  /** Lines since the last sum. */
  fresh: number;
  kept: number;
}

/** What an operation is on, where its name says it: that of a share is the operation. */
const subjectOf = (fields: LogFields, kind: 'account' | 'sink'): string | undefined => {
  const { [kind]: named, operation } = fields;
  if (typeof named === 'string') return named;
  return typeof operation === 'string' && operation.startsWith(`${kind}:`)
    ? operation.slice(kind.length + 1)
    : undefined;
};

const isOfStore = (event: LogEvent, { kind }: LogFields): boolean =>
  event === 'store.error' || kind === 'store';

/**
 * The same log, but for the trouble of a store, which all accounts, sinks and duties have at once: of each kind of line the first is written
 * as it is, those that follow at level debug, and in their place now and then one line says how much waits for the store.
 */
export const createStoreTroubleLog = (log: Log, now: Clock): Log => {
  let trouble: Trouble | undefined;
  const sum = (): void => {
    if (!trouble) return;
    if (trouble.fresh === 0) {
      trouble = undefined;
      return;
    }
    if (trouble.kept > 0)
      log.error('store.waiting', {
        accounts: trouble.accounts.size,
        sinks: trouble.sinks.size,
        lines_kept: trouble.kept,
        reason: trouble.reason,
        since_at: new Date(trouble.sinceMs).toISOString(),
      });
    trouble.fresh = 0;
    trouble.kept = 0;
    setTimeout(sum, SUM_EVERY_MS).unref();
  };
  const begin = (): Trouble => {
    setTimeout(sum, FIRST_SUM_MS).unref();
    return {
      sinceMs: now(),
      told: new Set(),
      accounts: new Set(),
      sinks: new Set(),
      reason: undefined,
      fresh: 0,
      kept: 0,
    };
  };
  /** Whether a line is to be written as it is. */
  const isNews = (event: LogEvent, fields: LogFields): boolean => {
    trouble ??= begin();
    const account = subjectOf(fields, 'account');
    const sink = subjectOf(fields, 'sink');
    if (account !== undefined) trouble.accounts.add(account);
    if (sink !== undefined) trouble.sinks.add(sink);
    trouble.reason = fields['reason'];
    trouble.fresh += 1;
    const { operation } = fields;
    const kind = `${event} ${typeof operation === 'string' ? operation.split(':')[0] : ''}`;
    if (!trouble.told.has(kind)) {
      trouble.told.add(kind);
      return true;
    }
    trouble.kept += 1;
    return false;
  };
  const through =
    (level: 'warn' | 'error') =>
    (event: LogEvent, fields: LogFields = {}): void => {
      if (isOfStore(event, fields) && !isNews(event, fields)) log.debug(event, fields);
      else log[level](event, fields);
    };
  return { debug: log.debug, info: log.info, warn: through('warn'), error: through('error') };
};
