import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { sleep } from '../base/sleep.ts';
import type { Answer } from './answer.ts';
import type { ActiveFaults } from './fault-table.ts';

const CHUNK = 'x'.repeat(65_536);

/** Whether the other side, or a fault, has ended the connection. */
const gone = (response: ServerResponse): boolean =>
  response.destroyed || response.socket?.destroyed !== false;

/**
 * Writes the answer as the transport faults have it. Resolves when all is handed over, or when the connection
 * ends first (which aborts `signal`); never rejects for what the other side does.
 */
export const writeAnswer = async (
  response: ServerResponse,
  answer: Answer,
  faults: ActiveFaults,
  signal: AbortSignal,
): Promise<void> => {
  const slow = faults.of('slow');
  const reset = faults.of('reset');
  if (slow && slow.part !== 'body') await sleep(slow.delayMs, signal);
  if (reset?.when === 'before') response.socket?.resetAndDestroy();
  if (gone(response) || signal.aborted) return;

  const body = Buffer.from(answer.body as string);
  const length = answer.filler || answer.status === 204 ? {} : { 'content-length': String(body.length) };
  response.writeHead(answer.status, { ...answer.headers, ...length });
  if (answer.filler) {
    await writeFiller(response, body, answer.filler);
    return;
  }
  if (!reset && slow?.part !== 'body') {
    response.end(body);
    return;
  }

  const half = body.length >>> 1;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.write(body.subarray(0, half), () => resolve());
  });
  if (slow?.part === 'body') await sleep(slow.delayMs, signal);
  if (gone(response)) return;
  if (reset?.when === 'middle') response.socket?.resetAndDestroy();
  else if (reset) response.socket?.destroySoon();
  else response.end(body.subarray(half));
};

const writeFiller = async (
  response: ServerResponse,
  start: Buffer,
  filler: { readonly bytes: number; readonly end: string },
): Promise<void> => {
  response.write(start);
  for (let left = filler.bytes; left > 0 && !gone(response); left -= CHUNK.length) {
    const chunk = left < CHUNK.length ? CHUNK.slice(0, left) : CHUNK;
    if (response.write(chunk)) continue;
    const stop = new AbortController();
    const { signal } = stop;
    try {
      await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
    } finally {
      stop.abort();
    }
  }
  if (!gone(response)) response.end(filler.end);
};
