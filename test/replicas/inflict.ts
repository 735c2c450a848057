import { setTimeout as pause } from 'node:timers/promises';
import type { Turns } from '../../src/base/turns.ts';
import type { PostgresWithStandby } from '../support/standby-postgres.ts';
import type { Fleet } from './fleet.ts';
import { ableMs } from './invariants.ts';
import type { Fault } from './plan.ts';
import type { ReplicaRun } from './replica-run.ts';
import type { Variant } from './variant.ts';

/** What faults work on. */
export interface Stage {
  readonly fleet: Fleet;
  readonly database: PostgresWithStandby;
  /** What is done to the database, one after the other. */
  readonly databaseInTurn: Turns;
  /** The configuration that all are to have. */
  variant: Variant;
  readonly handovers: Handover[];
  /** Times of which the database has lost what was committed. */
  readonly lost: Lost[];
  /** When the database was last there again. Epoch ms; 0 if it never was away. */
  databaseBackMs: number;
}

/** A time of which a database has lost what was committed. Epoch ms. */
export interface Lost {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How one that was asked to end was followed. */
export interface Handover {
  readonly replica: string;
  readonly atMs: number;
  /** From the signal until others had polled all of its accounts. */
  readonly ms: number;
  /** Whether nothing hindered the others meanwhile. */
  readonly calm: boolean;
}

/** Does it, and resolves when it is over: what was taken away is given back. Not all is well again by then. */
export const inflict = async (fault: Fault, stage: Stage): Promise<void> => {
  const { fleet, database } = stage;
  const one = 'replica' in fault ? fleet.replicas[fault.replica] : undefined;
  switch (fault.kind) {
    case 'kill':
      return turn(one, async (run) => {
        await run.end('SIGKILL');
        await pause(fault.forMs);
        await startUp(run, stage);
      });
    case 'leave':
      return turn(one, async (run) => {
        await leave(run, stage);
        await pause(fault.forMs);
        await startUp(run, stage);
      });
    case 'sleep':
      return turn(one, (run) =>
        hindered(run, 'asleep', fault.forMs, {
          begin: () => run.process?.kill('SIGSTOP'),
          end: () => run.process?.kill('SIGCONT'),
        }),
      );
    case 'cut':
      return turn(one, async (run) => run.link.cut());
    case 'strand':
      return turn(one, async (run) => run.link.strand());
    case 'lose':
      return turn(one, (run) =>
        hindered(run, 'no link', fault.forMs, { begin: () => run.link.down(), end: () => run.link.up() }),
      );
    case 'freeze':
      return turn(one, (run) =>
        hindered(run, 'no link', fault.forMs, {
          begin: () => run.link.freeze(),
          end: () => run.link.thaw(),
        }),
      );
    case 'database':
      return stage.databaseInTurn(async () => {
        await fleet.tenures.read();
        await withoutDatabase(stage, async () => {
          await database.stop(fault.how);
          await pause(fault.forMs);
          await database.start();
        });
        await fleet.tenures.read();
      });
    case 'failover':
      return stage.databaseInTurn(async () => {
        await database.follow();
        await database.fallBehind();
        const fromMs = Date.now();
        if (fault.moved !== undefined)
          await turn(fleet.replicas[fault.moved], async (run) => {
            await leave(run, stage);
            await startUp(run, stage);
          });
        await pause(fault.forMs);
        const failOver = async (): Promise<void> => {
          await fleet.tenures.read();
          const diesMs = Date.now();
          await withoutDatabase(stage, () => database.failOver());
          await fleet.tenures.goBack(diesMs);
          await fleet.tenures.read();
          stage.lost.push({ fromMs, toMs: Date.now() });
        };
        const deaf = fault.deafMs > 0 && fault.moved !== undefined ? fleet.replicas[fault.moved] : undefined;
        if (!deaf) return failOver();
        await turn(deaf, async (run) => {
          run.hinder('no link', true);
          run.link.freeze();
          await failOver();
          await pause(fault.deafMs);
          run.link.thaw();
          run.hinder('no link', false);
        });
      });
    case 'roll': {
      stage.variant = fault.variant;
      for (let at = 0; at < fleet.replicas.length; at += 1)
        await turn(fleet.replicas[(fault.first + at) % fleet.replicas.length], async (run) => {
          await leave(run, stage);
          await startUp(run, stage);
        });
      return;
    }
    case 'reload': {
      stage.variant = fault.variant;
      for (const [at, run] of fleet.replicas.entries()) {
        await turn(run, () => reload(run, stage));
        await pause(fault.gapsMs[at]);
      }
    }
  }
};

const withoutDatabase = async (stage: Stage, work: () => Promise<void>): Promise<void> => {
  const { fleet } = stage;
  for (const run of fleet.replicas) run.hinder('no database', true);
  await work();
  stage.databaseBackMs = Date.now();
  for (const run of fleet.replicas) run.hinder('no database', false);
};

const turn = async (run: ReplicaRun | undefined, work: (run: ReplicaRun) => Promise<void>): Promise<void> => {
  if (!run) throw new Error('a fault of no replica');
  await run.inTurn(() => work(run));
};

const hindered = async (
  run: ReplicaRun,
  by: 'asleep' | 'no link',
  forMs: number,
  { begin, end }: { readonly begin: () => unknown; readonly end: () => unknown },
): Promise<void> => {
  run.hinder(by, true);
  await begin();
  await pause(forMs);
  await end();
  run.hinder(by, false);
};

/** The database may be away just then: a monitor that cannot begin ends, and is started again as by whoever runs it. */
const startUp = async (run: ReplicaRun, { fleet, variant }: Stage): Promise<void> => {
  fleet.configure(run, variant);
  await run.startUp();
};

/** Has it read the configuration that is in force, and waits until it works by it. */
export const reload = async (run: ReplicaRun, { fleet, variant }: Stage): Promise<void> => {
  const { process } = run;
  if (!process) return;
  fleet.configure(run, variant);
  const from = process.lines.length;
  process.kill('SIGHUP');
  await process.until(({ event }) => event === 'config.reloaded' || event === 'config.unchanged', from);
};

/** Who is in trouble with its store finds that it is there again so late. */
const TRY_AGAIN_MS = 2_000;

const leave = async (run: ReplicaRun, stage: Stage): Promise<void> => {
  const { fleet, handovers } = stage;
  const others = fleet.replicas.some((other) => other !== run && isAble(other));
  const shares = others
    ? await fleet.store.replicas
        .list()
        .then((list) => list.shares)
        .catch(() => [])
    : [];
  const held = shares.flatMap(({ name, lease }) =>
    lease && run.isHolder(lease.holder) && fleet.accounts.includes(name.slice('account:'.length))
      ? [name.slice('account:'.length)]
      : [],
  );
  const leftMs = Date.now();
  await run.end('SIGTERM');
  if (held.length === 0) return;
  const missing = new Set(held);
  let lastMs = leftMs;
  await fleet.until(() => {
    for (const { account, replica, beganMs } of fleet.polls.slice(-20 * fleet.accounts.length))
      if (replica !== run.name && beganMs > leftMs && missing.delete(account))
        lastMs = Math.max(lastMs, beganMs);
    return missing.size === 0;
  }, `others poll the accounts of ${run.name}`);
  // Of a database that was away nobody takes anything for one lease.
  const restsUntilMs = stage.databaseBackMs + fleet.leaseMs + TRY_AGAIN_MS;
  const calm =
    leftMs > restsUntilMs &&
    fleet.replicas.every((other) => other === run || ableMs([other], leftMs, lastMs) === lastMs - leftMs);
  handovers.push({ replica: run.name, atMs: leftMs, ms: lastMs - leftMs, calm });
};

const isAble = (run: ReplicaRun): boolean => run.able().at(-1)?.toMs === Number.POSITIVE_INFINITY;
