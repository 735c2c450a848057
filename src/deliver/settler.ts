import { sleep } from '../base/sleep.ts';
import type { Clock } from '../core/clock.ts';
import type { CommitRest } from './commit-rest.ts';

/** Collects what ended and commits it in groups. */
export interface Settler<T> {
  add(item: T): void;
  /** Resolves when everything added so far is committed, or soon after `giveUp` (of the options) aborted. */
  finish(): Promise<void>;
}

/** What {@link createSettler} works with. */
export interface SettlerOptions<T> {
  /** Commits a group in one transaction. A rejection means that nothing was written: the group is tried again. */
  readonly commit: (group: readonly T[]) => Promise<void>;
  /** Told of every failed commit; answers how long to wait before the next try, in ms. `failures` counts from 1. */
  readonly onError: (error: unknown, failures: number) => number;
  /** No more pauses between commits: the monitor stops. */
  readonly hurry: AbortSignal;
  /** Ends the tries: what is not committed by then never will be by this process. */
  readonly giveUp: AbortSignal;
  readonly rest: CommitRest;
  readonly now: Clock;
}

/** One transaction of more than this many attempts would hold up the polls. */
const MAX_GROUP = 256;

// Sends that end in the same turn of the event loop share one transaction: under load that is what makes thousands of
// deliveries per second possible with a synchronous disk write per transaction; without load it costs nothing.
const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Makes a {@link Settler}. Nobody waits for a slow send: each group holds what has ended by then. */
export const createSettler = <T>(options: SettlerOptions<T>): Settler<T> => {
  const { commit, onError, hurry, giveUp, now } = options;
  const ended: T[] = [];
  let busy: Promise<void> | undefined;
  const rest = async (): Promise<void> => {
    // There is nothing to wait for: the group cannot grow.
    if (ended.length >= MAX_GROUP) return;
    const restMs = options.rest.leftMs();
    if (restMs > 0) await sleep(restMs, hurry);
  };
  const flush = async (): Promise<void> => {
    let failures = 0;
    while (ended.length > 0) {
      await endOfTurn();
      await rest();
      const begunMs = now();
      const group = ended.slice(0, MAX_GROUP);
      try {
        await commit(group);
        // Only now: what a failed commit leaves behind is committed by the next one, in the old order.
        ended.splice(0, group.length);
        failures = 0;
        options.rest.committed(now() - begunMs);
      } catch (error) {
        failures += 1;
        const pauseMs = onError(error, failures);
        if (giveUp.aborted) break;
        await sleep(pauseMs, giveUp);
      }
    }
    busy = undefined;
  };
  return {
    add(item) {
      ended.push(item);
      busy ??= flush();
    },
    finish: () => busy ?? Promise.resolve(),
  };
};
