import { parseYaml } from './parse-yaml.ts';
import type { SinkTypes } from './read-presets.ts';
import { readSink } from './read-sinks.ts';
import type { KnownSecrets } from './secrets.ts';
import { createSection } from './section.ts';
import type { RereadSink } from './settings.ts';
import type { Lookup } from './substitute.ts';
import { type Path, valueAt } from './tree.ts';

/** What a configuration was made of when it was read at first. */
export interface SinkSource {
  readonly file: string;
  readonly text: string;
  readonly lookup: Lookup;
  readonly known: KnownSecrets;
  readonly sinkTypes: SinkTypes;
}

/**
 * Reads one sink once more, from the text of the configuration as it was then and from the files it refers to as they
 * are now. Whatever else has changed meanwhile is no part of it, and nor is what is wrong elsewhere. A file that is
 * empty is a failure here, also where `${NAME:-}` would take that for "not wanted": a secret that is being written
 * must not switch a sink, or its signature, off.
 */
export const rereadSink = (source: SinkSource, name: string): RereadSink => {
  const path: Path = ['sinks', name];
  const lookup: Lookup = (variable) => {
    const found = source.lookup(variable);
    return found !== undefined && 'file' in found && found.value === ''
      ? { failure: `the file that ${variable}_FILE names is empty` }
      : found;
  };
  const parsed = parseYaml(source.text, lookup);
  if (parsed.tree === undefined) return { reason: 'the configuration cannot be read again' };
  const reasons: string[] = parsed.problems
    .filter(({ path: at }) => at !== undefined && at[0] === path[0] && at[1] === path[1])
    .map(({ message }) => message);
  const warnings: string[] = [];
  const section = createSection(
    source.file,
    parsed.tree,
    source.known,
    ({ message }) => reasons.push(message),
    // Said at the start.
    () => {},
    ({ message }) => warnings.push(message),
  );
  const sink = readSink(section, source.sinkTypes, name, valueAt(parsed.tree.root, path));
  if (reasons.length > 0 || sink === undefined || sink.off)
    return { reason: reasons.join('; ') || 'the sink would be off' };
  return { options: sink.options, warnings };
};
