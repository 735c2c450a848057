import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FedEvent, Verdict } from '../../src/core/delivery.ts';
import { StoreError } from '../../src/core/store.ts';
import { createFeedHarness, type FeedHarness, fedSink, REFUSED, TAKEN, wrapFeeds } from './feed-harness.ts';
import { advance, START_MS, settleDown, useFakeClock } from './harness.ts';

let harness: FeedHarness;
beforeEach(() => {
  useFakeClock();
  harness = createFeedHarness();
});
afterEach(async () => {
  await harness.close();
  vi.useRealTimers();
});

const has = (batch: readonly FedEvent[], id: string): boolean => batch.some((event) => event.id === id);
const MINUTE_MS = 60_000;

describe('a feed', () => {
  it('hands over events in batches, in the order in which they were stored, woken by the commit', async () => {
    await harness.commit('before');
    const sink = fedSink();
    await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a', 'b', 'c', 'd', 'e', 'f');
    await settleDown();
    expect(sink.batches).toEqual([
      ['a', 'b', 'c', 'd'],
      ['e', 'f'],
    ]);
    await harness.commit('g');
    await settleDown();
    expect(sink.batches.at(-1)).toEqual(['g']);
    expect(await harness.waiting()).toEqual([]);
    expect(harness.logged('feed.sent').map(({ events }) => events)).toEqual([4, 2, 1]);
  });

  it('goes on after a restart exactly behind what the sink took', async () => {
    const first = fedSink();
    const stop = await harness.start(harness.loop(first));
    await settleDown();
    await harness.commit('a', 'b');
    await settleDown();
    await stop();
    await harness.commit('c');
    await harness.restart();
    const second = fedSink();
    await harness.start(harness.loop(second));
    await settleDown();
    expect([...first.batches, ...second.batches]).toEqual([['a', 'b'], ['c']]);
  });

  it('gives only what is wanted, and is done with the rest', async () => {
    const sink = fedSink();
    await harness.start(harness.loop(sink, { wants: (event) => event.id.startsWith('x') }));
    await settleDown();
    await harness.commit('a', 'x1', 'b', 'x2', 'c');
    await harness.commit(...Array.from({ length: 700 }, (_, n) => `n${n}`));
    await settleDown();
    expect(sink.batches.flat()).toEqual(['x1', 'x2']);
    expect(await harness.waiting()).toEqual([]);
  });

  it('tries the same batch again after growing pauses when the sink says not now', async () => {
    const sink = fedSink((_batch, _signal, call) =>
      call < 4 ? { outcome: 'retry', reason: 'hunter2 is busy' } : TAKEN,
    );
    await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a', 'b');
    await advance(10_000);
    expect(sink.batches).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(
      harness.logged('feed.retry').map(({ next_attempt_at, reason }) => [next_attempt_at, reason]),
    ).toEqual(
      [625, 625 + 1_250, 625 + 1_250 + 2_500].map((ms) => [
        new Date(START_MS + ms).toISOString(),
        '[redacted] is busy',
      ]),
    );
    expect(harness.conditions).toEqual([]);
  });

  it('obeys Retry-After, and new events do not shorten the pause', async () => {
    const sink = fedSink((_batch, _signal, call) =>
      call === 1 ? { outcome: 'retry', reason: 'HTTP 429', afterMs: 30_000 } : TAKEN,
    );
    await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a');
    await settleDown();
    await harness.commit('b');
    await advance(29_000);
    expect(sink.batches).toHaveLength(1);
    await advance(2_000);
    expect(sink.batches).toEqual([['a'], ['a', 'b']]);
  });

  it('finds the one event that is refused, sets it aside, tells it once and goes on', async () => {
    const sink = fedSink((batch) => (has(batch, 'bad') ? { ...REFUSED, reason: 'no hunter2' } : TAKEN), 8);
    await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a', 'b', 'c', 'bad', 'd', 'e', 'f', 'g', 'h');
    await advance(5_000);
    expect(await harness.waiting()).toEqual([]);
    expect(new Set(sink.batches.filter((batch) => !batch.includes('bad')).flat())).toEqual(
      new Set('abcdefgh'),
    );
    expect(harness.logged('feed.refused')).toMatchObject([
      { sink: 'siem', event_id: 'bad', event_type: 'NUMBER_UPDATED', reason: 'no [redacted]' },
    ]);
    expect(await harness.store.feeds.refused('siem', 10)).toMatchObject([
      { id: 'bad', reason: 'no [redacted]' },
    ]);
    expect(harness.conditions).toEqual(['open event bad refused and set aside: no [redacted]']);
    // Resolved by itself, though nothing happens any more.
    await advance(2 * MINUTE_MS);
    expect(harness.conditions.slice(1)).toEqual(['closed ']);
    expect(await harness.store.conditions.open()).toEqual(new Map());
  });

  it('does not blame an event that is taken at the second try', async () => {
    let refusals = 1;
    const sink = fedSink(() => (refusals-- > 0 ? REFUSED : TAKEN), 1);
    await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a', 'b');
    await advance(5_000);
    expect(sink.batches.flat()).toEqual(['a', 'a', 'b']);
    expect(await harness.refused()).toEqual([]);
  });

  it('holds when the sink refuses the next event too: nothing is set aside, and it resolves when it flows', async () => {
    let refuses = true;
    const sink = fedSink(() => (refuses ? { outcome: 'rejected', reason: 'HTTP 401' } : TAKEN));
    await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a', 'b', 'c');
    await advance(5 * MINUTE_MS);
    expect(await harness.waiting()).toEqual(['a', 'b', 'c']);
    expect(await harness.refused()).toEqual([]);
    expect(harness.conditions).toEqual(['open HTTP 401']);
    expect(harness.logged('feed.held').length).toBeGreaterThan(2);
    // It is asked less and less often.
    const before = sink.batches.length;
    await advance(4 * 60 * MINUTE_MS);
    expect(sink.batches.length - before).toBeLessThan(30);
    refuses = false;
    await advance(61 * MINUTE_MS);
    expect(await harness.waiting()).toEqual([]);
    expect(harness.conditions).toEqual(['open HTTP 401', 'closed ']);
  });

  it('blames nobody when the sink gets well while it looks for the culprit', async () => {
    for (const refusals of Array.from({ length: 40 }, (_, n) => n)) {
      const before = harness.conditions.length;
      let left = refusals;
      const sink = fedSink(() => (left-- > 0 ? REFUSED : TAKEN), 3);
      const stop = await harness.start(harness.loop(sink));
      const ids = Array.from({ length: 12 }, (_, n) => `${refusals}-${n}`);
      await harness.commit(...ids);
      await advance(3 * 60 * MINUTE_MS);
      expect(await harness.waiting()).toEqual([]);
      expect(await harness.refused()).toEqual([]);
      expect(new Set(sink.batches.flat())).toEqual(new Set(ids));
      expect(harness.conditions.slice(before).filter((text) => text.includes('set aside'))).toEqual([]);
      await stop();
    }
  });

  it('holds a lone refused event until another one comes by which it can be judged', async () => {
    const sink = fedSink((batch) => (has(batch, 'bad') ? REFUSED : TAKEN));
    await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('bad');
    await advance(30 * MINUTE_MS);
    expect(await harness.waiting()).toEqual(['bad']);
    expect(harness.conditions).toEqual(['open HTTP 400']);
    await harness.commit('good');
    await advance(10_000);
    expect(await harness.waiting()).toEqual([]);
    expect(await harness.refused()).toEqual(['bad']);
  });

  it('tells of a sink that has been down for a quarter of an hour', async () => {
    const sink = fedSink(() => ({ outcome: 'retry', reason: 'ECONNREFUSED' }));
    await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a');
    await advance(10 * MINUTE_MS);
    expect(harness.conditions).toEqual([]);
    await advance(20 * MINUTE_MS);
    expect(harness.conditions).toEqual(['open ECONNREFUSED']);
    // It is tried at least every five minutes, for ever.
    const before = sink.batches.length;
    await advance(60 * MINUTE_MS);
    expect(sink.batches.length - before).toBeGreaterThanOrEqual(12);
  });

  it('survives a store that fails: logged, tried again, and what was taken is not sent once more', async () => {
    let failing = 0;
    const sink = fedSink(() => {
      failing = 3;
      return TAKEN;
    });
    const feeds = wrapFeeds(harness.store.feeds, async (act) => {
      if (failing-- > 0) throw new StoreError('full', 'database x: full');
      return act();
    });
    await harness.start(harness.loop(sink, { feeds }));
    await settleDown();
    await harness.commit('a');
    await advance(10_000);
    expect(sink.batches).toEqual([['a']]);
    expect(await harness.waiting()).toEqual([]);
    expect(harness.logged('store.error')).toHaveLength(3);
  });

  it('counts and logs what retention took before it was sent', async () => {
    let verdict: Verdict = { outcome: 'retry', reason: 'down' };
    const sink = fedSink(() => verdict);
    await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a', 'b', 'c');
    await settleDown();
    await harness.store.retention.prune(Date.UTC(2026, 2, 1, 12, 0, 3), 100);
    verdict = TAKEN;
    await advance(5_000);
    expect(sink.batches.at(-1)).toEqual(['c']);
    expect(harness.logged('feed.pruned')).toMatchObject([{ sink: 'siem', events: 2 }]);
  });

  it('lets a send in flight end when it is stopped, and writes down that it was taken', async () => {
    const answers: ((verdict: Verdict) => void)[] = [];
    const sink = fedSink(() => new Promise((resolve) => answers.push(resolve)));
    const stop = await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a');
    await settleDown();
    const stopped = stop();
    await advance(1_000);
    answers[0]?.(TAKEN);
    await stopped;
    expect(await harness.waiting()).toEqual([]);
  });

  it('calls off a send that hangs, within the grace, and keeps the events', async () => {
    const sink = fedSink(() => new Promise(() => {}));
    const stop = await harness.start(harness.loop(sink));
    await settleDown();
    await harness.commit('a');
    await settleDown();
    let ended = false;
    const end = stop().then(() => (ended = true));
    await advance(7_000);
    await end;
    expect(ended).toBe(true);
    expect(await harness.waiting()).toEqual(['a']);
    expect(harness.logged('feed.retry')).toEqual([]);
  });

  it('drains what there is, and says whether the sink took all of it', async () => {
    let verdict = TAKEN;
    const sink = fedSink(() => verdict);
    const loop = harness.loop(sink, { from: 'start' });
    await loop.open();
    await harness.commit('a', 'b', 'c', 'd', 'e');
    const never = new AbortController().signal;
    expect(await loop.drain(never)).toBe(true);
    expect(sink.batches.flat()).toEqual(['a', 'b', 'c', 'd', 'e']);
    verdict = { outcome: 'retry', reason: 'down' };
    await harness.commit('f');
    expect(await loop.drain(never)).toBe(false);
  });
});

