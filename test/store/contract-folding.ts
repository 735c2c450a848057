import { expect, it } from 'vitest';
import type { Level } from '../../src/core/alert.ts';
import type { PlannedDelivery } from '../../src/core/decided.ts';
import type { SinkGate } from '../../src/core/gate.ts';
import type { DeliveryRecord } from '../../src/core/history.ts';
import { MAX_SUMMARY_MEMBERS } from '../../src/core/planner.ts';
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

/** A delivery that waits for `dueAtMs`, in a bundle when one is given. */
export const waiting = (
  dueAtMs: number,
  bundle?: string,
  more: Partial<PlannedDelivery> = {},
): PlannedDelivery => ({
  sink: 'hook',
  state: 'pending',
  dueAtMs,
  thread: 'thread',
  why: [],
  ...(bundle === undefined ? {} : { bundle }),
  ...more,
});

const GATE: SinkGate = { tokens: 3, atMs: T0, failures: 1, opens: 2, openUntilMs: T0, pausedUntilMs: 0 };

/** What becomes of deliveries that travel together, wait too many at once, or wait for a sink in trouble. */
export const foldingContract = (bench: Bench): void => {
  const add = (name: string, level: Level = 'high', kind: 'rule' | 'drill' | 'system' = 'rule') => {
    const { alert } = decided(name, [], { kind, decidedAtMs: bench.nowMs });
    return bench.store.outbox.enqueue([{ alert: { ...alert, rule: { ...alert.rule, level } } }]);
  };
  const addAll = (count: number, sinks: readonly string[] = ['hook']) =>
    bench.store.outbox.enqueue(Array.from({ length: count }, (_, i) => decided(`alert ${i}`, sinks)));
  const claim = (options = {}, sink = 'hook', limit = 10) =>
    bench.store.outbox.claim(sink, limit, 60_000, options);
  const messages = async (options = {}, sink = 'hook') =>
    (await claim(options, sink)).map(({ alert }) => alert.message);
  const all = async (query: { sink?: string; state?: DeliveryRecord['state'] } = {}) =>
    (await bench.store.history.deliveries({ ...query, limit: 100_000 })).items;

  it('folds what is in one bundle when it is due, into one summary that knows its members', async () => {
    const dueAtMs = bench.nowMs + 30_000;
    bench.plan = () => [waiting(dueAtMs, 'group:g')];
    await add('one', 'low');
    await add('two', 'critical');
    await add('three', 'low');
    bench.nowMs = dueAtMs - 1;
    expect(await claim()).toEqual([]);
    await bench.restart();
    bench.nowMs = dueAtMs;
    const [summary, ...rest] = await claim();
    expect(rest).toEqual([]);
    expect(summary).toMatchObject({
      thread: 'thread',
      alert: { kind: 'summary', summary: { reason: 'group', total: 3, levels: { low: 2, critical: 1 } } },
    });
    expect(summary?.alert.summary?.members.map(({ message }) => message)).toEqual(['two', 'three', 'one']);
    const folded = await all({ state: 'folded' });
    expect(folded.map(({ foldedInto }) => foldedInto)).toEqual(Array(3).fill(summary?.id));
    expect(folded.map(({ endedAtMs }) => endedAtMs)).toEqual(Array(3).fill(dueAtMs));
    const { items } = await bench.store.history.deliveries({ foldedInto: summary?.id });
    expect(items).toHaveLength(3);
    expect(await bench.store.outbox.nextDueMs('hook')).toBe(bench.nowMs + 60_000);
  });

  it.each(['group:g', 'held:h'])('sends the only one of %s as it is', async (bundle) => {
    bench.plan = () => [waiting(bench.nowMs, bundle)];
    await add('one');
    expect(await messages()).toEqual(['one']);
  });

  it('sums up even a single suppressed one', async () => {
    bench.plan = () => [waiting(bench.nowMs, 'suppressed:s')];
    await add('one');
    expect(await claim()).toMatchObject([{ alert: { summary: { reason: 'suppressed', total: 1 } } }]);
  });

  it('plans by the time at which it is its turn, not by when the window was to be committed', async () => {
    const { store } = bench;
    const seen: number[] = [];
    bench.plan = (_name, _memory, nowMs) => {
      seen.push(nowMs);
      return [];
    };
    // Of an account whose commit waited for those of others: a sending that they know to be over is over for it as well.
    const { alert } = decided('waited', []);
    const window = windowOf([auditEvent('a', 1)], { nowMs: bench.nowMs - 5_000 });
    await store.collect.commitWindow(await take(store), window, () => ({ alerts: [{ alert }], state: [] }));
    expect(seen.at(-1)).toBe(bench.nowMs);
  });

  it('hands the heads of the chains of its accounts to a summary, once a day for each sink', async () => {
    const { store } = bench;
    const lease = await take(store);
    for (const account of ['default', 'other'])
      await store.collect.commitWindow(
        lease,
        windowOf([auditEvent(`of ${account}`, 0, {}, account)], { account }),
        decideNothing,
      );
    const [head] = await store.chains.heads();
    let number = 0;
    const fold = async (sink = 'hook') => {
      bench.plan = () => [waiting(bench.nowMs, 'suppressed:s', { sink })];
      await add(`alert ${(number += 1)}`);
      await claim({}, sink);
      return bench.folded.at(-1)?.heads;
    };
    // Not that of the other account: a summary tells a sink nothing that its alerts did not.
    expect(await fold()).toEqual([head]);
    expect(head).toMatchObject({ chain: 'events', account: 'default', position: 1 });
    expect(await fold()).toEqual([]);
    expect(await fold('mail')).toEqual([head]);
    await bench.restart();
    bench.nowMs += 86_400_000 - 1;
    expect(await fold()).toEqual([]);
    bench.nowMs += 1;
    expect(await fold()).toEqual([head]);
    // The clock was set back: what was told in that future does not count.
    bench.nowMs -= 3_600_000;
    expect(await fold()).toEqual([head]);
  });

  it('folds only what is due, each bundle for itself, each sink for itself', async () => {
    const now = bench.nowMs;
    bench.plan = (name) => [
      waiting(name === 'late' ? now + 1 : now, name.startsWith('a') ? 'group:a' : 'group:b'),
      waiting(now, 'group:a', { sink: 'mail' }),
    ];
    for (const name of ['a1', 'a2', 'b1', 'b2', 'late']) await add(name);
    expect((await claim()).map(({ alert }) => alert.summary?.total)).toEqual([2, 2]);
    expect((await claim({}, 'mail')).map(({ alert }) => alert.summary?.total)).toEqual([5]);
    bench.nowMs += 1;
    expect(await messages()).toEqual(['late']);
  });

  it('never sends what is in a bundle unfolded, not with many bundles and not as a probe', async () => {
    bench.plan = (name) => [waiting(bench.nowMs, `suppressed:${name}`)];
    for (let i = 0; i < 250; i += 1) await add(`alert ${i}`);
    const kinds = new Set<string>();
    const [probe] = await claim({ early: true }, 'hook', 1);
    expect(probe?.alert.kind).toBe('summary');
    for (let i = 0; i < 10; i += 1)
      for (const { alert } of await claim({}, 'hook', 50)) kinds.add(alert.kind);
    expect([...kinds]).toEqual(['summary']);
    expect(await all({ state: 'pending' })).toEqual([]);
    expect(await all({ state: 'folded' })).toHaveLength(250);
  });

  it('folds a bundle of more than one summary can take into several that together tell all', async () => {
    bench.plan = () => [waiting(bench.nowMs, 'suppressed:s')];
    const { alert } = decided('flood', []);
    await bench.store.outbox.enqueue(
      Array.from({ length: 5_001 }, (_, i) => ({ alert: { ...alert, id: `flood ${i}` } })),
    );
    const totals = [...(await claim()), ...(await claim()), ...(await claim())].map(
      ({ alert: { summary } }) => summary?.total,
    );
    expect(totals).toEqual([5_000, 1]);
  });

  it('folds a queue of more than so many into one digest, the most severe first', async () => {
    bench.plan = () => [waiting(bench.nowMs)];
    const levels: readonly Level[] = ['low', 'critical', 'informational', 'high', 'medium'];
    for (let i = 0; i < 50; i += 1) {
      bench.nowMs += 1;
      await add(`alert ${i}`, levels[i % 5]);
    }
    const [digest, ...rest] = await claim({ foldAbove: 49 });
    expect(rest).toEqual([]);
    const summary = digest?.alert.summary;
    expect(summary).toMatchObject({
      reason: 'backlog',
      total: 50,
      levels: { low: 10, critical: 10, informational: 10, high: 10, medium: 10 },
    });
    expect(summary?.members).toHaveLength(MAX_SUMMARY_MEMBERS);
    expect(summary?.members.map(({ level }) => level)).toEqual([
      ...Array(10).fill('critical'),
      ...Array(10).fill('high'),
    ]);
    // The newest first among equals.
    expect(summary?.members.slice(0, 2).map(({ message }) => message)).toEqual(['alert 46', 'alert 41']);
  });

  it('leaves a queue of exactly so many alone, and one without a limit', async () => {
    await addAll(5);
    expect(await messages({ foldAbove: 5 })).toHaveLength(5);
    await bench.store.outbox.enqueue([decided('more')]);
    expect(await messages()).toEqual(['more']);
  });

  it('folds neither summaries nor drills', async () => {
    bench.plan = () => [waiting(bench.nowMs, 'suppressed:s')];
    await add('one');
    bench.plan = () => [waiting(bench.nowMs)];
    await add('the drill', 'low', 'drill');
    await add('two');
    await add('three');
    const claimed = await claim({ foldAbove: 1 });
    expect(claimed.map(({ alert }) => alert.summary?.total ?? alert.message)).toEqual(['the drill', 1, 2]);
  });

  it('folds a queue of more than one digest can take into several, before anything else is sent', async () => {
    await addAll(10_010);
    const claimed = [];
    for (let i = 0; i < 4; i += 1) claimed.push(...(await claim({ foldAbove: 20 }, 'hook', 50)));
    const totals = claimed.map(({ alert }) => alert.summary?.total ?? 1);
    // What is left beside the second one is no longer more than the limit.
    expect(totals).toEqual([5_000, ...Array(10).fill(1), 5_000]);
  });

  it('folds nothing for a probe, which may take what is tried again later, but nothing that is held', async () => {
    bench.plan = (name) => [waiting(name === 'held' ? bench.nowMs + 1_000 : bench.nowMs)];
    await add('held');
    expect(await claim({ early: true, foldAbove: 1 }, 'hook', 1)).toEqual([]);
    for (const name of ['one', 'two', 'three']) await add(name);
    const [first] = await claim({}, 'hook', 1);
    const dueAtMs = bench.nowMs + 500;
    await bench.store.outbox.settle([settlement(first?.id ?? '', { state: 'pending', dueAtMs })], []);
    expect(await messages({ early: true, foldAbove: 1 })).toEqual(['two', 'three', 'one']);
    expect(await claim({ early: true })).toEqual([]);
  });

  it('lets a probe take what is left of a claim whose lease has expired', async () => {
    await addAll(1);
    await claim();
    bench.nowMs += 60_000;
    expect(await messages({ early: true })).toEqual(['alert 0']);
  });

  it('keeps the gate of a sink with a claim and with a settlement, over a restart', async () => {
    expect(await bench.store.outbox.gate('hook')).toBeUndefined();
    await claim({ gate: () => GATE });
    expect(await bench.store.outbox.gate('hook')).toBeUndefined();
    await addAll(2);
    await claim({ gate: (count: number) => ({ ...GATE, tokens: count }) });
    await bench.restart();
    expect(await bench.store.outbox.gate('hook')).toEqual({ ...GATE, tokens: 2 });
    await bench.store.outbox.settle([], [], { sink: 'hook', gate: GATE, hasten: false });
    await bench.restart();
    expect(await bench.store.outbox.gate('hook')).toEqual(GATE);
    expect(await bench.store.outbox.gate('mail')).toBeUndefined();
  });

  it('makes what is to be tried again due at once when its sink is back, but nothing that is held', async () => {
    bench.plan = (name) => [waiting(name === 'held' ? bench.nowMs + 9_000 : bench.nowMs)];
    for (const name of ['one', 'two', 'held']) await add(name);
    const dueAtMs = bench.nowMs + 5_000;
    const retried = (await claim()).map(({ id }) => settlement(id, { state: 'pending', dueAtMs }));
    await bench.store.outbox.settle(retried, []);
    expect(await claim()).toEqual([]);
    await bench.store.outbox.settle([], [], { sink: 'mail', gate: GATE, hasten: true });
    expect(await claim()).toEqual([]);
    await bench.store.outbox.settle([], [], { sink: 'hook', gate: GATE, hasten: true });
    expect(await messages()).toEqual(['one', 'two']);
  });

  it('gives what waits for a sink to its fallback: each once, no drill, nothing that is held', async () => {
    bench.plan = (name) => [waiting(name === 'held' ? bench.nowMs + 9_000 : bench.nowMs)];
    for (const name of ['one', 'two', 'held']) await add(name);
    await add('the drill', 'low', 'drill');
    const [first] = await claim({}, 'hook', 1);
    const dueAtMs = bench.nowMs + 99_000;
    await bench.store.outbox.settle([settlement(first?.id ?? '', { state: 'pending', dueAtMs })], []);
    expect(await bench.store.outbox.handOver('hook', 'mail')).toBe(2);
    expect(await bench.store.outbox.handOver('hook', 'mail')).toBe(0);
    expect(await messages({}, 'mail')).toEqual(['one', 'two']);
    await add('three');
    expect(await bench.store.outbox.handOver('hook', 'mail')).toBe(1);
    // The sink's own go on waiting.
    expect(await all({ sink: 'hook', state: 'pending' })).toHaveLength(5);
    expect((await all({ sink: 'mail' })).map(({ why }) => why[0]?.reason)).toEqual(Array(3).fill('fallback'));
  });

  it('gives a bundle to the fallback as a bundle: what is suppressed is told in a summary there too', async () => {
    bench.plan = () => [waiting(bench.nowMs, 'suppressed:s')];
    await add('one');
    await add('two');
    expect(await bench.store.outbox.handOver('hook', 'mail')).toBe(2);
    const told = await claim({}, 'mail');
    expect(told.map(({ alert }) => alert.summary?.total)).toEqual([2]);
  });

  it('gives a parked alert to the fallback, but no drill', async () => {
    bench.plan = () => [waiting(bench.nowMs)];
    await add('one');
    await add('the drill', 'low', 'drill');
    const parked = { state: 'parked', fallback: 'mail' } as const;
    await bench.store.outbox.settle(
      (await claim()).map(({ id }) => settlement(id, parked)),
      [],
    );
    expect(await messages({}, 'mail')).toEqual(['one']);
  });

  it('retries and drops what a person chose, and nothing else, and keeps who did it', async () => {
    await addAll(4, ['hook', 'mail']);
    const claimed = [...(await claim()), ...(await claim({}, 'mail'))];
    const parked = claimed.slice(0, 6).map(({ id }) => settlement(id, { state: 'parked' }));
    await bench.store.outbox.settle(parked, []);
    const id = (index: number, sink = 'hook') => deliveryId(decided(`alert ${index}`), sink);
    const { outbox, history } = bench.store;
    const who = { by: 'alice', detail: 'fixed' };
    expect(await outbox.retry({ sink: 'slack' }, who)).toBe(0);
    expect(await outbox.retry({ ruleId: 'rule-2' }, who)).toBe(0);
    expect(await outbox.retry({ toMs: bench.nowMs }, who)).toBe(0);
    expect(await outbox.retry({ fromMs: bench.nowMs + 1 }, who)).toBe(0);
    expect(await outbox.retry({ ids: [id(0), id(3, 'mail')], sink: 'hook' }, who)).toBe(1);
    bench.nowMs += 5;
    expect(await outbox.retry({ sink: 'mail', ruleId: 'rule-1', fromMs: 0, toMs: bench.nowMs }, who)).toBe(2);
    expect(await outbox.drop({ ids: [id(1), id(0), 'unknown'], states: ['parked'] }, who)).toBe(1);
    expect(await outbox.drop({ sink: 'hook', states: ['parked', 'pending'] }, who)).toBe(3);
    expect((await all({ sink: 'hook' })).map(({ state }) => state)).toEqual(Array(4).fill('dropped'));
    expect((await all({ sink: 'mail' })).map(({ state }) => state).sort()).toEqual([
      'pending',
      'pending',
      'sending',
      'sending',
    ]);
    // Its age begins anew.
    expect((await claim({}, 'mail')).map(({ createdAtMs }) => createdAtMs)).toEqual([
      bench.nowMs,
      bench.nowMs,
    ]);
    const acts = (await history.acts({})).items;
    expect(acts.map(({ act }) => act)).toEqual([
      ...Array(3).fill('delivery.retried'),
      ...Array(4).fill('delivery.dropped'),
    ]);
    expect((await history.acts({ subject: id(0) })).items).toEqual([
      { act: 'delivery.retried', atMs: bench.nowMs - 5, by: 'alice', subject: id(0), detail: 'fixed' },
      { act: 'delivery.dropped', atMs: bench.nowMs, by: 'alice', subject: id(0), detail: 'fixed' },
    ]);
  });

  it('remembers for the planner over a restart, and forgets what has expired', async () => {
    // What a planner has asked for in vain is fetched, and it is asked anew: what it sees at last counts.
    const seen = new Map<string, readonly unknown[]>();
    bench.plan = (name, memory) => {
      seen.set(name, [memory.get('key'), memory.get('other')]);
      if (name.startsWith('set')) memory.set('key', { name }, bench.nowMs + 1_000);
      if (name.startsWith('clean')) memory.set('other', 1, bench.nowMs + 1_000_000);
      return [];
    };
    await add('set');
    await bench.restart();
    await add('look');
    await add('set again');
    bench.nowMs += 1_001;
    await add('clean');
    await add('look again');
    expect([...seen.values()].map(([key]) => key)).toEqual([
      undefined,
      { name: 'set' },
      { name: 'set' },
      { name: 'set again' },
      undefined,
    ]);
    expect(seen.get('look again')?.[1]).toBe(1);
  });

  it('plans nothing for an alert that it knows', async () => {
    const planned: string[] = [];
    bench.plan = (name) => {
      planned.push(name);
      return [];
    };
    await add('one');
    await add('one');
    expect(planned).toEqual(['one']);
  });
};
