import { realpathSync, statfsSync, statSync } from 'node:fs';
import { sep } from 'node:path';

/** Where container engines lay secrets, readable for everybody inside: the wall there is the container itself. */
const SECRET_FOLDERS = ['/run/secrets', '/var/run/secrets'];
/** `TMPFS_MAGIC` of statfs(2): orchestrators mount secrets as such a file system, seen by the container alone. */
const TMPFS = 0x01021994;
const READ_BY_OTHERS = 0o004;

/**
 * The mode of a file that every user of the machine can read, such as `0644`; undefined for one that not everybody can,
 * or that lies where a container's wall stands around it, or is not there. Symbolic links are followed: what counts is
 * the file that holds the secret. On Windows, whose files have no such mode, nothing is open.
 */
export const openMode = (
  path: string,
  fileSystemOf: (path: string) => number = (real) => statfsSync(real).type,
): string | undefined => {
  if (process.platform === 'win32') return undefined;
  try {
    const real = realpathSync(path);
    const { mode } = statSync(real);
    if ((mode & READ_BY_OTHERS) === 0) return undefined;
    if (SECRET_FOLDERS.some((folder) => real.startsWith(`${folder}${sep}`))) return undefined;
    if (fileSystemOf(real) === TMPFS) return undefined;
    return `0${(mode & 0o777).toString(8)}`;
  } catch {
    // Whoever reads the file says what is wrong with it.
    return undefined;
  }
};
