import { expect, it } from 'vitest';
import type { RefusedEvent } from '../../src/core/feed.ts';
import type { Bench } from './contract.ts';
import { auditEvent, conditionChange, decideNothing, T0, take, windowOf } from './fixtures.ts';

/** What any store owes to the feeds of sinks. */
export const feedContract = (bench: Bench): void => {
  const commit = async (ids: readonly string[], second = 0, account = 'default'): Promise<void> => {
    const events = ids.map((id, index) => auditEvent(id, second + index, {}, account));
    await bench.store.collect.commitWindow(
      await take(bench.store),
      windowOf(events, { account, nowMs: bench.nowMs }),
      decideNothing,
    );
  };
  const read = async (limit = 100, after?: number) =>
    (await bench.store.feeds.read('siem', limit, after)).entries;
  const ids = async (limit?: number) => (await read(limit)).map(({ event }) => event.id);
  const refusal = (id: string, refusedAtMs: number): RefusedEvent => ({
    account: 'default',
    id,
    eventType: 'NUMBER_UPDATED',
    createdAtMs: T0,
    refusedAtMs,
    reason: 'HTTP 400',
  });

  const unroutable = (): never => {
    throw new Error('nowhere to go');
  };

  it('gives nothing to a feed that was never opened', async () => {
    await commit(['a']);
    expect(await bench.store.feeds.read('siem', 10)).toEqual({ entries: [], pruned: 0 });
    expect(await bench.store.feeds.backlog('siem')).toEqual({ events: 0, oldestSeenAtMs: undefined });
  });

  it('begins with what is stored from then on, or with the oldest event', async () => {
    await commit(['old']);
    await bench.store.feeds.open('siem', 'now');
    await bench.store.feeds.open('archive', 'start');
    expect(await ids()).toEqual([]);
    await commit(['new'], 5);
    expect(await ids()).toEqual(['new']);
    const all = await bench.store.feeds.read('archive', 10);
    expect(all.entries.map(({ event }) => event.id)).toEqual(['old', 'new']);
  });

  it('goes on where it ended, whatever it is asked to begin with', async () => {
    await bench.store.feeds.open('siem', 'now');
    await commit(['a', 'b', 'c']);
    const [, second] = await read();
    await bench.store.feeds.advance('siem', second?.cursor ?? 0, [], []);
    await bench.restart();
    await bench.store.feeds.open('siem', 'start');
    expect(await ids()).toEqual(['c']);
    await bench.store.feeds.open('siem', 'now');
    expect(await ids()).toEqual(['c']);
  });

  it('gives the events of all accounts in the order of their commits, word for word', async () => {
    await bench.store.feeds.open('siem', 'now');
    await commit(['late'], 50, 'two');
    bench.nowMs += 7_000;
    await commit(['early', 'middle'], 1);
    await commit(['early', 'middle', 'again'], 1);
    expect(await ids()).toEqual(['late', 'early', 'middle', 'again']);
    expect(await ids(2)).toEqual(['late', 'early']);
    const entries = await read();
    expect(entries[0]?.event).toEqual({
      account: 'two',
      id: 'late',
      eventType: 'NUMBER_UPDATED',
      createdAtMs: T0 + 50_000,
      seenAtMs: bench.nowMs - 7_000,
      json: auditEvent('late', 50, {}, 'two').json,
    });
    expect((await read(10, entries[1]?.cursor)).map(({ event }) => event.id)).toEqual(['middle', 'again']);
  });

  it('gives fewer at once when they are large, and all in the end', async () => {
    await bench.store.feeds.open('siem', 'now');
    const large = Array.from({ length: 20 }, (_, n) =>
      auditEvent(`large ${n}`, n, { padding: 'x'.repeat(1_000_000) }),
    );
    await bench.store.collect.commitWindow(await take(bench.store), windowOf(large), decideNothing);
    const found: string[] = [];
    for (let page = await read(); page.length > 0; page = await read(100, page.at(-1)?.cursor)) {
      expect(page.length).toBeLessThan(20);
      found.push(...page.map(({ event }) => event.id));
    }
    expect(found).toEqual(large.map(({ id }) => id));
  });

  it('never moves a cursor back, and tells what waits and since when', async () => {
    await bench.store.feeds.open('siem', 'now');
    await commit(['a', 'b']);
    bench.nowMs += 1_000;
    await commit(['c', 'd'], 20);
    const entries = await read();
    const { feeds } = bench.store;
    expect(await feeds.backlog('siem')).toEqual({ events: 4, oldestSeenAtMs: bench.nowMs - 1_000 });
    await feeds.advance('siem', entries[1]?.cursor ?? 0, [], []);
    await feeds.advance('siem', entries[0]?.cursor ?? 0, [], []);
    expect(await ids()).toEqual(['c', 'd']);
    expect(await feeds.backlog('siem')).toEqual({ events: 2, oldestSeenAtMs: bench.nowMs });
    await feeds.advance('siem', entries[3]?.cursor ?? 0, [], []);
    expect(await feeds.backlog('siem')).toEqual({ events: 0, oldestSeenAtMs: undefined });
  });

  it('records what was refused with the step beyond it and the condition it opens, or nothing of all three', async () => {
    await bench.store.feeds.open('siem', 'now');
    await commit(['bad', 'good', 'rest']);
    const entries = await read();
    const { feeds } = bench.store;
    const broken = { ...conditionChange('feed:siem', true), alert: () => unroutable() };
    await expect(
      feeds.advance('siem', entries[1]?.cursor ?? 0, [refusal('bad', T0)], [broken]),
    ).rejects.toThrow(/nowhere to go/);
    expect(await ids()).toEqual(['bad', 'good', 'rest']);
    expect(await feeds.refused('siem', 10)).toEqual([]);
    const opened = await feeds.advance(
      'siem',
      entries[1]?.cursor ?? 0,
      [refusal('bad', T0)],
      [conditionChange('feed:siem', true)],
    );
    expect(opened).toEqual(['feed:siem']);
    await bench.restart();
    expect(await ids()).toEqual(['rest']);
    expect(await bench.store.feeds.refused('siem', 10)).toEqual([refusal('bad', T0)]);
    expect([...(await bench.store.conditions.open()).keys()]).toEqual(['feed:siem']);
  });

  it('lets retention take what was not sent, and counts it', async () => {
    const { feeds, retention } = bench.store;
    await feeds.open('siem', 'now');
    await feeds.open('archive', 'now');
    await commit(['a', 'b', 'c', 'd']);
    const entries = await read();
    await feeds.advance(
      'siem',
      entries[0]?.cursor ?? 0,
      [refusal('a', T0 + 1), refusal('b', T0 + 90_000)],
      [],
    );
    await feeds.advance('archive', entries[3]?.cursor ?? 0, [], []);
    // Three events and one record of a refusal.
    expect(await retention.prune(T0 + 3_000, 100)).toBe(4);
    expect(await feeds.read('siem', 10)).toMatchObject({ pruned: 2, entries: [{ event: { id: 'd' } }] });
    expect(await feeds.read('archive', 10)).toEqual({ pruned: 0, entries: [] });
    expect((await feeds.refused('siem', 10)).map(({ id }) => id)).toEqual(['b']);
    await bench.restart();
    expect(await bench.store.feeds.read('siem', 10)).toMatchObject({ pruned: 2 });
  });
};
