import type { SinkSettings } from '../config/settings.ts';
import type { Sink } from '../core/delivery.ts';
import { SINK_TYPES } from '../sinks/registry.ts';
import type { SinkDeps } from '../sinks/sink-type.ts';

/** Makes the sinks that are on, in the order of the configuration. Opens no connection. */
export const createSinks = (settings: readonly SinkSettings[], deps: SinkDeps): readonly Sink[] =>
  settings
    .filter((sink) => !sink.off)
    .map(({ name, type, options }) => {
      const sinkType = SINK_TYPES.find((candidate) => candidate.type === type);
      // The configuration was checked against the same registry.
      if (!sinkType) throw new Error(`sink "${name}" has the unknown type "${type}"`);
      return sinkType.create(name, options, deps);
    });
