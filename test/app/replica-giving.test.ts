import { expect, it } from 'vitest';
import { createReplica } from '../../src/app/replica.ts';
import type { Lease } from '../../src/core/lease.ts';
import type { BeatAnswer, Replicas, ShareName } from '../../src/core/replicas.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A store in which this replica holds `names`, and where another one that lives is to have some of them. */
const storeOf = (names: readonly ShareName[]) => {
  const held = new Map<ShareName, Lease>(names.map((name) => [name, { name, holder: 'us', token: 1 }]));
  const released: (readonly string[])[] = [];
  const facts = {
    version: '0',
    configHash: '',
    refusal: undefined,
    startedAtMs: 0,
    seenAtMs: 0,
    expiresAtMs: 1,
  };
  let others: readonly string[] = [];
  const answer = (): BeatAnswer => ({
    nowMs: 0,
    leases: [...held.values()],
    unsureUntilMs: 0,
    replicas: ['us', ...others].map((id) => ({ ...facts, id, wants: names })),
    shares: names.map((name) => ({ name, lease: held.get(name) })),
  });
  const replicas: Replicas = {
    beat: async () => answer(),
    claim: async () => [],
    async release(leases) {
      released.push(leases.map(({ name }) => name));
      for (const { name } of leases) held.delete(name as ShareName);
    },
    leave: async () => undefined,
    list: async () => answer(),
    told: () => new Promise(() => undefined),
    toldOfWork: () => new Promise(() => undefined),
  };
  return {
    replicas,
    released,
    join(id: string) {
      others = [id];
    },
  };
};

it('gives back in one commit all that ends at about the same time', async () => {
  const names = Array.from({ length: 40 }, (_, index): ShareName => `account:a${index}`);
  const store = storeOf(names);
  const beaten: (() => void)[] = [];
  const nextBeat = (): Promise<void> => new Promise((resolve) => beaten.push(resolve));
  const replica = createReplica({
    id: 'us',
    replicas: store.replicas,
    facts: () => ({ version: '0', configHash: '', refusal: undefined, startedAtMs: 0, wants: names }),
    // Beats every 200 ms: the second one finds the other replica.
    ttlMs: 1_000,
    isDead: () => false,
    onBeat: () => {
      for (const resolve of beaten.splice(0)) resolve();
    },
    log: silent,
    ticks: () => performance.now(),
    now: Date.now,
  });
  const stop = new AbortController();
  const first = nextBeat();
  const running = replica.run(stop.signal);
  await first;
  const shares = replica.held();
  expect(shares).toHaveLength(40);
  for (const share of shares) expect(replica.begin(share)).toBe(true);
  store.join('them');
  await nextBeat();
  const ending = shares.filter((share) => share.ending.aborted);
  expect(ending).toHaveLength(20);
  await Promise.all(ending.map((share) => replica.end(share)));
  expect(store.released.map((of) => of.length)).toEqual([20]);
  expect(replica.held()).toHaveLength(20);
  stop.abort();
  await running;
});
