import { expect, it } from 'vitest';
import { byTime } from '../../src/core/event.ts';
import type { EventQuery } from '../../src/core/history.ts';
import { everyItem } from '../../src/core/paging.ts';
import type { Bench } from './contract.ts';
import { allOf, auditEvent, decided, decideNothing, settlement, T0, take, windowOf } from './fixtures.ts';

/** What people and machines read of any store. */
export const historyContract = (bench: Bench): void => {
  const commit = async (account: string, events: ReturnType<typeof auditEvent>[]): Promise<void> => {
    await bench.store.collect.commitWindow(
      await take(bench.store),
      windowOf(events, { account }),
      decideNothing,
    );
  };
  const ids = async (query: EventQuery): Promise<readonly string[]> => {
    const found = everyItem((part: EventQuery) => bench.store.history.events(part), query);
    return (await allOf(found)).map(({ id }) => id);
  };

  it('reads events in order of time and id over all accounts, whatever the size of a page', async () => {
    const events = ['c', 'a', 'é', 'z', '\u{1f600}', 'b', 'y', '\uffee'].flatMap((id, i) => [
      auditEvent(`${id}1`, i % 3, {}, 'one'),
      auditEvent(`${id}2`, i % 3, {}, 'two'),
      auditEvent('same', i % 3, {}, 'one'),
    ]);
    await commit(
      'two',
      events.filter(({ account }) => account === 'two'),
    );
    await commit('one', events.filter(({ account }) => account === 'one').sort(byTime));
    const whole = await ids({ limit: 1_000 });
    expect(whole).toHaveLength(17);
    for (const limit of [1, 2, 3, 4, 7, 16, 17, 18]) {
      expect(await ids({ limit })).toEqual(whole);
      expect(await ids({ limit, newestFirst: true })).toEqual([...whole].reverse());
      expect(await ids({ limit, account: 'two' })).toEqual(whole.filter((id) => id.endsWith('2')));
    }
  });

  it('reads the same id of two accounts at the same time once each, one to a page', async () => {
    await commit('one', [auditEvent('x', 1, {}, 'one')]);
    await commit('two', [auditEvent('x', 1, {}, 'two')]);
    expect(await ids({ limit: 1 })).toEqual(['x', 'x']);
    expect(await ids({ limit: 1, newestFirst: true })).toEqual(['x', 'x']);
    expect(await bench.store.history.accounts()).toEqual(['one', 'two']);
  });

  it('restricts events by account, time, type and id', async () => {
    await commit('one', [
      auditEvent('a', 1, { event_type: 'X' }, 'one'),
      auditEvent('b', 2, { event_type: 'Y' }, 'one'),
      auditEvent('c', 3, { event_type: 'Z' }, 'one'),
    ]);
    await commit('two', [auditEvent('b', 2, { event_type: 'X' }, 'two')]);
    expect(await ids({ fromMs: T0 + 2_000, toMs: T0 + 3_000 })).toEqual(['b', 'b']);
    expect(await ids({ types: ['X', 'Z', 'unknown'] })).toEqual(['a', 'b', 'c']);
    expect(await ids({ types: ['unknown'] })).toEqual([]);
    expect(await ids({ types: [] })).toEqual([]);
    expect(await ids({ id: 'b', account: 'two' })).toEqual(['b']);
    expect(await ids({ account: 'nobody' })).toEqual([]);
    expect(await ids({ account: 'one', types: ['Y', 'Z'], limit: 1, newestFirst: true })).toEqual(['c', 'b']);
  });

  it('reads alerts and their deliveries by what they are about', async () => {
    const login = { id: 'login', title: 't', level: 'low', tags: [], references: [] } as const;
    await bench.store.outbox.enqueue([
      decided('one', ['hook', 'mail']),
      decided('two', ['hook'], { rule: login, account: 'other', decidedAtMs: T0 + 10 }),
      decided('three', [], { kind: 'system', decidedAtMs: T0 + 20 }),
    ]);
    const { history, outbox } = bench.store;
    const messages = async (query: Parameters<typeof history.alerts>[0]) =>
      (await history.alerts(query)).items.map(({ message }) => message);
    expect(await messages({})).toEqual(['one', 'two', 'three']);
    expect(await messages({ newestFirst: true, limit: 2 })).toEqual(['three', 'two']);
    expect(await messages({ account: 'other' })).toEqual(['two']);
    expect(await messages({ level: 'low' })).toEqual(['two']);
    expect(await messages({ ruleId: 'login' })).toEqual(['two']);
    expect(await messages({ kind: 'system' })).toEqual(['three']);
    expect(await messages({ fromMs: T0 + 10, toMs: T0 + 20 })).toEqual(['two']);
    expect(await messages({ id: decided('one').alert.id })).toEqual(['one']);

    const [claim] = await outbox.claim('hook', 1, 1_000);
    await outbox.settle([settlement(claim?.id ?? '', { state: 'parked' })], []);
    const sinks = async (query: Parameters<typeof history.deliveries>[0]) =>
      (await history.deliveries(query)).items.map(({ sink, state }) => `${sink} ${state}`);
    expect(await sinks({ alertId: decided('one').alert.id })).toEqual(['hook parked', 'mail pending']);
    expect(await sinks({ state: 'parked' })).toEqual(['hook parked']);
    expect(await sinks({ state: 'pending', sink: 'hook' })).toEqual(['hook pending']);
    expect(await sinks({ state: 'sending' })).toEqual([]);
    expect(await sinks({ alertId: 'unknown' })).toEqual([]);
    const page = await history.deliveries({ limit: 2 });
    expect(page.items).toHaveLength(2);
    expect((await history.deliveries({ limit: 2, after: page.next })).items).toHaveLength(1);
  });

  it('has no next page after the last item, even when it fills its page', async () => {
    await commit('one', [auditEvent('a', 1, {}, 'one'), auditEvent('b', 2, {}, 'one')]);
    expect((await bench.store.history.events({ limit: 2 })).next).toBeUndefined();
    expect((await bench.store.history.events({ limit: 1 })).next).toEqual(expect.any(String));
    expect((await bench.store.history.windows({ account: 'one', limit: 1 })).next).toBeUndefined();
  });

  it('refuses cursors and limits that cannot be', async () => {
    for (const after of ['', 'x', '1.2', "1'; --", '9'.repeat(99)]) {
      await expect(bench.store.history.events({ after })).rejects.toThrow(RangeError);
      await expect(bench.store.history.alerts({ after: `${after}.` })).rejects.toThrow(RangeError);
    }
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await expect(bench.store.history.windows({ limit })).rejects.toThrow('limit: found');
    }
  });

  it('sums up what it holds and proves that it can be written', async () => {
    await commit('one', [auditEvent('a', 1, {}, 'one'), auditEvent('b', 2, {}, 'one')]);
    await commit('two', [auditEvent('a', 1, {}, 'two')]);
    await bench.store.outbox.enqueue([decided('one')]);
    await bench.store.collect.commitWindow(
      await take(bench.store),
      windowOf([], {
        verified: false,
        quarantined: [{ account: 'default', key: 'k', json: '{}', reason: 'r' }],
      }),
      decideNothing,
    );
    expect(await bench.store.status.totals()).toEqual({
      events: 3,
      alerts: 1,
      quarantined: 1,
      unverifiedWindows: 1,
      bytes: expect.any(Number),
    });
    expect((await bench.store.status.totals()).bytes).toBeGreaterThan(10_000);
    await bench.store.status.probe();
  });

  it('refuses everything after its end', async () => {
    const { store } = bench;
    await bench.restart();
    const closed = expect.objectContaining({ name: 'StoreError', kind: 'closed' });
    await expect(store.status.probe()).rejects.toEqual(closed);
    await expect(store.history.events({})).rejects.toEqual(closed);
    await expect(store.outbox.claim('hook', 1, 1)).rejects.toEqual(closed);
  });

  it('counts the firing alerts of each rule since a moment', async () => {
    const told = async (id: string, changes: object): Promise<void> => {
      const { alert } = decided(id);
      await bench.store.outbox.enqueue([{ alert: { ...alert, ...changes }, sinks: [] }]);
    };
    const rule = { id: 'r', title: 'R', level: 'low', tags: [], references: [] };
    await told('a', { rule, kind: 'rule', status: 'firing', decidedAtMs: T0 });
    await told('b', { rule, kind: 'rule', status: 'firing', decidedAtMs: T0 + 1 });
    await told('c', { rule, kind: 'rule', status: 'firing', decidedAtMs: T0 + 2 });
    await told('d', { rule, kind: 'rule', status: 'resolved', decidedAtMs: T0 + 2 });
    await told('e', { rule, kind: 'system', status: 'firing', decidedAtMs: T0 + 2 });
    await told('f', { rule: { ...rule, id: 's' }, kind: 'rule', status: 'firing', decidedAtMs: T0 + 2 });
    expect(await bench.store.history.ruleHits(T0 + 1)).toEqual(
      new Map([
        ['r', 2],
        ['s', 1],
      ]),
    );
  });
};
