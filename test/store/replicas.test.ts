import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LeaseLostError } from '../../src/core/lease.ts';
import type { ReplicaFacts, Replicas, ShareName } from '../../src/core/replicas.ts';
import type { Store } from '../../src/core/store.ts';
import { openPostgresStore } from '../../src/store/open-postgres.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { decided, decideNothing, T0, windowOf } from './fixtures.ts';

let database: TestDatabase;
let nowMs: number;
let opened: Store[] = [];
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  nowMs = T0;
  await database.clear();
});
afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  opened = [];
});

const TTL = 10_000;
const open = async (): Promise<Store & { readonly replicas: Replicas }> => {
  const store = await openPostgresStore({
    place: { kind: 'postgres', url: database.url, poolSize: 4 },
    now: () => nowMs,
    leaseClock: () => nowMs,
  });
  opened.push(store);
  if (!store.replicas) throw new Error('no replicas');
  return { ...store, replicas: store.replicas };
};

const WANTS: readonly ShareName[] = ['account:a', 'account:b', 'duty:clock', 'sink:ops'];
const facts = (id: string, wants = WANTS): ReplicaFacts => ({
  id,
  version: '1.0.0',
  configHash: 'c0ffee',
  refusal: undefined,
  startedAtMs: T0 - 5_000,
  wants,
});
const names = (leases: readonly { readonly name: string }[]): readonly string[] =>
  leases.map(({ name }) => name).toSorted();

describe('a beat', () => {
  it('tells who is alive, what they say of themselves, and how every share stands', async () => {
    const { replicas } = await open();
    await replicas.beat({ ...facts('one'), refusal: 'line 3' }, TTL);
    await replicas.claim('one', ['account:a'], TTL);
    const answer = await replicas.beat(facts('two', ['account:z']), TTL);
    expect(answer).toEqual({
      nowMs: T0,
      leases: [],
      replicas: [
        { ...facts('one'), refusal: 'line 3', seenAtMs: T0, expiresAtMs: T0 + TTL },
        { ...facts('two', ['account:z']), seenAtMs: T0, expiresAtMs: T0 + TTL },
      ],
      shares: [
        { name: 'account:a', lease: { name: 'account:a', holder: 'one', token: 1 } },
        { name: 'account:b', lease: undefined },
        { name: 'account:z', lease: undefined },
        { name: 'duty:clock', lease: undefined },
        { name: 'sink:ops', lease: undefined },
      ],
      unsureUntilMs: 0,
    });
    expect(await replicas.list()).toEqual({
      nowMs: answer.nowMs,
      replicas: answer.replicas,
      shares: answer.shares,
    });
  });

  it('renews all leases of the replica, and none of others', async () => {
    const { replicas } = await open();
    for (const id of ['one', 'two']) await replicas.beat(facts(id), TTL);
    await replicas.claim('one', ['account:a', 'sink:ops'], TTL);
    await replicas.claim('two', ['account:b'], TTL);
    nowMs += TTL - 1;
    expect(names((await replicas.beat(facts('one'), TTL)).leases)).toEqual(['account:a', 'sink:ops']);
    nowMs += 1;
    const { shares, replicas: alive } = await replicas.beat(facts('one'), TTL);
    expect(alive.map(({ id }) => id)).toEqual(['one']);
    expect(shares.filter(({ lease }) => lease).map(({ name }) => name)).toEqual(['account:a', 'sink:ops']);
  });

  it('keeps a lease that expired and that nobody took, under its token', async () => {
    const { replicas } = await open();
    await replicas.beat(facts('one'), TTL);
    const taken = await replicas.claim('one', ['account:a'], TTL);
    nowMs += 10 * TTL;
    expect((await replicas.beat(facts('one'), TTL)).leases).toEqual(taken);
  });

  it('follows a configuration that knows other shares', async () => {
    const [first, second] = [await open(), await open()];
    await first.replicas.beat(facts('one'), TTL);
    await second.replicas.beat(facts('two'), TTL);
    await first.replicas.beat(facts('one', ['account:new']), TTL);
    const { replicas } = await second.replicas.beat(facts('two'), TTL);
    expect(replicas.map(({ wants }) => wants)).toEqual([['account:new'], WANTS]);
  });

  it('forgets the dead after a day, and survives a clock that was set back', async () => {
    const { replicas } = await open();
    await replicas.beat(facts('dead'), TTL);
    await replicas.claim('dead', ['account:a'], TTL);
    nowMs -= 3_600_000;
    await replicas.beat(facts('one'), TTL);
    expect(await replicas.claim('one', ['account:a'], TTL)).toEqual([]);
    nowMs += TTL;
    const { replicas: alive } = await replicas.beat(facts('one'), TTL);
    expect(alive.map(({ id }) => id)).toEqual(['one']);
    expect(names(await replicas.claim('one', ['account:a'], TTL))).toEqual(['account:a']);
    nowMs += 2 * 86_400_000;
    await replicas.beat(facts('two'), TTL);
    expect(await database.query('SELECT id FROM vonage_audit_monitor.replicas')).toEqual([{ id: 'two' }]);
  });
});

