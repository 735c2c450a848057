import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { runCommandLine } from '../../src/cli/program.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** What a command came to. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Lines of JSON, parsed. */
export const jsonLines = (text: string): readonly unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

/** Runs a command to its end as a process of its own. The environment is only what is given. */
export const runProcess = (
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly nodeArgs?: readonly string[];
  } = {},
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...(options.nodeArgs ?? []), MAIN, ...args], {
      cwd: options.cwd,
      env: { PATH: process.env.PATH ?? '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      texts.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      texts.stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });

/**
 * Runs a command inside the process of the test, without the start-up time. One at a time. With `cwd` it takes that for
 * the working directory where it shows or resolves paths; the file system does not, so paths in `args` are absolute.
 */
export const runHere = async (
  args: readonly string[],
  { signal = new AbortController().signal, cwd = process.cwd() } = {},
): Promise<Ran> => {
  const texts = { stdout: '', stderr: '' };
  const catchOf = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((text, ...rest: unknown[]) => {
      texts[name] += String(text);
      for (const each of rest) if (typeof each === 'function') (each as () => void)();
      return true;
    });
  const caught = [catchOf('stdout'), catchOf('stderr'), vi.spyOn(process, 'cwd').mockReturnValue(cwd)];
  try {
    const code = await runCommandLine(args, signal, () => {});
    return { code, ...texts };
  } finally {
    for (const each of caught) each.mockRestore();
  }
};
