import { expect, it } from 'vitest';
import type { Bench } from './contract.ts';
import { waiting } from './contract-folding.ts';
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

  it('keeps what was folded while its summary is under way, and a summary while one of its alerts is', async () => {
    const { outbox, retention, history } = bench.store;
    bench.plan = (name) => [
      waiting(bench.nowMs, 'group:g'),
      ...(name === 'also mailed' ? [waiting(bench.nowMs, undefined, { sink: 'mail' })] : []),
    ];
    await outbox.enqueue(['one', 'also mailed'].map((name) => ({ alert: decided(name, []).alert })));
    const [summary] = await outbox.claim('hook', 10, 1_000);
    const messages = async () => (await kept()).alerts;
    bench.nowMs = LATER;
    expect(await retention.prune(LATER, 1_000)).toBe(0);
    const sent = settlement(summary?.id ?? '', { state: 'sent' });
    await outbox.settle([sent], []);
    // The summary has ended, and 'one' with it; the mail about the other has not.
    expect(await retention.prune(LATER, 1_000)).toBe(2);
    expect(await messages()).toEqual(['also mailed', expect.stringContaining('2 alerts')]);
    expect((await history.deliveries({ foldedInto: summary?.id })).items).toMatchObject([
      { foldedInto: summary?.id },
    ]);
    const [mail] = await outbox.claim('mail', 10, 1_000);
    await outbox.settle([settlement(mail?.id ?? '', { state: 'sent' })], []);
    expect(await retention.prune(LATER, 1_000)).toBeGreaterThan(0);
    expect(await messages()).toEqual([]);
  });

  it('keeps a summary as long as what it tells, also when the clock was set back in between', async () => {
    const { outbox, retention, history } = bench.store;
    bench.plan = () => [waiting(bench.nowMs, 'group:g')];
    const late = { decidedAtMs: LATER };
    await outbox.enqueue(['one', 'two'].map((name) => ({ alert: decided(name, [], late).alert })));
    const [summary] = await outbox.claim('hook', 10, 1_000);
    await outbox.settle([settlement(summary?.id ?? '', { state: 'sent' })], []);
    // Alerts dated later than the summary that tells them: the clock was set back in between.
    while ((await retention.prune(LATER - 1, 1)) > 0);
    const { items } = await history.deliveries({});
    expect(items.map(({ state, foldedInto }) => [state, foldedInto])).toEqual([
      ['folded', summary?.id],
      ['folded', summary?.id],
      ['sent', undefined],
    ]);
  });

  it('keeps what a silence hides until it was told, however long that takes', async () => {
    const { outbox, retention, silences } = bench.store;
    const startsAtMs = bench.nowMs;
    await silences.add({
      id: 's',
      match: { kind: ['rule'] },
      author: 'alice',
      reason: 'for ever',
      createdAtMs: startsAtMs,
      startsAtMs,
      endsAtMs: 2 * LATER,
      schedule: undefined,
      expired: undefined,
    });
    bench.plan = () => [waiting(bench.nowMs, undefined, { state: 'silenced', silence: 's' })];
    await outbox.enqueue([{ alert: decided('hidden', []).alert }]);
    bench.nowMs = LATER;
    // Only that somebody made the silence is old enough to be forgotten.
    expect(await retention.prune(LATER, 1_000)).toBe(1);
    expect((await kept()).alerts).toEqual(['hidden']);
    bench.nowMs = 2 * LATER;
    expect(await silences.tellEnded()).toMatchObject([{ hidden: 1 }]);
    expect(await retention.prune(2 * LATER, 1_000)).toBe(0);
    const [summary] = await outbox.claim('hook', 10, 1_000);
    await outbox.settle([settlement(summary?.id ?? '', { state: 'sent' }, { endedAtMs: bench.nowMs })], []);
    expect(await retention.prune(2 * LATER + 1, 1_000)).toBeGreaterThan(0);
    expect((await kept()).alerts).toEqual([]);
    expect(await silences.list({ nowMs: bench.nowMs, ended: true })).toEqual([]);
  });

  it('takes acts, silences that have ended and what the planner remembered, when they are old', async () => {
    const { outbox, retention, silences, history, acts } = bench.store;
    const act = { act: 'alert.acknowledged', by: 'alice', subject: 'a', detail: '' } as const;
    await acts.record({ ...act, atMs: T0 });
    await acts.record({ ...act, atMs: T0 + 1 });
    const silence = {
      match: { kind: ['rule'] },
      author: 'alice',
      reason: '',
      createdAtMs: T0,
      startsAtMs: T0,
      schedule: undefined,
      expired: undefined,
    };
    bench.nowMs = T0 + 10;
    for (const [id, endsAtMs] of [
      ['old', T0 + 20] as const,
      ['early', LATER] as const,
      ['new', LATER] as const,
    ])
      await silences.add({ ...silence, id, endsAtMs });
    await silences.expire('early', 'bob', T0 + 15);
    let remembered: unknown;
    bench.plan = (name, memory) => {
      remembered = memory.get('k');
      if (name === 'set') memory.set('k', 1, T0 + 20);
      return [];
    };
    const late = { decidedAtMs: LATER };
    await outbox.enqueue([{ alert: decided('set', [], late).alert }]);
    expect(await retention.prune(T0 + 1, 100)).toBe(1);
    expect((await history.acts({ subject: 'a' })).items).toHaveLength(1);
    // One act by itself, four about silences, two of these and what was remembered.
    expect(await retention.prune(T0 + 30, 100)).toBe(8);
    expect((await silences.list({ nowMs: T0, ended: true })).map(({ id }) => id)).toEqual(['new']);
    await outbox.enqueue([{ alert: decided('look', [], late).alert }]);
    expect(remembered).toBeUndefined();
  });
};