it('a clock of the server that was set back keeps a dead holder alive for one lease more at most', async () => {
  const { replicas } = await open();
  await replicas.beat(facts('dead'), TTL);
  await replicas.claim('dead', ['account:a'], TTL);
  // Two leases back: less than it may take for people to notice.
  nowMs -= 2 * TTL + 1;
  for (const endsMs = nowMs + 2 * TTL; nowMs < endsMs; nowMs += TTL / 5)
    await replicas.beat(facts('one'), TTL);
  const { replicas: alive } = await replicas.beat(facts('one'), TTL);
  expect(alive.map(({ id }) => id)).toEqual(['one']);
  expect(names(await replicas.claim('one', ['account:a'], TTL))).toEqual(['account:a']);
  // Little enough to be the beat of another that overtook ours: it is alive.
  await replicas.beat(facts('two'), TTL);
  nowMs -= TTL;
  const { replicas: both, shares } = await replicas.beat(facts('one'), TTL);
  expect(both.map(({ id }) => id)).toEqual(['one', 'two']);
  expect(shares.find(({ name }) => name === 'account:a')?.lease?.holder).toBe('one');
});

describe('a claim', () => {
  it('takes what is free or expired, with a larger token each time, and nothing else', async () => {
    const { replicas } = await open();
    for (const id of ['one', 'two']) await replicas.beat(facts(id), TTL);
    expect(await replicas.claim('one', ['account:a', 'account:b'], TTL)).toMatchObject([
      { name: 'account:a', holder: 'one', token: 1 },
      { name: 'account:b', holder: 'one', token: 1 },
    ]);
    nowMs += TTL - 1;
    await replicas.beat(facts('two'), TTL);
    expect(await replicas.claim('two', WANTS, TTL)).toHaveLength(2);
    nowMs += 1;
    expect(await replicas.claim('two', ['account:a'], TTL)).toMatchObject([
      { name: 'account:a', holder: 'two', token: 2 },
    ]);
  });

  it('is for replicas that are alive', async () => {
    const { replicas } = await open();
    expect(await replicas.claim('nobody', WANTS, TTL)).toEqual([]);
    await replicas.beat(facts('one'), TTL);
    nowMs += TTL;
    expect(await replicas.claim('one', WANTS, TTL)).toEqual([]);
  });

  it('never gives one share to two, however many ask at once', async () => {
    const stores = await Promise.all([open(), open(), open()]);
    const many = Array.from({ length: 60 }, (_, index): ShareName => `account:${index}`);
    await Promise.all(stores.map(({ replicas }, index) => replicas.beat(facts(`r${index}`, many), TTL)));
    const taken = await Promise.all(
      stores.flatMap(({ replicas }, index) => [
        replicas.claim(`r${index}`, many, TTL),
        replicas.claim(`r${index}`, many.toReversed(), TTL),
      ]),
    );
    const all = names(taken.flat());
    expect(new Set(all).size).toBe(all.length);
    expect(all).toHaveLength(many.length);
  });

  it('passes over an expired lease under which a commit is under way; later that holder can write no more', async () => {
    const [sleeper, taker] = [await open(), await open()];
    await sleeper.replicas.beat(facts('sleeper'), TTL);
    const [lease] = await sleeper.replicas.claim('sleeper', ['account:a'], TTL);
    if (!lease) throw new Error('not taken');
    nowMs += TTL;
    await taker.replicas.beat(facts('taker'), TTL);
    const deciding = Promise.withResolvers<void>();
    const held = sleeper.collect.commitWindow(lease, windowOf([]), () => {
      deciding.resolve();
      return decideNothing();
    });
    // The commit has its lease row before it decides anything, and holds it to its end.
    await deciding.promise;
    const [during] = await Promise.all([taker.replicas.claim('taker', ['account:a'], TTL), held]);
    // Passed over while the commit was under way, or taken when it was over already: taken once in the end.
    const after = await taker.replicas.claim('taker', ['account:a'], TTL);
    expect([...during, ...after]).toHaveLength(1);
    await expect(sleeper.collect.commitWindow(lease, windowOf([]), decideNothing)).rejects.toBeInstanceOf(
      LeaseLostError,
    );
  });
});

