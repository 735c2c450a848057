import { once } from 'node:events';
import { createScope } from '../../src/base/scope.ts';
import type { Store } from '../../src/core/store.ts';
import { createGenerator, type Generator } from '../../src/simulator/generator.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { openPostgresStore } from '../../src/store/open-postgres.ts';
import { createFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { createInstallation, type Installation, ruleOf } from '../support/installation.ts';
import { type MonitorProcess, startMonitor } from '../support/monitor-process.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createFront, type PollRequest } from './front.ts';

/** One replica: a real process that may be killed and started again. */
export interface ReplicaRun {
  readonly name: string;
  readonly installation: Installation;
  /** Its way to the database. */
  readonly link: FaultProxy;
  process: MonitorProcess | undefined;
  start(): MonitorProcess;
  /** Ends the process and waits until it has. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Several replicas on one database, before one Audit API with many accounts. */
export interface Fleet {
  readonly simulator: Simulator;
  readonly receivers: readonly Receiver[];
  readonly replicas: readonly ReplicaRun[];
  readonly accounts: readonly string[];
  /** Requests for events, in the order in which they began. */
  readonly polls: readonly PollRequest[];
  readonly store: Store & { readonly replicas: NonNullable<Store['replicas']> };
  /** Events that have to be alerted. */
  readonly expected: Set<string>;
  /** How many events there are. */
  generated(): number;
  /** Adds some events, of accounts drawn at random. */
  addEvents(count: number): void;
  /** Resolves once `holds` does, which is looked at whenever a replica logs or a request is made or ends. */
  until(holds: () => boolean | Promise<boolean>, what: string): Promise<void>;
  close(): Promise<void>;
}

const LEASE_MS = 2_000;
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 30_000;

/** What a fleet is made of. */
export interface FleetOptions {
  readonly databaseUrl: string;
  readonly accounts: number;
  readonly replicas: number;
  readonly random: () => number;
  readonly interval?: string;
  readonly sinks?: number;
  /** How long the Audit API takes. ms */
  readonly latencyMs?: number;
  readonly sections?: object;
}

/** Makes everything; no replica is started. */
export const createFleet = async (options: FleetOptions): Promise<Fleet> => {
  const { random, interval = '200ms', sinks = 3 } = options;
  const scope = createScope();
  try {
    const accounts = Array.from(
      { length: options.accounts },
      (_, index) => `key${String(index).padStart(5, '0')}`,
    );
    const simulator = await createSimulator({ accounts: accounts.map((key) => ({ key, secret: 's' })) });
    scope.defer('simulator', () => simulator.close());
    const receivers: Receiver[] = [];
    for (let index = 0; index < sinks; index += 1) {
      const receiver = await createReceiver();
      scope.defer('receiver', () => receiver.close());
      receivers.push(receiver);
    }
    const polls: PollRequest[] = [];
    const database = new URL(options.databaseUrl);
    const replicas: ReplicaRun[] = [];
    for (let index = 0; index < options.replicas; index += 1) {
      const name = `r${index}`;
      const front = await createFront(name, simulator.url, polls, options.latencyMs);
      scope.defer('front', () => front.close());
      const link = await createFaultProxy(Number(database.port));
      scope.defer('link', () => link.close());
      const url = new URL(database);
      url.port = String(link.port);
      const installation = createInstallation(front.url, {
        accounts: accounts.map((key) => ({ name: key, api_key: key, api_secret: 's' })),
        poll: { interval, settle: '0s', overlap: '10m', start: '1h' },
        reconcile: { windows: 'off' },
        store: { url: url.href, lease: `${LEASE_MS}ms` },
        sinks: Object.fromEntries(
          receivers.map((receiver, at) => [`hook${at}`, { type: 'webhook', url: receiver.url }]),
        ),
        routes: [{ to: receivers.map((_, at) => `hook${at}`) }],
        ...options.sections,
      });
      scope.defer('installation', () => installation.remove());
      installation.rule('app.yml', ruleOf('App', 'high', ['APP_CREATE', 'APP_UPDATE']));
      const run: ReplicaRun = {
        name,
        installation,
        link,
        process: undefined,
        start() {
          run.process = startMonitor(['run', '--config', installation.config]);
          return run.process;
        },
        async end(signal) {
          const { process } = run;
          run.process = undefined;
          if (!process) return;
          process.kill(signal);
          // A stopped process takes no SIGTERM.
          if (signal !== 'SIGKILL') process.kill('SIGCONT');
          if (process.child.exitCode === null && process.child.signalCode === null)
            await once(process.child, 'exit');
          await process.ended;
        },
      };
      scope.defer(name, () => run.end('SIGKILL'));
      replicas.push(run);
    }
    const store = await openPostgresStore({
      place: { kind: 'postgres', url: options.databaseUrl, poolSize: 3 },
      now: Date.now,
    });
    scope.defer('store', () => store.close());
    if (!store.replicas) throw new Error('a store on PostgreSQL has replicas');

    const generators = new Map<string, Generator>();
    const expected = new Set<string>();
    let generated = 0;
    return {
      simulator,
      receivers,
      replicas,
      accounts,
      polls,
      store: { ...store, replicas: store.replicas },
      expected,
      generated: () => generated,
      addEvents(count) {
        for (let index = 0; index < count; index += 1) {
          const account = accounts[Math.floor(random() * accounts.length)] ?? '';
          const generator = generators.get(account) ?? createGenerator({ seed: String(random()), account });
          generators.set(account, generator);
          const type = random() < 0.3 ? 'APP_CREATE' : random() < 0.5 ? 'APP_UPDATE' : 'USER_LOGIN';
          const event = generator.any(Date.now() - Math.floor(random() * 60) * 1_000, type);
          if (type !== 'USER_LOGIN') expected.add(event.id);
          generated += 1;
          simulator.add(account, event);
        }
      },
      async until(holds, what) {
        const endsMs = Date.now() + PATIENCE_MS;
        for (;;) {
          if (await holds()) return;
          if (Date.now() > endsMs)
            throw new Error(
              [
                `in vain for ${PATIENCE_MS} ms: ${what}`,
                ...replicas.map(
                  ({ name, process }) => `${name}: ${process?.output().slice(-1_500) ?? 'not running'}`,
                ),
              ].join('\n'),
            );
          // Not a wait for a time: for the next look at what other processes do.
          await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
        }
      },
      close: () => scope.close(),
    };
  } catch (error) {
    await scope.close();
    throw error;
  }
};

/** Which replica holds how many shares of a kind, by the leases in the store. */
export const spread = async ({ store }: Pick<Fleet, 'store'>, kind: string): Promise<readonly number[]> => {
  const { shares, replicas } = await store.replicas.list();
  return replicas.map(
    ({ id }) =>
      shares.filter(({ name, lease }) => name.startsWith(`${kind}:`) && lease?.holder === id).length,
  );
};

/** Two replicas that asked for the events of one account at the same time. */
export const overlaps = (polls: readonly PollRequest[]): readonly string[] => {
  const found: string[] = [];
  for (const [account, of] of Map.groupBy(polls, (poll) => poll.account)) {
    const open: PollRequest[] = [];
    for (const poll of of.toSorted((a, b) => a.beganMs - b.beganMs)) {
      for (const other of open)
        if (other.replica !== poll.replica && (other.endedMs ?? Number.POSITIVE_INFINITY) > poll.beganMs)
          found.push(
            `${account}: ${other.replica} from ${other.beganMs} to ${other.endedMs}, ${poll.replica} at ${poll.beganMs}`,
          );
      open.push(poll);
      while (open.length > 50) open.shift();
    }
  }
  return found;
};

/** The longest time in which nobody asked for the events of an account, over [fromMs, toMs). */
export const longestGap = (
  polls: readonly PollRequest[],
  accounts: readonly string[],
  fromMs: number,
  toMs: number,
): { readonly ms: number; readonly account: string; readonly atMs: number } => {
  const byAccount = Map.groupBy(
    polls.filter(({ beganMs, endedMs }) => endedMs !== undefined && beganMs >= fromMs && beganMs < toMs),
    ({ account }) => account,
  );
  let longest = { ms: 0, account: '', atMs: fromMs };
  for (const account of accounts) {
    const times = [
      fromMs,
      ...(byAccount.get(account) ?? []).map(({ beganMs }) => beganMs).toSorted((a, b) => a - b),
      toMs,
    ];
    times.forEach((ms, index) => {
      const gap = (times[index + 1] ?? ms) - ms;
      if (gap > longest.ms) longest = { ms: gap, account, atMs: ms };
    });
  }
  return longest;
};

/** What the receivers were told, against what they should have been. */
export const deliveriesOf = (fleet: Fleet) => {
  const missing: string[] = [];
  let repeats = 0;
  let otherIds = 0;
  for (const receiver of fleet.receivers) {
    const ids = new Map<string, string>();
    for (const request of receiver.requests) {
      const body = JSON.parse(request.body) as { kind: string; event_ids?: readonly string[] };
      if (body.kind !== 'rule') continue;
      const event = String(body.event_ids);
      const id = String(request.headers['webhook-id']);
      const first = ids.get(event);
      if (first === undefined) ids.set(event, id);
      else {
        repeats += 1;
        if (first !== id) otherIds += 1;
      }
    }
    missing.push(...[...fleet.expected].filter((event) => !ids.has(event)));
  }
  return { missing, repeats, otherIds };
};
