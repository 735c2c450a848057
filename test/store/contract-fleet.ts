import { expect, it } from 'vitest';
import { LeaseLostError } from '../../src/core/lease.ts';
import { StoreError } from '../../src/core/store.ts';
import type { Bench } from './contract.ts';
import { auditEvent, decided, decideNothing, take, windowOf } from './fixtures.ts';

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

  it('says which events were read quietly, whoever else commits at the same moment', async () => {
    const lease = await take(bench.store);
    await bench.store.fleet.open(lease);
    const read = async (id: string, account: string, quiet: boolean): Promise<void> => {
      await bench.store.collect.commitWindow(
        await take(bench.store),
        windowOf([auditEvent(id, 0, {}, account)], {
          account,
          nowMs: bench.nowMs,
          quiet,
          reader: 'backfill',
        }),
        decideNothing,
      );
    };
    await read('a', 'one', true);
    await read('b', 'two', false);
    bench.nowMs += 1_000;
    await read('c', 'one', false);
    await read('d', 'three', true);
    const { entries } = await bench.store.fleet.read(100);
    expect(entries.map(({ event, quiet }) => [event.id, quiet])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
      ['d', true],
    ]);
  });

  it('goes on after a rest of a day, and begins anew after a longer one', async () => {
    const lease = () => take(bench.store);
    // Nobody ever asked: nothing to remember.
    await bench.store.fleet.rest();
    await bench.store.fleet.open(await lease());
    for (const [hours, left] of [
      [24, ['short']],
      [26, []],
    ] as const) {
      await bench.store.fleet.rest();
      bench.nowMs += 3_600_000;
      await bench.store.fleet.rest();
      await commit(hours === 24 ? 'short' : 'long', 'one');
      bench.nowMs += (hours - 1) * 3_600_000;
      await bench.restart();
      await bench.store.fleet.open(await lease());
      expect(await ids()).toEqual(left);
      const { cursor, entries } = await bench.store.fleet.read(100);
      const last = entries.at(-1);
      if (last) await bench.store.fleet.commit(await lease(), cursor, last.cursor, state(1), bench.nowMs);
    }
    // Somebody judges while another one, of another configuration, has said that it does not.
    await bench.store.fleet.rest();
    await commit('a', 'one');
    const { cursor, entries } = await bench.store.fleet.read(100);
    await bench.store.fleet.commit(await lease(), cursor, entries[0]?.cursor ?? 0, state(1), bench.nowMs);
    bench.nowMs += 48 * 3_600_000;
    await commit('b', 'one');
    bench.nowMs += 3_600_000;
    await bench.store.fleet.rest();
    bench.nowMs += 3_600_000;
    await bench.store.fleet.open(await lease());
    expect(await ids()).toEqual(['b']);
  });

  it('counts what retention takes before it was judged', async () => {
    await bench.store.fleet.open(await take(bench.store));
    await commit('a', 'one');
    await bench.store.retention.prune(bench.nowMs + 1e9, 100);
    expect(await bench.store.fleet.read(100)).toMatchObject({ entries: [], pruned: 1 });
  });

  it('knows the alerts of an event that are of all accounts, and of which account each event is', async () => {
    await bench.store.fleet.open(await take(bench.store));
    for (const account of ['one', 'two', 'three']) await commit('same-id', account);
    const { cursor, entries } = await bench.store.fleet.read(100);
    const alert = decided('Spread', [], {
      account: '(fleet)',
      eventIds: ['same-id', 'same-id'],
      eventAccounts: ['one', 'two'],
    });
    await bench.store.fleet.commit(
      await take(bench.store),
      cursor,
      entries.at(-1)?.cursor ?? 0,
      { alerts: [alert], state: [] },
      bench.nowMs,
    );
    const titles = async (account: string) =>
      (await bench.store.history.alertsOf(account, 'same-id')).map(({ title }) => title);
    expect(await titles('one')).toEqual(['Spread']);
    expect(await titles('two')).toEqual(['Spread']);
    expect(await titles('three')).toEqual([]);
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
