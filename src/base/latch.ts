/** A wake-up that remembers: ring it any number of times, the next (or the waiting) `wait` returns once. */
export interface Latch {
  /** Wakes the waiter, or makes the next `wait` return at once. */
  ring(): void;
  /** Resolves when rung, after `ms` milliseconds (for ever when undefined), or when `signal` aborts. Never rejects. */
  wait(ms: number | undefined, signal: AbortSignal): Promise<void>;
}

/** Makes a {@link Latch} for one waiter. */
export const createLatch = (): Latch => {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    wait(ms, signal) {
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          wake = undefined;
          rung = false;
          resolve();
        };
        const timer =
          ms === undefined ? undefined : setTimeout(done, Math.min(Math.max(ms, 0), 2_147_483_647));
        signal.addEventListener('abort', done, { once: true });
        wake = done;
        if (rung || signal.aborted) done();
      });
    },
  };
};
