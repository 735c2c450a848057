import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Lease } from '../core/lease.ts';

/**
 * A name for this process as holder of leases, unique for ever: host, process-id namespace, process id, random part.
 * The first three let another process of the same machine see at once that a holder is dead.
 */
export const holderName = (): string => {
  const name = [hostname(), pidNamespace(), process.pid, randomBytes(6).toString('hex')].join('/');
  ours.add(name);
  return name;
};

/** Names that this process has given itself. */
const ours = new Set<string>();

/**
 * Whether the holder of a lease certainly is a dead process of this machine, so that nobody needs to wait for the
 * expiry after a crash. Only processes of our own process-id namespace can be judged; a wrong "dead" would still be
 * safe, since commits carry the fencing token.
 */
export const isDead = (lease: Pick<Lease, 'holder'>): boolean => {
  const [host, namespace, pid] = lease.holder.split('/');
  const number = Number(pid);
  if (host !== hostname() || namespace !== pidNamespace() || !Number.isInteger(number)) return false;
  // Our own id in somebody else's lease: the process ids have come round, that holder is gone.
  if (number === process.pid) return !ours.has(lease.holder);
  try {
    process.kill(number, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
};

/**
 * Where process ids mean the same: on one boot of one machine, and there in one namespace. The numbers of namespaces are the same on
 * machines that start alike, and so may their names be. A process that systemd shows nothing of /proc but processes does not see the
 * boot, only the machine: after a boot a process id that has come round makes a dead holder look alive, which costs a lease time.
 * `root` is for tests.
 */
export const pidNamespace = (root = ''): string => {
  for (const file of ['/proc/sys/kernel/random/boot_id', '/etc/machine-id']) {
    try {
      const id = readFileSync(root + file, 'utf8').trim();
      const namespace = readlinkSync(`${root}/proc/self/ns/pid`).replace(/\D/g, '');
      // An id of a machine is not for everybody to see.
      if (id !== '') return `${createHash('sha256').update(id).digest('hex').slice(0, 8)}-${namespace}`;
    } catch {
      // Not there, or not for us.
    }
  }
  return '-';
};
