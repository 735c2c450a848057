import type { Clock } from '../core/clock.ts';
import type { ConditionChange } from '../core/conditions.ts';

/** The stored condition `feed:<sink>`; composed outside, since the alert behind it must be routed. */
export interface FeedConditions {
  /** For the transaction that records an event as set aside. */
  opening(detail: string): ConditionChange;
  /** Told the keys that such a transaction has changed. */
  changed(keys: readonly string[]): void;
  /** Opens it by itself. Free when it is open. */
  raise(detail: string): Promise<void>;
  /** Closes it. Free when it is closed. */
  clear(): Promise<void>;
}

/** The trouble of one feed as this process knows it. */
export interface FeedTrouble {
  /** Nothing was taken. Resolves once it is told, where it has lasted long enough or `certain` says that it is one. */
  failed(reason: string, certain: boolean): Promise<void>;
  /** An event was set aside. */
  setAside(): void;
  /**
   * A batch was taken (`taken`), or nothing waits. Answers after how many ms to ask again though nothing happens;
   * undefined: no need to.
   */
  fine(taken: boolean): Promise<number | undefined>;
}

/**
 * The condition opens when a sink refuses everything, when it has taken nothing for `troubledAfterMs`, and with every
 * event that is set aside. It closes when the sink takes events, but not within `recoverAfterMs` of setting one aside.
 */
export const createFeedTrouble = (
  conditions: FeedConditions,
  policy: { readonly troubledAfterMs: number; readonly recoverAfterMs: number },
  now: Clock,
): FeedTrouble => {
  let failingSinceMs: number | undefined;
  let setAsideMs: number | undefined;
  return {
    async failed(reason, certain) {
      failingSinceMs ??= now();
      if (certain || now() - failingSinceMs >= policy.troubledAfterMs) await conditions.raise(reason);
    },
    setAside() {
      failingSinceMs = undefined;
      setAsideMs = now();
    },
    async fine(taken) {
      failingSinceMs = undefined;
      if (setAsideMs === undefined) {
        // That nothing waits any more is no sign that the sink takes anything.
        if (taken) await conditions.clear();
        return undefined;
      } else {
        const elapsedMs = now() - setAsideMs;
        // A clock that went backward must not keep the condition open.
        if (elapsedMs >= 0 && elapsedMs < policy.recoverAfterMs) return policy.recoverAfterMs - elapsedMs;
        await conditions.clear();
        setAsideMs = undefined;
        return undefined;
      }
    },
  };
};
