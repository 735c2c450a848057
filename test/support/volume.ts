import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';

/** A file system of its own, where this process may mount one. */
export interface Volume {
  /** From now on, nothing can be written there, not even by root. */
  makeReadOnly(): void;
  grow(megabytes: number): void;
  /** From now on, nothing can grow there, until {@link grow}. */
  fill(): void;
  remove(): void;
}

/** Whoever ends in the middle leaves no file systems behind. */
const mounted = new Set<() => void>();
process.on('exit', () => {
  for (const remove of mounted) remove();
});

/** Mounts a small file system in memory on a new folder; undefined where that is not allowed (only root may). */
export const mountVolume = (folder: string, megabytes: number): Volume | undefined => {
  mkdirSync(folder);
  const run = (command: string, ...args: readonly string[]): void => {
    execFileSync(command, args, { stdio: 'ignore' });
  };
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder);
  } catch {
    return undefined;
  }
  const remove = (): void => {
    // Lazily: a process that was killed may still be going away.
    if (mounted.delete(remove)) run('umount', '-l', folder);
  };
  mounted.add(remove);
  return {
    makeReadOnly: () => run('mount', '-o', 'remount,ro', folder),
    grow: (megabytes) => run('mount', '-o', `remount,size=${megabytes}m`, folder),
    fill() {
      const { blocks, bfree, bsize } = statfsSync(folder);
      run('mount', '-o', `remount,size=${(blocks - bfree) * bsize}`, folder);
    },
    remove,
  };
};
