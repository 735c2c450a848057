import type { Latch } from '../base/latch.ts';

/**
 * Waits until the bell rings, `told` resolves, `ms` milliseconds have passed or the signal aborts. `told` gets a signal that aborts
 * with the end of the wait, and resolves by it as well: that is no news, and must not end the next wait.
 */
export const waitUntilTold = async (
  bell: Latch,
  told: (signal: AbortSignal) => Promise<void>,
  ms: number,
  signal: AbortSignal,
): Promise<void> => {
  const wait = new AbortController();
  void told(AbortSignal.any([signal, wait.signal])).then(() => {
    if (!wait.signal.aborted) bell.ring();
  });
  await bell.wait(ms, signal);
  wait.abort();
};
