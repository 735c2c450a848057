import { writeSync } from 'node:fs';
import { errorCode } from '../base/errors.ts';

/** Takes finished text. What a Node stream does too; a stream's errors are its owner's. */
export interface TextStream {
  write(text: string): unknown;
}

/** More than this is written without waiting for the end of the run: memory stays bounded. */
const FLUSH_CHARS = 64 * 1024;
/** How long a full pipe that does not block is left alone before the next try. */
const BUSY_WAIT_MS = 10;

const unflushed = new Set<() => void>();
let flushesOnExit = false;

/**
 * Collects the lines of one synchronous run and hands them, through `transform`, to the destination before any other
 * code gets to run (a microtask), or at once when they are many or the process exits. So a line is with the operating
 * system before the outcome it tells of can be recorded anywhere: the log sink's alert is out before it is settled.
 *
 * A file descriptor is written synchronously: a reader that stops reading stops the process, as with any blocking
 * pipe, and no line waits in memory for a SIGKILL to take it.
 */
export const createWriter = (
  destination: number | TextStream,
  transform: (lines: string) => string,
): TextStream => {
  let lines = '';
  const put = typeof destination === 'number' ? createDescriptorWrite(destination) : destination;
  const flush = (): void => {
    unflushed.delete(flush);
    if (lines === '') return;
    const text = transform(lines);
    lines = '';
    put.write(text);
  };
  return {
    write(line) {
      if (lines === '') {
        flushAllOnExit();
        unflushed.add(flush);
        queueMicrotask(flush);
      }
      lines += line;
      if (lines.length > FLUSH_CHARS) flush();
    },
  };
};

/** One listener for all logs of the process: `process.exit()` in the run that wrote the last line must not lose it. */
const flushAllOnExit = (): void => {
  if (flushesOnExit) return;
  flushesOnExit = true;
  process.on('exit', () => {
    for (const flush of unflushed) flush();
  });
};

/**
 * Writes whole texts to a descriptor. A closed pipe or a full disk ends or thins the log, never the monitor: there is
 * no place left to complain to.
 */
const createDescriptorWrite = (fd: number): TextStream => ({
  write(text) {
    let rest: Uint8Array = Buffer.from(text);
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(fd, rest));
      } catch (error) {
        if (errorCode(error) !== 'EAGAIN') return;
        waitMs(BUSY_WAIT_MS);
      }
    }
  },
});

const waitMs = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};
