import { z } from 'zod';
import type { Section } from './section.ts';
import type { SinkSettings } from './settings.ts';
import { sinkLimits } from './sink-limits.ts';

/**
 * What stands for the sinks of `names` that could not be read, so that who looks after their deliveries finds them. They
 * are only among settings that no monitor runs with: there is a problem for each.
 */
export const standIns = (
  section: Section,
  read: readonly SinkSettings[],
  names: readonly string[] | undefined,
): readonly SinkSettings[] => {
  const known = new Set(read.map(({ name }) => name));
  return (names ?? [])
    .filter((name) => !known.has(name))
    .map((name): SinkSettings => {
      const type = String(section.value(['sinks', name, 'type']));
      return {
        name,
        type,
        sinkType: { type, options: z.object({}), secrets: [] },
        options: {},
        off: false,
        limits: sinkLimits({}),
        secretFiles: [],
        reread: () => ({ reason: `the preset "${type}" has problems` }),
      };
    });
};
