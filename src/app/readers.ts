import type { Latch } from '../base/latch.ts';
import { type Backfiller, createBackfiller } from '../collect/backfiller.ts';
import type { CommitDeps } from '../collect/commit.ts';
import type { Reread } from '../collect/read-range.ts';
import type { ReadWindowOptions } from '../collect/read-window.ts';
import { createSecondReader, type SecondReader } from '../collect/second-reader.ts';
import type { AuditReader } from '../core/audit-reader.ts';
import type { Trouble } from '../core/conditions.ts';
import type { LedgerRange } from '../core/ledger.ts';
import type { Paces } from './account.ts';
import type { Overlap } from './overlap.ts';
import type { Pace } from './pace.ts';
import type { Monitor } from './parts.ts';
import { watchTrail } from './trail-watch.ts';

/** Those who read an account's trail beside its poller. */
interface Readers {
  readonly second: SecondReader;
  readonly backfiller: Backfiller;
}

/** What {@link createReaders} works with. */
interface ReadersOptions {
  readonly reading: Omit<ReadWindowOptions, 'reader'>;
  readonly overlap: Overlap;
  /** A client that asks for nothing while a pass is under way, and obeys a budget. */
  readonly clientBehindPoll: (pace: Pace) => AuditReader;
  readonly paces: Pick<Paces, 'reconcile' | 'backfill'>;
  readonly commit: CommitDeps & { readonly trouble: Trouble };
  readonly onReread: (reread: Reread) => Promise<void>;
  /** Rung when the second reader may have got something to do. */
  readonly bell: Latch;
  readonly firstLookMs: number;
  /** Resolves when somebody asks for a backfill of the account, or the signal aborts. */
  readonly asked: (signal: AbortSignal) => Promise<void>;
}

/** The lateness of a few minutes changes nothing. */
const REFRESH_EVERY_MS = 60_000;

/** Makes the second reader and the backfiller of an account, each with a client and a budget of its own. */
export const createReaders = (options: ReadersOptions, monitor: Monitor): Readers => {
  const { store, telemetry, parts } = monitor;
  const { now, random, log, settings } = parts;
  const { overlap, commit } = options;
  const { account } = options.reading;
  const clients = {
    second: options.clientBehindPoll(options.paces.reconcile),
    backfill: options.clientBehindPoll(options.paces.backfill),
  };
  // One request at a time: whoever reads slowly need not read in parallel.
  const reading = { ...options.reading, pageConcurrency: 1 };

  const onReread = async (reread: Reread): Promise<void> => {
    const { window, manner, fresh } = reread;
    const fields = {
      account,
      from: new Date(window.fromMs).toISOString(),
      to: new Date(window.toMs).toISOString(),
      reader: manner.reader,
      events: window.events.length,
    };
    const outcome = window.verified ? 'verified' : 'unverified';
    telemetry.count('windows_reread_total', { account, outcome });
    if (!window.verified) {
      telemetry.count('windows_unverified_total', { account });
      log.warn('window.unverified', { ...fields, reason: window.doubt });
    } else if (manner.reader === 'repair') log.info('window.verified', fields);
    if (fresh.length > 0 && manner.reader !== 'backfill') {
      telemetry.count('events_reconciled_total', { account }, fresh.length);
      log.warn('reconcile.found', { ...fields, new: fresh.length, alerts: reread.alerts.length });
    }
    await options.onReread(reread);
  };

  let refreshAtMs = Number.NEGATIVE_INFINITY;
  const onLooked = async (ranges: readonly LedgerRange[]): Promise<void> => {
    await watchTrail(account, ranges, { trouble: commit.trouble, telemetry });
    const nowMs = now();
    if (nowMs < refreshAtMs && nowMs > refreshAtMs - REFRESH_EVERY_MS) return;
    refreshAtMs = nowMs + REFRESH_EVERY_MS;
    await overlap.refresh();
  };

  const deps = { ...commit, ledger: store.ledger, random, log, onReread };
  return {
    second: createSecondReader(
      {
        ...reading,
        reader: clients.second,
        sweeps: settings.reconcile.sweeps,
        overlapMs: overlap.currentMs,
        retentionMs: settings.store.retentionMs,
        firstLookMs: options.firstLookMs,
      },
      { ...deps, onLooked, bell: options.bell },
    ),
    backfiller: createBackfiller(
      { ...reading, reader: clients.backfill },
      { ...deps, backfills: store.backfills, asked: options.asked },
    ),
  };
};
