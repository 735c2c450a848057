import { createLog, type LogLevel } from '../../src/logs/log.ts';
import type { Secrets } from '../../src/logs/redact.ts';

/** A log into memory: `text()` is all that was written, after the run that wrote it has ended. */
export const createMemoryLog = (options: {
  readonly level?: LogLevel;
  readonly pretty?: boolean;
  readonly colour?: boolean;
  readonly secrets?: Secrets;
  readonly now?: () => number;
}) => {
  let written = '';
  const log = createLog({
    level: 'debug',
    pretty: false,
    secrets: [],
    ...options,
    destination: { write: (text: string) => (written += text) },
  });
  const text = async (): Promise<string> => {
    await Promise.resolve();
    return written;
  };
  return {
    log,
    text,
    lines: async () =>
      (await text())
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
};
