import type { Turns } from '../base/turns.ts';
import type { Clock } from '../core/clock.ts';
import type { CollectStore, Committed, Decider, Manner } from '../core/collect-store.ts';
import type { Lease } from '../core/lease.ts';
import { noTracer, type Tracer } from '../core/tracer.ts';
import type { ReadWindow } from './read-window.ts';

/** What committing a window needs of the rest. */
export interface CommitDeps {
  readonly store: Pick<CollectStore, 'commitWindow' | 'progress'>;
  readonly decider: Decider;
  /** The lease under which this process may write, looked up at each commit. */
  readonly lease: () => Lease;
  readonly now: Clock;
  readonly tracer?: Tracer;
  /** Keeps those apart who commit with the same decider: its memory is that of one commit at a time. Absent: there is one. */
  readonly inTurn?: Turns;
}

/** What a commit is besides the window itself. */
export interface CommitManner extends Manner {
  /** The watermark that it proves; only the poll moves it. */
  readonly watermarkMs?: number;
  /** Id of the backfill it belongs to. */
  readonly backfill?: string;
}

/** Commits a window with the decision about what was new in it. Rejects with LeaseLostError or a store error. */
export const commitRead = (
  account: string,
  window: ReadWindow,
  manner: CommitManner,
  deps: CommitDeps,
): Promise<Committed> => {
  const { reader, quiet, watermarkMs, backfill } = manner;
  const tracer = deps.tracer ?? noTracer;
  const commit = async (): Promise<Committed> => {
    await deps.decider.prepare();
    try {
      return await deps.store.commitWindow(
        deps.lease(),
        {
          account,
          fromMs: window.fromMs,
          toMs: window.toMs,
          events: window.events,
          quarantined: window.quarantined,
          verified: window.verified,
          doubt: window.doubt,
          watermarkMs,
          nowMs: deps.now(),
          reader,
          quiet,
          ...(backfill === undefined ? {} : { backfill }),
        },
        (fresh, quarantined, watermarkAfterMs) =>
          tracer.step('judge', { events: fresh.length }, () =>
            deps.decider.decide(fresh, quarantined, watermarkAfterMs, { reader, quiet }),
          ),
      );
    } catch (error) {
      // The memory of stateful rules may hold what was not stored: the store's version counts.
      deps.decider.discard();
      throw error;
    }
  };
  const traced = (): Promise<Committed> =>
    tracer.span(
      'commit',
      { reader, events: window.events.length, verified: window.verified },
      async (span) => {
        const committed = await commit();
        const { fresh, alerts } = committed;
        span.set({ 'events.new': fresh.length, alerts: alerts.length });
        tracer.mark(alerts.map(({ alert }) => alert.id));
        return committed;
      },
    );
  return deps.inTurn ? deps.inTurn(traced) : traced();
};
