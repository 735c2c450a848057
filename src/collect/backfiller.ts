import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Backfill, Backfills } from '../core/backfill.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Random } from '../core/clock.ts';
import { LeaseLostError } from '../core/lease.ts';
import { gapsOf } from '../core/ledger.ts';
import type { LedgerStore } from '../core/ledger-store.ts';
import type { Log } from '../core/log.ts';
import type { CommitDeps } from './commit.ts';
import { nextStepMs } from './next-step.ts';
import { type Reread, readRange } from './read-range.ts';
import type { ReadWindowOptions } from './read-window.ts';

/** Reads what was never read of one account, when somebody asks for it. */
export interface Backfiller {
  /** Reads the next window of the oldest request; false when none waits. Rejects as reading and committing do. */
  step(signal: AbortSignal): Promise<boolean>;
  /**
   * Waits for requests and fulfils them until the signal aborts, or `goesOn` answers false between two windows. Rejects
   * only when the lease is lost.
   */
  run(signal: AbortSignal, goesOn?: () => boolean): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;
const FIRST_STEP_MS = 86_400_000;
/** With pauses of up to five minutes between them: hours. */
const MAX_FAILURES = 30;

/**
 * Makes the backfiller of one account. It goes from the past towards the present, so that rules see events in order, and
 * reads what the ledger does not have: after a crash, or when it is asked again, it goes on where it was.
 */
export const createBackfiller = (
  options: ReadWindowOptions,
  deps: CommitDeps & {
    readonly ledger: Pick<LedgerStore, 'ranges'>;
    readonly backfills: Backfills;
    readonly random: Random;
    readonly log: Log;
    readonly onReread: (reread: Reread) => void | Promise<void>;
    /** Resolves when somebody may have asked for something, or the signal aborts. Left out: after a second. */
    readonly asked?: (signal: AbortSignal) => Promise<void>;
  },
): Backfiller => {
  const { account } = options;
  const { backfills, log, now } = deps;
  const pause = (signal: AbortSignal): Promise<void> => sleep(LOOK_EVERY_MS, signal);
  let stepMs = FIRST_STEP_MS;
  let failures = 0;
  let told = '';

  const end = async (
    { id, fromMs, toMs }: Backfill,
    state: 'done' | 'failed',
    detail: string,
  ): Promise<void> => {
    await backfills.end(id, state, detail, now());
    const ended = await backfills.find(id);
    const fields = {
      account,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      events: ended?.events,
      alerts: ended?.alerts,
    };
    if (state === 'done') log.info('backfill.completed', fields);
    else log.error('backfill.failed', { ...fields, reason: detail });
  };

  const step = async (signal: AbortSignal): Promise<boolean> => {
    const [request] = await backfills.waiting(account);
    if (!request) return false;
    const [gap] = gapsOf(await deps.ledger.ranges(account), request);
    if (!gap) {
      await end(request, 'done', '');
      return true;
    }
    if (told !== request.id) {
      const { fromMs, toMs, by, notify } = request;
      const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
      log.info('backfill.started', { account, from, to, by, notify });
      told = request.id;
    }
    const { id, notify, detail } = request;
    const sums = await readRange(
      { fromMs: gap.fromMs, toMs: Math.min(gap.fromMs + stepMs, gap.toMs) },
      { reader: 'backfill', quiet: !notify, backfill: id },
      options,
      deps,
      signal,
    );
    if (detail !== '') await backfills.note(id, '');
    stepMs = nextStepMs(stepMs, sums.events);
    return true;
  };

  const failed = async (reason: string): Promise<void> => {
    failures += 1;
    const [request] = await backfills.waiting(account);
    if (!request) return;
    if (failures >= MAX_FAILURES) await end(request, 'failed', reason);
    else await backfills.note(request.id, reason);
  };

  return {
    step,
    async run(signal, isWanted) {
      // Who has to end by itself must not wait for somebody to ask.
      const asked = (isWanted === undefined ? deps.asked : undefined) ?? pause;
      const goesOn = isWanted ?? (() => true);
      if (isWanted === undefined) await asked(signal);
      while (!signal.aborted && goesOn()) {
        try {
          const worked = await step(signal);
          failures = 0;
          if (!worked) await asked(signal);
        } catch (error) {
          if (error instanceof LeaseLostError) throw error;
          if (signal.aborted) return;
          const reason = errorText(error);
          log.warn('reconcile.failed', { account, reason });
          await failed(reason).catch((again: unknown) =>
            log.error('store.error', { account, operation: 'note backfill', reason: errorText(again) }),
          );
          await sleep(backoffMs(failures, { baseMs: 2_000, capMs: 300_000 }, deps.random), signal);
        }
      }
    },
  };
};
