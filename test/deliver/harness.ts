import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { createLatch, type Latch } from '../../src/base/latch.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { ConditionChange } from '../../src/core/conditions.ts';
import type { NewAlert } from '../../src/core/decided.ts';
import type { Delivery, Sink, Verdict } from '../../src/core/delivery.ts';
import type { AttemptRecord, DeliveryRecord } from '../../src/core/history.ts';
import type { Log, LogFields } from '../../src/core/log.ts';
import type { Outbox } from '../../src/core/outbox.ts';
import type { Store } from '../../src/core/store.ts';
import { noTelemetry, type Telemetry } from '../../src/core/telemetry.ts';
import { DEFAULT_DELIVERY_POLICY, type DeliveryPolicy } from '../../src/deliver/policy.ts';
import { createSinkLoop, type SinkLoop } from '../../src/deliver/sink-loop.ts';
import { openStore } from '../../src/store/open-store.ts';

export const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** An alert that differs from others by its number only. */
export const alertNumber = (number: number, more: Partial<Alert> = {}): Alert => ({
  id: `alert-${number}`,
  kind: 'rule',
  status: 'firing',
  rule: { id: 'r1', title: 'A rule', level: 'high', tags: [], references: [] },
  account: 'default',
  message: `message ${number}`,
  fields: [],
  events: [],
  eventIds: [`event-${number}`],
  eventTypes: [],
  createdAtMs: START_MS,
  decidedAtMs: START_MS,
  ...more,
});

/** One `send` as a scripted sink saw it. */
export interface Call {
  readonly delivery: Delivery;
  readonly signal: AbortSignal;
  readonly atMs: number;
  /** Epoch ms when the verdict was given; undefined while it runs. */
  endedAtMs?: number;
}

export interface ScriptedSink extends Sink {
  readonly calls: readonly Call[];
  /** Most sends that ever ran at once. */
  readonly mostAtOnce: number;
}

export const SENT: Verdict = { outcome: 'sent', receipt: 'ok' };

/** A sink that answers what `script` says; by default it takes everything at once. */
export const scriptedSink = (
  name: string,
  script: (delivery: Delivery, signal: AbortSignal, call: number) => Promise<Verdict> | Verdict = () => SENT,
  concurrency = 4,
): ScriptedSink => {
  const calls: Call[] = [];
  let running = 0;
  let mostAtOnce = 0;
  return {
    name,
    type: 'scripted',
    concurrency,
    calls,
    get mostAtOnce() {
      return mostAtOnce;
    },
    async send(delivery, signal) {
      const call: Call = { delivery, signal, atMs: Date.now() };
      calls.push(call);
      running += 1;
      mostAtOnce = Math.max(mostAtOnce, running);
      try {
        return await script(delivery, signal, calls.length);
      } finally {
        running -= 1;
        call.endedAtMs = Date.now();
      }
    },
    async close() {},
  };
};

/** A send that answers when it is aborted, as every sink should. */
export const untilAborted = (_: Delivery, signal: AbortSignal): Promise<Verdict> =>
  new Promise((resolve) => {
    const answer = (): void =>
      resolve({ outcome: 'retry', reason: `aborted: ${(signal.reason as Error).message}` });
    if (signal.aborted) answer();
    signal.addEventListener('abort', answer, { once: true });
  });

export interface Line extends LogFields {
  readonly event: string;
}

