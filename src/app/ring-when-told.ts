import type { Latch } from '../base/latch.ts';

/**
 * Rings a bell whenever `told` resolves, until the signal aborts. It listens all the time: what is told while whoever waits for
 * the bell is busy is remembered by the bell. That the signal aborts is no word from anybody, and rings nothing.
 */
export const ringWhenTold = async (
  told: (signal: AbortSignal) => Promise<void>,
  bell: Latch,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    await told(signal);
    if (!signal.aborted) bell.ring();
  }
};
