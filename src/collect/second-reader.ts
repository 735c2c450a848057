import { errorText } from '../base/errors.ts';
import { createLatch, type Latch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Random } from '../core/clock.ts';
import { LeaseLostError } from '../core/lease.ts';
import { coveredOf, type LedgerRange } from '../core/ledger.ts';
import type { LedgerStore, Sweep } from '../core/ledger-store.ts';
import type { Log } from '../core/log.ts';
import { kindOfTrouble } from '../core/store.ts';
import { floorToSecond, type Window } from '../core/window.ts';
import type { CommitDeps } from './commit.ts';
import { nextStepMs } from './next-step.ts';
import { type Reread, readRange } from './read-range.ts';
import type { ReadWindowOptions } from './read-window.ts';
import { dueSweep, type SweepSettings, unseenSweeps, untilSweepMs } from './sweeps.ts';

/** The slow reader of one account: what was unverified, and what was read long ago, once more. */
export interface SecondReader {
  /** Does the most urgent piece of work; false when nothing is due. Rejects as reading and committing do. */
  step(signal: AbortSignal): Promise<boolean>;
  /** Everything that is unverified and due, once. */
  repair(signal: AbortSignal): Promise<void>;
  /** Looks for work whenever there may be some, until the signal aborts. Rejects only when the lease is lost. */
  run(signal: AbortSignal): Promise<void>;
}

/** How one account is read again. */
export interface SecondReaderOptions extends ReadWindowOptions {
  readonly sweeps: readonly SweepSettings[];
  /** What the poll reads again by itself: sweeps leave it out. */
  readonly overlapMs: () => number;
  /** Events older than this are deleted: read again they would seem new. */
  readonly retentionMs: number;
  /** How long the first look can wait, behind the first passes of many accounts. Left out: it need not. */
  readonly firstLookMs?: number;
}

/** What the second reader needs of the rest. */
export interface SecondReaderDeps extends CommitDeps {
  readonly ledger: Omit<LedgerStore, 'everyRange' | 'everyLateness'>;
  readonly random: Random;
  readonly log: Log;
  readonly onReread: (reread: Reread) => void | Promise<void>;
  /** Told after every look at the ledger what is in it. */
  readonly onLooked: (ranges: readonly LedgerRange[]) => Promise<void>;
  /** Rung when the ledger may have got something to repair. Left out: never. */
  readonly bell?: Latch;
}

/** So often the second reader looks for work while some is in sight. Nothing it does is urgent. */
const LOOK_EVERY_MS = 5_000;
/** Where none is, a look finds what nobody tells of. There may be ten thousand accounts that look. */
const IDLE_LOOK_MS = 60_000;
const FIRST_STEP_MS = 3_600_000;
/** Pruning must not overtake a window between its reading and its commit. */
const RETENTION_MARGIN_MS = 600_000;
/** No pause between tries is as long as this: a time further ahead was left by a clock that has been set back. */
const LONGEST_PAUSE_MS = 12 * 3_600_000;

