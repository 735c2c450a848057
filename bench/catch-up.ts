import { memoryOf } from './child.ts';
import type { DatabaseServer, ServerUse } from './database.ts';
import { type Program, startMonitor, startSimulator } from './installation.ts';
import { fetchPages, insertBodies, parsePages } from './limits.ts';
import { createPlace } from './place.ts';
import { median, perSecond, quantile } from './statistics.ts';
import type { Figure } from './table.ts';
import { since, type Usage, usageOf } from './usage.ts';

/** So wide that events come as thick as in a large account, and rules see ordinary days. */
export const HISTORY = '180d';
const START = '181d';

/** What one catch-up was. */
export interface CatchUp {
  readonly eventsPerSecond: number;
  /** Of the process, and of the server if there is one. */
  readonly monitor: Usage;
  readonly server: ServerUse | undefined;
  readonly alerts: number;
  readonly typicalMb: number;
  readonly peakMb: number;
  readonly bytes: number;
}

/**
 * A monitor that was away: it reads, judges and stores a history of `events` events with the shipped rules, while the
 * simulator serves them from a process of its own. The limits (fetching, parsing, inserting the same events) are
 * measured before each run of the monitor, on the same machine in the same state.
 */
export const measureCatchUp = async (
  program: Program,
  options: { readonly events: number; readonly rounds: number },
): Promise<readonly Figure[]> => {
  const { events } = options;
  const simulator = await startSimulator(events, HISTORY);
  try {
    const fetched: number[] = [];
    const parsed: number[] = [];
    const inserted: number[] = [];
    const runs: CatchUp[] = [];
    let bareBytes = 0;
    let bodyBytes = 0;
    for (let round = 0; round < options.rounds; round += 1) {
      const { ms, pages } = await fetchPages(simulator.url, events);
      fetched.push(perSecond(events, ms));
      const pure = parsePages(pages.map((page) => page.toString('utf8')));
      parsed.push(perSecond(events, pure.ms));
      if (pure.bodies.length !== events) throw new Error(`${pure.bodies.length} of ${events} were served`);
      const bare = insertBodies(pure.bodies);
      inserted.push(perSecond(events, bare.ms));
      bareBytes = bare.bytes / events;
      bodyBytes = pure.bodies.reduce((sum, { json }) => sum + json.length, 0) / events;
      runs.push(await catchUp(program, simulator.url, events));
    }
    const rates = runs.map((run) => run.eventsPerSecond);
    const value = median(rates);
    const bytes = median(runs.map((run) => run.bytes / events));
    return [
      {
        name: `catch-up of ${events.toLocaleString('en')} events`,
        value,
        unit: 'events/s',
        runs: rates,
        beside: { name: 'bare inserts', value: median(inserted) },
        aim: { share: 0.4 },
      },
      {
        name: '  the same',
        value,
        unit: 'events/s',
        beside: { name: 'bare fetching', value: median(fetched) },
      },
      {
        name: '  the same',
        value,
        unit: 'events/s',
        beside: { name: 'bare JSON.parse', value: median(parsed) },
      },
      { name: '  alerts decided on the way', value: median(runs.map((run) => run.alerts)), unit: 'alerts' },
      {
        name: 'resident memory in catch-up, typical',
        value: median(runs.map((run) => run.typicalMb)),
        unit: 'MB',
      },
      { name: 'resident memory in catch-up, peak', value: median(runs.map((run) => run.peakMb)), unit: 'MB' },
      {
        name: 'database, bytes per event',
        value: bytes,
        unit: 'bytes',
        beside: { name: `bare table (bodies of ${Math.round(bodyBytes)})`, value: bareBytes },
      },
    ];
  } finally {
    await simulator.kill();
  }
};

/** Lets a new monitor read all of a history, into a file or, with a server, into a database. */
export const catchUp = async (
  program: Program,
  url: string,
  events: number,
  server?: DatabaseServer,
): Promise<CatchUp> => {
  const place = await createPlace(server, url, { poll: { interval: '1h', start: START } });
  const serverBefore = await place.use();
  const monitor = startMonitor(program, place.installation);
  try {
    const samples: number[] = [];
    await monitor.line('http.listening');
    const before = usageOf(monitor.pid);
    const sampling = setInterval(() => samples.push(memoryOf(monitor.pid).nowMb), 100);
    const { fields } = await monitor.line('poll.completed').finally(() => clearInterval(sampling));
    const usage = usageOf(monitor.pid);
    const { peakMb } = memoryOf(monitor.pid);
    if (fields.new !== events) throw new Error(`${String(fields.new)} of ${events} events were stored`);
    await monitor.stop();
    const serverAfter = await place.use(true);
    return {
      eventsPerSecond: perSecond(events, Number(fields.duration_ms)),
      monitor: since(before, usage),
      server: serverBefore && serverAfter && since(serverBefore, serverAfter),
      alerts: Number(fields.alerts),
      typicalMb: quantile(samples, 0.5),
      peakMb,
      // The log is gone after a clean end: all is in the database file.
      bytes: await place.bytes(),
    };
  } finally {
    await monitor.kill();
    await place.remove();
  }
};
