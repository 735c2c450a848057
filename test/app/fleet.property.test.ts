import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAlert } from '../../src/alerts/fleet-alert.ts';
import { createFleet, type Fleet } from '../../src/app/fleet.ts';
import type { Monitor } from '../../src/app/parts.ts';
import { createLatch } from '../../src/base/latch.ts';
import type { DecidedAlert } from '../../src/core/decided.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import { type Lease, LeaseLostError } from '../../src/core/lease.ts';
import { explicitPlanner, type Planner } from '../../src/core/planner.ts';
import { type Store, StoreError } from '../../src/core/store.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { createEngines } from '../../src/rules/fleet.ts';
import { createMemoryState } from '../../src/rules/run-tests.ts';
import { openPostgresStore } from '../../src/store/open-postgres.ts';
import { openStore } from '../../src/store/open-store.ts';
import { decideNothing, T0, windowOf } from '../store/fixtures.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

/*
 * Rules over all accounts on the real store, by owners that crash, lose the lease, come back late and write into what another
 * one has taken over: what they tell between them is what one that nothing ever disturbed would have told.
 */

const RULES = `
title: Seen
name: seen
logsource: {product: vonage, service: audit}
detection:
  selection: {event_type: APP_CREATE}
  condition: selection
---
title: New
name: new
logsource: {product: vonage, service: audit}
detection:
  selection: {event_type: APP_CREATE}
  condition: selection
monitor:
  first_seen: {field: source_ip, by: [account]}
---
title: One address in three accounts
correlation: {type: value_count, rules: [seen], group-by: [source_ip], timespan: 1h, condition: {field: account, gte: 3}}
monitor: {scope: fleet}
---
title: Four by anybody
name: four
correlation: {type: event_count, rules: [seen], timespan: 10m, condition: {gte: 4}}
monitor: {scope: fleet}
---
title: New in two accounts
correlation: {type: value_count, rules: [new], group-by: [source_ip], timespan: 30m, condition: {field: account, gte: 2}}
monitor: {scope: fleet}
`;
const RULE_SET = compileRules([{ path: 'fleet.yml', text: RULES }]);
/** With engines that remember nothing. */
const compiled = () => ({ ...RULE_SET, ...createEngines(RULE_SET.linked, RULE_SET.engineOptions) });

const ACCOUNTS = ['one', 'two', 'three', 'four'] as const;
const HOOK: Planner = {
  ...explicitPlanner,
  plan: (request, memory, nowMs) => explicitPlanner.plan({ sinks: ['hook'], ...request }, memory, nowMs),
};

