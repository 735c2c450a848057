import { existsSync } from 'node:fs';
import { UsageError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { PublishedHead } from '../core/chain.ts';
import { readLines } from './file-lines.ts';

/** A hash as it is published. */
const HASH = /^[0-9a-f]{64}$/;

/**
 * A head as somebody copied it, from an alert or a line of the log: its hash, or position and hash. The hash alone says
 * where it must be found. Throws a UsageError for what is none.
 */
export const bareHead = (text: string): PublishedHead => {
  const hash = text
    .trim()
    .toLowerCase()
    .replace(/^\d+\s+/, '');
  if (!HASH.test(hash))
    throw new UsageError(
      `${JSON.stringify(text.slice(0, 100))} is no head; allowed are the 64 hexadecimal digits of one, with or without its position before them`,
    );
  return { chain: undefined, account: '', position: undefined, hash };
};

/** The head in a line of the log; undefined when it is another line. What stands before the JSON does not matter. */
const headOfLine = (line: string): PublishedHead | undefined => {
  // Most lines of a log are others: parsed only when it can be one.
  if (!line.includes('chain.head')) return undefined;
  try {
    const fields: unknown = JSON.parse(line.slice(line.indexOf('{')));
    if (!isObject(fields) || own(fields, 'event') !== 'chain.head') return undefined;
    const [chain, account, position, hash] = ['chain', 'account', 'position', 'hash'].map((name) =>
      own(fields, name),
    );
    if (chain !== 'events' && chain !== 'acts') return undefined;
    if (typeof hash !== 'string' || !HASH.test(hash) || typeof position !== 'number') return undefined;
    return { chain, account: typeof account === 'string' ? account : '', position, hash };
  } catch {
    return undefined;
  }
};

/** All heads in a file of log lines. Throws a UsageError when it cannot be read, or holds none. */
export const headsOfLog = async (path: string, signal: AbortSignal): Promise<readonly PublishedHead[]> => {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file`);
  const heads: PublishedHead[] = [];
  for await (const { texts } of readLines(path, signal))
    for (const text of texts) {
      const head = headOfLine(text);
      if (head) heads.push(head);
    }
  if (heads.length === 0)
    throw new UsageError(
      `${path}: holds no head; allowed are lines of the log or of heartbeats as JSON, of which those with the event "chain.head" count`,
    );
  return heads;
};
