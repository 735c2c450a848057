import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignShares } from '../../src/core/balance.ts';
import type { ShareName, ShareState } from '../../src/core/replicas.ts';

interface Replica {
  readonly id: string;
  readonly wants: readonly ShareName[];
}

const share = (name: ShareName, holder?: string): ShareState => ({
  name,
  lease: holder === undefined ? undefined : { name, holder, token: 1 },
});
const names = (kind: 'account' | 'sink', count: number): readonly ShareName[] =>
  Array.from({ length: count }, (_, index): ShareName => `${kind}:${index}`);
const counts = (assigned: ReadonlyMap<ShareName, string>, kind: string): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  for (const [name, id] of assigned) if (name.startsWith(`${kind}:`)) found.set(id, (found.get(id) ?? 0) + 1);
  return found;
};

/** Some replicas of which each knows some shares, and who holds what. */
const world = fc
  .record({
    accounts: fc.nat(24),
    sinks: fc.nat(6),
    ids: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 5 }),
  })
  .chain(({ accounts, sinks, ids }) => {
    const all = [...names('account', accounts), ...names('sink', sinks)];
    return fc.record({
      replicas: fc.tuple(
        ...ids.map((id) =>
          fc
            .oneof({ weight: 3, arbitrary: fc.constant(all) }, { weight: 1, arbitrary: fc.subarray(all) })
            .map((wants): Replica => ({ id: `r${id}`, wants })),
        ),
      ),
      held: fc.array(fc.option(fc.constantFrom(...ids, 99), { nil: undefined }), {
        minLength: all.length,
        maxLength: all.length,
      }),
      all: fc.constant(all),
    });
  })
  .map(({ replicas, held, all }) => ({
    replicas,
    shares: all.map((name, index) => share(name, held[index] === undefined ? undefined : `r${held[index]}`)),
  }));

describe('assignShares', () => {
  it('gives every share that a living replica wants to one that wants it, and no other', () => {
    fc.assert(
      fc.property(world, ({ replicas, shares }) => {
        const assigned = assignShares(replicas, shares);
        for (const { name } of shares) {
          const able = replicas.filter(({ wants }) => wants.includes(name)).map(({ id }) => id);
          expect(assigned.has(name)).toBe(able.length > 0);
          expect([...able, undefined]).toContain(assigned.get(name));
        }
      }),
    );
  });

  it('is even within a kind as far as what they know allows', () => {
    fc.assert(
      fc.property(world, ({ replicas, shares }) => {
        const assigned = assignShares(replicas, shares);
        for (const kind of ['account', 'sink']) {
          const count = counts(assigned, kind);
          for (const [name, id] of assigned) {
            if (!name.startsWith(`${kind}:`)) continue;
            const others = replicas.filter(({ wants }) => wants.includes(name));
            const fewest = Math.min(...others.map((other) => count.get(other.id) ?? 0));
            expect((count.get(id) ?? 0) - fewest).toBeLessThan(2);
          }
        }
      }),
    );
  });

  it('is stable: what is assigned and taken is assigned so again', () => {
    fc.assert(
      fc.property(world, ({ replicas, shares }) => {
        const assigned = assignShares(replicas, shares);
        const again = assignShares(
          replicas,
          shares.map(({ name }) => share(name, assigned.get(name))),
        );
        expect(again).toEqual(assigned);
      }),
    );
  });

  it('leaves everything where it is that need not move', () => {
    const all = names('account', 9);
    const replicas = ['a', 'b', 'c'].map((id) => ({ id, wants: all }));
    const shares = all.map((name, index) => share(name, 'abc'[index % 3]));
    const moved = (next: ReadonlyMap<ShareName, string>): number =>
      shares.filter(({ name, lease }) => next.get(name) !== lease?.holder).length;
    expect(moved(assignShares(replicas, shares))).toBe(0);
    expect(moved(assignShares([...replicas, { id: 'd', wants: all }], shares))).toBe(2);
    expect(moved(assignShares(replicas.slice(1), shares))).toBe(3);
  });

  /**
   * Each acts on what it saw last, in any order: it gives back what is not to be its own, and takes what is free and is. Whatever
   * they begin with, they come to rest, with everything held and no more moves.
   */
  it('comes to rest when each acts by itself, on views that are old', () => {
    const scene = fc.record({ world, order: fc.array(fc.nat(1_000), { minLength: 200, maxLength: 200 }) });
    fc.assert(
      fc.property(scene, ({ world: { replicas, shares }, order }) => {
        const holders = new Map(
          shares.map(({ name, lease }) => [
            name,
            replicas.some(({ id }) => id === lease?.holder) ? lease?.holder : undefined,
          ]),
        );
        const view = (): readonly ShareState[] => shares.map(({ name }) => share(name, holders.get(name)));
        const views = new Map(replicas.map(({ id }) => [id, view()]));
        let moves = 0;
        const act = (id: string, seen: readonly ShareState[]): void => {
          for (const [name, to] of assignShares(replicas, seen)) {
            if (to !== id && holders.get(name) === id) holders.set(name, undefined);
            else if (to === id && holders.get(name) === undefined) holders.set(name, id);
            else continue;
            moves += 1;
          }
          for (const { name } of shares) {
            const known = replicas.find((replica) => replica.id === id)?.wants.includes(name);
            if (holders.get(name) === id && !known) holders.set(name, undefined);
          }
        };
        for (const number of order) {
          const { id } = replicas[number % replicas.length] ?? { id: '' };
          act(id, views.get(id) ?? []);
          views.set(id, view());
        }
        // Now that all have looked, each once more with what is true, until nothing moves.
        for (let round = 0; round < 12; round += 1) for (const { id } of replicas) act(id, view());
        moves = 0;
        for (const { id } of replicas) act(id, view());
        expect(moves).toBe(0);
        for (const { name } of shares)
          expect(holders.get(name) !== undefined).toBe(replicas.some(({ wants }) => wants.includes(name)));
      }),
    );
  });
});
