import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';

const isConfigFile = (name: string): boolean => name.endsWith('.yml') || name.endsWith('.yaml');

/** What a file that is not there looks like in {@link sourcesState}. */
const MISSING = 'missing';

/**
 * A text that changes when one of the files does, or what YAML files there are in one of the folders and below. Symbolic
 * links are followed, so a link that is swapped (as Kubernetes does with mounted files) is a change. What is missing is a
 * state as well. Never throws; costs a look at each file, and reads none.
 */
export const sourcesState = (sources: readonly string[]): string => {
  const states: string[] = [];
  const visited = new Set<string>();
  const walk = (folder: string): void => {
    // A link may lead in a circle.
    const real = realpathSync(folder);
    if (visited.has(real)) return;
    visited.add(real);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const { name } = entry;
      // A plain file that is none of ours need not be looked at.
      if (name.startsWith('.') || (entry.isFile() && !isConfigFile(name))) continue;
      const path = join(folder, name);
      const stat = look(path);
      if (stat?.isDirectory()) walk(path);
      else if (isConfigFile(name)) states.push(stateOf(path, stat));
    }
  };
  for (const source of sources) {
    try {
      const stat = look(source);
      states.push(stat?.isDirectory() ? source : stateOf(source, stat));
      if (stat?.isDirectory()) walk(source);
    } catch {
      // Gone, or unreadable, between two looks.
      states.push(stateOf(source, undefined));
    }
  }
  // Folders list their content in any order.
  return states.sort().join('\n');
};

/** Whether a state has a file or folder that is not there. */
export const isIncomplete = (state: string): boolean => state.includes(`\0${MISSING}`);

const look = (path: string): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
};

const stateOf = (path: string, stat: Stats | undefined): string =>
  stat
    ? `${path}\0${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`
    : `${path}\0${MISSING}`;
