import { createPlanner } from '../alerts/plan-deliveries.ts';
import type { Settings } from '../config/settings.ts';
import type { Planner } from '../core/planner.ts';
import { createTimeWindow, type TimeWindow } from '../core/time-window.ts';
import { createTimeZone, type TimeZone } from '../core/time-zone.ts';

/** The zone of the configuration, which was checked. */
export const zoneOf = ({ timezone }: Pick<Settings, 'timezone'>): TimeZone => {
  const zone = createTimeZone(timezone);
  if (!zone) throw new Error(`unknown time zone "${timezone}"`);
  return zone;
};

/** The named time windows of a configuration, compiled. */
export const windowsOf = (
  settings: Pick<Settings, 'timeWindows' | 'timezone'>,
): Readonly<Record<string, TimeWindow>> => {
  const zone = zoneOf(settings);
  return Object.fromEntries(
    Object.entries(settings.timeWindows).map(([name, window]): [string, TimeWindow] => {
      const made = createTimeWindow(window, zone);
      // The configuration was checked against the same function's rules.
      if (typeof made === 'string') throw new Error(`time window "${name}": ${made}`);
      return [name, made];
    }),
  );
};

/** How alerts travel by a configuration: its routes, time windows and the sinks that are on. */
export const plannerFor = (
  settings: Pick<Settings, 'routes' | 'timeWindows' | 'timezone' | 'sinks'>,
): Planner =>
  createPlanner({
    routes: settings.routes,
    windows: windowsOf(settings),
    zone: zoneOf(settings),
    liveSinks: settings.sinks.filter(({ off }) => !off).map(({ name }) => name),
  });
