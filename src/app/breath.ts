import { setImmediate } from 'node:timers/promises';

/** Work that people ask for, beside polls and deliveries: never long in one go, and not for ever. */
export interface Breath {
  /** To be awaited often. Lets others have a turn when this one has lasted long enough. */
  take(): Promise<void>;
  /** Whether the time for the whole of it is used up. What was waited for does not count. */
  isSpent(): boolean;
}

/** So long the event loop is kept at once. */
const TURN_MS = 8;

/** Makes a {@link Breath} for work that may take `budgetMs` in all. `clockMs` does not jump. */
export const createBreath = (budgetMs: number, clockMs: () => number = () => performance.now()): Breath => {
  let beganMs = clockMs();
  let spentMs = 0;
  return {
    async take() {
      const turnMs = clockMs() - beganMs;
      if (turnMs < TURN_MS) return;
      spentMs += turnMs;
      await setImmediate();
      beganMs = clockMs();
    },
    isSpent: () => spentMs + (clockMs() - beganMs) >= budgetMs,
  };
};
