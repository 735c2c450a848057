import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { createPlanner } from '../../src/alerts/plan-deliveries.ts';
import { systemAlert } from '../../src/alerts/system-alert.ts';
import { createLatch } from '../../src/base/latch.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { ConditionChange, ConditionName } from '../../src/core/conditions.ts';
import type { DecidedAlert, NewAlert } from '../../src/core/decided.ts';
import type { Delivery, Verdict } from '../../src/core/delivery.ts';
import type { DeliveryRecord } from '../../src/core/history.ts';
import type { Log } from '../../src/core/log.ts';
import type { Outbox } from '../../src/core/outbox.ts';
import type { Planner } from '../../src/core/planner.ts';
import type { Route } from '../../src/core/route.ts';
import type { Store } from '../../src/core/store.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { createTimeWindow, type TimeWindow } from '../../src/core/time-window.ts';
import { createTimeZone } from '../../src/core/time-zone.ts';
import { DEFAULT_DELIVERY_POLICY, type DeliveryPolicy } from '../../src/deliver/policy.ts';
import { createSinkLoop } from '../../src/deliver/sink-loop.ts';
import { openStore } from '../../src/store/open-store.ts';
import { SENT, scriptedSink } from '../deliver/harness.ts';

/* A world of routes, silences and sinks around the real planner, store and delivery loops, in fake time. */

export const SINKS = ['a', 'b', 'c'] as const;
export type SinkName = (typeof SINKS)[number];
/** How a receiver behaves. */
export type Mode = 'up' | 'down' | 'busy' | 'refuses' | 'slow';
export type Limits = Pick<DeliveryPolicy, 'pace' | 'foldAbove' | 'fallback' | 'maxAgeMs'>;

const UTC = createTimeZone('UTC') ?? { name: 'UTC', offsetMs: () => 0 };
const windowOf = (hours: string, days = 'mon-sun'): TimeWindow => {
  const made = createTimeWindow({ hours, days }, UTC);
  if (typeof made === 'string') throw new Error(made);
  return made;
};
export const WINDOWS: Readonly<Record<string, TimeWindow>> = {
  office: windowOf('09:00-17:00', 'mon-fri'),
  night: windowOf('22:00-06:00'),
  hourly: windowOf('00:00-01:00,02:00-03:00,04:00-05:00,06:00-07:00,08:00-09:00,10:00-11:00,12:00-13:00'),
  never: () => false,
};

const never = new Promise<never>(() => {});
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** One call of a sink. */
interface Call {
  readonly sink: string;
  readonly delivery: Delivery;
}

/** What is in the store at the end, and what the world saw. */
export interface Account {
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly deliveries: readonly DeliveryRecord[];
  /** What the planner decided, by alert. */
  readonly planned: ReadonlyMap<string, DecidedAlert>;
  readonly calls: readonly Call[];
  /** Ids of deliveries that a receiver took. */
  readonly received: ReadonlySet<string>;
  /** When a delivery was first claimed, by the monitor's clock. */
  readonly claimedMs: ReadonlyMap<string, number>;
  readonly untold: number;
}

const write = (): void => {};
const log: Log = { debug: write, info: write, warn: write, error: write };

