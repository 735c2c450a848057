import { expect, it } from 'vitest';
import type { Overview } from '../../src/core/overview.ts';
import type { Bench } from './contract.ts';
import {
  auditEvent,
  conditionChange,
  decided,
  decideNothing,
  deliveryId,
  settlement,
  T0,
  take,
  windowOf,
} from './fixtures.ts';

/** What `status` needs of any store. */
export const overviewContract = (bench: Bench): void => {
  const look = (): Promise<Overview> =>
    bench.store.overview({
      nowMs: bench.nowMs,
      lease: 'monitor',
      sinks: ['hook', 'quiet'],
      latenessSinceMs: T0 - 86_400_000,
      alertsSinceMs: T0,
    });
  const sinkOf = async (name: string) => (await look()).sinks.find(({ sink }) => sink === name);

  it('of a new store says that there is nothing', async () => {
    expect(await look()).toMatchObject({
      lease: undefined,
      accounts: [],
      silences: [],
      alerts: {},
      totals: { events: 0, alerts: 0, quarantined: 0 },
    });
    expect(await sinkOf('quiet')).toEqual({
      sink: 'quiet',
      counts: {},
      held: 0,
      tried: 0,
      waitingSinceMs: undefined,
      lastSentMs: undefined,
      gate: undefined,
      feed: undefined,
    });
  });

  it('tells who holds the lease and how far each account is', async () => {
    const lease = await take(bench.store, 'somebody', 10_000);
    const read = (account: string, verified: boolean) =>
      bench.store.collect.commitWindow(
        lease,
        windowOf([auditEvent(`of ${account}`, 1, {}, account)], {
          account,
          verified,
          doubt: 'counts differ',
        }),
        decideNothing,
      );
    await read('b', true);
    await read('a', false);
    await bench.store.backfills.request({
      id: 'wish',
      account: 'b',
      fromMs: T0 - 60_000,
      toMs: T0,
      notify: false,
      requestedAtMs: T0,
      by: 'alice',
      unreadMs: 60_000,
    });
    const { lease: held, accounts, totals } = await look();
    expect(held).toEqual({
      holder: 'somebody',
      renewedAtMs: bench.nowMs,
      expiresAtMs: bench.nowMs + 10_000,
    });
    expect(accounts.map(({ account }) => account)).toEqual(['a', 'b']);
    for (const facts of accounts) {
      // Asked for all together they are what each is asked for alone.
      expect(facts).toMatchObject({ ...(await bench.store.collect.progress(facts.account)), events: 1 });
      expect(facts.ranges).toEqual(await bench.store.ledger.ranges(facts.account));
      expect(facts.lateness).toEqual(await bench.store.ledger.lateness(facts.account, T0 - 86_400_000));
      expect(facts.backfills).toEqual(await bench.store.backfills.waiting(facts.account));
    }
    expect(accounts[0]?.ranges[0]?.doubt?.text).toBe('counts differ');
    expect(await bench.store.ledger.everyRange()).toEqual(
      new Map(accounts.map(({ account, ranges }) => [account, ranges])),
    );
    expect(await bench.store.ledger.everyLateness(T0 - 86_400_000)).toEqual(
      new Map(
        accounts.flatMap(({ account, lateness }) => (lateness.length > 0 ? [[account, lateness]] : [])),
      ),
    );
    expect(accounts.some(({ lateness }) => lateness.length > 0)).toBe(true);
    expect(accounts[1]?.backfills).toHaveLength(1);
    expect(totals).toMatchObject({ events: 2 });
    await bench.store.leases.release(lease);
    expect((await look()).lease).toMatchObject({ holder: '' });
  });

  it('tells how each sink is: what waits and since when, what is held, what failed, the latest success', async () => {
    const { outbox } = bench.store;
    const startMs = bench.nowMs;
    bench.plan = () => [
      { sink: 'later', state: 'pending', dueAtMs: startMs + 3_600_000, thread: 't', why: [] },
    ];
    await outbox.enqueue([decided('one'), decided('two'), { alert: decided('three').alert }]);
    expect(await sinkOf('later')).toMatchObject({
      counts: { pending: 1 },
      held: 1,
      waitingSinceMs: undefined,
    });
    bench.nowMs += 5_000;
    expect(await sinkOf('hook')).toMatchObject({
      counts: { pending: 2 },
      held: 0,
      tried: 0,
      waitingSinceMs: startMs,
      lastSentMs: undefined,
    });
    const gate = { tokens: 1, atMs: 2, failures: 3, opens: 1, openUntilMs: 4, pausedUntilMs: 0 };
    await outbox.claim('hook', 10, 60_000);
    await outbox.settle(
      [
        settlement(deliveryId(decided('one'), 'hook'), { state: 'sent' }),
        settlement(deliveryId(decided('two'), 'hook'), { state: 'pending', dueAtMs: bench.nowMs + 30_000 }),
      ],
      [conditionChange('circuit:hook', true)],
      { sink: 'hook', gate, hasten: false },
    );
    const openedMs = bench.nowMs;
    bench.nowMs += 1_000;
    // That of the condition waits as well, since then; the one that failed has waited from its beginning.
    expect(await sinkOf('hook')).toMatchObject({
      counts: { sent: 1, pending: 2 },
      held: 0,
      tried: 1,
      waitingSinceMs: startMs,
      lastSentMs: T0 + 10,
      gate,
    });
    const { conditions, alerts } = await look();
    expect([...conditions]).toEqual([['circuit:hook', openedMs]]);
    expect(alerts).toEqual({ high: 4 });
  });

  it('tells what a fed sink has still to get, and what silences hide', async () => {
    await bench.store.feeds.open('hook', 'now');
    const lease = await take(bench.store);
    await bench.store.collect.commitWindow(lease, windowOf([auditEvent('a', 1)]), decideNothing);
    expect((await sinkOf('hook'))?.feed).toEqual(await bench.store.feeds.backlog('hook'));
    expect((await sinkOf('hook'))?.feed?.events).toBe(1);
    const silence = {
      id: 's1',
      match: { rule: ['=x'] },
      author: 'alice',
      reason: 'why',
      createdAtMs: bench.nowMs,
      startsAtMs: bench.nowMs,
      endsAtMs: bench.nowMs + 1_000,
      schedule: undefined,
      expired: undefined,
    };
    await bench.store.silences.add(silence);
    expect((await look()).silences).toMatchObject([{ id: 's1', hidden: 0 }]);
    bench.nowMs += 1_000;
    expect((await look()).silences).toEqual([]);
  });
};