it('a lease is good for one life of the server: another one may lack what was committed last', async () => {
  const { replicas, collect, outbox, feeds } = await open();
  await replicas.beat(facts('one'), TTL);
  const [lease] = await replicas.claim('one', ['account:a'], TTL);
  if (!lease) throw new Error('not taken');
  const [renewed] = (await replicas.beat(facts('one'), TTL)).leases;
  expect(renewed).toEqual(lease);
  await collect.commitWindow(lease, windowOf([]), decideNothing);
  // As if the server had been replaced since.
  const before = { ...lease, server: '1' };
  await expect(collect.commitWindow(before, windowOf([]), decideNothing)).rejects.toBeInstanceOf(
    LeaseLostError,
  );
  await expect(outbox.claim('hook', 1, 1_000, { lease: before })).rejects.toBeInstanceOf(LeaseLostError);
  await expect(feeds.advance('hook', 1, [], [], before)).rejects.toBeInstanceOf(LeaseLostError);
});

it('so is the lease of a process that does all the work', async () => {
  const { leases, collect } = await open();
  const taken = await leases.acquire('monitor', 'once', TTL);
  if (!('lease' in taken)) throw new Error('not taken');
  const { lease } = taken;
  expect(await leases.renew(lease, TTL)).toBe(true);
  await collect.commitWindow(lease, windowOf([]), decideNothing);
  const before = { ...lease, server: '1' };
  expect(await leases.renew(before, TTL)).toBe(false);
  await expect(collect.commitWindow(before, windowOf([]), decideNothing)).rejects.toBeInstanceOf(
    LeaseLostError,
  );
});

describe('after a failover or a restart of the server', () => {
  const newLife = (): Promise<unknown> =>
    database.query(`UPDATE vonage_audit_monitor.meta SET value = '{"life":"another","unsureUntilMs":0}'
      WHERE name = 'server_life'`);

  it('nothing is sure until what others were told before is over', async () => {
    const { replicas } = await open();
    await replicas.beat(facts('one'), TTL);
    await replicas.beat(facts('two'), 2 * TTL);
    await newLife();
    nowMs += 1_000;
    const { unsureUntilMs } = await replicas.beat(facts('one'), TTL);
    expect(unsureUntilMs).toBe(nowMs + 2 * TTL);
    nowMs += 1_000;
    expect((await replicas.beat(facts('two'), TTL)).unsureUntilMs).toBe(unsureUntilMs);
    expect((await replicas.beat(facts('three'), TTL)).unsureUntilMs).toBe(unsureUntilMs);
  });

  it('is nothing to wait for when no other replica was alive', async () => {
    const { replicas } = await open();
    await replicas.beat(facts('dead'), TTL);
    nowMs += TTL;
    await replicas.beat(facts('one'), TTL);
    await newLife();
    expect((await replicas.beat(facts('one'), TTL)).unsureUntilMs).toBe(0);
  });
});

describe('giving back', () => {
  it('frees shares at once, and tells the others', async () => {
    const [first, second] = [await open(), await open()];
    for (const id of ['one', 'two']) await first.replicas.beat(facts(id), TTL);
    const [lease] = await first.replicas.claim('one', ['account:a'], TTL);
    if (!lease) throw new Error('not taken');
    const waits = AbortSignal.timeout(10_000);
    const told = second.replicas.told(waits);
    await first.replicas.release([lease]);
    await told;
    expect(await second.replicas.claim('two', ['account:a'], TTL)).toMatchObject([
      { token: lease.token + 1 },
    ]);
    // What was given away cannot be given back once more.
    await first.replicas.release([lease]);
    expect((await first.replicas.beat(facts('two'), TTL)).leases).toHaveLength(1);
  });

  it('leaves with all that it held', async () => {
    const { replicas } = await open();
    for (const id of ['one', 'two']) await replicas.beat(facts(id), TTL);
    await replicas.claim('one', ['account:a', 'duty:clock'], TTL);
    await replicas.leave('one');
    const { replicas: alive, shares } = await replicas.beat(facts('two'), TTL);
    expect(alive).toHaveLength(1);
    expect(shares.every(({ lease }) => lease === undefined)).toBe(true);
  });

  it('stops waiting for a word when it is told to stop', async () => {
    const { replicas } = await open();
    const stop = new AbortController();
    const waiting = replicas.told(stop.signal);
    stop.abort();
    await waiting;
    await replicas.told(stop.signal);
    expect(stop.signal.aborted).toBe(true);
  });
});

