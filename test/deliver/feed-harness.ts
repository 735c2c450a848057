import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { createLatch } from '../../src/base/latch.ts';
import type { ConditionChange } from '../../src/core/conditions.ts';
import type { FedEvent, FedSink, Verdict } from '../../src/core/delivery.ts';
import type { Feeds } from '../../src/core/feed.ts';
import type { Log, LogFields } from '../../src/core/log.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { createFeedLoop, type FeedLoop, type FeedLoopOptions } from '../../src/deliver/feed-loop.ts';
import { DEFAULT_FEED_POLICY } from '../../src/deliver/feed-policy.ts';
import { openStore } from '../../src/store/open-store.ts';
import { auditEvent, conditionChange, decideNothing, take, windowOf } from '../store/fixtures.ts';
import type { Line } from './harness.ts';

export const TAKEN: Verdict = { outcome: 'sent', receipt: 'ok' };
export const REFUSED: Verdict = { outcome: 'rejected', reason: 'HTTP 400' };

/** A sink that is fed, with everything it was given. */
export interface FedTestSink extends FedSink {
  readonly batches: readonly (readonly string[])[];
}

/** A sink whose answer `script` decides. */
export const fedSink = (
  script: (
    batch: readonly FedEvent[],
    signal: AbortSignal,
    call: number,
  ) => Verdict | Promise<Verdict> = () => TAKEN,
  eventBatch = 4,
): FedTestSink => {
  const batches: string[][] = [];
  return {
    name: 'siem',
    type: 'scripted',
    concurrency: 1,
    eventBatch,
    batches,
    send: async () => TAKEN,
    async sendEvents(batch, signal) {
      batches.push(batch.map(({ id }) => id));
      return script(batch, signal, batches.length);
    },
    close: async () => {},
  };
};

/** A real store, a fake clock and feeds over it. */
export const createFeedHarness = () => {
  const dir = mkdtempSync(join(tmpdir(), 'feed-'));
  const now = (): number => Date.now();
  const openAgain = () => openStore({ path: join(dir, 'monitor.db'), now, durability: 'off' });
  let store = openAgain();
  const lines: Line[] = [];
  const write = (event: string, fields: LogFields = {}): void => void lines.push({ ...fields, event });
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const bells = new Set<ReturnType<typeof createLatch>>();
  const running: { readonly stop: AbortController; readonly end: Promise<void> }[] = [];
  const conditions: string[] = [];
  const open = new Set<string>();
  let second = 0;

  const change = (isOpen: boolean, detail: string): ConditionChange => {
    conditions.push(`${isOpen ? 'open' : 'closed'} ${detail}`);
    return conditionChange('feed:siem', isOpen);
  };
  const apply = async (isOpen: boolean, detail: string): Promise<void> => {
    if (open.has('feed:siem') === isOpen) return;
    await store.conditions.change([change(isOpen, detail)]);
    if (isOpen) open.add('feed:siem');
    else open.delete('feed:siem');
  };

  const harness = {
    lines,
    /** `open <detail>` and `closed `, in order; a change inside a transaction shows as well. */
    conditions,
    get store() {
      return store;
    },
    logged: (event: string): readonly Line[] => lines.filter((line) => line.event === event),
    /** Stores events of these ids in one window, and rings. */
    async commit(...ids: readonly string[]): Promise<void> {
      const events = ids.map((id) => auditEvent(id, ++second));
      await store.collect.commitWindow(
        await take(store, 'tester', 86_400_000_000),
        windowOf(events, { nowMs: now() }),
        decideNothing,
      );
      for (const bell of bells) bell.ring();
    },
    loop(sink: FedSink, more: Partial<FeedLoopOptions> = {}): FeedLoop {
      const wake = createLatch();
      bells.add(wake);
      return createFeedLoop({
        sink,
        from: 'now',
        wants: undefined,
        feeds: store.feeds,
        now,
        random: () => 0.5,
        policy: DEFAULT_FEED_POLICY,
        wake,
        log,
        telemetry: noTelemetry,
        conditions: {
          opening: (detail) => change(true, detail),
          changed: (keys) => keys.forEach((key) => open.add(key)),
          raise: (detail) => apply(true, detail),
          clear: () => apply(false, ''),
        },
        redact: (text) => text.replaceAll('hunter2', '[redacted]'),
        ...more,
      });
    },
    /** Runs the loop until the test ends or the returned function is called. */
    async start(loop: FeedLoop): Promise<() => Promise<void>> {
      await loop.open();
      const stop = new AbortController();
      const end = loop.run(stop.signal);
      running.push({ stop, end });
      return () => {
        stop.abort();
        return end;
      };
    },
    /** Another process on the same file: the old connection is gone, with whatever hung on it. */
    async restart(): Promise<void> {
      bells.clear();
      running.length = 0;
      await store.close();
      store = openAgain();
    },
    /** Ids that the cursor has not passed. */
    async waiting(): Promise<readonly string[]> {
      return (await store.feeds.read('siem', 10_000)).entries.map(({ event }) => event.id);
    },
    async refused(): Promise<readonly string[]> {
      return (await store.feeds.refused('siem', 10_000)).map(({ id }) => id).reverse();
    },
    async close(): Promise<void> {
      for (const { stop } of running) stop.abort();
      const ended = Promise.all(running.map(({ end }) => end));
      await vi.advanceTimersByTimeAsync(60_000);
      await ended;
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return harness;
};

export type FeedHarness = ReturnType<typeof createFeedHarness>;

/** The same feeds, each call through `around`. */
export const wrapFeeds = (feeds: Feeds, around: <T>(act: () => Promise<T>) => Promise<T>): Feeds => ({
  open: (...all) => around(() => feeds.open(...all)),
  read: (...all) => around(() => feeds.read(...all)),
  advance: (...all) => around(() => feeds.advance(...all)),
  backlog: (...all) => around(() => feeds.backlog(...all)),
  refused: (...all) => around(() => feeds.refused(...all)),
});
