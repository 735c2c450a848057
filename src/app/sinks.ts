import type { SinkOptionsType } from '../config/schema.ts';
import type { SinkSettings } from '../config/settings.ts';
import type { Sink } from '../core/delivery.ts';
import type { SinkDeps, SinkType } from '../sinks/sink-type.ts';
import { createRotatingSink } from './rotating-sink.ts';

const isSinkType = (type: SinkOptionsType): type is SinkType => 'create' in type;

/** What is claimed by two sinks of which only one can have it, such as a file, as a text for each later one. */
export const sharedClaims = (settings: readonly SinkSettings[]): readonly string[] => {
  const claims = new Map<string, string>();
  const texts: string[] = [];
  for (const { name, sinkType, options } of settings.filter((sink) => !sink.off)) {
    const claim = isSinkType(sinkType) ? sinkType.exclusive?.(options) : undefined;
    if (claim === undefined) continue;
    const other = claims.get(claim);
    if (other === undefined) claims.set(claim, name);
    else texts.push(`sink "${name}": ${claim} is that of sink "${other}"; allowed: one of its own`);
  }
  return texts;
};

/**
 * Makes the sinks that are on, in the order of the configuration. Opens no connection. Those whose secrets come from files
 * follow them.
 */
export const createSinks = (settings: readonly SinkSettings[], deps: SinkDeps): readonly Sink[] =>
  settings
    .filter((sink) => !sink.off)
    .map((sink) => {
      const { name, sinkType } = sink;
      // The configuration was read with the kinds of sink-kinds.ts, all of which can make one.
      if (!isSinkType(sinkType)) throw new Error(`sink "${name}" has a type that makes none`);
      const make = (options: SinkSettings['options']): Sink => sinkType.create(name, options, deps);
      return sink.secretFiles.length === 0 ? make(sink.options) : createRotatingSink(sink, make, deps.log);
    });

/** The options whose empty texts switch a sink off. */
export const switchOf = ({ sinkType }: SinkSettings): string => (sinkType.switches ?? ['url']).join(', ');