/** Makes the second reader of one account. */
export const createSecondReader = (options: SecondReaderOptions, deps: SecondReaderDeps): SecondReader => {
  const { account } = options;
  const { ledger, log, now, bell = createLatch() } = deps;
  /** Nobody else writes them under our lease. Read anew after any failure. */
  let sweeps: Map<number, Sweep> | undefined;
  let isInDoubt = false;
  const keptFromMs = (): number => floorToSecond(now() - options.retentionMs + RETENTION_MARGIN_MS);
  const stepsMs = new Map<number, number>();

  const saveSweeps = async (changed: readonly Sweep[]): Promise<void> => {
    if (changed.length === 0) return;
    await ledger.saveSweeps(deps.lease(), account, changed);
    for (const sweep of changed) sweeps?.set(sweep.lastMs, sweep);
  };

  const repairNext = async (ranges: readonly LedgerRange[], signal: AbortSignal): Promise<boolean> => {
    const nowMs = now();
    const due = ranges.find(({ doubt, toMs }) => {
      const waitMs = (doubt?.nextMs ?? Number.POSITIVE_INFINITY) - nowMs;
      return toMs > keptFromMs() && (waitMs <= 0 || (waitMs > LONGEST_PAUSE_MS && Number.isFinite(waitMs)));
    });
    if (!due?.doubt) return false;
    const range = { fromMs: Math.max(due.fromMs, keptFromMs()), toMs: due.toMs };
    await readRange(range, { reader: 'repair', quiet: due.doubt.quiet }, options, deps, signal);
    return true;
  };

  const findSweep = async (): Promise<Sweep | undefined> => {
    const nowMs = now();
    sweeps ??= new Map(await ledger.sweeps(account));
    if (untilSweepMs(options.sweeps, sweeps, nowMs) > 0) return undefined;
    const watermarkMs = (await deps.store.progress(account))?.watermarkMs;
    if (watermarkMs === undefined) return undefined;
    await saveSweeps(unseenSweeps(options.sweeps, sweeps, nowMs));
    const untilMs = floorToSecond(Math.min(watermarkMs, nowMs) - options.overlapMs());
    return dueSweep(options.sweeps, sweeps, { nowMs, untilMs, keptFromMs: keptFromMs() });
  };

  const goOn = async (sweep: Sweep, ranges: readonly LedgerRange[], signal: AbortSignal): Promise<void> => {
    const stepMs = stepsMs.get(sweep.lastMs) ?? FIRST_STEP_MS;
    const chunk: Window = {
      fromMs: Math.max(sweep.nextMs, keptFromMs()),
      toMs: Math.min(sweep.nextMs + stepMs, sweep.toMs),
    };
    // What was never read is not late, and is left to a backfill.
    let events = 0;
    for (const part of coveredOf(ranges, chunk)) {
      const sums = await readRange(part, { reader: 'sweep', quiet: false }, options, deps, signal);
      events += sums.events;
    }
    stepsMs.set(sweep.lastMs, nextStepMs(stepMs, events));
    const isDone = chunk.toMs >= sweep.toMs;
    await saveSweeps([{ ...sweep, nextMs: chunk.toMs, endedAtMs: isDone ? now() : undefined }]);
    if (isDone)
      log.info('reconcile.completed', {
        account,
        from: new Date(sweep.fromMs).toISOString(),
        to: new Date(sweep.toMs).toISOString(),
        duration_ms: now() - sweep.startedAtMs,
      });
  };

  const step = async (signal: AbortSignal): Promise<boolean> => {
    // Looked for first: the time until a sweep is due runs from when it is seen for the first time.
    const sweep = await findSweep();
    const before = await ledger.ranges(account);
    const repaired = await repairNext(before, signal);
    if (!repaired && sweep) await goOn(sweep, before, signal);
    const worked = repaired || sweep !== undefined;
    const ranges = worked ? await ledger.ranges(account) : before;
    isInDoubt = ranges.some(({ doubt }) => doubt !== undefined);
    await deps.onLooked(ranges);
    return worked;
  };

  /** Until the next look, when nobody rings. */
  const restMs = (): number =>
    isInDoubt || sweeps === undefined
      ? LOOK_EVERY_MS
      : Math.min(IDLE_LOOK_MS, Math.max(LOOK_EVERY_MS, untilSweepMs(options.sweeps, sweeps, now())));

  return {
    step,
    async repair(signal) {
      while (!signal.aborted && (await repairNext(await ledger.ranges(account), signal)));
      await deps.onLooked(await ledger.ranges(account));
    },
    async run(signal) {
      if (options.firstLookMs) await bell.wait(options.firstLookMs, signal);
      for (let failures = 0; !signal.aborted; ) {
        try {
          const worked = await step(signal);
          failures = 0;
          if (!worked) await bell.wait(restMs(), signal);
        } catch (error) {
          if (error instanceof LeaseLostError) throw error;
          if (signal.aborted) return;
          // The poll says loudly when the API or the store fails; here it only costs time.
          failures += 1;
          sweeps = undefined;
          const kind = kindOfTrouble(error);
          // Who wants no sweeps has asked nothing of it: that it could not look is no failure.
          const level = kind.kind === 'store' && options.sweeps.length === 0 ? 'debug' : 'warn';
          log[level]('reconcile.failed', { account, ...kind, reason: errorText(error) });
          await sleep(backoffMs(failures, { baseMs: 30_000, capMs: 900_000 }, deps.random), signal);
        }
      }
    },
  };
};
