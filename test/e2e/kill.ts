import { createScope } from '../../src/base/scope.ts';
import type { StorePlace } from '../../src/core/store-place.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { openStoreAt } from '../../src/store/open.ts';
import { createFaultProxy, drawLinkFault } from '../support/fault-proxy.ts';
import { createInstallation, KEY, ruleOf } from '../support/installation.ts';
import { type MonitorProcess, startMonitor } from '../support/monitor-process.ts';
import { createReceiver } from '../support/receiver.ts';

/** What a run of kills came to. */
export interface KillResult {
  readonly kills: number;
  /** At which moment the kills came, by name, with their number. */
  readonly moments: Readonly<Record<string, number>>;
  /** Ids of events that should have been alerted. */
  readonly expected: ReadonlySet<string>;
  /** Ids of events the receiver was told of. */
  readonly received: ReadonlySet<string>;
  /** Requests that repeated an event which had already been told. */
  readonly repeats: number;
  /** Repetitions whose delivery id differed from the first: must be 0. */
  readonly repeatsWithOtherId: number;
  /** Events in the store at the end, and how many there should be. */
  readonly stored: number;
  readonly generated: number;
}

/** Moments at which a kill is aimed; the log line is awaited, then a random number of ms passes. */
const MOMENTS = [
  'start',
  'monitor.started',
  'lease.acquired',
  'poll.completed',
  'alert.decided',
  'request',
] as const;

/**
 * Kills the real process with SIGKILL again and again under load, each time at another moment of its life, then lets it
 * finish. `random` decides moments and delays; a failing run is repeated with its seed.
 */
export const killAgainAndAgain = async (options: {
  readonly kills: number;
  readonly random: () => number;
  readonly eventsPerLife: number;
  /** Where the store is, if not in a file. */
  readonly place?: StorePlace;
}): Promise<KillResult> => {
  const { random } = options;
  const scope = createScope();
  try {
    const simulator = await createSimulator();
    scope.defer('simulator', () => simulator.close());
    const receiver = await createReceiver();
    scope.defer('receiver', () => receiver.close());
    // A network that breaks now and then as well, on the way to the API.
    const proxy = await createFaultProxy(Number(new URL(simulator.url).port));
    scope.defer('proxy', () => proxy.close());
    const breaks = (): ReturnType<typeof drawLinkFault> | undefined =>
      random() < 0.3 ? drawLinkFault(random, { longestMs: 100 }) : undefined;
    const url = `http://127.0.0.1:${proxy.port}/beta/audit`;
    const installation = createInstallation(url, {
      sinks: { hook: { type: 'webhook', url: receiver.url } },
      routes: [{ match: { kind: 'rule' }, to: ['hook'] }, { to: ['hook'] }],
      api: { base_url: url, timeout: '1s', page_size: 20 },
      ...(options.place?.kind === 'postgres' ? { store: { url: options.place.url } } : {}),
    });
    scope.defer('installation', () => installation.remove());
    installation.rule('app.yml', ruleOf('App', 'high', ['APP_CREATE', 'APP_UPDATE']));
    const generator = createGenerator({ seed: String(random()), account: KEY });
    const expected = new Set<string>();
    let generated = 0;
    let addedMs = 0;
    const addEvents = (): void => {
      const now = Date.now();
      addedMs = now;
      for (let i = 0; i < options.eventsPerLife; i += 1) {
        const type = random() < 0.5 ? 'APP_CREATE' : random() < 0.5 ? 'APP_UPDATE' : 'USER_LOGIN';
        // Many in one second, some a good while ago: the overlap has to find them.
        const event = generator.any(now - Math.floor(random() * 120) * 1_000, type);
        if (type !== 'USER_LOGIN') expected.add(event.id);
        generated += 1;
        simulator.add(KEY, event);
      }
    };
    const moments: Record<string, number> = {};
    const start = (): MonitorProcess => startMonitor(['run', '--config', installation.config]);

    for (let kill = 0; kill < options.kills; kill += 1) {
      addEvents();
      proxy.always(breaks);
      const drawn = MOMENTS[Math.floor(random() * MOMENTS.length)] ?? 'start';
      // Where replicas divide the work, it begins with shares instead of the one lease.
      const moment =
        drawn === 'lease.acquired' && options.place?.kind === 'postgres' ? 'shares.taken' : drawn;
      moments[moment] = (moments[moment] ?? 0) + 1;
      const seen = receiver.requests.length;
      const monitor = start();
      if (moment === 'request') await receiver.received(seen + 1, 60_000);
      else if (moment !== 'start') await monitor.until((line) => line.event === moment);
      // Not a wait for anything: the kill itself is to come at a random moment.
      await new Promise((resolve) => setTimeout(resolve, random() * (moment === 'start' ? 1_200 : 30)));
      monitor.kill('SIGKILL');
      await monitor.ended;
    }

    proxy.always(undefined);
    const last = start();
    const told = (): Set<string> =>
      new Set(receiver.requests.flatMap((request) => JSON.parse(request.body).event_ids));
    for (let count = receiver.requests.length; !expected.isSubsetOf(told()); count += 1) {
      await receiver.received(count, 60_000);
    }
    // What no rule matches is told to nobody; it is stored with the first pass that covers the second it happened in.
    await last.until(
      ({ event, watermark }) =>
        event === 'poll.completed' && Date.parse(String(watermark)) >= addedMs + 1_000,
    );
    last.kill('SIGTERM');
    await last.ended;

    const firstIds = new Map<string, string>();
    let repeats = 0;
    let repeatsWithOtherId = 0;
    for (const request of receiver.requests) {
      const body = JSON.parse(request.body);
      if (body.kind !== 'rule') continue;
      const event = String(body.event_ids);
      const id = String(request.headers['webhook-id']);
      const first = firstIds.get(event);
      if (first === undefined) firstIds.set(event, id);
      else {
        repeats += 1;
        if (first !== id) repeatsWithOtherId += 1;
      }
    }
    const place = options.place ?? { kind: 'sqlite', path: installation.database };
    const store = await openStoreAt(place, { now: Date.now });
    scope.defer('store', () => store.close());
    const { events } = await store.status.totals();
    return {
      kills: options.kills,
      moments,
      expected,
      received: told(),
      repeats,
      repeatsWithOtherId,
      stored: events,
      generated,
    };
  } finally {
    await scope.close();
  }
};

/** A small seeded generator (mulberry32), so that a run can be repeated. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};
