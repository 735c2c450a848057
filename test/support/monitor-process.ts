import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A line of the structured log. */
export interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly time: string;
  readonly [field: string]: unknown;
}

/** Whether a line is of this event, with these fields among its own. */
export const is =
  (event: string, fields: object = {}) =>
  (line: LogLine): boolean =>
    line.event === event && Object.entries(fields).every(([name, value]) => line[name] === value);

/** The real process, run from source. */
export interface MonitorProcess {
  readonly child: ChildProcess;
  /** Every line of the log so far. */
  readonly lines: readonly LogLine[];
  /** All of stdout and stderr as text. */
  output(): string;
  /** Resolves with the first line (past ones included, from index `from`) that fits; rejects when the process ends first. */
  until(fits: (line: LogLine) => boolean, from?: number): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended and its output was read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/**
 * Starts `main.ts` with arguments. The environment is only what is given, so nothing of the machine leaks in. `through`
 * is a command that is given the command line of the process and becomes it, such as one that sets limits.
 */
export const startMonitor = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd: string = ROOT,
  through: readonly string[] = [],
): MonitorProcess => {
  const [command = process.execPath, ...rest] = [...through, process.execPath, MAIN, ...args];
  const child = spawn(command, rest, {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  let text = '';
  let over = false;
  const changed = (): void => {
    for (const look of waiting) look();
  };
  const stdout = createInterface({ input: child.stdout });
  stdout.on('line', (line) => {
    text += `${line}\n`;
    if (!line.startsWith('{')) return;
    lines.push(JSON.parse(line) as LogLine);
    changed();
  });
  child.stderr.on('data', (data: Buffer) => {
    text += data.toString();
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => {
      over = true;
      changed();
      resolve({ code, signal });
    });
  });
  return {
    child,
    lines,
    output: () => text,
    ended,
    kill: (signal) => void child.kill(signal),
    until(fits, from = 0) {
      return new Promise((resolve, reject) => {
        let next = from;
        const look = (): void => {
          for (; next < lines.length; next += 1) {
            const line = lines[next];
            if (line && fits(line)) {
              waiting.delete(look);
              return resolve(line);
            }
          }
          if (over) {
            waiting.delete(look);
            reject(
              new Error(`the process ended before the line was seen; its output:\n${text.slice(-8_000)}`),
            );
          }
        };
        waiting.add(look);
        look();
      });
    },
  };
};