/** Everything one test of delivery needs: a real store in a fresh directory, a fake clock, and loops over it. */
export const createHarness = () => {
  const dir = mkdtempSync(join(tmpdir(), 'deliver-'));
  const lines: Line[] = [];
  const stops: AbortController[] = [];
  const ends: Promise<void>[] = [];
  const latches: Latch[] = [];
  const write = (event: string, fields: LogFields = {}): void => void lines.push({ ...fields, event });
  const log: Log = { debug: write, info: write, warn: write, error: write };
  let skewMs = 0;
  const now = (): number => Date.now() + skewMs;
  const store: Store = openStore({ path: join(dir, 'monitor.db'), now, durability: 'off' });
  const ringAll = (): void => {
    for (const latch of latches) latch.ring();
  };
  let random = 0.5;
  let enqueued = 0;

  const conditionChange = (sink: string, open: boolean, detail: string): ConditionChange => ({
    key: `parked:${sink}`,
    open,
    alert: (sinceMs) => ({
      alert: alertNumber(0, {
        id: `parked-${sink}-${sinceMs}-${open}`,
        kind: 'system',
        account: '',
        message: detail,
      }),
      sinks: sink === 'other' ? [] : ['other'],
    }),
  });

  const circuitChange = (sink: string, open: boolean, detail: string): ConditionChange => ({
    ...conditionChange(sink, open, detail),
    key: `circuit:${sink}`,
    alert: (sinceMs) => ({
      alert: alertNumber(0, {
        id: `circuit-${sink}-${sinceMs}-${open}`,
        kind: 'system',
        account: '',
        message: detail,
      }),
      sinks: sink === 'other' ? [] : ['other'],
    }),
  });

  const harness = {
    store,
    lines,
    now,
    ringAll,
    path: join(dir, 'monitor.db'),
    /** Sets the wall clock back or forth without any timer noticing. */
    jump(ms: number) {
      skewMs += ms;
    },
    setRandom(value: number) {
      random = value;
    },
    loop(
      sink: Sink,
      more: { outbox?: Outbox; policy?: Partial<DeliveryPolicy>; telemetry?: Telemetry } = {},
    ): SinkLoop & { readonly wake: Latch } {
      const wake = createLatch();
      latches.push(wake);
      const loop = createSinkLoop({
        sink,
        outbox: more.outbox ?? store.outbox,
        now,
        random: () => random,
        policy: { ...DEFAULT_DELIVERY_POLICY, ...more.policy },
        wake,
        log,
        telemetry: more.telemetry ?? noTelemetry,
        conditions: {
          parked: (notice) => conditionChange(notice.sink, true, `${notice.count}: ${notice.reason}`),
          recovered: (name) => conditionChange(name, false, 'recovered'),
          opened: ({ sink: name, reason }) => circuitChange(name, true, reason),
          closed: (name) => circuitChange(name, false, 'closed'),
        },
        onConditions: ringAll,
        onHandedOver: ringAll,
        redact: (text) => text.replaceAll('hunter2', '[redacted]'),
      });
      return { ...loop, wake };
    },
    /** Runs the loop until the test ends or the returned function is called, which resolves with the loop. */
    start(loop: SinkLoop): () => Promise<void> {
      const stop = new AbortController();
      const end = loop.run(stop.signal);
      stops.push(stop);
      ends.push(end);
      return () => {
        stop.abort();
        return end;
      };
    },
    /** Puts `count` alerts for `sinks` into the outbox and rings, as a commit does. */
    async enqueue(count: number, ...sinks: string[]): Promise<void> {
      const decided: NewAlert[] = [];
      for (let index = 0; index < count; index++) decided.push({ alert: alertNumber(++enqueued), sinks });
      await store.outbox.enqueue(decided);
      ringAll();
    },
    async deliveries(sink?: string): Promise<readonly DeliveryRecord[]> {
      return (await store.history.deliveries({ sink, limit: 10_000 })).items;
    },
    async states(sink: string): Promise<readonly string[]> {
      return (await harness.deliveries(sink)).map((delivery) => delivery.state);
    },
    async attempts(sink: string): Promise<readonly AttemptRecord[]> {
      const records = await Promise.all(
        (await harness.deliveries(sink)).map(({ id }) => store.history.attempts(id)),
      );
      return records.flat();
    },
    logged: (event: string): readonly Line[] => lines.filter((line) => line.event === event),
    /** Stops all loops in fake time, closes the store, removes the files. */
    async close() {
      for (const stop of stops) stop.abort();
      const ended = Promise.all(ends);
      await vi.advanceTimersByTimeAsync(60_000);
      await ended;
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return harness;
};

export type Harness = ReturnType<typeof createHarness>;

/** Fakes what tells and measures time; turns of the event loop stay real. */
export const useFakeClock = (): void => {
  vi.useFakeTimers({ now: START_MS, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
};

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Lets everything happen that is due now, without moving the clock. */
export const settleDown = (): Promise<void> => turns(300);

/** Moves the clock by `ms`; what becomes due on the way happens at its time. */
export const advance = async (ms: number): Promise<void> => {
  const endMs = Date.now() + ms;
  for (;;) {
    await turns(12);
    const leftMs = endMs - Date.now();
    if (leftMs <= 0 || vi.getTimerCount() === 0) break;
    const before = Date.now();
    // Steps that grow with the way to go: fine enough for the times at stake, few enough for days.
    await vi.advanceTimersByTimeAsync(Math.min(leftMs, Math.max(1, Math.floor(ms / 400))));
    if (Date.now() === before) break;
  }
  await vi.advanceTimersByTimeAsync(Math.max(endMs - Date.now(), 0));
  await turns(12);
};
