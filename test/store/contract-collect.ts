import { expect, it } from 'vitest';
import { type WindowCommit } from '../../src/core/collect-store.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import { LeaseLostError } from '../../src/core/lease.ts';
import { everyItem } from '../../src/core/paging.ts';
import type { Bench } from './contract.ts';
import { allOf, auditEvent, decided, decideNothing, NOTHING, T0, take, windowOf } from './fixtures.ts';

const ids = (events: readonly { readonly id: string }[]): readonly string[] => events.map(({ id }) => id);

/** What collecting needs of any store. */
export const collectContract = (bench: Bench): void => {
  const commit = async (
    window: WindowCommit,
    decide: Parameters<typeof bench.store.collect.commitWindow>[2],
  ) => bench.store.collect.commitWindow(await take(bench.store), window, decide);
  const storedEvents = () => allOf(everyItem((query) => bench.store.history.events(query), {}));
  const quarantine = async () => (await bench.store.history.quarantine({})).items;

  it('knows nothing of an account before its first window', async () => {
    expect(await bench.store.collect.progress('default')).toBeUndefined();
    expect(await bench.store.collect.ruleState('default')).toEqual(new Map());
  });

  it('stores a window with everything that belongs to it and keeps it over a restart', async () => {
    const events = [auditEvent('a', 1), auditEvent('b', 2, { event_type: 'IP_WHITELIST_DELETED' })];
    const alert = decided('first', ['slack', 'mail']);
    const seen: (readonly AuditEvent[])[] = [];
    const committed = await commit(windowOf(events), (fresh) => {
      seen.push(fresh);
      return { alerts: [alert], state: [{ key: 'count', value: { n: [1, null, 'x'] } }] };
    });
    expect(seen).toEqual([events]);
    expect(committed).toMatchObject({ fresh: events, quarantined: [], alerts: [alert] });

    await bench.restart();
    const { store } = bench;
    expect(await storedEvents()).toEqual(
      events.map(({ account, id, eventType, createdAtMs, json }) => ({
        account,
        id,
        eventType,
        createdAtMs,
        json,
        seenAtMs: T0 + 100_000,
      })),
    );
    expect(await store.collect.progress('default')).toEqual({
      startMs: T0,
      watermarkMs: T0 + 60_000,
      committedAtMs: T0 + 100_000,
    });
    expect(await store.collect.ruleState('default')).toEqual(new Map([['count', { n: [1, null, 'x'] }]]));
    expect((await store.history.alerts({})).items).toEqual([alert.alert]);
    expect(ids(await store.outbox.claim('slack', 10, 1_000))).toHaveLength(1);
    expect(ids(await store.outbox.claim('mail', 10, 1_000))).toHaveLength(1);
  });

  it('gives each event to the decider once, however often windows overlap', async () => {
    await commit(windowOf([auditEvent('a', 1), auditEvent('b', 2)]), decideNothing);
    const second = await commit(windowOf([auditEvent('b', 2), auditEvent('c', 3)]), decideNothing);
    expect(ids(second.fresh)).toEqual(['c']);
    expect(ids(await storedEvents())).toEqual(['a', 'b', 'c']);
  });

  it('keeps two accounts apart that have an event of the same id', async () => {
    await commit(windowOf([auditEvent('a', 1)]), decideNothing);
    const other = windowOf([auditEvent('a', 1, {}, 'other')], { account: 'other' });
    expect(ids((await commit(other, decideNothing)).fresh)).toEqual(['a']);
    expect((await storedEvents()).map(({ account }) => account)).toEqual(['default', 'other']);
  });

  it('keeps ids and JSON to the letter, whatever is in them', async () => {
    const hostile = [
      {
        ...auditEvent('nul\u0000id', 1),
        json: '{"id":"nul\\u0000id","__proto__":{"x":1},"n":12345678901234567890}',
      },
      { ...auditEvent("'; DROP TABLE events; --", 2), json: '{"text":"\\ud800 \u{1f600} \u2028"}' },
      { ...auditEvent('', 3), json: `{"big":"${'x'.repeat(5_000_000)}"}` },
    ];
    await commit(windowOf(hostile), decideNothing);
    const again = await commit(windowOf(hostile), decideNothing);
    expect(again).toEqual({ fresh: [], quarantined: [], alerts: [], late: 0 });
    expect((await storedEvents()).map(({ id, json }) => [id, json])).toEqual(
      hostile.map(({ id, json }) => [id, json]),
    );
  });

  it('quarantines a known id with other content beside the stored event, once', async () => {
    const first = auditEvent('a', 1, { user_name: 'ann' });
    const other = auditEvent('a', 1, { user_name: 'eve' });
    await commit(windowOf([first]), decideNothing);
    const seen: string[] = [];
    const contradicted = await commit(windowOf([other]), (fresh, quarantined) => {
      expect(fresh).toEqual([]);
      seen.push(...quarantined.map(({ reason }) => reason));
      return NOTHING;
    });
    expect(seen).toEqual([
      'event a is already stored with other content (different: user_name); both are kept, the first one counts',
    ]);
    expect(contradicted.quarantined.map(({ json }) => json)).toEqual([other.json]);
    expect((await commit(windowOf([other]), decideNothing)).quarantined).toEqual([]);
    expect((await storedEvents()).map(({ json }) => json)).toEqual([first.json]);
    expect((await quarantine()).map(({ json }) => json)).toEqual([other.json]);
  });

  it('takes other links, another order of members and other white space for the same event', async () => {
    const event = auditEvent('a', 1);
    const json = (links: string, space: string) =>
      `{${space}"id":"a","n":12345678901234567890,"_links":{"self":"${links}"}}`;
    await commit(windowOf([{ ...event, json: json('http://x', '') }]), decideNothing);
    const moved = { ...event, json: json('https://y', '  ') };
    const turned = { ...event, json: '{"n":12345678901234567890,"id":"a"}' };
    const digit = { ...event, json: '{"n":12345678901234567891,"id":"a"}' };
    expect((await commit(windowOf([moved]), decideNothing)).quarantined).toEqual([]);
    expect((await commit(windowOf([turned]), decideNothing)).quarantined).toEqual([]);
    expect((await commit(windowOf([digit]), decideNothing)).quarantined).toHaveLength(1);
  });

  it('compares content that is nested too deeply to be walked without giving up the window', async () => {
    const deep = (inner: string) => `${'{"a":'.repeat(20_000)}${inner}${'}'.repeat(20_000)}`;
    const event = auditEvent('a', 1);
    await commit(windowOf([{ ...event, json: deep('1') }]), decideNothing);
    const other = await commit(windowOf([{ ...event, json: deep('2') }]), decideNothing);
    expect(other.quarantined).toHaveLength(1);
  });

  it('tells of all accounts at once when each was last committed', async () => {
    expect(await bench.store.collect.committed()).toEqual(new Map());
    await commit(windowOf([], { account: 'one' }), decideNothing);
    await commit(windowOf([], { account: 'two', nowMs: T0 + 200_000 }), decideNothing);
    await commit(windowOf([], { account: 'one', nowMs: T0 + 300_000 }), decideNothing);
    expect(await bench.store.collect.committed()).toEqual(
      new Map([
        ['one', T0 + 300_000],
        ['two', T0 + 200_000],
      ]),
    );
  });

  it('keeps where the sweeps of an account stand, several at once', async () => {
    const lease = await take(bench.store);
    const sweep = (lastMs: number, endedAtMs?: number) => ({
      lastMs,
      startedAtMs: T0,
      fromMs: T0 - lastMs,
      toMs: T0,
      nextMs: T0 - 1_000,
      endedAtMs,
    });
    const sweeps = () => bench.store.ledger.sweeps('default');
    await bench.store.ledger.saveSweeps(lease, 'default', [sweep(60_000)]);
    // Of an account that was never read there is nothing to keep.
    expect(await sweeps()).toEqual(new Map());
    await commit(windowOf([]), decideNothing);
    await bench.store.ledger.saveSweeps(lease, 'default', [sweep(60_000), sweep(3_600_000, T0)]);
    await bench.store.ledger.saveSweeps(lease, 'default', [sweep(60_000, T0 + 5)]);
    await bench.restart();
    expect([...(await sweeps()).values()]).toEqual([sweep(60_000, T0 + 5), sweep(3_600_000, T0)]);
    expect(await bench.store.ledger.sweeps('other')).toEqual(new Map());
    await expect(
      bench.store.ledger.saveSweeps({ ...lease, token: lease.token + 1 }, 'default', [sweep(60_000)]),
    ).rejects.toThrow(LeaseLostError);
  });

  it('names the accounts for which a backfill waits', async () => {
    const { backfills } = bench.store;
    const request = { fromMs: T0, toMs: T0 + 1, notify: false, requestedAtMs: T0, by: 'alice', unreadMs: 1 };
    expect(await backfills.waitingAccounts()).toEqual(new Set());
    await backfills.request({ ...request, id: 'one', account: 'a' });
    await backfills.request({ ...request, id: 'two', account: 'a' });
    await backfills.request({ ...request, id: 'three', account: 'b' });
    expect(await backfills.waitingAccounts()).toEqual(new Set(['a', 'b']));
    await backfills.end('one', 'done', '', T0);
    await backfills.end('three', 'cancelled', '', T0);
    expect(await backfills.waitingAccounts()).toEqual(new Set(['a']));
  });

  it('learns and forgets many forms of a trail at once', async () => {
    const lease = await take(bench.store);
    const listed = (name: string, gone = false, told = false) => ({
      kind: 'listed' as const,
      name,
      atMs: T0,
      told,
      gone,
    });
    const names = Array.from({ length: 200 }, (_, index) => `TYPE_${String(index).padStart(3, '0')}`);
    const change = (changes: Parameters<typeof bench.store.drift.change>[2], account = 'default') =>
      bench.store.drift.change(lease, account, changes, [], T0);
    const known = async (account = 'default') =>
      (await bench.store.drift.known(account)).map(({ name, told }) => [name, told]);
    await change(names.map((name) => listed(name)));
    await change([listed('TYPE_000', false, true)], 'other');
    // What is known stays as it was met first.
    await change([listed('TYPE_001', false, true), listed('TYPE_NEW', false, true)]);
    await change([...names.slice(2, 199).map((name) => listed(name, true)), listed('never known', true)]);
    expect(await known()).toEqual([
      ['TYPE_000', false],
      ['TYPE_001', false],
      ['TYPE_199', false],
      ['TYPE_NEW', true],
    ]);
    expect(await known('other')).toEqual([['TYPE_000', true]]);
    await change([{ ...listed('a field'), kind: 'field' }], 'other');
    expect(await bench.store.drift.listed()).toEqual(['TYPE_000', 'TYPE_001', 'TYPE_199', 'TYPE_NEW']);
  });

  it('stores quarantined content once by its key', async () => {
    const bad = { account: 'default', key: 'k1', json: '{"no":"id"}', reason: 'id: found nothing' };
    const first = await commit(windowOf([], { quarantined: [bad] }), decideNothing);
    const second = await commit(windowOf([], { quarantined: [bad] }), decideNothing);
    expect(first.quarantined).toEqual([bad]);
    expect(second.quarantined).toEqual([]);
    expect(await quarantine()).toEqual([{ ...bad, foundAtMs: T0 + 100_000 }]);
  });

  it('never moves the watermark back, and keeps the start of the first window', async () => {
    await commit(windowOf([], { fromMs: T0, toMs: T0 + 90_000 }), decideNothing);
    await commit(windowOf([], { fromMs: T0 - 9_000, toMs: T0 + 30_000, nowMs: T0 + 200_000 }), decideNothing);
    expect(await bench.store.collect.progress('default')).toEqual({
      startMs: T0,
      watermarkMs: T0 + 90_000,
      committedAtMs: T0 + 200_000,
    });
  });

  it('records each window with what was new and what was late', async () => {
    await commit(windowOf([auditEvent('a', 1)]), decideNothing);
    const second = windowOf([auditEvent('a', 1), auditEvent('late', 59), auditEvent('b', 60)], {
      fromMs: T0 + 1_000,
      toMs: T0 + 90_000,
      verified: false,
    });
    await commit(second, decideNothing);
    const { items } = await bench.store.history.windows({ account: 'default' });
    expect(items.map(({ events, fresh, late, verified }) => [events, fresh, late, verified])).toEqual([
      [1, 1, 0, true],
      [3, 2, 1, false],
    ]);
    expect(items[1]).toMatchObject({ fromMs: T0 + 1_000, toMs: T0 + 90_000, committedAtMs: T0 + 100_000 });
    expect((await bench.store.history.windows({ verified: false })).items).toEqual([items[1]]);
    expect((await bench.store.history.windows({ verified: true })).items).toEqual([items[0]]);
  });

  it('writes nothing when the decider throws, and hands on what it threw', async () => {
    await commit(windowOf([auditEvent('a', 1)]), () => ({ alerts: [], state: [{ key: 'k', value: 1 }] }));
    const before = await bench.store.status.totals();
    const window = windowOf([auditEvent('b', 2, { event_type: 'NEVER_SEEN' })], {
      toMs: T0 + 90_000,
      quarantined: [{ account: 'default', key: 'k', json: '{}', reason: 'r' }],
    });
    const broken = new Error('the rules broke');
    await expect(
      commit(window, () => {
        throw broken;
      }),
    ).rejects.toBe(broken);
    expect({ ...(await bench.store.status.totals()), bytes: 0 }).toEqual({ ...before, bytes: 0 });
    expect(await bench.store.collect.progress('default')).toMatchObject({ watermarkMs: T0 + 60_000 });
    // What was rolled back is not half remembered: the same window can be committed now.
    expect(ids((await commit(window, decideNothing)).fresh)).toEqual(['b']);
    expect((await storedEvents()).map(({ eventType }) => eventType)).toEqual([
      'NUMBER_UPDATED',
      'NEVER_SEEN',
    ]);
  });

  it('writes nothing when a first window of a new account fails, and knows the account afterwards', async () => {
    const window = windowOf([auditEvent('a', 1, {}, 'new')], { account: 'new' });
    await expect(
      commit(window, () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await commit(windowOf([auditEvent('z', 1, {}, 'other')], { account: 'other' }), decideNothing);
    await commit(window, decideNothing);
    expect((await storedEvents()).map(({ account, id }) => [account, id])).toEqual([
      ['new', 'a'],
      ['other', 'z'],
    ]);
  });

  it('drops a known alert together with its deliveries', async () => {
    await commit(windowOf([]), () => ({ alerts: [decided('one', ['hook'])], state: [] }));
    const again = await commit(windowOf([]), () => ({
      alerts: [decided('one', ['hook', 'mail']), decided('two', [])],
      state: [],
    }));
    expect(again.alerts.map(({ alert }) => alert.message)).toEqual(['two']);
    expect((await bench.store.history.deliveries({})).items.map(({ sink }) => sink)).toEqual(['hook']);
  });

  it('changes and forgets rule state, each account its own', async () => {
    const state = (key: string, value: null | number) => () => ({ alerts: [], state: [{ key, value }] });
    await commit(windowOf([]), state('a', 1));
    await commit(windowOf([]), state('b', 2));
    await commit(windowOf([], { account: 'other' }), state('a', 9));
    await commit(windowOf([]), state('a', null));
    await commit(windowOf([]), state('b', 3));
    expect(await bench.store.collect.ruleState('default')).toEqual(new Map([['b', 3]]));
    expect(await bench.store.collect.ruleState('other')).toEqual(new Map([['a', 9]]));
  });

  it('refuses a commit under a lease that has passed on, and writes nothing', async () => {
    const mine = await take(bench.store, 'me', 1_000);
    bench.nowMs += 2_000;
    const theirs = await take(bench.store, 'them', 60_000);
    const commitUnder = (lease: typeof mine) =>
      bench.store.collect.commitWindow(lease, windowOf([auditEvent('a', 1)]), decideNothing);
    await expect(commitUnder(mine)).rejects.toBeInstanceOf(LeaseLostError);
    expect(await storedEvents()).toEqual([]);
    expect(await bench.store.collect.progress('default')).toBeUndefined();
    expect(ids((await commitUnder(theirs)).fresh)).toEqual(['a']);
    await expect(commitUnder({ ...theirs, name: 'no such lease' })).rejects.toBeInstanceOf(LeaseLostError);
  });
};
