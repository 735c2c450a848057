import { readFileSync } from 'node:fs';

/** What processes have used so far (Linux). */
export interface Usage {
  /** Processor time, ms, to the hundredth of a second. */
  readonly cpuMs: number;
  /** Calls that wrote to files and sockets. */
  readonly writeCalls: number;
  /** Bytes that were given to the file system to be written to the disk. */
  readonly diskBytes: number;
}

const NOTHING: Usage = { cpuMs: 0, writeCalls: 0, diskBytes: 0 };

/** A process that has just ended has used nothing that could still be read. */
const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** What a process, the children it has waited for, and those of its children that run have used. */
export const usageOf = (pid: number): Usage => {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === '') return NOTHING;
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // User and system time of its own and of children that have ended, 100 ticks a second.
  const cpuMs = ticks.slice(11, 15).reduce((sum, text) => sum + Number(text), 0) * 10;
  const io = read(`/proc/${pid}/io`);
  const of = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1] ?? 0);
  const own: Usage = { cpuMs, writeCalls: of('syscw'), diskBytes: of('write_bytes') };
  const children = read(`/proc/${pid}/task/${pid}/children`).trim();
  if (children === '') return own;
  return children
    .split(' ')
    .map((child) => usageOf(Number(child)))
    .reduce(add, own);
};

const add = (a: Usage, b: Usage): Usage => ({
  cpuMs: a.cpuMs + b.cpuMs,
  writeCalls: a.writeCalls + b.writeCalls,
  diskBytes: a.diskBytes + b.diskBytes,
});

/** What was used between two moments, in whatever is counted. */
export const since = <T extends { readonly [K in keyof T]: number }>(before: T, after: T): T =>
  Object.fromEntries(
    Object.entries<number>(after).map(([key, value]) => [key, value - (before[key as keyof T] ?? 0)]),
  ) as T;
