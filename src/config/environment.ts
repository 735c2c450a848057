import { resolve } from 'node:path';
import { readText } from './read-text.ts';
import type { Lookup } from './substitute.ts';

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names of before the company was renamed, accepted when the present ones are absent. */
const FORMER_NAMES: Readonly<Record<string, string>> = {
  VONAGE_API_KEY: 'NEXMO_API_KEY',
  VONAGE_API_SECRET: 'NEXMO_API_SECRET',
};

/** A secret as it stands in a file: without the line end that every editor adds. */
export const secretText = (text: string): string => text.replace(/[\r\n]+$/, '');

/**
 * How `${NAME}` is answered, in this order: the variable NAME, the content of the file that NAME_FILE names (as secrets
 * reach a container), then the same two for the former `NEXMO_…` name. An empty variable counts as absent as long as
 * anything later in the order has a value.
 */
export const environmentLookup = (
  env: Environment,
): { readonly lookup: Lookup; readonly mixed: () => boolean } => {
  const used = new Set<string>();
  const direct: Lookup = (name) => {
    const value = env[name];
    if (value) return { value };
    const path = env[`${name}_FILE`];
    if (!path) return value === undefined ? undefined : { value };
    const file = resolve(path);
    const read = readText(file);
    if ('failure' in read) return { failure: `${name}_FILE names ${JSON.stringify(path)}: ${read.failure}` };
    return { value: secretText(read.text), file };
  };
  return {
    lookup: (name) => {
      const found = direct(name);
      const former = Object.hasOwn(FORMER_NAMES, name) ? FORMER_NAMES[name] : undefined;
      if (former === undefined || (found !== undefined && ('failure' in found || found.value !== ''))) {
        if (found !== undefined) used.add(name);
        return found;
      }
      const formerly = direct(former);
      if (formerly !== undefined) used.add(former);
      return formerly ?? found;
    },
    /** Whether key and secret came from names of both ages: they then probably belong to two accounts. */
    mixed: () =>
      (used.has('VONAGE_API_KEY') && used.has('NEXMO_API_SECRET')) ||
      (used.has('NEXMO_API_KEY') && used.has('VONAGE_API_SECRET')),
  };
};
