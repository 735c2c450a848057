import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A Node process of the benchmark, with its JSON lines. */
export interface Child {
  readonly pid: number;
  /** When it was spawned, on the clock of `performance.now()`. */
  readonly spawnedMs: number;
  /** Resolves with the first line, also a past one, whose `event` is this; rejects when the process ends before. */
  line(event: string): Promise<Line>;
  /** How many lines of an event have come so far, and of how many accounts they were. */
  tally(event: string): Tally;
  /** Rejects when it ends, for a wait on somebody else that only it can bring about. */
  failure(): Promise<never>;
  /** Asks it to end and waits until it has. Rejects when it ends with an error. */
  stop(): Promise<void>;
  /** Ends it now, whatever it does. */
  kill(): Promise<void>;
}

/** Lines of one event. */
export interface Tally {
  readonly lines: number;
  readonly accounts: number;
}

/** A JSON line and when it was read, on the clock of `performance.now()`. */
export interface Line {
  readonly atMs: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

const running = new Set<ChildProcess>();
const endAll = (): void => {
  for (const child of running) child.kill('SIGKILL');
};
process.on('exit', endAll);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** Runs a file with this Node. The environment is only what is given, so nothing of the machine leaks in. */
export const startNode = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Child => {
  const spawnedMs = performance.now();
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid === undefined) throw new Error(`cannot run ${process.execPath}`);
  running.add(child);
  child.once('close', () => running.delete(child));
  const closed = once(child, 'close') as Promise<[code: number | null, signal: string | null]>;
  const waiting = new Map<string, (line: Line) => void>();
  const seen = new Map<string, Line>();
  const tallies = new Map<string, { lines: number; readonly accounts: Set<string> }>();
  let rest = '';
  let tail = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const atMs = performance.now();
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      // Thousands of lines may come that nobody waits for: only the name is looked at.
      const event = /"event":"([^"]+)"/.exec(line)?.[1];
      if (event === undefined) continue;
      const tally = tallies.get(event) ?? { lines: 0, accounts: new Set<string>() };
      tallies.set(event, tally);
      tally.lines += 1;
      const account = /"account":"([^"]+)"/.exec(line)?.[1];
      if (account !== undefined) tally.accounts.add(account);
      if (seen.has(event)) continue;
      const found = { atMs, fields: JSON.parse(line) as Line['fields'] };
      seen.set(event, found);
      waiting.get(event)?.(found);
    }
    tail = (tail + text).slice(-4_000);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-4_000);
  });
  const failure = async (when = ''): Promise<never> => {
    const [code] = await closed;
    throw new Error(`${args.join(' ')} ended with ${code} ${when}:\n${tail}`);
  };
  return {
    pid: child.pid,
    spawnedMs,
    line(event) {
      const found = seen.get(event);
      if (found) return Promise.resolve(found);
      const line = new Promise<Line>((resolve) => waiting.set(event, resolve));
      return Promise.race([line, failure(`before ${event}`)]);
    },
    tally(event) {
      const { lines = 0, accounts } = tallies.get(event) ?? {};
      return { lines, accounts: accounts?.size ?? 0 };
    },
    failure: () => failure(),
    async stop() {
      child.kill('SIGTERM');
      const [code] = await closed;
      if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${tail}`);
    },
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
};

const MB = 1_000_000;

/** Resident memory of a process in MB (Linux): now, its peak so far, and how much of it is not backed by files. */
export const memoryOf = (
  pid: number,
): { readonly nowMb: number; readonly peakMb: number; readonly privateMb: number } => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): number =>
    (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) * 1_024) / MB;
  return { nowMb: of('VmRSS'), peakMb: of('VmHWM'), privateMb: of('RssAnon') };
};

/** CPU time a process has used so far, in ms, to the hundredth of a second (Linux, 100 ticks a second). */
export const cpuMsOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