/** What happens, in order. A `judge` is what an owner makes of what is committed by then. */
type Step =
  | {
      readonly kind: 'commit';
      readonly account: (typeof ACCOUNTS)[number];
      readonly minutes: readonly number[];
      readonly quiet: boolean;
    }
  | { readonly kind: 'judge' }
  /** The owner dies before its commit, or after it without having learnt of it; or another takes over meanwhile. */
  | { readonly kind: 'fail'; readonly how: 'before' | 'after' | 'taken over' }
  /** The store is in trouble before the commit, or loses the answer; the owner lives on. */
  | { readonly kind: 'trouble'; readonly how: 'before' | 'after' }
  | { readonly kind: 'new owner' }
  | { readonly kind: 'prune' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      account: fc.constantFrom(...ACCOUNTS),
      minutes: fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 6 }),
      quiet: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('judge' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      how: fc.constantFrom('before' as const, 'after' as const, 'taken over' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('trouble' as const),
      how: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('new owner' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune' as const) }) },
);

/** The events of a window: their content follows from place and time, so that a failed test can be read. */
const eventsOf = (number: number, { account, minutes }: Step & { kind: 'commit' }): readonly AuditEvent[] =>
  minutes.map((minute, index): AuditEvent => {
    const id = `e${number}-${index}`;
    const createdAtMs = T0 + minute * 60_000;
    const fields = {
      id,
      event_type: 'APP_CREATE',
      created_at: new Date(createdAtMs).toISOString(),
      source_ip: `192.0.2.${minute % 3}`,
    };
    return { id, account, eventType: 'APP_CREATE', createdAtMs, json: JSON.stringify(fields), fields };
  });

const NEVER = new AbortController().signal;
class Crash extends Error {}

/** One run of a script on a store. */
const play = async (store: Store, clock: { nowMs: number }, steps: readonly Step[]) => {
  const told: DecidedAlert[] = [];
  const committed: { readonly event: AuditEvent; readonly quiet: boolean }[] = [];
  let owners = 0;
  let lease: Lease | undefined;

  /** An owner as a process has it: all it knows is gone with it. */
  const ownerOf = (held: Lease, commit: Store['fleet']['commit']): Fleet => {
    const monitor: Pick<Monitor, 'store' | 'telemetry' | 'eventTypes' | 'fleetWake' | 'wake'> & {
      parts: object;
    } = {
      store: { ...store, fleet: { ...store.fleet, commit } },
      telemetry: noTelemetry,
      eventTypes: { labelOf: (type) => type, learn() {} },
      fleetWake: createLatch(),
      wake() {},
      parts: {
        rules: compiled(),
        settings: { accounts: ACCOUNTS, log: { events: 'none' } },
        now: () => clock.nowMs,
        log: { debug() {}, info() {}, warn() {}, error: (...line: unknown[]) => void line },
      },
    };
    return createFleet(monitor as unknown as Monitor, held, { note() {}, report: async () => {} }) as Fleet;
  };
  let trouble: 'before' | 'after' | undefined;
  const commitTold: Store['fleet']['commit'] = async (...args) => {
    const now = trouble;
    trouble = undefined;
    if (now === 'before') throw new StoreError('busy', 'in trouble');
    const alerts = await store.fleet.commit(...args);
    told.push(...alerts);
    if (now === 'after') throw new StoreError('busy', 'the answer is lost');
    return alerts;
  };
  const take = async (): Promise<Lease> => {
    // Whoever had it has it no longer.
    clock.nowMs += 120_000;
    owners += 1;
    const answer = await store.leases.acquire('duty:fleet', `owner ${owners}`, 60_000);
    if (!('lease' in answer)) throw new Error('the lease is free');
    lease = answer.lease;
    return answer.lease;
  };
  let owner = ownerOf(await take(), commitTold);
  await owner.open();

  const fail = async (how: (Step & { kind: 'fail' })['how']): Promise<void> => {
    let reached = false;
    const failing = ownerOf(lease as Lease, async (...args) => {
      reached = true;
      if (how === 'before') throw new Crash();
      if (how === 'after') {
        await commitTold(...args);
        throw new Crash();
      }
      // It has judged, and sleeps; another one judges the same, and goes on; then it wakes up.
      const other = ownerOf(await take(), commitTold);
      expect(await other.drain(NEVER)).toBe(true);
      return commitTold(...args);
    });
    const end = await failing.drain(NEVER).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (reached) expect(end).toBeInstanceOf(how === 'taken over' ? LeaseLostError : Crash);
    owner = ownerOf(lease as Lease, commitTold);
  };

  for (const [number, each] of steps.entries()) {
    clock.nowMs += 1_000;
    switch (each.kind) {
      case 'commit': {
        const events = eventsOf(number, each);
        committed.push(
          ...events
            .toSorted((a, b) => a.createdAtMs - b.createdAtMs)
            .map((event) => ({ event, quiet: each.quiet })),
        );
        const answer = await store.leases.acquire(`account:${each.account}`, 'reader', 10_000_000);
        if (!('lease' in answer)) throw new Error('only one reads');
        await store.collect.commitWindow(
          answer.lease,
          windowOf(
            events.toSorted((a, b) => a.createdAtMs - b.createdAtMs),
            {
              account: each.account,
              nowMs: clock.nowMs,
              toMs: T0 + 201 * 60_000,
              reader: 'backfill',
              quiet: each.quiet,
            },
          ),
          decideNothing,
        );
        break;
      }
      case 'judge':
        expect(await owner.drain(NEVER)).toBe(true);
        break;
      case 'fail':
        await fail(each.how);
        break;
      case 'trouble':
        trouble = each.how;
        await owner.drain(NEVER);
        trouble = undefined;
        break;
      case 'new owner':
        owner = ownerOf(await take(), commitTold);
        break;
      case 'prune':
        // What was judged may go: the rules remember what they need of it.
        expect(await owner.drain(NEVER)).toBe(true);
        while ((await store.retention.prune(T0 + 90 * 60_000, 100)) > 0);
        break;
    }
  }
  expect(await owner.drain(NEVER)).toBe(true);
  return { told, committed };
};

/** What one that reads everything in one go tells. */
const undisturbed = (committed: Awaited<ReturnType<typeof play>>['committed']) => {
  const { fleet } = compiled();
  const state = createMemoryState();
  return committed.flatMap(({ event, quiet }) =>
    (fleet?.evaluate(event, state).matches ?? []).map((match) => {
      const { id, message } = fleetAlert(match, 0);
      return { id, message, sinks: quiet ? [] : ['hook'] };
    }),
  );
};

const shown = (told: readonly DecidedAlert[]) =>
  told.map(({ alert, sinks }) => ({ id: alert.id, message: alert.message, sinks }));

let folder = '';
let files = 0;
let database: TestDatabase;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vam-fleet-'));
  database = await createDatabase();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

const check = async (
  open: (now: () => number) => Promise<Store>,
  clear: () => Promise<void>,
  numRuns: number,
): Promise<void> => {
  let alerts = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 40 }), async (steps) => {
      const clock = { nowMs: T0 + 300 * 60_000 };
      const store = await open(() => clock.nowMs);
      try {
        const { told, committed } = await play(store, clock, steps);
        expect(shown(told)).toEqual(undisturbed(committed));
        alerts += told.length;
      } finally {
        await store.close();
        await clear();
      }
    }),
    { numRuns },
  );
  // Or it would be about nothing.
  expect(alerts).toBeGreaterThan(numRuns);
};

describe('owners that crash and take over', () => {
  it('tell everything once (SQLite)', async () => {
    await check(
      async (now) => {
        files += 1;
        return openStore({ path: join(folder, `${files}.db`), now, durability: 'off', planner: HOOK });
      },
      async () => {},
      40,
    );
  }, 120_000);

  it('tell everything once (PostgreSQL)', async () => {
    await check(
      (now) =>
        openPostgresStore({
          place: { kind: 'postgres', url: database.url, poolSize: 3 },
          now,
          planner: HOOK,
          leaseClock: now,
        }),
      () => database.clear(),
      10,
    );
  }, 120_000);
});
