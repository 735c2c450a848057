import { createScope } from '../../src/base/scope.ts';
import type { Store } from '../../src/core/store.ts';
import { createGenerator, type Generator } from '../../src/simulator/generator.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { openPostgresStore } from '../../src/store/open-postgres.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { createInstallation } from '../support/installation.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createFront, type PollRequest } from './front.ts';
import { createReplicaRun, type ReplicaRun } from './replica-run.ts';
import { type Tenures, watchTenures } from './tenures.ts';
import { configure, type Variant, type VariantBase, wholeVariant } from './variant.ts';

/** Several replicas on one database, before one Audit API with many accounts. */
export interface Fleet {
  readonly simulator: Simulator;
  /** The last one is that of the sink `extra`, which comes and goes. */
  readonly receivers: readonly Receiver[];
  /** That of the sink `digest`, which gets all findings in groups. */
  readonly digest: Receiver | undefined;
  readonly replicas: readonly ReplicaRun[];
  /** Accounts that are always watched. */
  readonly accounts: readonly string[];
  /** Accounts that come and go. */
  readonly guests: readonly string[];
  readonly leaseMs: number;
  readonly databaseUrl: string;
  /** Requests for events, in the order in which they began. */
  readonly polls: readonly PollRequest[];
  /** Who took which account when. */
  readonly tenures: Tenures;
  readonly store: Store & { readonly replicas: NonNullable<Store['replicas']> };
  /** Events that have to be alerted, wherever they are. */
  readonly expected: Set<string>;
  /** How many events there are. */
  generated(): number;
  /** Adds some events, of accounts drawn at random. */
  addEvents(count: number): void;
  /** Gives a replica a configuration, for its next start or reload. */
  configure(replica: ReplicaRun, variant: Variant): void;
  /** Resolves once `holds` does, which is looked at again and again; rejects after a long time. What throws does not hold. */
  until(holds: () => boolean | Promise<boolean>, what: string, everyMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** Between two looks at what other processes do. */
const LOOK_EVERY_MS = 50;

/** What a fleet is made of. */
export interface FleetOptions {
  readonly databaseUrl: string;
  /** Where the database listens, if that changes; else where `databaseUrl` says. */
  readonly databasePort?: () => number;
  readonly accounts: number;
  /** Accounts besides, which come and go; 0. */
  readonly guests?: number;
  readonly replicas: number;
  readonly random: () => number;
  /** `store.lease`; 2 s. */
  readonly leaseMs?: number;
  /** `poll.interval`; 200 ms. */
  readonly intervalMs?: number;
  readonly sinks?: number;
  /** How long the Audit API takes. ms */
  readonly latencyMs?: number;
  /** How long {@link Fleet.until} waits. ms */
  readonly patienceMs?: number;
  /** Whether each believes to be on a machine of its own, so that only a lease that runs out tells of its death. */
  readonly ownHosts?: boolean;
  /** Where the logs of all replicas go. */
  readonly logFile?: string | undefined;
  /** How long a group of findings waits, if there is a sink that gets them in groups. */
  readonly digest?: { readonly wait: string; readonly interval: string };
  /** One more file of rules. */
  readonly rules?: string;
  readonly sections?: object;
}

const keysOf = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(5, '0')}`);

/** Makes everything; no replica is started. All have the whole configuration. */
export const createFleet = async (options: FleetOptions): Promise<Fleet> => {
  const { random, databaseUrl, leaseMs = 2_000, intervalMs = 200, sinks = 3, patienceMs = 30_000 } = options;
  const scope = createScope();
  try {
    const accounts = keysOf('key', options.accounts);
    const guests = keysOf('gst', options.guests ?? 0);
    const all = [...accounts, ...guests];
    const simulator = await createSimulator({ accounts: all.map((key) => ({ key, secret: 's' })) });
    scope.defer('simulator', () => simulator.close());
    const receivers: Receiver[] = [];
    for (let index = 0; index < sinks; index += 1) {
      const receiver = await createReceiver();
      scope.defer('receiver', () => receiver.close());
      receivers.push(receiver);
    }
    const digest = options.digest && (await createReceiver());
    if (digest) scope.defer('receiver', () => digest.close());
    const base: VariantBase = {
      accounts,
      guests,
      receivers,
      interval: `${intervalMs}ms`,
      lease: `${leaseMs}ms`,
      databaseUrl,
      digest: options.digest && digest && { url: digest.url, ...options.digest },
      rules: options.rules,
      sections: options.sections ?? {},
    };
    const polls: PollRequest[] = [];
    const replicas: ReplicaRun[] = [];
    for (let index = 0; index < options.replicas; index += 1) {
      const name = `r${index}`;
      const front = await createFront(name, simulator.url, polls, options.latencyMs);
      scope.defer('front', () => front.close());
      const link = await createFaultProxy(options.databasePort ?? Number(new URL(databaseUrl).port));
      scope.defer('link', () => link.close());
      const installation = createInstallation(front.url);
      scope.defer('installation', () => installation.remove());
      const run = createReplicaRun(name, installation, link, {
        ownHost: options.ownHosts ?? false,
        logFile: options.logFile,
      });
      configure(run, base, wholeVariant(0));
      scope.defer(name, async () => {
        // Whatever has become of it.
        await run.end('SIGKILL').catch(() => undefined);
      });
      replicas.push(run);
    }
    const store = await openPostgresStore({
      place: { kind: 'postgres', url: databaseUrl, poolSize: 3 },
      now: Date.now,
    });
    scope.defer('store', () => store.close());
    if (!store.replicas) throw new Error('a store on PostgreSQL has replicas');

    const tenures = await watchTenures(databaseUrl);
    scope.defer('tenures', () => tenures.close());

    const generators = new Map<string, Generator>();
    const expected = new Set<string>();
    let generated = 0;
    return {
      simulator,
      receivers,
      digest,
      replicas,
      accounts,
      guests,
      leaseMs,
      databaseUrl,
      polls,
      tenures,
      store: { ...store, replicas: store.replicas },
      expected,
      generated: () => generated,
      addEvents(count) {
        for (let index = 0; index < count; index += 1) {
          const account = all[Math.floor(random() * all.length)] ?? '';
          const generator = generators.get(account) ?? createGenerator({ seed: String(random()), account });
          generators.set(account, generator);
          const type = random() < 0.3 ? 'APP_CREATE' : random() < 0.5 ? 'APP_UPDATE' : 'USER_LOGIN';
          const event = generator.any(Date.now() - Math.floor(random() * 60) * 1_000, type);
          if (type !== 'USER_LOGIN') expected.add(event.id);
          generated += 1;
          simulator.add(account, event);
        }
      },
      configure: (replica, variant) => configure(replica, base, variant),
      async until(holds, what, everyMs = LOOK_EVERY_MS) {
        const endsMs = Date.now() + patienceMs;
        let failure: unknown;
        for (;;) {
          try {
            if (await holds()) return;
            failure = undefined;
          } catch (error) {
            failure = error;
          }
          if (Date.now() > endsMs)
            throw new Error(
              [
                `in vain for ${patienceMs} ms: ${what}`,
                ...replicas.map(
                  ({ name, process }) => `${name}: ${process?.output().slice(-1_500) ?? 'not running'}`,
                ),
              ].join('\n'),
              { cause: failure },
            );
          // Not a wait for a time: for the next look at what other processes do.
          await new Promise((resolve) => setTimeout(resolve, everyMs));
        }
      },
      close: () => scope.close(),
    };
  } catch (error) {
    await scope.close();
    throw error;
  }
};