/** Makes the world; `limits` are those of the sinks. */
export const createWorld = (first: readonly Route[], limits: Readonly<Record<SinkName, Limits>>) => {
  let routes = first;
  const folder = mkdtempSync(join(tmpdir(), 'vam-never-lost-'));
  let skewMs = 0;
  const now = (): number => Date.now() + skewMs;
  const planned = new Map<string, DecidedAlert>();
  const plannerOf = (): Planner => {
    const real = createPlanner({ routes, windows: WINDOWS, zone: UTC, liveSinks: SINKS });
    return {
      ...real,
      plan(request, memory, nowMs) {
        const decided = real.plan(request, memory, nowMs);
        planned.set(request.alert.id, decided);
        return decided;
      },
    };
  };
  const stores: Store[] = [];
  const open = (): Store => {
    const path = join(folder, 'monitor.db');
    const store = openStore({ path, now, durability: 'off', planner: plannerOf() });
    stores.push(store);
    return store;
  };
  const modes: Record<SinkName, Mode> = { a: 'up', b: 'up', c: 'up' };
  const calls: Call[] = [];
  const received = new Set<string>();
  const claimedMs = new Map<string, number>();

  const answer = async (sink: SinkName, delivery: Delivery): Promise<Verdict> => {
    switch (modes[sink]) {
      case 'down':
        return { outcome: 'retry', reason: 'no answer' };
      case 'busy':
        return { outcome: 'retry', reason: 'HTTP 429', afterMs: 40_000 };
      case 'refuses':
        return { outcome: 'rejected', reason: 'HTTP 403' };
      case 'slow':
        await pause(20_000);
        break;
      case 'up':
        break;
    }
    received.add(delivery.id);
    return SENT;
  };

  const condition = (
    name: ConditionName,
    sink: string,
    isOpen: boolean,
    detail: string,
  ): ConditionChange => ({
    key: `${name}:${sink}`,
    open: isOpen,
    alert: (sinceMs) => ({
      alert: systemAlert({ name, subject: sink, detail }, isOpen ? 'firing' : 'resolved', sinceMs, now()),
      except: [sink],
    }),
  });

  const live = (store: Store) => {
    let dead = false;
    const living =
      <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
      (...args: A): Promise<T> =>
        dead ? never : work(...args);
    const outbox: Outbox = {
      ...store.outbox,
      claim: living(async (...args: Parameters<Outbox['claim']>) => {
        const atMs = now();
        const claimed = await store.outbox.claim(...args);
        for (const { id } of claimed) if (!claimedMs.has(id)) claimedMs.set(id, atMs);
        return claimed;
      }),
      settle: living(store.outbox.settle),
      release: living(store.outbox.release),
      nextDueMs: living(store.outbox.nextDueMs),
      handOver: living(store.outbox.handOver),
      overdue: living(store.outbox.overdue),
      parkOverdue: living(store.outbox.parkOverdue),
      gate: living(store.outbox.gate),
    };
    const latches = SINKS.map(() => createLatch());
    const ring = (): void => {
      for (const latch of latches) latch.ring();
    };
    const loops = SINKS.map((name, index) => {
      const stop = new AbortController();
      const sink = scriptedSink(
        name,
        async (delivery, signal) => {
          if (dead) return never;
          calls.push({ sink: name, delivery });
          const cut = new Promise<never>((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          });
          return Promise.race([answer(name, delivery), cut]);
        },
        2,
      );
      const wake = latches[index];
      if (!wake) throw new Error('no bell');
      const end = createSinkLoop({
        sink,
        outbox,
        now,
        random: () => 0.5,
        policy: { ...DEFAULT_DELIVERY_POLICY, ...limits[name] },
        wake,
        log,
        telemetry: noTelemetry,
        conditions: {
          parked: ({ reason }) => condition('parked', name, true, reason),
          recovered: () => condition('parked', name, false, ''),
          opened: ({ reason }) => condition('circuit', name, true, reason),
          closed: () => condition('circuit', name, false, ''),
        },
        onConditions: ring,
        onHandedOver: ring,
        redact: (text) => text,
      }).run(stop.signal);
      return { stop, end };
    });
    return {
      ring,
      async stop() {
        for (const { stop } of loops) stop.abort();
        const ended = Promise.all(loops.map(({ end }) => end));
        await vi.advanceTimersByTimeAsync(10_000);
        await turns(20);
        await ended;
      },
      kill() {
        dead = true;
      },
    };
  };

  let store = open();
  let life = live(store);

  /** Looks for ended silences and lets everything happen that is due now. */
  const quieten = async (): Promise<void> => {
    await store.silences.tellEnded();
    life.ring();
    await turns(30);
  };
  const world = {
    now,
    modes,
    get store() {
      return store;
    },
    async enqueue(alerts: readonly NewAlert[]) {
      const added = await store.outbox.enqueue(alerts);
      await quieten();
      return added;
    },
    async pass(ms: number) {
      const steps = 12;
      for (let step = 0; step < steps; step += 1) {
        await vi.advanceTimersByTimeAsync(Math.ceil(ms / steps));
        await quieten();
      }
    },
    /** Sets the clock without any timer noticing. */
    async jump(ms: number) {
      skewMs += ms;
      await quieten();
    },
    /** Ends in order and begins again, with other routes if there are any. */
    async restart(next: readonly Route[] = routes) {
      routes = next;
      await life.stop();
      await store.close();
      store = open();
      await store.outbox.reclaim();
      life = live(store);
      await quieten();
    },
    async kill() {
      life.kill();
      store = open();
      await store.outbox.reclaim();
      life = live(store);
      await quieten();
    },
    /** Prunes everything that may go by now. Answers what was pruned although it is not over. */
    async prune(): Promise<{ readonly gone: readonly string[]; readonly early: readonly string[] }> {
      const before = await world.account();
      const nowMs = now();
      while ((await store.retention.prune(nowMs, 50)) > 0);
      const after = await world.account();
      const gone = [...before.alerts.keys()].filter((id) => !after.alerts.has(id));
      const byId = new Map(before.deliveries.map((delivery) => [delivery.id, delivery]));
      const isOver = (delivery: DeliveryRecord | undefined): boolean =>
        delivery !== undefined && ['sent', 'parked', 'dropped'].includes(delivery.state);
      const unfinished = before.deliveries.filter(
        (delivery) => !isOver(delivery) && !isOver(byId.get(delivery.foldedInto ?? '')),
      );
      return { gone, early: unfinished.map(({ alertId }) => alertId).filter((id) => gone.includes(id)) };
    },
    /** Lets time pass until nothing waits any more. Answers whether that came about. */
    async untilQuiet(): Promise<boolean> {
      for (let round = 0; round < 400; round += 1) {
        const due = await Promise.all(SINKS.map((name) => store.outbox.nextDueMs(name)));
        const waiting = due.filter((ms) => ms !== undefined);
        const ends = (await store.silences.list({ nowMs: now(), ended: false })).map(
          ({ endsAtMs }) => endsAtMs,
        );
        if (waiting.length === 0 && ends.length === 0) return true;
        const nextMs = Math.min(...waiting, ...(waiting.length === 0 ? ends : []));
        if (nextMs > now()) skewMs += nextMs - now();
        await quieten();
        await vi.advanceTimersByTimeAsync(65_000);
        await quieten();
      }
      return false;
    },
    async account(): Promise<Account> {
      const { history, silences } = store;
      const alerts = (await history.alerts({ limit: 100_000 })).items;
      const records = await silences.list({ nowMs: now(), ended: true });
      return {
        alerts: new Map(alerts.map((alert) => [alert.id, alert])),
        deliveries: (await history.deliveries({ limit: 100_000 })).items,
        planned,
        calls,
        received,
        claimedMs,
        untold: records.reduce((sum, { untold }) => sum + untold, 0),
      };
    },
    async close() {
      await life.stop();
      for (const one of stores) await one.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
};
