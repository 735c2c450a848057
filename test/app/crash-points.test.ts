import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlanner } from '../../src/alerts/plan-deliveries.ts';
import { createDecider } from '../../src/app/decide.ts';
import { createTrouble } from '../../src/app/trouble.ts';
import { createLatch } from '../../src/base/latch.ts';
import { createPoller } from '../../src/collect/poller.ts';
import type { AuditReader } from '../../src/core/audit-reader.ts';
import type { Delivery, Sink } from '../../src/core/delivery.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Log } from '../../src/core/log.ts';
import type { Store } from '../../src/core/store.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { DEFAULT_DELIVERY_POLICY } from '../../src/deliver/policy.ts';
import { createSinkLoop } from '../../src/deliver/sink-loop.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { openStore } from '../../src/store/open-store.ts';
import { ruleOf } from '../support/installation.ts';
import { auditEvent, auditPage } from '../support/trail.ts';

/*
 * Every step of a pass and of a delivery is a call through a port. Each of them, one after the other, is the moment at
 * which the process dies: once before the call has any effect, once after it has had all of it. A new life on the same
 * file must then come to the same end as a life without a crash.
 */

const T0 = Date.parse('2026-05-01T10:00:00Z');
const EVENTS: readonly AuditEvent[] = Array.from({ length: 7 }, (_, i) =>
  auditEvent('a', {
    id: `e${i}`,
    createdAtMs: T0 - 60_000 + i * 4_000,
    type: i % 2 === 0 ? 'APP_CREATE' : 'USER_LOGIN',
  }),
);
const EXPECTED = EVENTS.filter((event) => event.eventType === 'APP_CREATE').map((event) => event.id);
const PLANNER = createPlanner({
  routes: [{ match: undefined, to: ['hook'], continue: false }],
  windows: {},
  zone: { name: 'UTC', offsetMs: () => 0 },
  liveSinks: ['hook'],
});
const RULES = compileRules([{ path: 'r.yml', text: ruleOf('App', 'high', ['APP_CREATE']) }]);

let folder = '';
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-crash-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

class Crash extends Error {
  override readonly name = 'Crash';
}

/** Counts the steps of a life and ends it at one of them. */
interface Plan {
  /** Names of the steps taken so far. */
  readonly steps: string[];
  dead: boolean;
  /** Runs a step, or dies before or after it. */
  step<T>(name: string, run: () => Promise<T>): Promise<T>;
}

const createPlan = (crashAt: number, when: 'before' | 'after'): Plan => {
  const plan: Plan = {
    steps: [],
    dead: false,
    async step(name, run) {
      // A dead process does nothing more, whoever asks.
      if (plan.dead) throw new Crash(`${name} after the end`);
      plan.steps.push(name);
      const isLast = plan.steps.length - 1 === crashAt;
      if (isLast && when === 'before') {
        plan.dead = true;
        throw new Crash(`before ${name}`);
      }
      const result = await run();
      if (isLast) {
        plan.dead = true;
        throw new Crash(`after ${name}`);
      }
      return result;
    },
  };
  return plan;
};

/** An object of the same shape, each of whose (promise-returning) methods is a step. */
const stepped = <T extends object>(target: T, name: string, plan: Plan): T =>
  new Proxy(target, {
    get(object, key) {
      const member: unknown = Reflect.get(object, key);
      if (typeof member !== 'function' || typeof key !== 'string') return member;
      return (...args: unknown[]) =>
        plan.step(`${name}.${key}`, async () => Reflect.apply(member, object, args) as unknown);
    },
  });

