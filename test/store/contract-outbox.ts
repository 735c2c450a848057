import { expect, it } from 'vitest';
import type { NewAlert } from '../../src/core/decided.ts';
import { threadOf } from '../../src/core/planner.ts';
import type { Bench } from './contract.ts';
import { waiting } from './contract-folding.ts';
import { conditionChange, decided, deliveryId, settlement, T0 } from './fixtures.ts';

/** What delivering and the monitor's conditions need of any store. */
export const outboxContract = (bench: Bench): void => {
  const alerts = (count: number): readonly NewAlert[] =>
    Array.from({ length: count }, (_, i) => decided(`alert ${i}`));
  const id = (name: string): string => deliveryId(decided(name), 'hook');
  const claimed = async (limit = 10, leaseMs = 1_000) =>
    (await bench.store.outbox.claim('hook', limit, leaseMs)).map(({ alert }) => alert.message);
  const record = async (name: string) => {
    const { items } = await bench.store.history.deliveries({ id: id(name) });
    return items[0];
  };

  it('hands out what was put in, oldest first, with a stable identity', async () => {
    const one = decided('one', ['hook', 'mail']);
    expect(await bench.store.outbox.enqueue([one, decided('two')])).toHaveLength(2);
    expect(await bench.store.outbox.claim('hook', 1, 1_000)).toEqual([
      {
        id: deliveryId(one, 'hook'),
        sink: 'hook',
        alert: one.alert,
        attempt: 1,
        createdAtMs: T0 + 100_000,
        thread: threadOf(one.alert),
      },
    ]);
    expect(await claimed()).toEqual(['two']);
    expect(await bench.store.outbox.claim('mail', 10, 1_000)).toMatchObject([
      { id: deliveryId(one, 'mail'), sink: 'mail' },
    ]);
    expect(await bench.store.outbox.claim('no such sink', 10, 1_000)).toEqual([]);
  });

  it('drops alerts that it knows', async () => {
    await bench.store.outbox.enqueue([decided('one')]);
    expect(
      await bench.store.outbox.enqueue([decided('one', ['hook', 'mail']), decided('two')]),
    ).toMatchObject([{ alert: { message: 'two' } }]);
    expect(await claimed()).toEqual(['one', 'two']);
  });

  it('hands out each delivery once while its lease runs, and again after a crash', async () => {
    await bench.store.outbox.enqueue([decided('one')]);
    expect(await claimed(10, 1_000)).toEqual(['one']);
    bench.nowMs += 999;
    expect(await claimed()).toEqual([]);
    await bench.restart();
    bench.nowMs += 1;
    expect(await bench.store.outbox.claim('hook', 1, 1_000)).toMatchObject([{ id: id('one'), attempt: 2 }]);
  });

  it('settles: sent and parked end a delivery, retry makes it due later', async () => {
    await bench.store.outbox.enqueue(alerts(3));
    await claimed();
    const dueAtMs = bench.nowMs + 5_000;
    await bench.store.outbox.settle(
      [
        settlement(id('alert 0'), { state: 'sent' }, { detail: 'receipt 7' }),
        settlement(id('alert 1'), { state: 'parked' }),
        settlement(id('alert 2'), { state: 'pending', dueAtMs }),
      ],
      [],
    );
    expect(await record('alert 0')).toMatchObject({ state: 'sent', endedAtMs: T0 + 10, dueAtMs: undefined });
    expect(await record('alert 1')).toMatchObject({ state: 'parked', endedAtMs: T0 + 10 });
    expect(await record('alert 2')).toMatchObject({ state: 'pending', endedAtMs: undefined, dueAtMs });
    expect(await bench.store.history.attempts(id('alert 0'))).toEqual([
      { startedAtMs: T0, endedAtMs: T0 + 10, outcome: 'sent', detail: 'receipt 7' },
    ]);
    bench.nowMs = dueAtMs - 1;
    expect(await claimed()).toEqual([]);
    bench.nowMs = dueAtMs;
    expect(await bench.store.outbox.claim('hook', 10, 1_000)).toMatchObject([{ attempt: 2 }]);
  });

  it('keeps the state of a delivery that another attempt has ended, and records the attempt', async () => {
    await bench.store.outbox.enqueue([decided('one')]);
    await claimed();
    await bench.store.outbox.settle([settlement(id('one'), { state: 'sent' })], []);
    const late = settlement(id('one'), { state: 'pending', dueAtMs: T0 }, { detail: 'timeout' });
    await bench.store.outbox.settle([late], []);
    expect(await record('one')).toMatchObject({ state: 'sent' });
    expect((await bench.store.history.attempts(id('one'))).map(({ outcome }) => outcome)).toEqual([
      'sent',
      'retry',
    ]);
  });

  it('keeps the state of a delivery that a later claim is sending', async () => {
    await bench.store.outbox.enqueue([decided('one')]);
    const [first] = await bench.store.outbox.claim('hook', 1, 1_000);
    bench.nowMs += 1_000;
    const [second] = await bench.store.outbox.claim('hook', 1, 1_000);
    const retry = { state: 'pending', dueAtMs: T0 } as const;
    await bench.store.outbox.settle([settlement(id('one'), retry, { attempt: first?.attempt ?? 0 })], []);
    expect(await record('one')).toMatchObject({ state: 'sending' });
    const sent = settlement(id('one'), { state: 'sent' }, { attempt: second?.attempt ?? 0 });
    await bench.store.outbox.settle([sent], []);
    expect(await record('one')).toMatchObject({ state: 'sent', attempts: 2 });
    expect(await bench.store.history.attempts(id('one'))).toHaveLength(2);
  });

  it('ignores the settlement of a delivery it does not know', async () => {
    expect(await bench.store.outbox.settle([settlement('unknown', { state: 'sent' })], [])).toEqual([]);
    expect(await bench.store.history.attempts('unknown')).toEqual([]);
  });

  it('takes released deliveries back untouched', async () => {
    await bench.store.outbox.enqueue(alerts(2));
    await claimed(2, 60_000);
    await bench.store.outbox.settle([settlement(id('alert 0'), { state: 'sent' })], []);
    await bench.store.outbox.release([id('alert 0'), id('alert 1'), 'unknown']);
    expect(await record('alert 0')).toMatchObject({ state: 'sent', attempts: 1 });
    expect(await bench.store.history.attempts(id('alert 1'))).toEqual([]);
    expect(await bench.store.outbox.claim('hook', 10, 1_000)).toMatchObject([
      { id: id('alert 1'), attempt: 1 },
    ]);
  });

  it('tells when a sink has something to do next', async () => {
    expect(await bench.store.outbox.nextDueMs('hook')).toBeUndefined();
    await bench.store.outbox.enqueue(alerts(2));
    expect(await bench.store.outbox.nextDueMs('hook')).toBe(bench.nowMs);
    expect(await bench.store.outbox.nextDueMs('mail')).toBeUndefined();
    await claimed(2, 5_000);
    expect(await bench.store.outbox.nextDueMs('hook')).toBe(bench.nowMs + 5_000);
    const dueAtMs = bench.nowMs + 700;
    await bench.store.outbox.settle(
      [
        settlement(id('alert 0'), { state: 'pending', dueAtMs }),
        settlement(id('alert 1'), { state: 'parked' }),
      ],
      [],
    );
    expect(await bench.store.outbox.nextDueMs('hook')).toBe(dueAtMs);
  });

  it('sends in the order of deciding after an outage has mixed up the due times', async () => {
    await bench.store.outbox.enqueue(alerts(20));
    await claimed(20);
    const outage = Array.from({ length: 20 }, (_, i) =>
      settlement(id(`alert ${i}`), { state: 'pending', dueAtMs: bench.nowMs + ((i * 7) % 20) * 1_000 }),
    );
    await bench.store.outbox.settle(outage, []);
    bench.nowMs += 20_000;
    expect(await claimed(5)).toEqual(alerts(5).map(({ alert }) => alert.message));
  });

  it('claims all of a queue longer than one look, each once', async () => {
    await bench.store.outbox.enqueue(alerts(600));
    const all = new Set<string>();
    for (let i = 0; i < 60; i += 1) for (const message of await claimed(10)) all.add(message);
    expect(all.size).toBe(600);
    expect(await claimed(10)).toEqual([]);
  });

  it('does not let a stuck delivery block the next ones', async () => {
    await bench.store.outbox.enqueue(alerts(2));
    expect(await claimed(1, 60_000)).toEqual(['alert 0']);
    expect(await claimed(1, 60_000)).toEqual(['alert 1']);
  });

  it('parks what has waited too long, oldest first, and nothing that is held, bundled or being sent', async () => {
    const { outbox } = bench.store;
    await outbox.enqueue(['a', 'b', 'c', 'sending'].map((name) => decided(name)));
    const beforeMs = bench.nowMs;
    bench.plan = () => [waiting(beforeMs + 1, undefined), waiting(beforeMs, 'group:g', { sink: 'mail' })];
    await outbox.enqueue([{ alert: decided('held', []).alert }]);
    bench.nowMs += 10_000;
    await outbox.enqueue([decided('young')]);
    const claimed = await outbox.claim('hook', 4, 60_000);
    await outbox.release(claimed.slice(0, 3).map(({ id }) => id));
    expect(await outbox.overdue('hook', beforeMs)).toBe(3);
    expect(await outbox.overdue('mail', beforeMs)).toBe(0);
    const park = (limit: number, fallback?: string) =>
      outbox.parkOverdue({ sink: 'hook', beforeMs, limit, detail: 'older than 2h', fallback });
    expect([await park(2), await park(2, 'mail'), await park(2)]).toEqual([2, 1, 0]);
    const rows = (await bench.store.history.deliveries({ limit: 100 })).items;
    const parked = rows.filter(({ state }) => state === 'parked');
    expect(parked.map(({ alertId }) => alertId)).toEqual(
      ['a', 'b', 'c'].map((name) => decided(name).alert.id),
    );
    for (const row of parked) {
      expect(row).toMatchObject({ endedAtMs: bench.nowMs, attempts: 0 });
      expect(row.why.at(-1)).toEqual({ reason: 'overdue', detail: 'older than 2h' });
      expect(await bench.store.history.attempts(row.id)).toEqual([]);
    }
    expect(rows.filter(({ sink }) => sink === 'mail').map(({ alertId }) => alertId)).toContain(
      decided('c').alert.id,
    );
    // A person may still send them.
    expect(await outbox.retry({ sink: 'hook' })).toBe(3);
  });

  it('counts deliveries by sink and state', async () => {
    await bench.store.outbox.enqueue([decided('one', ['hook', 'mail']), decided('two'), decided('three')]);
    await claimed(2);
    await bench.store.outbox.settle([settlement(id('one'), { state: 'parked' })], []);
    expect(await bench.store.status.deliveryCounts()).toEqual([
      { sink: 'hook', state: 'parked', count: 1 },
      { sink: 'hook', state: 'pending', count: 1 },
      { sink: 'hook', state: 'sending', count: 1 },
      { sink: 'mail', state: 'pending', count: 1 },
    ]);
  });

  it('opens and closes a condition once, each with its alert', async () => {
    const asked: number[] = [];
    const change = (open: boolean) =>
      bench.store.conditions.change([conditionChange('blind:default', open, asked)]);
    const since = bench.nowMs;
    expect(await change(false)).toEqual([]);
    expect(await change(true)).toEqual(['blind:default']);
    bench.nowMs += 5_000;
    expect(await change(true)).toEqual([]);
    await bench.restart();
    expect(await bench.store.conditions.open()).toEqual(new Map([['blind:default', since]]));
    expect(await change(false)).toEqual(['blind:default']);
    expect(await bench.store.conditions.open()).toEqual(new Map());
    expect(asked).toEqual([since, since]);
    expect(await claimed()).toEqual([`blind:default opened ${since}`, `blind:default closed ${since}`]);
  });

  it('settles and changes conditions together, or neither', async () => {
    await bench.store.outbox.enqueue([decided('one')]);
    await claimed();
    const parked = settlement(id('one'), { state: 'parked' });
    const broken = {
      ...conditionChange('parked:hook', true),
      alert: () => {
        throw new Error('no words');
      },
    };
    await expect(bench.store.outbox.settle([parked], [broken])).rejects.toThrow('no words');
    expect(await record('one')).toMatchObject({ state: 'sending' });
    expect(await bench.store.conditions.open()).toEqual(new Map());
    const keys = await bench.store.outbox.settle([parked], [conditionChange('parked:hook', true)]);
    expect(keys).toEqual(['parked:hook']);
    expect(await record('one')).toMatchObject({ state: 'parked' });
    expect(await claimed()).toEqual([`parked:hook opened ${bench.nowMs}`]);
  });
};