describe('a feed that somebody else may have by now', () => {
  it('sends nothing once its lease cannot be relied on, and says nothing of its sink', async () => {
    const lost = new AbortController();
    let isHeld = true;
    const sink = fedSink();
    const loop = harness.loop(sink, {
      isHeld() {
        if (!isHeld) lost.abort();
        return isHeld;
      },
    });
    await loop.open();
    const stop = new AbortController();
    const ended = loop.run(AbortSignal.any([stop.signal, lost.signal]), lost.signal);
    await settleDown();
    await harness.commit('a');
    await settleDown();
    // It wakes up, and has not been told yet.
    isHeld = false;
    await harness.commit('b');
    await settleDown();
    await ended;
    expect(sink.batches).toEqual([['a']]);
    expect(await harness.waiting()).toEqual(['b']);
    expect(harness.logged('feed.retry')).toEqual([]);
  });

  it('is given up at once, without the grace that an end in order has', async () => {
    const lost = new AbortController();
    const cut = Promise.withResolvers<void>();
    const sink = fedSink(async (_batch, signal) => {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      cut.resolve();
      return { outcome: 'retry', reason: 'cut off' };
    });
    const loop = harness.loop(sink);
    await loop.open();
    const ended = loop.run(lost.signal, lost.signal);
    await settleDown();
    await harness.commit('a');
    await settleDown();
    const atMs = Date.now();
    lost.abort();
    await cut.promise;
    await ended;
    expect(Date.now()).toBe(atMs);
    expect(await harness.waiting()).toEqual(['a']);
  });
});
