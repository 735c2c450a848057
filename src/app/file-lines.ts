import { createReadStream } from 'node:fs';
import { UsageError } from '../base/errors.ts';

/** Some lines of a file, with where they are. */
export interface Lines {
  readonly texts: readonly string[];
  /** Number of the first of them, from 1. */
  readonly firstNumber: number;
  /** Bytes read so far. */
  readonly bytes: number;
}

const CHUNK_BYTES = 1_048_576;
/** No event comes near this; it bounds the memory that one line can take. */
const MAX_LINE_BYTES = 67_108_864;

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The lines of a file of any size, a chunk at a time, without their ends and in UTF-8. Throws a UsageError for a line
 * that is longer than 64 MiB.
 */
export async function* readLines(
  path: string,
  signal: AbortSignal,
  chunkBytes: number = CHUNK_BYTES,
): AsyncGenerator<Lines> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let number = 1;
  let bytes = 0;
  const stream = createReadStream(path, { highWaterMark: chunkBytes });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (signal.aborted) return;
    const texts: string[] = [];
    let from = bytes === 0 && chunk.subarray(0, 3).equals(BOM) ? 3 : 0;
    bytes += chunk.length;
    for (let end = chunk.indexOf(10, from); end >= 0; end = chunk.indexOf(10, from)) {
      const piece = chunk.subarray(from, end);
      texts.push(textOf(restBytes === 0 ? piece : Buffer.concat([...rest, piece])));
      rest = [];
      restBytes = 0;
      from = end + 1;
    }
    if (from < chunk.length) {
      // Copied, since a slice would keep the whole chunk in memory.
      rest.push(Buffer.from(chunk.subarray(from)));
      restBytes += chunk.length - from;
      if (restBytes > MAX_LINE_BYTES)
        throw new UsageError(
          `${path}:${number + texts.length}: the line is longer than ${MAX_LINE_BYTES} bytes; allowed is one event as JSON on each line`,
        );
    }
    if (texts.length > 0) yield { texts, firstNumber: number, bytes };
    number += texts.length;
  }
  if (restBytes > 0) yield { texts: [textOf(Buffer.concat(rest))], firstNumber: number, bytes };
}

const textOf = (line: Buffer): string => (line.at(-1) === 13 ? line.subarray(0, -1) : line).toString('utf8');
