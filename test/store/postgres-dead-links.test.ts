import { once } from 'node:events';
import type { Socket } from 'node:net';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReplicaFacts, Replicas, ShareName } from '../../src/core/replicas.ts';
import type { Store } from '../../src/core/store.ts';
import { openPostgresStore } from '../../src/store/open-postgres.ts';
import { beatPatience, NAME_BEATS, NO_LIMITS, workPatience } from '../../src/store/postgres-client.ts';
import { connectPostgres } from '../../src/store/postgres-connection.ts';
import { endForsaken } from '../../src/store/postgres-forsaken.ts';
import { createFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { auditEvent, decideNothing, T0, take, windowOf } from './fixtures.ts';

let database: TestDatabase;
let proxy: FaultProxy;
let opened: Store[] = [];
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  proxy = await createFaultProxy(Number(new URL(database.url).port));
});
afterEach(async () => {
  await proxy.close();
  await Promise.all(opened.map((store) => store.close()));
  opened = [];
  await database.clear();
});

const LEASE_MS = 2_000;
const WANTS: readonly ShareName[] = ['account:a'];
const facts: ReplicaFacts = {
  id: 'one',
  version: '1.0.0',
  configHash: 'c0ffee',
  refusal: undefined,
  startedAtMs: T0,
  wants: WANTS,
};
const open = async (
  how: 'through the proxy' | 'past it' = 'through the proxy',
  poolSize = 4,
  leaseMs = LEASE_MS,
) => {
  const url = new URL(database.url);
  if (how === 'through the proxy') url.port = String(proxy.port);
  const store = await openPostgresStore({
    place: { kind: 'postgres', url: url.href, poolSize },
    now: Date.now,
    leaseMs,
  });
  opened.push(store);
  if (!store.replicas) throw new Error('no replicas');
  return { ...store, replicas: store.replicas };
};
/** Beats as a replica does, until `work` has ended. */
const beatingUntil = async <T>(replicas: Replicas, work: Promise<T>): Promise<T> => {
  const ended = work.then(
    () => 'ended',
    () => 'ended',
  );
  let pause: NodeJS.Timeout | undefined;
  const rest = (): Promise<string> =>
    new Promise((resolve) => {
      pause = setTimeout(resolve, LEASE_MS / 5, 'beat');
    });
  while ((await Promise.race([ended, rest()])) === 'beat') await replicas.beat(facts, LEASE_MS);
  clearTimeout(pause);
  return work;
};

