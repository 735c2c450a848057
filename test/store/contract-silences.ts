import { expect, it } from 'vitest';
import type { Silence } from '../../src/core/silence.ts';
import type { Bench } from './contract.ts';
import { waiting } from './contract-folding.ts';
import { decided } from './fixtures.ts';

const HOUR_MS = 3_600_000;

/** What is kept of silences, and how what they hide is told. */
export const silenceContract = (bench: Bench): void => {
  const silence = (id: string, more: Partial<Silence> = {}): Silence => ({
    id,
    match: { account: ['default'] },
    author: 'alice',
    reason: 'maintenance',
    createdAtMs: bench.nowMs,
    startsAtMs: bench.nowMs,
    endsAtMs: bench.nowMs + HOUR_MS,
    schedule: undefined,
    expired: undefined,
    ...more,
  });
  /** Alerts that the silence hides from the sinks. */
  const hide = async (id: string, names: readonly string[], sinks: readonly string[] = ['hook']) => {
    bench.plan = (_, memory) =>
      sinks.map((sink) =>
        waiting(bench.nowMs, undefined, {
          sink,
          ...(memory.silences().some((one) => one.id === id) ? { state: 'silenced', silence: id } : {}),
        }),
      );
    await bench.store.outbox.enqueue(names.map((name) => ({ alert: decided(name, []).alert })));
  };
  const list = (ended = false) => bench.store.silences.list({ nowMs: bench.nowMs, ended });
  const told = async () =>
    (await bench.store.silences.tellEnded()).map(({ silence: { id }, hidden, sinks }) => ({
      id,
      hidden,
      sinks,
    }));
  const claim = async (sink = 'hook') => bench.store.outbox.claim(sink, 10, 60_000);

  it('lists what is in force, newest first, and what has ended on request', async () => {
    await bench.store.silences.add(silence('one'));
    await bench.store.silences.add(silence('two', { endsAtMs: bench.nowMs + 10 }));
    await bench.store.silences.add(silence('one', { author: 'mallory' }));
    await bench.restart();
    expect(await list()).toEqual([
      { ...silence('two', { endsAtMs: bench.nowMs + 10 }), hidden: 0, untold: 0 },
      { ...silence('one'), hidden: 0, untold: 0 },
    ]);
    bench.nowMs += 10;
    expect((await list()).map(({ id }) => id)).toEqual(['one']);
    expect((await list(true)).map(({ id }) => id)).toEqual(['two', 'one']);
  });

  it('is ended early once, by somebody, and both acts are kept', async () => {
    await bench.store.silences.add(silence('one'));
    bench.nowMs += 5;
    expect(await bench.store.silences.expire('other', 'bob', bench.nowMs)).toBe(false);
    expect(await bench.store.silences.expire('one', 'bob', bench.nowMs)).toBe(true);
    expect(await bench.store.silences.expire('one', 'carol', bench.nowMs)).toBe(false);
    expect(await list()).toEqual([]);
    expect((await list(true))[0]?.expired).toEqual({ atMs: bench.nowMs, by: 'bob' });
    expect((await bench.store.history.acts({ subject: 'one' })).items).toMatchObject([
      { act: 'silence.added', by: 'alice', detail: expect.stringContaining('account=default') },
      { act: 'silence.expired', by: 'bob', atMs: bench.nowMs },
    ]);
    await bench.store.silences.add(silence('two'));
    bench.nowMs += HOUR_MS;
    expect(await bench.store.silences.expire('two', 'bob', bench.nowMs)).toBe(false);
  });

  it('tells each sink at its end, in one summary, what that sink would have had, once', async () => {
    await bench.store.silences.add(silence('one'));
    await hide('one', ['a', 'b'], ['hook', 'mail']);
    await hide('one', ['c']);
    expect(await list()).toMatchObject([{ hidden: 3, untold: 3 }]);
    expect(await claim()).toEqual([]);
    expect(await bench.store.outbox.nextDueMs('hook')).toBeUndefined();
    bench.nowMs += HOUR_MS - 1;
    expect(await told()).toEqual([]);
    bench.nowMs += 1;
    await bench.restart();
    expect(await told()).toEqual([{ id: 'one', hidden: 3, sinks: ['hook', 'mail'] }]);
    expect(await told()).toEqual([]);
    expect(await claim('hook')).toMatchObject([{ alert: { summary: { reason: 'silenced', total: 3 } } }]);
    const [mail] = await claim('mail');
    expect(mail?.alert.summary?.members.map(({ message }) => message).sort()).toEqual(['a', 'b']);
    const hidden = (await bench.store.history.deliveries({ state: 'silenced' })).items;
    const summaries = (await bench.store.history.deliveries({ state: 'sending' })).items;
    for (const { sink, foldedInto, silence: id } of hidden)
      expect({ foldedInto, id }).toEqual({
        foldedInto: summaries.find((summary) => summary.sink === sink)?.id,
        id: 'one',
      });
    expect(await list(true)).toMatchObject([{ hidden: 3, untold: 0 }]);
  });

  it('tells at once what one that is ended early hid, and nothing of one that hid nothing', async () => {
    await bench.store.silences.add(silence('one'));
    await bench.store.silences.add(silence('two'));
    await hide('one', ['a']);
    for (const id of ['one', 'two']) await bench.store.silences.expire(id, 'bob', bench.nowMs);
    expect(await told()).toMatchObject([{ id: 'one', hidden: 1 }]);
    await hide('one', ['b']);
    expect((await claim()).map(({ alert }) => alert.summary?.total ?? alert.message)).toEqual([1, 'b']);
  });

  it('keeps what is told until the hours of its route', async () => {
    await bench.store.silences.add(silence('one'));
    await hide('one', ['a', 'b'], ['hook', 'mail']);
    const opensMs = bench.nowMs + 5 * HOUR_MS;
    bench.toldAtMs = (hidden, sink, nowMs) => (hidden.length === 2 && sink === 'hook' ? opensMs : nowMs);
    bench.nowMs += HOUR_MS;
    expect(await told()).toMatchObject([{ hidden: 2 }]);
    expect(await claim('mail')).toHaveLength(1);
    expect(await claim()).toEqual([]);
    expect(await bench.store.outbox.nextDueMs('hook')).toBe(opensMs);
    bench.nowMs = opensMs;
    expect(await claim()).toMatchObject([{ alert: { summary: { total: 2 } }, createdAtMs: opensMs }]);
  });

  it('tells more than one summary can take in several', async () => {
    await bench.store.silences.add(silence('one'));
    await hide(
      'one',
      Array.from({ length: 5_003 }, (_, i) => `alert ${i}`),
    );
    bench.nowMs += HOUR_MS;
    expect(await told()).toMatchObject([{ hidden: 5_000 }]);
    expect(await told()).toMatchObject([{ hidden: 3 }]);
    expect(await told()).toEqual([]);
  });
};
