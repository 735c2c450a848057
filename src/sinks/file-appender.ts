import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type KeepOptions, keepHouse, rotatedName, syncFolder } from './file-rotation.ts';
import { createTurns } from './in-turn.ts';

/** How a file is written. */
export interface AppenderOptions extends KeepOptions {
  readonly path: string;
  /** A file that would grow beyond this is rotated before; undefined: whatever its size. Bytes. */
  readonly maxBytes: number | undefined;
  /** Number of the day of a time, in the zone that days are counted in; undefined: not rotated by day. */
  readonly dayOf: ((ms: number) => number) | undefined;
  /** Whether an append resolves only when the disk has it. */
  readonly fsync: boolean;
  readonly now: () => number;
}

/** A file of lines that only grows, until it is rotated. */
export interface Appender {
  /**
   * Appends whole lines (each with its line feed), all or none. Rejects with the error of the file system; what was
   * written of them by then is cut off again.
   */
  append(lines: Buffer): Promise<void>;
  /** Why the last rotated file is not compressed, or old ones not removed; undefined when all is well. */
  trouble(): unknown;
  close(): Promise<void>;
}

const MODE = 0o600;
const LINE_FEED = 10;
const OPENING_BRACE = 123;
const READ_BYTES = 65_536;

/** What is at the path is nothing that lines could be appended to and that could be rotated. */
export class NoRegularFileError extends Error {
  override readonly name = 'NoRegularFileError';
}

/**
 * Makes an {@link Appender}. Opens nothing yet. There must be no other one for the same path.
 *
 * Invariant: between two appends the file ends with a line feed. Where a crash broke that, the torn line is completed if
 * it is whole but for its line feed, and cut off if not: nobody was told that it was written.
 */
export const createAppender = (options: AppenderOptions): Appender => {
  const { path, now } = options;
  let handle: FileHandle | undefined;
  const inTurn = createTurns();
  let trouble: unknown;
  const closing = new AbortController();

  /** Beside the appends: compressing a large file takes longer than an attempt may. */
  const tidy = (): void => {
    void inTurn(async () => {
      try {
        await keepHouse(path, options, now(), closing.signal);
        trouble = undefined;
      } catch (error) {
        trouble = error;
      }
    });
  };

  const letGo = async (): Promise<void> => {
    const held = handle;
    handle = undefined;
    await held?.close();
  };

  const openFile = async (): Promise<FileHandle> => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const opened = await open(path, 'a+', MODE);
    try {
      if (!(await opened.stat()).isFile()) throw new NoRegularFileError(`${path} is no regular file`);
      await mendEnd(opened);
      await syncFolder(dirname(path));
    } catch (error) {
      await opened.close();
      throw error;
    }
    tidy();
    return opened;
  };

  /** The file that is at the path now: somebody (logrotate) may have moved ours away. */
  const current = async (): Promise<FileHandle> => {
    if (handle !== undefined) {
      const [ours, there] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
      if (there?.ino !== ours.ino || there.dev !== ours.dev) await letGo();
    }
    handle ??= await openFile();
    return handle;
  };

  const mustRotate = async (file: FileHandle, more: number): Promise<boolean> => {
    const { size, mtimeMs } = await file.stat();
    if (size === 0) return false;
    if (options.maxBytes !== undefined && size + more > options.maxBytes) return true;
    return options.dayOf !== undefined && options.dayOf(mtimeMs) !== options.dayOf(now());
  };

  const rotate = async (): Promise<void> => {
    await letGo();
    await rename(path, await rotatedName(path, now()));
    await syncFolder(dirname(path));
  };

  return {
    trouble: () => trouble,

    async append(lines) {
      let file = await current();
      if (await mustRotate(file, lines.length)) {
        await rotate();
        file = await current();
      }
      const { size } = await file.stat();
      try {
        await writeAll(file, lines);
        if (options.fsync) await file.datasync();
      } catch (error) {
        await file.truncate(size).catch(() => undefined);
        // Should the cut have failed as well, the next opening mends the end.
        await letGo().catch(() => undefined);
        throw error;
      }
    },

    async close() {
      closing.abort();
      await letGo();
      await inTurn(async () => {});
    },
  };
};

const writeAll = async (file: FileHandle, bytes: Buffer): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
};

/** Completes or cuts a last line that has no line feed. */
const mendEnd = async (file: FileHandle): Promise<void> => {
  const { size } = await file.stat();
  const torn = await lastLine(file, size);
  if (torn.length === 0) return;
  // Text that is no JSON object of ours is somebody else's: it is left alone, on a line of its own.
  if (torn[0] !== OPENING_BRACE || isJson(torn)) await writeAll(file, Buffer.from('\n'));
  else await file.truncate(size - torn.length);
};

/** What stands behind the last line feed. */
const lastLine = async (file: FileHandle, size: number): Promise<Buffer> => {
  let tail = Buffer.alloc(0);
  for (let start = size; start > 0; ) {
    const length = Math.min(READ_BYTES, start);
    start -= length;
    const part = Buffer.alloc(length);
    await file.read(part, 0, length, start);
    const feed = part.lastIndexOf(LINE_FEED);
    tail = Buffer.concat([part.subarray(feed + 1), tail]);
    if (feed >= 0) break;
  }
  return tail;
};

const isJson = (bytes: Buffer): boolean => {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
};
