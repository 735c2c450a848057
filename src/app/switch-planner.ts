import type { Planner } from '../core/planner.ts';

/** A planner that stays the same object while what it plans by is exchanged: the store is given it once. */
export interface SwitchPlanner extends Planner {
  /** From now on `next` plans. One assignment: no transaction sees half of each. */
  switchTo(next: Planner): void;
}

/** Makes a {@link SwitchPlanner} that plans by `first`. */
export const createSwitchPlanner = (first: Planner): SwitchPlanner => {
  let current = first;
  return {
    plan: (request, memory, nowMs) => current.plan(request, memory, nowMs),
    summarise: (folded, nowMs) => current.summarise(folded, nowMs),
    toldAtMs: (hidden, sink, nowMs) => current.toldAtMs(hidden, sink, nowMs),
    inForce: (silence, nowMs) => current.inForce(silence, nowMs),
    switchTo(next) {
      current = next;
    },
  };
};
