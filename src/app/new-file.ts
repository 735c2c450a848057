import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errorText, UsageError } from '../base/errors.ts';

/** A file that appears under its name only when it is complete. */
export interface NewFile {
  write(text: string): Promise<void>;
  /** Makes it durable and gives it its name. */
  finish(): Promise<void>;
  /** Removes what was written. Harmless after {@link finish}. */
  abandon(): Promise<void>;
}

/** Throws a UsageError when something is at `path` already (unless `force` says that a file may be replaced). */
export const refuseExisting = (path: string, force: boolean): void => {
  if (!existsSync(path) || force) return;
  throw new UsageError(`${path} is there already; --force replaces it`);
};

/** Begins a file that only its owner can read: it holds audit data. Rejects with a UsageError when it cannot be made. */
export const createNewFile = async (path: string): Promise<NewFile> => {
  const part = `${path}.part`;
  let handle: FileHandle;
  try {
    await rm(part, { force: true });
    handle = await open(part, 'wx', 0o600);
  } catch (error) {
    throw new UsageError(`${basename(path)} cannot be written in ${dirname(path)}: ${errorText(error)}`);
  }
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await handle.close();
  };
  return {
    write: async (text) => {
      await handle.writeFile(text);
    },
    async finish() {
      await handle.sync();
      await close();
      await rename(part, path);
    },
    async abandon() {
      await close();
      await rm(part, { force: true });
    },
  };
};
