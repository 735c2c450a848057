import { fileURLToPath } from 'node:url';
import { load } from '../../src/app/load.ts';
import { runMonitor } from '../../src/app/monitor.ts';
import { createKnownSecrets } from '../../src/config/secrets.ts';
import { createLog } from '../../src/logs/log.ts';
import { createTextRedactor } from '../../src/logs/redact.ts';
import type { LogLine } from './monitor-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The whole monitor inside the process of the test: as the command `run` puts it together, without the start-up time. */
export interface InProcess {
  readonly lines: readonly LogLine[];
  /** Resolves with the first line (past ones included, from index `from`) that fits; rejects when the monitor ends first. */
  until(fits: (line: LogLine) => boolean, from?: number): Promise<LogLine>;
  /** Asks for configuration and rules to be read again, as SIGHUP does. */
  hangup(): void;
  /** Asks it to end, as SIGTERM does; resolves as {@link done}. */
  stop(): Promise<boolean>;
  /** How it ended. */
  readonly done: Promise<boolean>;
}

/** Runs the monitor with the configuration file. Throws what is wrong with it. */
export const runInProcess = async (
  config: string,
  mode: 'daemon' | 'once' = 'daemon',
  options: {
    readonly now?: () => number;
    readonly ticks?: () => number;
    readonly leaseClock?: () => number;
    readonly random?: () => number;
    /** Told of every line, right before it can be seen. */
    readonly onLine?: () => void;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<InProcess> => {
  const now = options.now ?? Date.now;
  const known = createKnownSecrets();
  const read = () => load({ path: config, env: options.env ?? {}, cwd: ROOT, packageDir: ROOT, now, known });
  const loaded = await read();
  // As at the edge of the real process: who asks before anybody listens is heard then.
  let asked = 0;
  let ask = (): void => void (asked += 1);
  if (!loaded.ready) throw new Error(loaded.problems.map((problem) => problem.message).join('\n'));
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  let over = false;
  const changed = (): void => {
    for (const look of waiting) look();
  };
  const log = createLog({
    level: 'debug',
    pretty: false,
    secrets: loaded.secrets,
    destination: {
      write(text: string) {
        for (const line of text.split('\n').filter(Boolean)) {
          options.onLine?.();
          lines.push(JSON.parse(line) as LogLine);
        }
        changed();
      },
    },
  });
  const stop = new AbortController();
  const done = runMonitor(
    {
      ...loaded.ready,
      warnings: loaded.warnings,
      reload: read,
      onHangup(listener) {
        ask = listener;
        if (asked > 0) listener();
      },
      log,
      setLogLevel: log.setLevel,
      redact: createTextRedactor(loaded.secrets),
      now,
      ...(options.ticks && { ticks: options.ticks }),
      ...(options.leaseClock && { leaseClock: options.leaseClock }),
      random: options.random ?? Math.random,
    },
    mode,
    stop.signal,
  ).finally(() => {
    over = true;
    changed();
  });
  // Whoever looks at it gets the rejection; nobody has to.
  done.catch(() => undefined);
  return {
    lines,
    done,
    hangup: () => ask(),
    stop() {
      stop.abort();
      return done;
    },
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
          if (!over) return;
          waiting.delete(look);
          const last = lines.slice(-20).map((line) => JSON.stringify(line));
          reject(
            new Error(`the monitor ended before the line was seen; its last lines:\n${last.join('\n')}`),
          );
        };
        waiting.add(look);
        look();
      });
    },
  };
};
