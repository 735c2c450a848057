import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Groups of the kernel that bound the processor time of processes, in the first and the second form. */
const FIRST = '/sys/fs/cgroup/cpu';
const SECOND = '/sys/fs/cgroup';
/** So short that a process that has used its part waits no longer than many a network. */
const PERIOD_US = 20_000;

/**
 * Bounds a process to so many hundredths of one core, as a small machine of its own would. Answers what removes the bound once
 * the process has ended; undefined where the system does not let us.
 */
export const limitCpu = (pid: number, percent: number): (() => void) | undefined => {
  const isFirst = existsSync(join(FIRST, 'cpu.cfs_quota_us'));
  const folder = join(isFirst ? FIRST : SECOND, `vam-bench-${pid}`);
  const quotaUs = Math.round((PERIOD_US * percent) / 100);
  try {
    mkdirSync(folder);
    if (isFirst) {
      writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quotaUs));
    } else writeFileSync(join(folder, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
    writeFileSync(join(folder, 'cgroup.procs'), String(pid));
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
  return () => rmdirSync(folder);
};
