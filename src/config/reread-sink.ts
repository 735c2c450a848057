import { parseYaml } from './parse-yaml.ts';
import { readHeartbeat } from './read-checks.ts';
import type { SinkTypes } from './read-presets.ts';
import { readSink } from './read-sinks.ts';
import type { KnownSecrets } from './secrets.ts';
import { createSection, type Section } from './section.ts';
import type { RereadHeartbeat, RereadSink } from './settings.ts';
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
 * Reads a part of the configuration once more, from its text as it was then and from the files it refers to as they
 * are now. Whatever else has changed meanwhile is no part of it, and nor is what is wrong elsewhere. A file that is
 * empty is a failure here, also where `${NAME:-}` would take that for "not wanted": a secret that is being written
 * must not switch a sink, or its signature, off.
 */
const rereadPart = <T>(
  source: SinkSource,
  path: Path,
  read: (section: Section, value: unknown) => T,
): { readonly value: T; readonly reasons: readonly string[]; readonly warnings: readonly string[] } => {
  const lookup: Lookup = (variable) => {
    const found = source.lookup(variable);
    return found !== undefined && 'file' in found && found.value === ''
      ? { failure: `the file that ${variable}_FILE names is empty` }
      : found;
  };
  const parsed = parseYaml(source.text, lookup);
  // What was YAML once is YAML now: the text is the same.
  if (parsed.tree === undefined) throw new Error('the configuration cannot be read again');
  const reasons: string[] = parsed.problems
    .filter(({ path: at }) => at !== undefined && path.every((step, index) => at[index] === step))
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
  return { value: read(section, valueAt(parsed.tree.root, path)), reasons, warnings };
};

/** Reads one sink once more; see {@link rereadPart}. */
export const rereadSink = (source: SinkSource, name: string): RereadSink => {
  const { value, reasons, warnings } = rereadPart(source, ['sinks', name], (section, raw) =>
    readSink(section, source.sinkTypes, name, raw),
  );
  if (reasons.length > 0 || value === undefined || value.off)
    return { reason: reasons.join('; ') || 'the sink would be off' };
  return { options: value.options, warnings };
};

/** Reads the heartbeat once more; see {@link rereadPart}. */
export const rereadHeartbeat = (source: SinkSource): RereadHeartbeat => {
  const { value, reasons, warnings } = rereadPart(source, ['heartbeat'], readHeartbeat);
  if (reasons.length > 0 || value === undefined)
    return { reason: reasons.join('; ') || 'there would be no heartbeat' };
  return { url: value.url, warnings };
};
