/**
 * Resolves after `ms` milliseconds, or at once when `signal` is or becomes aborted; it never rejects, so a caller
 * looks at the signal, not at an exception. Stands on the global `setTimeout` so that a test's fake clock reaches it.
 */
export const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    // setTimeout overflows above 2^31-1 ms and would fire at once; a longer wait is cut, callers look again anyway.
    const timer = setTimeout(done, Math.min(ms, 2_147_483_647));
    signal?.addEventListener('abort', done, { once: true });
  });
