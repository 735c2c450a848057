import type { Committed } from '../core/collect-store.ts';
import { noTracer } from '../core/tracer.ts';
import { cut, type Window } from '../core/window.ts';
import { type CommitDeps, type CommitManner, commitRead } from './commit.ts';
import { type ReadWindow, type ReadWindowOptions, readWindow } from './read-window.ts';

/** A window of the second reader after its commit. */
export interface Reread extends Committed {
  readonly window: ReadWindow;
  readonly manner: CommitManner;
}

/** Sums over what was read of a range. */
export interface RangeSums {
  readonly events: number;
  readonly fresh: number;
  readonly unverified: number;
}

/**
 * Reads a range of time, cut until its parts fit, and commits part after part. What was committed stays when a later
 * part fails; rejects as reading and committing do.
 */
export const readRange = (
  range: Window,
  manner: CommitManner,
  options: ReadWindowOptions,
  deps: CommitDeps & { readonly onReread: (reread: Reread) => void | Promise<void> },
  signal: AbortSignal,
): Promise<RangeSums> =>
  (deps.tracer ?? noTracer).trace(manner.reader, { account: options.account }, () =>
    readParts(range, manner, options, deps, signal),
  );

const readParts = async (
  range: Window,
  manner: CommitManner,
  options: ReadWindowOptions,
  deps: Parameters<typeof readRange>[3],
  signal: AbortSignal,
): Promise<RangeSums> => {
  const sums = { events: 0, fresh: 0, unverified: 0 };
  const waiting: Window[] = [range];
  for (let part = waiting.pop(); part; part = waiting.pop()) {
    signal.throwIfAborted();
    const result = await readWindow(part, options, signal);
    if (result.kind === 'too-large') {
      waiting.push(...cut(part, result.totalElements, options.maxWindowEvents).toReversed());
      continue;
    }
    const committed = await commitRead(options.account, result.window, manner, deps);
    sums.events += result.window.events.length;
    sums.fresh += committed.fresh.length;
    if (!result.window.verified) sums.unverified += 1;
    await deps.onReread({ ...committed, window: result.window, manner });
  }
  return sums;
};
