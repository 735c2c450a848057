import { expect, it } from 'vitest';
import type { Bench } from './contract.ts';
import { auditEvent, decided, decideNothing, settlement, T0, take, windowOf } from './fixtures.ts';

const LATER = T0 + 500_000;

/** What pruning may and may not take from any store. */
export const retentionContract = (bench: Bench): void => {
  const kept = async () => ({
    events: (await bench.store.history.events({})).items.map(({ id }) => id),
    alerts: (await bench.store.history.alerts({})).items.map(({ message }) => message),
    windows: (await bench.store.history.windows({})).items.length,
    quarantine: (await bench.store.history.quarantine({})).items.map(({ key }) => key),
  });
  const bad = (key: string) => ({ account: 'default', key, json: '{}', reason: 'r' });

  it('takes what is older than the bound and nothing else, and reading it again makes it known again', async () => {
    const lease = await take(bench.store);
    const { collect, retention, status } = bench.store;
    await collect.commitWindow(
      lease,
      windowOf([auditEvent('old', 1), auditEvent('edge', 50)], { quarantined: [bad('old')], nowMs: T0 + 1 }),
      () => ({ alerts: [], state: [{ key: 'k', value: 1 }] }),
    );
    await collect.commitWindow(
      lease,
      windowOf([auditEvent('other', 2, {}, 'two')], {
        account: 'two',
        quarantined: [bad('new')],
        nowMs: LATER,
      }),
      decideNothing,
    );
    // Two events, one window and one quarantined text are older.
    expect(await retention.prune(T0 + 50_000, 100)).toBe(4);
    expect(await kept()).toMatchObject({ events: ['edge'], windows: 1, quarantine: ['new'] });
    expect(await retention.prune(T0 + 50_000, 100)).toBe(0);
    expect(await status.totals()).toMatchObject({ events: 1, quarantined: 1 });
    expect(await collect.progress('default')).toMatchObject({ watermarkMs: T0 + 60_000 });
    expect(await collect.ruleState('default')).toEqual(new Map([['k', 1]]));
  });

  it('works in steps of the asked size until fewer are left', async () => {
    const lease = await take(bench.store);
    const events = Array.from({ length: 25 }, (_, i) => auditEvent(`e${i}`, i));
    await bench.store.collect.commitWindow(lease, windowOf(events), () => ({
      alerts: Array.from({ length: 9 }, (_, i) => decided(`alert ${i}`, ['hook', 'mail'])),
      state: [],
    }));
    for (const sink of ['hook', 'mail']) {
      for (let round = 0; round < 2; round += 1) {
        const claims = await bench.store.outbox.claim(sink, 100, 1_000);
        const next =
          round === 0 ? ({ state: 'pending', dueAtMs: T0 } as const) : ({ state: 'sent' } as const);
        await bench.store.outbox.settle(
          claims.map(({ id }) => settlement(id, next)),
          [],
        );
      }
    }
    const steps: number[] = [];
    do steps.push(await bench.store.retention.prune(LATER, 10));
    while (steps.at(-1) === 10);
    // 25 events, 9 alerts, 18 deliveries, 36 attempts, 1 window.
    expect(steps.reduce((a, b) => a + b)).toBe(89);
    expect(steps).toHaveLength(9);
    expect(await kept()).toEqual({ events: [], alerts: [], windows: 0, quarantine: [] });
    expect(await bench.store.status.deliveryCounts()).toEqual([]);
  });

  it('keeps an alert until all its deliveries have ended before the bound', async () => {
    const { outbox, retention, history } = bench.store;
    const names = ['pending', 'sending', 'parked late', 'sent late', 'sent', 'parked', 'unsent'];
    await outbox.enqueue(names.slice(0, -1).map((name) => decided(name, ['hook', 'mail'])));
    await outbox.enqueue([decided('unsent', [])]);
    const mail = await outbox.claim('mail', 100, 1_000);
    await outbox.settle(
      mail.map(({ id }) => settlement(id, { state: 'sent' })),
      [],
    );
    for (const { id, alert } of await outbox.claim('hook', 100, 1_000)) {
      const endedAtMs = alert.message.endsWith('late') ? LATER : T0 + 10;
      const state = alert.message.startsWith('parked') ? 'parked' : 'sent';
      if (alert.message === 'pending') await outbox.release([id]);
      else if (alert.message !== 'sending')
        await outbox.settle([settlement(id, { state }, { endedAtMs })], []);
    }
    // Three alerts go: two with two deliveries and two attempts each, and the one that was sent nowhere.
    expect(await retention.prune(LATER, 1_000)).toBe(11);
    expect((await kept()).alerts).toEqual(['pending', 'sending', 'parked late', 'sent late']);
    expect((await history.deliveries({})).items).toHaveLength(8);
    // An alert decided after the bound stays, however soon its deliveries ended.
    await outbox.enqueue([decided('new', [], { decidedAtMs: LATER })]);
    expect(await retention.prune(LATER, 1_000)).toBe(0);
    expect(await retention.prune(LATER + 1, 1_000)).toBeGreaterThan(0);
    expect((await kept()).alerts).toEqual(['pending', 'sending']);
  });
};
