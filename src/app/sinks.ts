import type { SinkSettings } from '../config/settings.ts';
import type { Sink } from '../core/delivery.ts';
import { SINK_TYPES } from '../sinks/registry.ts';
import type { SinkDeps } from '../sinks/sink-type.ts';

/** What is claimed by two sinks of which only one can have it, such as a file, as a text for each later one. */
export const sharedClaims = (settings: readonly SinkSettings[]): readonly string[] => {
  const claims = new Map<string, string>();
  const texts: string[] = [];
  for (const { name, type, options } of settings.filter((sink) => !sink.off)) {
    const claim = SINK_TYPES.find((candidate) => candidate.type === type)?.exclusive?.(options);
    if (claim === undefined) continue;
    const other = claims.get(claim);
    if (other === undefined) claims.set(claim, name);
    else texts.push(`sink "${name}": ${claim} is that of sink "${other}"; allowed: one of its own`);
  }
  return texts;
};

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
