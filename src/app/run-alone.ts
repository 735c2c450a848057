import type { Poller } from '../collect/poller.ts';
import type { Lease } from '../core/lease.ts';
import type { Store } from '../core/store.ts';
import { beginPatiently } from './begin-patiently.ts';
import type { Generation } from './generation.ts';
import type { Generations } from './generations.ts';
import { holderName } from './holder.ts';
import { STANDBY_LOOKS_EVERY_MS, underLease } from './lease.ts';
import { createMemory } from './memory.ts';
import type { Budget } from './pace.ts';
import { createHeadPublisher } from './publish-heads.ts';
import { noticeOthers, steadyTasks, storeWatch } from './steady.ts';
import { runTogether } from './tasks.ts';
import { startWork, type Work } from './work.ts';

/** What a process is for. */
export type Mode = 'daemon' | 'once' | 'backfill';

/** A process that does all the work on its store, while it holds the one lease; others stand by. */
export interface LoneProcess {
  pollers(): readonly Poller[];
  budget(): Budget | undefined;
  /** Whether all went well so far. */
  ok(): boolean;
  /** Works until the signal aborts, or until what it is for is done. Rejects with what ends the monitor. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes a {@link LoneProcess}. */
export const createLoneProcess = (options: {
  readonly mode: Mode;
  readonly store: Store;
  readonly generations: () => Generations;
  /** Told when this process begins and ceases to be the one that works. */
  readonly onState: (state: 'standby' | 'active') => void;
}): LoneProcess => {
  const { mode, store, generations, onState } = options;
  const { log, now } = generations().current.monitor.parts;
  let pollers: readonly Poller[] = [];
  let budget: Budget | undefined;
  // Stopped before it could begin, a one-shot run has not done what it was asked for.
  let ok = mode !== 'once';

  const beginUnder = (lease: Lease): ((of: Generation) => Promise<Work>) => {
    const memory = createMemory();
    return async ({ monitor }) => {
      const begun = await startWork(monitor, lease, memory);
      pollers = begun.pollers;
      budget = begun.budget;
      return begun;
    };
  };
  type Begin = ReturnType<typeof beginUnder>;

  const runOnce = async (begin: Begin, held: AbortSignal): Promise<void> => {
    const begun = await begin(generations().current);
    try {
      if (mode === 'once') ok = await begun.once(held);
      else await begun.backfill(held);
    } finally {
      await begun.close();
    }
  };

  const underEach = (begin: Begin): Parameters<Generations['run']>[0] => {
    let isFirst = true;
    return async (one, until, ending) => {
      const begun = await (isFirst ? begin(one) : beginPatiently(() => begin(one), log, until));
      isFirst = false;
      try {
        await begun?.run(until, ending);
      } finally {
        await begun?.close();
      }
    };
  };

  const work = async (lease: Lease, held: AbortSignal): Promise<void> => {
    const begin = beginUnder(lease);
    const heads = createHeadPublisher({ chains: store.chains, now, log });
    const current = () => generations().current.monitor;
    try {
      if (mode !== 'daemon') return await runOnce(begin, held);
      await runTogether(
        [
          (until) => generations().run(underEach(begin), until),
          ...steadyTasks(current, heads),
          (until) => noticeOthers(current, until),
          storeWatch(current),
        ],
        held,
      );
    } finally {
      // The last commit of this life is vouched for by its last lines.
      await heads.publish();
    }
  };

  return {
    pollers: () => pollers,
    budget: () => budget,
    ok: () => ok,
    run: (signal) =>
      underLease(
        {
          leases: store.leases,
          name: 'monitor',
          holder: holderName(),
          log,
          once: mode === 'once',
          ...(mode === 'backfill' ? { pauseMs: STANDBY_LOOKS_EVERY_MS * 2 } : {}),
          onState,
        },
        work,
        signal,
      ),
  };
};
