import { createInterface } from 'node:readline/promises';
import { UsageError } from '../base/errors.ts';

/**
 * Asks a person to confirm something that cannot be undone. Throws a UsageError when the answer is no, or when there is
 * nobody to ask: a script says `--yes`.
 */
export const confirm = async (question: string, yes: boolean, signal: AbortSignal): Promise<void> => {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError(`${question} Say --yes: nothing was done`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} Type "yes" to go on: `, { signal });
    if (answer.trim().toLowerCase() !== 'yes') throw new UsageError('nothing was done');
  } catch (error) {
    if (signal.aborted) throw new UsageError('nothing was done');
    throw error;
  } finally {
    terminal.close();
  }
};