describe('a connection on which nobody answers, and nobody says so,', () => {
  it('costs a replica less than a lease: its beats and its work go on over new ones', async () => {
    const { replicas, status, overview } = await open();
    await replicas.beat(facts, LEASE_MS);
    const [lease] = await replicas.claim('one', WANTS, LEASE_MS);
    // Several of the pool.
    await Promise.all([status.probe(), status.totals(), status.deliveryCounts()]);
    proxy.strand();
    const began = performance.now();
    const { leases } = await replicas.beat(facts, LEASE_MS);
    expect(leases).toEqual([lease]);
    expect(performance.now() - began).toBeLessThan(LEASE_MS);
    // What was idle then leads nowhere either.
    await Promise.all([status.probe(), status.totals()]);
    await overview({ nowMs: T0, lease: 'monitor', sinks: [], latenessSinceMs: 0, alertsSinceMs: 0 });
    expect(performance.now() - began).toBeLessThan(2 * LEASE_MS);
  });

  it('is ended under whoever waits on it, though beats never fail', async () => {
    const { replicas, status } = await open('through the proxy', 1);
    await status.probe();
    proxy.strand();
    const began = performance.now();
    // Beats have a connection of their own, which is made only now.
    await beatingUntil(replicas, status.totals());
    expect(performance.now() - began).toBeLessThan(3 * LEASE_MS);
  });

  it('is told from one on which the server works for long', async () => {
    const { replicas, collect, leases } = await open();
    const taken = await leases.acquire('account:a', 'one', 60_000);
    if (!('lease' in taken)) throw new Error('not taken');
    const { lease } = taken;
    const first = await collect.commitWindow(lease, windowOf([auditEvent('a', 1)]), decideNothing);
    expect(first.fresh).toHaveLength(1);
    const other = new pg.Client(database.url);
    await other.connect();
    await other.query('BEGIN; LOCK TABLE vonage_audit_monitor.chains');
    const slow = collect.commitWindow(lease, windowOf([auditEvent('b', 2)]), decideNothing);
    // Far longer than silence that tells anything.
    const over = new Promise<void>((resolve) => {
      setTimeout(resolve, 2.5 * beatPatience(LEASE_MS).answerMs);
    });
    await beatingUntil(replicas, over);
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    expect(await database.query(waiting)).toHaveLength(1);
    await other.query('COMMIT');
    await other.end();
    expect((await slow).fresh.map(({ id }) => id)).toEqual(['b']);
  });

  it('no replica beats on while it can do nothing else: others are to take over', async () => {
    const { replicas, status } = await open();
    await status.probe();
    const before = await database.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    // That of beats is made now, and goes on; all others end, and no new one comes about.
    await replicas.beat(facts, LEASE_MS);
    proxy.always({ kind: 'stall', afterBytes: 0 });
    await database.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS before (pid)', [
      before.map(({ pid }) => pid),
    ]);
    const silent = new Promise<never>((_, reject) => {
      setTimeout(reject, 1.5 * LEASE_MS, new Error('over'));
    });
    await expect(beatingUntil(replicas, silent)).rejects.toMatchObject({ kind: 'unreachable' });
    proxy.always(undefined);
    await expect(status.probe()).resolves.toBeUndefined();
    await replicas.beat(facts, LEASE_MS);
  });

  it('keeps no replica from beating once others answer again, however long all were silent', async () => {
    const { replicas, status } = await open();
    await replicas.beat(facts, LEASE_MS);
    await status.probe();
    proxy.strand();
    proxy.freeze();
    const beat = (): Promise<string> =>
      replicas.beat(facts, LEASE_MS).then(
        () => 'done',
        (error: unknown) => String(error),
      );
    const beatsUntil = async (said: string): Promise<number> => {
      const began = performance.now();
      while (!(await beat()).includes(said))
        await new Promise((resolve) => {
          setTimeout(resolve, LEASE_MS / 10);
        });
      return performance.now() - began;
    };
    await beatsUntil('no connection but that of beats');
    proxy.thaw();
    expect(await beatsUntil('done')).toBeLessThan(2 * LEASE_MS);
  });

  it('is no longer listened on', async () => {
    const { replicas } = await open();
    const other = await open('past it');
    await replicas.beat(facts, LEASE_MS);
    proxy.strand();
    await replicas.beat(facts, LEASE_MS);
    const never = new AbortController();
    // That there is another one is told as well: what was told in between was not heard.
    await replicas.told(never.signal);
    const told = replicas.told(never.signal);
    await other.replicas.leave('nobody');
    await told;
  });
});

