import { createReadStream, createWriteStream } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** What becomes of files that were written to the end. */
export interface KeepOptions {
  readonly gzip: boolean;
  /** How many stay; undefined: all. */
  readonly keep: number | undefined;
  /** How long one stays after its last line, in ms; undefined: for ever. */
  readonly keepForMs: number | undefined;
}

/* `audit.ndjson.2026-03-01T021407Z`, a number when there are several of one second, `.gz` when compressed. Without that
 * `.gz` the names sort by time. */
const ROTATED = /^\d{4}-\d\d-\d\dT\d{6}Z(\.\d{3})?(\.gz)?$/;
const MODE = 0o600;

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A name for the file at `path` that no other has, for its life after it was rotated at `nowMs`. */
export const rotatedName = async (path: string, nowMs: number): Promise<string> => {
  const stamp = `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '')}Z`;
  for (let number = 0; ; number += 1) {
    const name = `${path}.${stamp}${number === 0 ? '' : `.${String(number).padStart(3, '0')}`}`;
    if (!(await exists(name)) && !(await exists(`${name}.gz`))) return name;
  }
};

/** Rotated files of `path`, oldest first. Nothing else in the folder is ever touched. */
const rotatedFiles = async (path: string): Promise<readonly string[]> => {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const names = await readdir(folder);
  return names
    .filter((name) => name.startsWith(prefix) && ROTATED.test(name.slice(prefix.length)))
    .sort((a, b) => (withoutGz(a) < withoutGz(b) ? -1 : 1))
    .map((name) => join(folder, name));
};

const withoutGz = (name: string): string => name.replace(/\.gz$/, '');

/**
 * Compresses rotated files and removes those beyond what is kept. Starts over wherever an earlier run was cut off: a file
 * is there under its own name or, complete and on disk, under that with `.gz`; never under neither. Rejects with the first
 * error, after having done the rest, or when `signal` aborts.
 */
export const keepHouse = async (
  path: string,
  options: KeepOptions,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> => {
  let failure: unknown;
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    try {
      signal.throwIfAborted();
      await act();
    } catch (error) {
      failure ??= error;
    }
  };
  // What is to be removed is not compressed first: on a full disk removing is what helps.
  const files = await rotatedFiles(path);
  const beyond = options.keep === undefined ? [] : files.slice(0, Math.max(files.length - options.keep, 0));
  for (const file of beyond) await attempt(() => rm(file, { force: true }));
  for (const file of files.slice(beyond.length)) {
    await attempt(async () => {
      const { mtimeMs } = await stat(file);
      if (options.keepForMs !== undefined && nowMs - mtimeMs > options.keepForMs) await rm(file);
      else if (options.gzip && !file.endsWith('.gz')) await compress(file, signal);
    });
  }
  if (failure !== undefined) throw failure;
};

const compress = async (file: string, signal: AbortSignal): Promise<void> => {
  const { atime, mtime } = await stat(file);
  const unfinished = `${file}.gz.tmp`;
  await pipeline(
    createReadStream(file),
    createGzip(),
    createWriteStream(unfinished, { mode: MODE, flags: 'w' }),
    { signal },
  );
  const handle = await open(unfinished, 'r+');
  try {
    await handle.utimes(atime, mtime);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, `${file}.gz`);
  await syncFolder(dirname(file));
  await rm(file);
};

/** Makes names in a folder survive a power cut. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
