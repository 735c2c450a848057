import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createReplica } from '../../src/app/replica.ts';
import type { Lease } from '../../src/core/lease.ts';
import type { LogFields } from '../../src/core/log.ts';
import type { BeatAnswer, Replicas, ShareName } from '../../src/core/replicas.ts';
import { StoreError } from '../../src/core/store.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const WANTS: readonly ShareName[] = ['account:a', 'account:b', 'duty:clock'];
const TTL_MS = 10_000;

/** A database that may be away, with other replicas that hold something. */
const begin = (options: {
  readonly others?: Readonly<Record<string, readonly ShareName[]>>;
  readonly isDead?: (id: string) => boolean;
}) => {
  const others = new Map(Object.entries(options.others ?? {}));
  const leases = new Map<ShareName, Lease>();
  for (const [holder, names] of others)
    for (const name of names) leases.set(name, { name, holder, token: 1 });
  const left: string[] = [];
  const lines: (LogFields & { readonly event: string })[] = [];
  const state = { away: false };
  const atWork = async <T>(work: () => T): Promise<T> => {
    if (state.away) throw new StoreError('unreachable', 'it does not answer');
    return work();
  };
  const facts = { version: '0', configHash: '', refusal: undefined, startedAtMs: 0, wants: WANTS };
  const answer = (): BeatAnswer => ({
    nowMs: 0,
    unsureUntilMs: 0,
    leases: [...leases.values()].filter(({ holder }) => holder === 'us'),
    replicas: ['us', ...others.keys()].map((id) => ({ ...facts, id, seenAtMs: 0, expiresAtMs: 1 })),
    shares: WANTS.map((name) => ({ name, lease: leases.get(name) })),
  });
  const replicas: Replicas = {
    beat: () => atWork(answer),
    claim: (id, names) =>
      atWork(() => {
        const taken = names.map((name): Lease => ({ name, holder: id, token: 2 }));
        for (const lease of taken) leases.set(lease.name as ShareName, lease);
        return taken;
      }),
    release: (given) => atWork(() => given.forEach(({ name }) => leases.delete(name as ShareName))),
    leave: (id) =>
      atWork(() => {
        left.push(id);
        others.delete(id);
        for (const [name, { holder }] of leases) if (holder === id) leases.delete(name);
      }),
    list: () => atWork(answer),
    told: () => new Promise(() => undefined),
    toldOfWork: () => new Promise(() => undefined),
  };
  const write = (event: string, fields: LogFields = {}): void => void lines.push({ ...fields, event });
  const replica = createReplica({
    id: 'us',
    replicas,
    facts: () => facts,
    ttlMs: TTL_MS,
    isDead: options.isDead ?? (() => false),
    log: { debug: write, info: write, warn: write, error: write },
    ticks: Date.now,
    now: Date.now,
  });
  const stop = new AbortController();
  const running = replica.run(stop.signal);
  return {
    replica,
    state,
    left,
    logged: (event: string) => lines.filter((line) => line.event === event),
    async end() {
      stop.abort();
      await vi.advanceTimersByTimeAsync(1_000);
      await running;
    },
  };
};

it('takes what the dead held in the very beat that finds them dead, and nothing of those that live', async () => {
  const { replica, left, end } = begin({
    others: { dead: ['account:a'], alive: ['account:b', 'duty:clock'] },
    isDead: (id) => id === 'dead' || id === 'us',
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(left).toEqual(['dead']);
  expect(replica.held().map(({ name }) => name)).toEqual(['account:a']);
  expect(replica.standing()?.replicas.map(({ id }) => id)).toEqual(['us', 'alive']);
  await end();
});

it('drops all by itself once the database has been away for most of a lease, and takes part again when it is back', async () => {
  const { replica, state, logged, end } = begin({});
  await vi.advanceTimersByTimeAsync(100);
  const before = replica.held();
  expect(before).toHaveLength(3);
  state.away = true;
  await vi.advanceTimersByTimeAsync(0.8 * TTL_MS - 200);
  expect(before.some(({ lost }) => lost.aborted)).toBe(false);
  // Nobody asks whether it is held: a timer does it.
  await vi.advanceTimersByTimeAsync(300);
  expect(before.every(({ lost }) => lost.aborted)).toBe(true);
  expect(replica.held()).toEqual([]);
  expect(replica.isHeld()).toBe(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(logged('shares.lost').map(({ count }) => count)).toEqual([3]);
  state.away = false;
  await vi.advanceTimersByTimeAsync(TTL_MS / 5);
  // The leases are there as they were; whoever works them begins anew.
  expect(replica.held().map(({ name }) => name)).toEqual(WANTS);
  expect(replica.held().some(({ lost }) => lost.aborted)).toBe(false);
  expect(replica.isHeld()).toBe(true);
  expect(replica.holds('duty:clock')).toBe(true);
  expect(replica.holds('account:c')).toBe(false);
  await end();
});

it('a process that is asked to end gives its shares back, also those that nobody works, and loses none', async () => {
  const { replica, left, logged, end } = begin({});
  await vi.advanceTimersByTimeAsync(100);
  const held = replica.held();
  replica.stop();
  await end();
  expect(held.every(({ lost }) => lost.aborted)).toBe(true);
  expect(left).toEqual(['us']);
  expect(logged('shares.lost')).toEqual([]);
  expect(logged('shares.given').map(({ count }) => count)).toEqual([3]);
});
