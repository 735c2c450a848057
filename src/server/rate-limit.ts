/** Lets so many requests pass and no more. */
export interface RateLimit {
  /** Takes one; undefined: it may pass, otherwise the whole seconds after which the next one may. */
  take(): number | undefined;
  /** The same without taking any. */
  wait(): number | undefined;
}

/** How much a {@link RateLimit} lets pass: `burst` at once after a quiet time, `perSecond` in the long run. */
export interface RateLimitOptions {
  readonly burst: number;
  readonly perSecond: number;
  /** Must not jump with the wall clock: a leap back would lock everybody out. */
  readonly clockMs: () => number;
}

/** A token bucket. */
export const createRateLimit = (options: RateLimitOptions): RateLimit => {
  const { burst, perSecond, clockMs } = options;
  let tokens = burst;
  let atMs = clockMs();
  const wait = (): number | undefined => {
    const nowMs = clockMs();
    tokens = Math.min(burst, tokens + (Math.max(0, nowMs - atMs) * perSecond) / 1_000);
    atMs = nowMs;
    return tokens < 1 ? Math.ceil((1 - tokens) / perSecond) : undefined;
  };
  return {
    wait,
    take() {
      const seconds = wait();
      if (seconds === undefined) tokens -= 1;
      return seconds;
    },
  };
};

/** One {@link RateLimit} for each address that asks. */
export interface RateLimits {
  take(address: string): number | undefined;
  wait(address: string): number | undefined;
}

/** Addresses that are told apart. The one that asked longest ago is forgotten, which only gives it a new start. */
const MAX_ADDRESSES = 2_000;

/** A whole network of IPv6 is one neighbour: each has more addresses than anybody could remember. */
const neighbour = (address: string): string => {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head.split(':');
  const rest = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length;
  const whole = [
    ...groups,
    ...Array.from({ length: Math.max(0, rest) }, () => '0'),
    ...(tail ?? '').split(':'),
  ];
  return whole.slice(0, 4).join(':');
};

/** Makes {@link RateLimits}. */
export const createRateLimits = (options: RateLimitOptions): RateLimits => {
  const limits = new Map<string, RateLimit>();
  const of = (address: string): RateLimit => {
    const key = neighbour(address);
    const limit = limits.get(key) ?? createRateLimit(options);
    limits.delete(key);
    limits.set(key, limit);
    const [oldest] = limits.keys();
    if (limits.size > MAX_ADDRESSES && oldest !== undefined) limits.delete(oldest);
    return limit;
  };
  return {
    take: (address) => of(address).take(),
    wait: (address) => of(address).wait(),
  };
};