const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A whole life on a store: one pass, then deliveries until nothing is due; ends early when the plan says so. */
const live = async (store: Store, plan: Plan, received: Delivery[], now: () => number): Promise<void> => {
  const reader: AuditReader = stepped(
    {
      readPage: async ({ fromMs, toMs, page }: { fromMs: number; toMs: number; page: number }) => {
        const inside = EVENTS.filter((event) => event.createdAtMs >= fromMs && event.createdAtMs <= toMs);
        return auditPage({
          events: inside.slice((page - 1) * 3, page * 3),
          totalElements: inside.length,
          number: page,
        });
      },
    },
    'api',
    plan,
  );
  const sink: Sink = {
    name: 'hook',
    type: 'test',
    concurrency: 2,
    async send(delivery) {
      return plan.step('sink.send', async () => {
        received.push(delivery);
        return { outcome: 'sent', receipt: 'ok' };
      });
    },
    close: async () => {},
  };
  const taken = await store.leases.acquire('monitor', `life ${Math.random()}`, 1_000_000);
  if (!('lease' in taken)) throw new Error('the lease is not free');
  await store.outbox.reclaim();
  const trouble = createTrouble({
    conditions: store.conditions,
    open: [],
    alert() {
      throw new Error('no trouble is expected');
    },
    now,
    log: quietLog,
    telemetry: noTelemetry,
    onChange() {},
  });
  const collect = stepped(store.collect, 'collect', plan);
  const poller = createPoller(
    {
      account: 'a',
      reader,
      pageSize: 3,
      maxWindowEvents: 5,
      pageConcurrency: 2,
      rereads: 1,
      start: { kind: 'at', ms: T0 - 120_000 },
      overlapMs: () => 30_000,
      settleMs: 0,
      maxClockSkewMs: 1_000,
      intervalMs: 1_000,
    },
    {
      store: collect,
      decider: createDecider({
        account: 'a',
        evaluator: RULES.engine,
        store: collect,
        now,
        log: quietLog,
        telemetry: noTelemetry,
        onRuleFailure() {},
      }),
      lease: () => taken.lease,
      now,
      random: () => 0.5,
      log: quietLog,
      telemetry: noTelemetry,
      trouble: { raise: async () => {}, clear: trouble.clear },
      onCommitted() {},
    },
  );
  const alive = new AbortController();
  await poller.pass(alive.signal);
  if (plan.dead) return;
  const nothing = {
    key: 'parked:hook',
    open: false,
    alert: () => {
      throw new Error('not expected');
    },
  };
  const loop = createSinkLoop({
    sink,
    outbox: stepped(store.outbox, 'outbox', plan),
    now,
    random: () => 0.5,
    policy: DEFAULT_DELIVERY_POLICY,
    wake: createLatch(),
    log: {
      ...quietLog,
      // The loop lives through a failing store by design; a crash does not let it.
      error: () => plan.dead && alive.abort(),
    },
    telemetry: noTelemetry,
    conditions: {
      parked: () => nothing,
      recovered: () => nothing,
      opened: () => nothing,
      closed: () => nothing,
    },
    onConditions() {},
    onHandedOver() {},
    redact: (text) => text,
  });
  await loop.drain(alive.signal).catch((error: unknown) => {
    if (!plan.dead) throw error;
  });
  await store.leases.release(taken.lease);
};

const crashAndRecover = async (crashAt: number, when: 'before' | 'after') => {
  let nowMs = T0;
  const now = (): number => nowMs;
  const path = join(folder, `${(files += 1)}.db`);
  const received: Delivery[] = [];
  const first = openStore({ path, now, durability: 'off', planner: PLANNER });
  const plan = createPlan(crashAt, when);
  await live(first, plan, received, now);
  await first.close();
  // The dead process cannot give its lease back.
  nowMs += 2_000_000;
  const second = openStore({ path, now, durability: 'off', planner: PLANNER });
  try {
    await live(second, createPlan(-1, 'before'), received, now);
    const { items } = await second.history.events({ account: 'a' });
    const counts = await second.status.deliveryCounts();
    return { plan, received, stored: items.map((event) => event.id), counts };
  } finally {
    await second.close();
  }
};

const whole = await (async () => {
  const steps: string[] = [];
  const probeFolder = mkdtempSync(join(tmpdir(), 'vam-crash-probe-'));
  const store = openStore({
    path: join(probeFolder, 'probe.db'),
    now: () => T0,
    durability: 'off',
    planner: PLANNER,
  });
  const plan = createPlan(-1, 'before');
  await live(store, plan, [], () => T0);
  steps.push(...plan.steps);
  await store.close();
  rmSync(probeFolder, { recursive: true, force: true });
  return steps;
})();

describe('a crash at every step', () => {
  it('takes all the steps there are', () => {
    expect(new Set(whole)).toEqual(
      new Set([
        'api.readPage',
        'collect.progress',
        'collect.ruleState',
        'collect.commitWindow',
        'outbox.gate',
        'outbox.claim',
        'outbox.settle',
        'sink.send',
      ]),
    );
  });

  const cases = whole.flatMap((name, index) =>
    (['before', 'after'] as const).map((when) => ({ name, index, when })),
  );
  it.each(cases)(
    '$when step $index, $name: nothing is lost, nothing is decided twice',
    async ({ index, when }) => {
      const { plan, received, stored, counts } = await crashAndRecover(index, when);
      expect(plan.dead).toBe(true);
      expect(stored).toEqual(EVENTS.map((event) => event.id));
      expect(counts).toEqual([{ sink: 'hook', state: 'sent', count: EXPECTED.length }]);
      const idsOf = Map.groupBy(received, (delivery) => delivery.alert.eventIds[0] ?? '');
      expect([...idsOf.keys()].toSorted()).toEqual(EXPECTED.toSorted());
      for (const deliveries of idsOf.values()) {
        expect(new Set(deliveries.map((delivery) => delivery.id)).size).toBe(1);
      }
    },
  );
});
