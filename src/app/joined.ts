import { createTurns } from '../base/turns.ts';

/**
 * Runs `work` once for all who ask before it begins, one run after the other: an answer is never older than the question, and ten
 * thousand who ask at the same time are two runs at most.
 */
export const createJoined = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  const inTurn = createTurns();
  let next: Promise<T> | undefined;
  return () => {
    next ??= inTurn(() => {
      next = undefined;
      return work();
    });
    return next;
  };
};