describe('deliveries under the lease of their sink', () => {
  it('are not claimed, given back or spoken for by a holder from before; what it sent counts', async () => {
    const { replicas, outbox } = await open();
    for (const id of ['one', 'two']) await replicas.beat(facts(id), TTL);
    const [old] = await replicas.claim('one', ['sink:slack'], TTL);
    if (!old) throw new Error('not taken');
    await outbox.enqueue([decided('first', ['slack']), decided('second', ['slack'])]);
    const [first, second] = await outbox.claim('slack', 2, 60_000, { lease: old });
    if (!first || !second) throw new Error('not claimed');
    nowMs += TTL;
    await replicas.beat(facts('two'), TTL);
    const [current] = await replicas.claim('two', ['sink:slack'], TTL);
    if (!current) throw new Error('not taken over');
    await expect(outbox.claim('slack', 1, 60_000, { lease: old })).rejects.toBeInstanceOf(LeaseLostError);
    await expect(outbox.release([second.id], old)).rejects.toBeInstanceOf(LeaseLostError);
    const ended = { startedAtMs: nowMs, endedAtMs: nowMs, outcome: 'sent', detail: '' } as const;
    const condition = { key: 'circuit:slack', open: true, alert: () => decided('trouble', ['mail']) };
    expect(
      await outbox.settle(
        [{ ...ended, deliveryId: first.id, attempt: first.attempt, next: { state: 'sent' } }],
        [condition],
        undefined,
        old,
      ),
    ).toEqual([]);
    await expect(outbox.reclaim('slack', old)).rejects.toBeInstanceOf(LeaseLostError);
    expect(await outbox.reclaim('mail')).toBe(0);
    expect(await outbox.reclaim('slack')).toBe(1);
    expect(await outbox.claim('slack', 9, 60_000, { lease: current })).toMatchObject([
      { id: second.id, attempt: 2 },
    ]);
  });
});

it('the overview tells who lives, and how much of what each holds', async () => {
  // By the clock of the database.
  const store = await openPostgresStore({
    place: { kind: 'postgres', url: database.url, poolSize: 4 },
    now: () => nowMs,
  });
  opened.push(store);
  const { replicas } = store;
  if (!replicas) throw new Error('no replicas');
  await replicas.beat({ ...facts('one'), refusal: 'line 3' }, 60_000);
  await replicas.claim('one', WANTS, 60_000);
  await replicas.beat(facts('two'), 60_000);
  const asked = { nowMs, lease: 'monitor', sinks: [], latenessSinceMs: 0, alertsSinceMs: 0 };
  const { replicas: living, lease } = await store.overview(asked);
  expect(living).toMatchObject([
    { id: 'one', refusal: 'line 3', accounts: 2, sinks: 1, feeds: 0, duties: 1 },
    { id: 'two', refusal: undefined, accounts: 0, sinks: 0, feeds: 0, duties: 0 },
  ]);
  expect(lease?.holder).toBe('two');
});

describe('the lease of a process that does all the work', () => {
  it('is not had beside living replicas, and they take nothing beside it', async () => {
    const { replicas, leases } = await open();
    await replicas.beat(facts('one'), TTL);
    const answer = await leases.acquire('monitor', 'once', TTL);
    expect(answer).toEqual({ held: { name: 'monitor', holder: 'one', token: 0 }, expiresAtMs: T0 + TTL });
    await replicas.leave('one');
    const taken = await leases.acquire('monitor', 'once', TTL);
    if (!('lease' in taken)) throw new Error('not taken');
    await replicas.beat(facts('two'), TTL);
    expect(await replicas.claim('two', WANTS, TTL)).toEqual([]);
    await leases.release(taken.lease);
    expect(await replicas.claim('two', WANTS, TTL)).toHaveLength(WANTS.length);
  });

  it('is had at once when the replica that is in the way is known to be dead', async () => {
    const { replicas, leases } = await open();
    await replicas.beat(facts('dead'), TTL);
    await replicas.claim('dead', WANTS, TTL);
    const answer = await leases.acquire('monitor', 'once', TTL);
    if (!('held' in answer)) throw new Error('taken beside a replica');
    await leases.release(answer.held);
    expect(await leases.acquire('monitor', 'once', TTL)).toHaveProperty('lease');
    expect((await replicas.list()).replicas).toEqual([]);
  });

  it('ends what a replica held that sleeps: it finds nothing again when it wakes', async () => {
    const { replicas, leases } = await open();
    await replicas.beat(facts('sleeper'), TTL);
    await replicas.claim('sleeper', WANTS, TTL);
    nowMs += TTL;
    expect(await leases.acquire('monitor', 'once', TTL)).toHaveProperty('lease');
    expect((await replicas.beat(facts('sleeper'), TTL)).leases).toEqual([]);
    expect(await replicas.claim('sleeper', WANTS, TTL)).toEqual([]);
  });

  it('is refused to one of two that ask for all and for a share at the same time', async () => {
    const [first, second] = [await open(), await open()];
    for (let round = 0; round < 30; round += 1) {
      const [whole, shares] = await Promise.all([
        first.leases.acquire('monitor', 'once', TTL),
        second.replicas.beat(facts('two'), TTL).then(() => second.replicas.claim('two', WANTS, TTL)),
      ]);
      expect('lease' in whole && shares.length > 0).toBe(false);
      if ('lease' in whole) await first.leases.release(whole.lease);
      await second.replicas.leave('two');
    }
  });
});
