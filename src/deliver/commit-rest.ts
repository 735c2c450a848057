import type { Clock } from '../core/clock.ts';

/** The pause between commits of settled attempts. All sinks of a process share one. */
export interface CommitRest {
  /** How long to wait before the next commit, in ms; 0 or less: not at all. */
  leftMs(): number;
  /** To be called after a commit, with the time it took. */
  committed(tookMs: number): void;
}

// A commit waits for the disk and stops everything else meanwhile. After one that took t, the next waits until 4 t have
// passed: under load groups grow until commits take a fifth of the time, and a lone delivery is settled at once.
const REST_PER_COMMIT = 4;
const MAX_REST_MS = 25;

/**
 * Makes a {@link CommitRest}. Sinks that rest together commit together, in one wait for the disk (see
 * `Outbox.settle`): the fifth is that of all of them, however many there are.
 */
export const createCommitRest = (now: Clock): CommitRest => {
  let untilMs = 0;
  return {
    // Cut to the maximum: a clock that was set back must not make a long rest of it.
    leftMs: () => Math.min(untilMs - now(), MAX_REST_MS),
    committed(tookMs) {
      untilMs = now() + Math.min(REST_PER_COMMIT * tookMs, MAX_REST_MS);
    },
  };
};
