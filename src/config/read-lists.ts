import { dirname, isAbsolute, join } from 'node:path';
import { readText } from './read-text.ts';
import type { Section } from './section.ts';

/** One value a line: the texts of a list file, in order. White space around them, empty lines and comments are dropped. */
export const listValues = (text: string): readonly string[] =>
  text
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');

/** Every list as texts, with those in files read. Undefined after a problem, all of which are reported. */
export const readLists = (
  section: Section,
  lists: Readonly<Record<string, readonly string[] | { readonly file: string }>>,
): Readonly<Record<string, readonly string[]>> | undefined => {
  let failed = false;
  const entries = Object.entries(lists).map(([name, list]): [string, readonly string[]] => {
    if (!('file' in list)) return [name, list];
    const { file } = list;
    const whole = isAbsolute(file) ? file : join(dirname(section.file), file);
    section.reads(whole);
    const read = readText(whole);
    if ('text' in read) return [name, listValues(read.text)];
    failed = true;
    const path = ['lists', name, 'file'];
    section.problem(
      path,
      `lists.${name}.file: found ${section.shown(path)} (${read.failure}), allowed: a text file with one value a line`,
    );
    return [name, []];
  });
  return failed ? undefined : Object.fromEntries(entries);
};
