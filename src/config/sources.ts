import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileState } from './secrets.ts';

const isConfigFile = (name: string): boolean => name.endsWith('.yml') || name.endsWith('.yaml');

/**
 * A text that changes when one of the files does, or what YAML files there are in one of the folders and below. Symbolic
 * links are followed, so a link that is swapped (as Kubernetes does with mounted files) is a change. What is missing is a
 * state as well. Never throws.
 */
export const sourcesState = (sources: readonly string[]): string => {
  const states: string[] = [];
  const visited = new Set<string>();
  const note = (path: string): void => void states.push(`${path}=${fileState(path) ?? 'none'}`);
  const walk = (folder: string): void => {
    // A link may lead in a circle.
    const real = realpathSync(folder);
    if (visited.has(real)) return;
    visited.add(real);
    for (const name of readdirSync(folder).sort()) {
      if (name.startsWith('.')) continue;
      const path = join(folder, name);
      if (isConfigFile(name) && !isFolder(path)) note(path);
      else if (isFolder(path)) walk(path);
    }
  };
  for (const source of sources) {
    try {
      if (isFolder(source)) {
        states.push(source);
        walk(source);
      } else note(source);
    } catch {
      // Gone, or unreadable, between two looks.
      states.push(`${source}=none`);
    }
  }
  return states.join('\n');
};

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
