import { expect, it } from 'vitest';
import type { Bench } from './contract.ts';
import {
  auditEvent,
  decided,
  decideNothing,
  deliveryId,
  settlement,
  T0,
  take,
  windowOf,
} from './fixtures.ts';

/** What people who look around need of any store. */
export const browseContract = (bench: Bench): void => {
  const slice = { account: 'default', newestFirst: true, limit: 10 };
  const fill = async () => {
    const lease = await take(bench.store);
    const alerts = [
      decided('One', ['hook'], { eventIds: ['b'], decidedAtMs: T0 + 1_000 }),
      decided('Two', ['hook', 'mail'], {
        decidedAtMs: T0 + 2_000,
        rule: { id: 'rule-2', title: 'Two', level: 'low', tags: [], references: [] },
      }),
      decided('Three', [], { decidedAtMs: T0 + 2_000 }),
    ];
    const events = [auditEvent('c', 2), auditEvent('b', 1), auditEvent('a', 1), auditEvent('d', 0)];
    await bench.store.collect.commitWindow(lease, windowOf(events.toReversed()), () => ({
      alerts,
      state: [],
    }));
    await bench.store.collect.commitWindow(
      lease,
      windowOf([auditEvent('a', 1, { event_type: 'LOGIN' }, 'other')], { account: 'other' }),
      () => ({ alerts: [], state: [] }),
    );
    return { alerts };
  };

  it('gives the events of an account in order, a piece at a time', async () => {
    await fill();
    const { browse } = bench.store;
    const ids = async (more: Partial<Parameters<typeof browse.events>[0]>) =>
      (await browse.events({ ...slice, ...more })).map(({ id }) => id);
    expect(await ids({})).toEqual(['c', 'b', 'a', 'd']);
    expect(await ids({ newestFirst: false })).toEqual(['d', 'a', 'b', 'c']);
    expect(await ids({ limit: 2 })).toEqual(['c', 'b']);
    const after = { createdAtMs: T0 + 1_000, id: 'b', inclusive: false };
    expect(await ids({ after })).toEqual(['a', 'd']);
    expect(await ids({ after: { ...after, inclusive: true } })).toEqual(['b', 'a', 'd']);
    expect(await ids({ after, newestFirst: false })).toEqual(['c']);
    expect(await ids({ fromMs: T0 + 1_000, toMs: T0 + 2_000 })).toEqual(['b', 'a']);
    expect(await ids({ account: 'nobody' })).toEqual([]);
    const marked = await browse.events({ ...slice, withMatched: true });
    expect(marked.filter(({ matched }) => matched).map(({ id }) => id)).toEqual(['b']);
    expect(marked[0]).toEqual({
      seq: expect.any(Number) as number,
      id: 'c',
      eventType: 'NUMBER_UPDATED',
      createdAtMs: T0 + 2_000,
      matched: false,
    });
    const seqs = marked.map(({ seq }) => seq);
    const whole = await browse.eventsAt([seqs[1] ?? 0, 999_999, seqs[0] ?? 0]);
    expect(whole.map(({ id, account, json }) => [id, account, typeof json])).toEqual([
      ['b', 'default', 'string'],
      ['c', 'default', 'string'],
    ]);
    expect(await browse.countEvents('default', T0, T0 + 2_000)).toBe(3);
    expect(await browse.countEvents('nobody', T0, T0 + 2_000)).toBe(0);
    expect(await browse.eventTypes()).toEqual(['LOGIN', 'NUMBER_UPDATED']);
    expect((await browse.lateByDay('default', 0)).size).toBe(0);
  });

  it('gives where the trail of each account begins, from any place on', async () => {
    await fill();
    const { browse } = bench.store;
    const lease = await take(bench.store);
    // The same event in two accounts, and an account without any.
    const more = ['b', 'z'].map((id) => auditEvent(id, 1, {}, 'third'));
    await bench.store.collect.commitWindow(lease, windowOf(more, { account: 'third' }), decideNothing);
    await bench.store.collect.commitWindow(lease, windowOf([], { account: 'empty' }), decideNothing);
    const accounts = ['default', 'other', 'third', 'empty'];
    const places = [
      undefined,
      ...['a', 'b', 'c', 'y'].flatMap((id) =>
        [0, 1, 2, 3].map((second) => ({ createdAtMs: T0 + second * 1_000, id })),
      ),
    ];
    let begun = 0;
    for (const newestFirst of [true, false])
      for (const from of places)
        for (const range of [{}, { fromMs: T0 + 1_000, toMs: T0 + 2_000 }]) {
          const expected = [];
          for (const account of accounts) {
            const after = from && { ...from, inclusive: true };
            const [first] = await browse.events({
              account,
              newestFirst,
              after,
              limit: 1,
              withMatched: true,
              ...range,
            });
            if (first) expected.push({ ...first, account });
          }
          const found = await browse.heads({ newestFirst, from, withMatched: true, ...range });
          expect(found.toSorted((a, b) => (a.account < b.account ? -1 : 1))).toEqual(expected);
          begun += found.length;
        }
    expect(begun).toBeGreaterThan(100);
  });

  it('gives what was committed since, in the order of commits', async () => {
    expect(await bench.store.browse.newest()).toEqual({ event: 0, alert: 0, delivery: 0, act: 0 });
    await fill();
    const { browse } = bench.store;
    const newest = await browse.newest();
    const events = await browse.eventsSince(0, 100);
    expect(events.map(({ id }) => id)).toEqual(['d', 'a', 'b', 'c', 'a']);
    expect(events.at(-1)).toMatchObject({ seq: newest.event, account: 'other', eventType: 'LOGIN' });
    expect((await browse.eventsSince(events[2]?.seq ?? 0, 1)).map(({ id }) => id)).toEqual(['c']);
    const alerts = await browse.alertsSince(0, 2);
    expect(alerts.map(({ id }) => id)).toEqual([decided('One').alert.id, decided('Two').alert.id]);
    expect(await browse.alertsSince(newest.alert, 2)).toEqual([]);
    const deliveries = await browse.deliveriesSince(0, 100);
    expect([deliveries.length, deliveries.at(-1)]).toEqual([3, newest.delivery]);
  });

  it('gives alerts in the order of deciding, and how often rules had one', async () => {
    await fill();
    const { browse } = bench.store;
    const titles = async (more: Partial<Parameters<typeof browse.alerts>[0]>) => {
      const keys = await browse.alerts({ newestFirst: true, limit: 10, ...more });
      const texts = await browse.alertTexts(keys.map(({ seq }) => seq));
      return keys.map(({ seq }) => (JSON.parse(texts.get(seq) ?? '') as { message: string }).message);
    };
    expect(await titles({})).toEqual(['Three', 'Two', 'One']);
    expect(await titles({ newestFirst: false, limit: 2 })).toEqual(['One', 'Two']);
    expect(await titles({ ruleId: 'rule-1' })).toEqual(['Three', 'One']);
    expect(await titles({ fromMs: T0 + 1_000, toMs: T0 + 2_000 })).toEqual(['One']);
    const [first] = await browse.alerts({ newestFirst: true, limit: 1 });
    expect(await titles({ after: first })).toEqual(['Two', 'One']);
    expect(await titles({ after: first, ruleId: 'rule-1' })).toEqual(['One']);
    expect(await titles({ after: first, newestFirst: false })).toEqual([]);
    expect(await browse.hits('rule-1', T0, T0 + 2_000)).toEqual({ count: 1, lastMs: T0 + 2_000 });
    expect(await browse.hits('none', T0, T0 + 2_000)).toEqual({ count: 0, lastMs: undefined });
  });

  it('gives deliveries newest first, with what their alerts are, and what is under way', async () => {
    const { alerts } = await fill();
    const { browse, outbox } = bench.store;
    const [one, two] = alerts;
    if (!one || !two) throw new Error('no alerts');
    const ids = async (more: Partial<Parameters<typeof browse.deliveries>[0]> = {}) =>
      (await browse.deliveries({ before: undefined, limit: 10, ...more })).map(({ id }) => id);
    const [ofOne, ofTwo, mail] = [deliveryId(one, 'hook'), deliveryId(two, 'hook'), deliveryId(two, 'mail')];
    const all = await browse.deliveries({ before: undefined, limit: 10 });
    expect(all.map(({ id }) => id).toSorted()).toEqual([ofOne, ofTwo, mail].toSorted());
    expect(await ids({ limit: 1 })).toEqual([all[0]?.id]);
    expect(await ids({ before: all[1]?.seq })).toEqual([all[2]?.id]);
    expect(await ids({ alertId: one.alert.id })).toEqual([ofOne]);
    expect(await ids({ parked: true })).toEqual([]);
    expect(await browse.underWay(10)).toHaveLength(3);
    await outbox.claim('mail', 1, 60_000);
    await outbox.settle([settlement(mail, { state: 'parked' }, { detail: 'refused' })], []);
    expect(await ids({ parked: true })).toEqual([mail]);
    const [parked] = await browse.deliveries({ before: undefined, limit: 1, parked: true });
    expect(parked).toMatchObject({
      ruleId: 'rule-2',
      level: 'low',
      account: 'default',
      lastDetail: 'refused',
      attempts: 1,
    });
    expect(await browse.deliveriesAt([parked?.seq ?? 0, 999_999])).toEqual([parked]);
    expect(await browse.deliveryStates(parked?.alertSeq ?? 0)).toEqual({ parked: 1, pending: 1 });
    expect(await browse.underWay(10)).toHaveLength(2);
    expect(await browse.deliveryPlaces(['none', mail])).toEqual([parked?.seq]);
    await outbox.retry({ ids: [mail] }, { by: 'anna', detail: 'again' });
    const { act } = await browse.newest();
    expect(await browse.actsSince(0, 10)).toEqual([{ seq: act, subject: mail }]);
    expect(await browse.actsSince(act, 10)).toEqual([]);
    await outbox.drop({ ids: [mail], states: ['pending'] }, { by: 'anna', detail: 'no' });
    expect(await browse.underWay(1)).toHaveLength(1);
  });
};