describe('a session that was sent half of a series of messages, and holds locks,', () => {
  const READS_FOR_EVER = `SET idle_in_transaction_session_timeout = 100; SET statement_timeout = 100`;
  let clients: pg.Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    clients = [];
  });
  const session = async (...statements: readonly string[]): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: database.url,
      application_name: 'vonage-audit-monitor',
    });
    client.on('error', () => undefined);
    clients.push(client);
    await client.connect();
    for (const text of statements) await client.query(text);
    return client;
  };
  /** Locks something, asks for more, and says no word of when that is over. Resolves with what tells of its end. */
  const forsaken = async (lock: string, name = 'SELECT 1'): Promise<{ readonly end: Promise<unknown> }> => {
    const client = await session(
      READS_FOR_EVER,
      name,
      'SET search_path TO vonage_audit_monitor',
      'BEGIN',
      lock,
    );
    const text = Buffer.from('\0SELECT 1\0\0\0');
    const head = Buffer.from('P\0\0\0\0');
    head.writeInt32BE(text.length + 4, 1);
    const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
    // What is answered is not what the client asked.
    stream.removeAllListeners('data');
    stream.write(Buffer.concat([head, text]));
    return { end: once(stream.resume(), 'close') };
  };

  it('keeps no replica from beating for longer than one beat, and others from nothing', async () => {
    const { replicas } = await open('past it');
    await replicas.beat(facts, LEASE_MS);
    const [lease] = await replicas.claim('one', WANTS, LEASE_MS);
    const gone = await forsaken(`SELECT 1 FROM replicas WHERE id = 'one' FOR UPDATE`, NAME_BEATS);
    // Of a large statement the rest may still be on its way.
    const slow = await forsaken('SELECT txid_current()');
    const reading = await session('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', 'SELECT 1');
    const long = await session(`BEGIN; ${NO_LIMITS}; SELECT txid_current()`);
    const began = performance.now();
    await expect(replicas.beat(facts, LEASE_MS)).rejects.toMatchObject({ kind: 'busy' });
    const { leases } = await replicas.beat(facts, LEASE_MS);
    expect(leases).toEqual([lease]);
    expect(performance.now() - began).toBeLessThan(LEASE_MS);
    await gone.end;
    await expect(Promise.race([slow.end, Promise.resolve('there')])).resolves.toBe('there');
    for (const client of [reading, long]) expect((await client.query('SELECT 1')).rows).toHaveLength(1);
  });

  it('is ended later when it works on more than beats, and never when others named it', async () => {
    const store = await open('past it');
    await store.replicas.beat(facts, LEASE_MS);
    const work = await forsaken(`SELECT 1 FROM replicas WHERE id = 'one' FOR UPDATE`);
    await session(`SET application_name TO 'psql'; BEGIN; SELECT txid_current()`);
    const lane = connectPostgres({ kind: 'postgres', url: database.url, poolSize: 1, begin: NAME_BEATS });
    expect(await endForsaken(lane, { beatsMs: 0, workMs: 60_000 })).toBe(0);
    expect(await endForsaken(lane, { beatsMs: 60_000, workMs: 0 })).toBe(1);
    await work.end;
    await lane.close();
    // Without the name that beats have, nobody can tell.
    const other = connectPostgres({
      kind: 'postgres',
      url: `${database.url}?application_name=x`,
      poolSize: 1,
    });
    await forsaken('SELECT txid_current()');
    expect(await endForsaken(other, { beatsMs: 0, workMs: 0 })).toBe(0);
    await other.close();
  });
});

it('a link that is slow is not taken for dead while a large window goes over it', async () => {
  // Long enough that a machine that others keep busy does not look like the link.
  const leaseMs = 4_000;
  // Some seconds for all of it, and some tenths of one for each piece.
  proxy.always({ kind: 'trickle', of: 'request', bytes: 64 * 1024, everyMs: 20 });
  const { replicas, collect, leases } = await open('through the proxy', 1, leaseMs);
  const taken = await leases.acquire('account:a', 'one', 60_000);
  if (!('lease' in taken)) throw new Error('not taken');
  // A statement that the server has prepared is sent as one message: until that is whole, nothing tells it from an idle session.
  await collect.commitWindow(taken.lease, windowOf([auditEvent('first', 1)]), decideNothing);
  const note = 'x'.repeat(15_000);
  const events = Array.from({ length: 500 }, (_, at) => auditEvent(`e${at}`, 2, { note }));
  const began = performance.now();
  const commit = collect.commitWindow(taken.lease, windowOf(events), decideNothing);
  expect((await beatingUntil(replicas, commit)).fresh).toHaveLength(500);
  expect(performance.now() - began).toBeGreaterThan(beatPatience(leaseMs).answerMs);
});

it('a process that is frozen inside a transaction holds what it has locked for half a lease at most', async () => {
  expect(workPatience(2_000).idleInTransactionMs).toBe(1_000);
  expect(workPatience(60_000).idleInTransactionMs).toBe(10_000);
  const frozen = await open('past it');
  const lease = await take(frozen, 'frozen', 60_000);
  const commit = frozen.collect.commitWindow(lease, windowOf([auditEvent('a', 1)]), () => {
    // Nothing of this process moves meanwhile, as in a SIGSTOP.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_600);
    return { alerts: [], state: [] };
  });
  await expect(commit).rejects.toMatchObject({ name: 'StoreError' });
  expect(await database.query('SELECT id FROM vonage_audit_monitor.events')).toEqual([]);
});

it('a replica takes as many connections as docs/scale.md says: those of the pool, one that listens and one for beats', async () => {
  const { replicas, status } = await open('past it', 3);
  await Promise.all(Array.from({ length: 12 }, () => status.totals()));
  await replicas.beat(facts, LEASE_MS);
  await replicas.list();
  const ours = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%vonage-audit-monitor'`;
  expect(await database.query(ours)).toHaveLength(3 + 2);
});
