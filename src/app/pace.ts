import { sleep } from '../base/sleep.ts';
import type { Clock } from '../core/clock.ts';
import type { Telemetry } from '../core/telemetry.ts';

/** Resolves when the next request may be sent, or at once when the signal aborts. */
export type Pace = (signal: AbortSignal) => Promise<void>;

/**
 * A budget of requests that all accounts share: each call gets the next free moment, evenly spaced, in the order of
 * asking, and resolves then (or at once when the signal aborts). Idle time is not saved up, so there are no bursts.
 * The budget is asked for at every call: a part of it may belong to others. `onWait` is told what each request has to wait, in ms.
 */
export const createPace = (
  requestsPerSecond: () => number,
  now: Clock,
  onWait: (ms: number) => void = () => undefined,
): Pace => {
  /** The moment of the latest that was given one, and when the latest asked. */
  let lastMs = Number.NEGATIVE_INFINITY;
  let askedMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const nowMs = now();
    // A clock that was set back must not hold everybody up until it has caught up: what is left to wait stays the same.
    if (nowMs < askedMs) lastMs -= askedMs - nowMs;
    askedMs = nowMs;
    const turnMs = Math.max(nowMs, lastMs + 1_000 / requestsPerSecond());
    lastMs = turnMs;
    if (turnMs <= nowMs) return;
    onWait(turnMs - nowMs);
    await sleep(turnMs - nowMs, signal);
  };
};

/** A {@link createPace} that reports how long requests wait for the budget of this name, and what it comes to at the moment. */
export const createMeasuredPace = (
  budget: string,
  requestsPerSecond: () => number,
  now: Clock,
  telemetry: Telemetry,
): Pace => {
  const tell = (): void =>
    telemetry.gauge('api_budget_interval_seconds', 1 / requestsPerSecond(), { budget });
  tell();
  telemetry.count('api_budget_waited_seconds_total', { budget }, 0);
  const pace = createPace(requestsPerSecond, now, (ms) =>
    telemetry.count('api_budget_waited_seconds_total', { budget }, ms / 1_000),
  );
  return (signal) => {
    tell();
    return pace(signal);
  };
};

/** A budget that knows how much of it was used. */
export interface Budget {
  readonly pace: Pace;
  readonly requestsPerSecond: number;
  /** The share of what the last minute would have allowed that was taken: 0 to 1. */
  usedRatio(): number;
}

const MEASURED_S = 60;

/** A pace whose use is measured, second by second over the last minute. */
export const createBudget = (pace: Pace, requestsPerSecond: () => number, now: Clock): Budget => {
  const taken = new Map<number, number>();
  const second = (): number => Math.floor(now() / 1_000);
  const forget = (): void => {
    const atS = second();
    // Seconds to come are those of a clock that was set back.
    for (const key of taken.keys()) if (key <= atS - MEASURED_S || key > atS) taken.delete(key);
  };
  return {
    get requestsPerSecond() {
      return requestsPerSecond();
    },
    async pace(signal) {
      await pace(signal);
      if (signal.aborted) return;
      forget();
      taken.set(second(), (taken.get(second()) ?? 0) + 1);
    },
    usedRatio() {
      forget();
      const requests = [...taken.values()].reduce((sum, count) => sum + count, 0);
      return Math.min(1, requests / (requestsPerSecond() * MEASURED_S));
    },
  };
};
