import { expect, it } from 'vitest';
import { LeaseLostError } from '../../src/core/lease.ts';
import { StoreError } from '../../src/core/store.ts';
import type { Bench } from './contract.ts';
import { auditEvent, decideNothing, take, windowOf } from './fixtures.ts';

/** What any store owes to rules over all accounts. */
export const fleetContract = (bench: Bench): void => {
  const commit = async (id: string, account: string): Promise<void> => {
    await bench.store.collect.commitWindow(
      await take(bench.store),
      windowOf([auditEvent(id, 0, {}, account)], { account, nowMs: bench.nowMs }),
      decideNothing,
    );
  };
  const ids = async () => (await bench.store.fleet.read(100)).entries.map(({ event }) => event.id);
  const state = (value: number | null) => ({ alerts: [], state: [{ key: 'k', value }] });

  it('reads the events of all accounts from its beginning on, and keeps cursor and memory together', async () => {
    await commit('old', 'one');
    const lease = await take(bench.store);
    await bench.store.fleet.open(lease);
    await commit('a', 'one');
    await commit('b', 'two');
    const { cursor, entries } = await bench.store.fleet.read(100);
    expect(entries.map(({ event }) => `${event.account} ${event.id}`)).toEqual(['one a', 'two b']);
    const first = entries[0]?.cursor ?? 0;
    await bench.store.fleet.commit(await take(bench.store), cursor, first, state(1), bench.nowMs);
    await bench.restart();
    await bench.store.fleet.open(await take(bench.store));
    expect(await ids()).toEqual(['b']);
    expect(await bench.store.fleet.ruleState()).toEqual(new Map([['k', 1]]));
    expect((await bench.store.history.accounts()).includes('(fleet)')).toBe(false);
  });

  it('writes nothing for whoever judged from elsewhere, or lost the lease', async () => {
    const lease = await take(bench.store);
    await bench.store.fleet.open(lease);
    await commit('a', 'one');
    const { cursor, entries } = await bench.store.fleet.read(100);
    const to = entries[0]?.cursor ?? 0;
    const current = await take(bench.store);
    await bench.store.fleet.commit(current, cursor, to, state(1), bench.nowMs);
    await expect(bench.store.fleet.commit(current, cursor, to, state(2), bench.nowMs)).rejects.toBeInstanceOf(
      StoreError,
    );
    await expect(
      bench.store.fleet.commit({ ...current, token: current.token + 1 }, to, to + 1, state(2), bench.nowMs),
    ).rejects.toBeInstanceOf(LeaseLostError);
    expect(await bench.store.fleet.ruleState()).toEqual(new Map([['k', 1]]));
    expect(await ids()).toEqual([]);
  });
};
