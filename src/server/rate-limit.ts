/** Lets so many requests pass and no more. */
export interface RateLimit {
  /** Takes one; undefined: it may pass, otherwise the whole seconds after which the next one may. */
  take(): number | undefined;
}

/**
 * A token bucket: `burst` requests at once after a quiet time, `perSecond` in the long run. `clockMs` must not jump with
 * the wall clock (a leap back would lock everybody out).
 */
export const createRateLimit = (options: {
  readonly burst: number;
  readonly perSecond: number;
  readonly clockMs: () => number;
}): RateLimit => {
  const { burst, perSecond, clockMs } = options;
  let tokens = burst;
  let atMs = clockMs();
  return {
    take() {
      const nowMs = clockMs();
      tokens = Math.min(burst, tokens + (Math.max(0, nowMs - atMs) * perSecond) / 1_000);
      atMs = nowMs;
      if (tokens < 1) return Math.ceil((1 - tokens) / perSecond);
      tokens -= 1;
      return undefined;
    },
  };
};
