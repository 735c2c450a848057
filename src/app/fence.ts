import type { Clock, Ticks } from '../core/clock.ts';

/** Until when what a process holds is its own for certain, though the store cannot be asked. */
export interface Fence {
  /** A beat that began at these times, by either clock, was answered. */
  beaten(ticks: number, ms: number): void;
  /** Whether it still is. The answer no is final until the next beat. */
  holds(): boolean;
  /** Ends the watch over it. */
  end(): void;
}

/** The part of a lease after which its holder does not rely on it any more: nobody else can have it before the rest is over. */
const RELIED_ON = 0.8;

/**
 * Makes a {@link Fence} for leases that last `ttlMs`. `abandon` is called when it ceases to hold: by a timer, and when somebody asks
 * first. Two clocks count: one does not jump but stands still while the machine sleeps, the other one goes on then.
 */
export const createFence = (options: {
  readonly ttlMs: number;
  readonly ticks: Ticks;
  readonly now: Clock;
  readonly abandon: () => void;
}): Fence => {
  const { ticks, now, abandon } = options;
  const reliedMs = RELIED_ON * options.ttlMs;
  let untilTicks = Number.NEGATIVE_INFINITY;
  let untilMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  return {
    beaten(atTicks, atMs) {
      untilTicks = atTicks + reliedMs;
      untilMs = atMs + reliedMs;
      clearTimeout(timer);
      timer = setTimeout(abandon, Math.max(0, untilTicks - ticks()));
    },
    holds() {
      if (ticks() < untilTicks && now() < untilMs) return true;
      abandon();
      return false;
    },
    end: () => clearTimeout(timer),
  };
};
