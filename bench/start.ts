import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf, memoryOf, startNode } from './child.ts';
import { type DatabaseServer, startDatabase } from './database.ts';
import { type Program, startMonitor, startSimulator } from './installation.ts';
import { createPlace } from './place.ts';
import { median } from './statistics.ts';
import type { Figure } from './table.ts';

interface Start {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** A Node that does nothing but say so: no program starts sooner. */
const BARE = ['-e', 'console.log(JSON.stringify({event: "bare"})); setInterval(() => {}, 1000)'];

/** What is started, over a file or a database. */
interface Subject {
  readonly name: string;
  readonly program: Program;
  readonly server: DatabaseServer | undefined;
}

/**
 * From spawning the process to its `poll.completed` line, over an empty store and with the shipped rules, and resident memory
 * some time after that: of each program over a file, and of the first over PostgreSQL. CPU time is given as well, since on a busy
 * machine it says more than the clock on the wall.
 */
export const measureStart = async (
  programs: readonly Program[],
  options: { readonly runs: number; readonly idleSeconds: number },
): Promise<readonly Figure[]> => {
  const server = await startDatabase();
  const simulator = await startSimulator(1_000);
  try {
    const subjects: readonly Subject[] = programs.flatMap((program, index) => [
      { name: program.form, program, server: undefined },
      ...(index === 0 ? [{ name: `${program.form}, PostgreSQL`, program, server }] : []),
    ]);
    const bare: Start[] = [];
    const starts = new Map<Subject, Start[]>(subjects.map((subject) => [subject, []]));
    // The first run fills the caches of the system and the compiled code; it does not count.
    for (let run = 0; run <= options.runs; run += 1) {
      const bareStart = await startBare();
      if (run > 0) bare.push(bareStart);
      for (const [subject, measured] of starts) {
        const start = await startOnce(subject, simulator.url);
        if (run > 0) measured.push(start);
      }
    }
    const bareMb = await bareMemory(options.idleSeconds);
    const figures: Figure[] = [];
    for (const [subject, measured] of starts) {
      figures.push(
        figure(`start to first poll, ${subject.name}`, measured, bare, 'wallMs', { most: 400 }),
        figure(`  CPU time of that, ${subject.name}`, measured, bare, 'cpuMs'),
        await idle(subject, simulator.url, options.idleSeconds, bareMb),
      );
    }
    return figures;
  } finally {
    await simulator.stop();
    await server.close();
  }
};

const figure = (
  name: string,
  measured: readonly Start[],
  bare: readonly Start[],
  key: keyof Start,
  aim?: Figure['aim'],
): Figure => {
  const runs = measured.map((start) => start[key]);
  const value = median(bare.map((start) => start[key]));
  return {
    name,
    value: median(runs),
    unit: 'ms',
    runs,
    beside: { name: 'bare Node', value },
    ...(aim && { aim }),
  };
};

const startBare = async (): Promise<Start> => {
  const child = startNode(BARE);
  const { atMs } = await child.line('bare');
  const cpuMs = cpuMsOf(child.pid);
  await child.kill();
  return { wallMs: atMs - child.spawnedMs, cpuMs };
};

const startOnce = async ({ program, server }: Subject, url: string): Promise<Start> => {
  const place = await createPlace(server, url, {});
  const monitor = startMonitor(program, place.installation);
  try {
    const { atMs } = await monitor.line('poll.completed');
    const cpuMs = cpuMsOf(monitor.pid);
    await monitor.stop();
    return { wallMs: atMs - monitor.spawnedMs, cpuMs };
  } finally {
    await monitor.kill();
    await place.remove();
  }
};

const bareMemory = async (seconds: number): Promise<number> => {
  const child = startNode(BARE);
  await child.line('bare');
  await sleep(Math.min(seconds, 2) * 1_000);
  const { nowMb } = memoryOf(child.pid);
  await child.kill();
  return nowMb;
};

/** Memory of a monitor that polls a quiet account every second, after it was asked for readiness and metrics. */
const idle = async (
  { name, program, server }: Subject,
  url: string,
  seconds: number,
  bareMb: number,
): Promise<Figure> => {
  const place = await createPlace(server, url, { poll: { interval: '1s', start: 'now' } });
  const monitor = startMonitor(program, place.installation);
  try {
    await monitor.line('poll.completed');
    const { fields } = await monitor.line('http.listening');
    for (const path of ['/livez', '/readyz', '/metrics']) {
      await (await fetch(`${String(fields.url)}${path}`)).arrayBuffer();
    }
    await sleep(seconds * 1_000);
    const { nowMb } = memoryOf(monitor.pid);
    await monitor.stop();
    return {
      name: `resident memory, idle for ${seconds} s, ${name}`,
      value: nowMb,
      unit: 'MB',
      beside: { name: 'bare Node', value: bareMb },
      aim: { most: 90 },
    };
  } finally {
    await monitor.kill();
    await place.remove();
  }
};
