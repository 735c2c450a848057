import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../core/problem.ts';
import { fileFailure, readText } from './read-text.ts';

/** A rule file as read. */
export interface RuleFile {
  /** As people know it: the configuration's folder, joined with what it names. */
  readonly path: string;
  readonly text: string;
}

/** What became of one entry of `rules`. */
export interface RuleFiles {
  readonly files: readonly RuleFile[];
  /** Problems with files inside a folder; those with the entry itself are in `failure`. */
  readonly problems: readonly Problem[];
  readonly failure: string | undefined;
}

const isRuleFile = (name: string): boolean => name.endsWith('.yml') || name.endsWith('.yaml');

/**
 * Reads rule files. Files and folders that were read before (also by another name, through a symbolic link) are not
 * read again, so that no rule is loaded twice and no link leads in a circle.
 */
export const createRuleReader = (): ((path: string) => RuleFiles) => {
  const visited = new Set<string>();
  const isNew = (path: string): boolean => {
    const real = realpathSync(path);
    if (visited.has(real)) return false;
    visited.add(real);
    return true;
  };

  return (top) => {
    const files: RuleFile[] = [];
    const problems: Problem[] = [];
    const fail = (path: string, message: string): void => {
      problems.push({ file: path, line: 0, column: 0, message });
    };
    const readFile = (path: string, failed: (message: string) => void): void => {
      const read = readText(path);
      if ('failure' in read) failed(read.failure);
      else files.push({ path, text: read.text });
    };
    const readFolder = (folder: string): void => {
      const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
      for (const name of names.sort()) {
        const path = join(folder, name);
        try {
          const stat = statSync(path);
          if (stat.isDirectory()) {
            if (isNew(path)) readFolder(path);
          } else if (isRuleFile(name) && isNew(path)) {
            readFile(path, (message) => fail(path, message));
          }
        } catch (error) {
          // A dead link called `notes.txt` is nobody's rule.
          if (isRuleFile(name)) fail(path, fileFailure(error));
        }
      }
    };

    let failure: string | undefined;
    try {
      const stat = statSync(top);
      if (!isNew(top)) return { files, problems, failure };
      if (stat.isDirectory()) readFolder(top);
      else
        readFile(top, (message) => {
          failure = message;
        });
    } catch (error) {
      failure = fileFailure(error);
    }
    return { files, problems, failure };
  };
};
