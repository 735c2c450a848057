import { createPlanner, type PlannerOptions } from '../../src/alerts/plan-deliveries.ts';
import type { Json } from '../../src/base/json.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { PlannedDelivery } from '../../src/core/decided.ts';
import type { PlannerMemory } from '../../src/core/planner.ts';
import type { Route, RouteGroup } from '../../src/core/route.ts';
import type { Silence } from '../../src/core/silence.ts';
import { createTimeWindow, type TimeWindow, type TimeWindowSettings } from '../../src/core/time-window.ts';
import { createTimeZone, type TimeZone } from '../../src/core/time-zone.ts';
import { alertOf } from './samples.ts';

/** The zone of that name, which exists. */
export const zoneNamed = (name: string): TimeZone => {
  const zone = createTimeZone(name);
  if (!zone) throw new Error(`no zone ${name}`);
  return zone;
};

export const LONDON = zoneNamed('Europe/London');

export const windowIn = (settings: TimeWindowSettings, zone = LONDON): TimeWindow => {
  const window = createTimeWindow(settings, zone);
  if (typeof window === 'string') throw new Error(window);
  return window;
};

export const at = (text: string): number => Date.parse(text);

/** A route that takes everything. */
export const routeTo = (to: readonly string[], more: Partial<Route> = {}): Route => ({
  match: undefined,
  to,
  continue: false,
  ...more,
});

export const group = (
  by: readonly string[],
  waitMs: number,
  intervalMs: number,
): { readonly group: RouteGroup } => ({
  group: { by, waitMs, intervalMs },
});

/** A planner with a memory that lives as long as the test. */
export const createBench = (options: Partial<PlannerOptions>) => {
  const planner = createPlanner({
    routes: [],
    windows: {},
    zone: LONDON,
    liveSinks: ['slack', 'mail'],
    ...options,
  });
  const kept = new Map<string, Json>();
  const silences: Silence[] = [];
  const memory: PlannerMemory = {
    get: (key) => kept.get(key),
    set(key, value) {
      kept.set(key, value);
    },
    silences: () => silences,
  };
  let made = 0;
  const plan = (nowMs: number, more: Partial<Alert> = {}): readonly PlannedDelivery[] => {
    made += 1;
    return planner.plan({ alert: alertOf({ id: `a${made}`, ...more }) }, memory, nowMs).deliveries;
  };
  return {
    planner,
    silences,
    kept,
    plan,
    /** The only delivery. */
    one(nowMs: number, more: Partial<Alert> = {}): PlannedDelivery {
      const [delivery, ...others] = plan(nowMs, more);
      if (!delivery || others.length > 0) throw new Error('not one delivery');
      return delivery;
    },
  };
};
