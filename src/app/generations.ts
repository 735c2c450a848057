import type { Generation } from './generation.ts';

/** Which configuration is in force, and how another takes its place. */
export interface Generations {
  readonly current: Generation;
  /**
   * Has `next` take the place of the current one. While that is at work it is asked to end first: resolves when it has,
   * and `next` is in force. One at a time.
   */
  replaceBy(next: Generation): Promise<void>;
  /**
   * Has `work` done by one configuration after the other, until `signal` aborts: whenever another is to take over,
   * `ending` aborts, and `work` is begun anew with the next once it has ended. Rejects as `work` does.
   */
  run(
    work: (generation: Generation, signal: AbortSignal, ending: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Closes the current one, and any that would still come. */
  close(): Promise<void>;
}

/**
 * Makes {@link Generations} that begins with `first`. `onSwitch` is told at the very moment of a change, when nobody works:
 * it must neither wait nor throw.
 */
export const createGenerations = (
  first: Generation,
  onSwitch: (fresh: Generation, old: Generation) => void,
): Generations => {
  let current = first;
  let isAtWork = false;
  let isClosed = false;
  let ending = new AbortController();
  let waiting: { readonly next: Generation; readonly done: () => void } | undefined;

  const takeOver = async (): Promise<void> => {
    if (!waiting) return;
    const { next, done } = waiting;
    waiting = undefined;
    const old = current;
    current = next;
    onSwitch(next, old);
    // Its attempts have ended: nothing is cut off, and what two may not share, such as a file, is free again.
    await (isClosed ? next : old).close();
    done();
  };

  return {
    get current() {
      return current;
    },
    async replaceBy(next) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting = { next, done: resolve };
      if (isAtWork) ending.abort();
      else await takeOver();
      await promise;
    },
    async run(work, signal) {
      isAtWork = true;
      try {
        while (!signal.aborted) {
          ending = new AbortController();
          // Asked for between two works.
          if (waiting) ending.abort();
          else await work(current, signal, ending.signal);
          await takeOver();
        }
      } finally {
        isAtWork = false;
        await takeOver();
      }
    },
    async close() {
      isClosed = true;
      await current.close();
    },
  };
};
