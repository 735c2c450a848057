import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createTurns, type Turns } from '../../src/base/turns.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import type { Installation } from '../support/installation.ts';
import { type MonitorProcess, startMonitor } from '../support/monitor-process.ts';

/** Why a replica cannot do anything. */
export type Hindrance = 'no process' | 'asleep' | 'no link' | 'no database';

/** One replica: a real process that may be killed and started again. */
export interface ReplicaRun {
  readonly name: string;
  readonly installation: Installation;
  /** Its way to the database. */
  readonly link: FaultProxy;
  /** What is done to it, one after the other. */
  readonly inTurn: Turns;
  readonly process: MonitorProcess | undefined;
  /** Whether a name of a holder of leases is that of one of its processes, of now or before. */
  isHolder(name: string): boolean;
  start(): MonitorProcess;
  /** Starts it, and resolves once it takes part. Rejects when it ends before. */
  startUp(): Promise<void>;
  /** Ends the process and waits until it has. Rejects when it ended by itself, or badly after SIGTERM. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Notes what hinders it, or no longer does. */
  hinder(by: Hindrance, is: boolean): void;
  /** When it went on after having been suspended. Epoch ms. */
  wokeMs(): readonly number[];
  /** In which times nothing hindered it. Epoch ms; the last one may be open. */
  able(): readonly { readonly fromMs: number; readonly toMs: number }[];
}

const OWN_HOST = new URL('own-host.ts', import.meta.url).href;

/** Makes a {@link ReplicaRun}; with `ownHost` as if it were on a machine of its own. Its log goes to `logFile`, if there is one. */
export const createReplicaRun = (
  name: string,
  installation: Installation,
  link: FaultProxy,
  options: { readonly ownHost: boolean; readonly logFile: string | undefined },
): ReplicaRun => {
  const { ownHost, logFile } = options;
  const env = ownHost ? { NODE_OPTIONS: `--import ${OWN_HOST}`, OWN_HOST: `host-${name}` } : undefined;
  let process: MonitorProcess | undefined;
  const pids = new Set<string>();
  const hindrances = new Set<Hindrance>(['no process']);
  const woke: number[] = [];
  const able: { fromMs: number; toMs: number }[] = [];
  const hinder = (by: Hindrance, is: boolean): void => {
    const was = hindrances.size > 0;
    if (by === 'asleep' && !is) woke.push(Date.now());
    if (is) hindrances.add(by);
    else hindrances.delete(by);
    const last = able.at(-1);
    if (was && hindrances.size === 0) able.push({ fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY });
    else if (!was && hindrances.size > 0 && last) last.toMs = Date.now();
  };
  const run: ReplicaRun = {
    name,
    installation,
    link,
    inTurn: createTurns(),
    get process() {
      return process;
    },
    isHolder: (holder) => pids.has(holder.split('/')[2] ?? ''),
    start() {
      process = startMonitor(['run', '--config', installation.config], env);
      pids.add(String(process.child.pid));
      if (logFile !== undefined)
        for (const stream of [process.child.stdout, process.child.stderr])
          stream?.on('data', (data: Buffer) =>
            appendFileSync(logFile, data.toString().replace(/^(?=.)/gm, `${name} `)),
          );
      return process;
    },
    async startUp() {
      await run.start().until(({ event }) => event === 'monitor.started');
      hinder('no process', false);
    },
    async end(signal) {
      const ended = process;
      process = undefined;
      hinder('no process', true);
      if (!ended) return;
      const { child } = ended;
      const isOver = child.exitCode !== null || child.signalCode !== null;
      ended.kill(signal);
      // A stopped process takes no SIGTERM.
      if (signal !== 'SIGKILL') ended.kill('SIGCONT');
      if (!isOver) await once(child, 'exit');
      const { code } = await ended.ended;
      if (isOver || (signal === 'SIGTERM' && code !== 0))
        throw new Error(
          `${name} ended ${isOver ? 'by itself' : `with ${code}`}: ${ended.output().slice(-2_000)}`,
        );
    },
    hinder,
    wokeMs: () => woke,
    able: () => able,
  };
  return run;
};
