import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTurns } from '../../src/base/turns.ts';
import { runPass } from '../../src/collect/pass.ts';
import { createSecondReader } from '../../src/collect/second-reader.ts';
import type { CollectStore, Decider } from '../../src/core/collect-store.ts';
import { completenessOf } from '../../src/core/completeness.ts';
import type { Log } from '../../src/core/log.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createTrail } from '../support/trail.ts';

/*
 * Whatever becomes visible late, up to what the sweeps reach, and whenever the process dies: everything is found exactly
 * once, and the ledger ends complete.
 */

const T0 = Date.UTC(2026, 3, 1, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STEP_MS = 30 * MINUTE;
const STEPS = 16;
/** The longest sweep is a day, every six hours; a crash may cost a step. */
const MAX_LATE_STEPS = 24;
const SWEEPS = [
  { lastMs: HOUR, everyMs: 10 * MINUTE },
  { lastMs: 24 * HOUR, everyMs: 6 * HOUR },
];

let folder = '';
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-reconcile-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

class Crash extends Error {
  override readonly name = 'Crash';
}
const never = new AbortController().signal;
const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
const quiet = { raise: async () => {}, clear: async () => {} };

const events = fc.array(
  fc.record({
    second: fc.integer({ min: 0, max: (STEPS * STEP_MS) / 1_000 - 1 }),
    lateSteps: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: MAX_LATE_STEPS })),
  }),
  { maxLength: 25 },
);
/** Where the process dies: at which commit counted from the start, before or after it has had its effect. */
const crashes = fc.uniqueArray(fc.record({ at: fc.nat(120), after: fc.boolean() }), {
  maxLength: 6,
  selector: ({ at }) => at,
});

it('finds every event exactly once, however late and however often it dies', async () => {
  await fc.assert(
    fc.asyncProperty(events, crashes, fc.boolean(), async (drawn, deaths, shifting) => {
      let nowMs = T0;
      const now = (): number => nowMs;
      const trail = drawn.map(({ second, lateSteps }, index) => ({
        id: `e${index}`,
        createdAtMs: T0 + second * 1_000,
        visibleAtMs: T0 + second * 1_000 + lateSteps * STEP_MS,
      }));
      let turn = 0;
      const reader = createTrail({
        account: 'a',
        events: trail,
        habits: {
          order: 'newest',
          fromInclusive: true,
          toInclusive: false,
          shiftMs: shifting ? STEP_MS : 0,
          duplicates: false,
        },
        pageSize: 3,
        now,
        random: () => (turn += 0.37) % 1,
      });
      const path = join(folder, `${(files += 1)}.db`);
      let store = openStore({ path, now, durability: 'off' });
      const decided: string[] = [];
      const decider: Decider = {
        prepare: async () => {},
        decide(fresh) {
          decided.push(...fresh.map((event) => event.id));
          return { alerts: [], state: [] };
        },
        discard() {},
      };
      let commits = 0;
      let mortal = true;
      /** One step of a life, until it dies. */
      const live = async (): Promise<void> => {
        const taken = await store.leases.acquire('monitor', 'me', 1_000_000_000);
        if (!('lease' in taken)) throw new Error('the lease is not free');
        const collect: CollectStore = {
          ...store.collect,
          async commitWindow(...args) {
            const death = mortal ? deaths.find(({ at }) => at === commits) : undefined;
            commits += 1;
            if (death && !death.after) throw new Crash('before');
            const committed = await store.collect.commitWindow(...args);
            if (death) throw new Crash('after');
            return committed;
          },
        };
        const reading = {
          account: 'a',
          reader,
          pageSize: 3,
          maxWindowEvents: 8,
          pageConcurrency: 2,
          rereads: 1,
        };
        const deps = { store: collect, decider, lease: () => taken.lease, now, inTurn: createTurns() };
        const second = createSecondReader(
          { ...reading, sweeps: SWEEPS, overlapMs: () => 10 * MINUTE, retentionMs: 1_000 * HOUR },
          {
            ...deps,
            ledger: store.ledger,
            random: () => 0.5,
            log: quietLog,
            onReread() {},
            onLooked: async () => {},
          },
        );
        const pass = runPass(
          {
            ...reading,
            start: { kind: 'at', ms: T0 },
            overlapMs: 10 * MINUTE,
            settleMs: 0,
            maxClockSkewMs: HOUR,
          },
          { ...deps, trouble: quiet, onCommitted() {} },
          never,
        );
        // Side by side, as they run.
        const [passed, stepped] = await Promise.allSettled([pass, second.step(never)]);
        for (const outcome of [passed, stepped]) if (outcome.status === 'rejected') throw outcome.reason;
        for (let steps = 0; await second.step(never); steps += 1)
          if (steps > 300) throw new Error('the second reader does not come to an end');
      };
      try {
        for (let step = 0; step < STEPS + MAX_LATE_STEPS + 16; step += 1) {
          nowMs += STEP_MS;
          try {
            await live();
          } catch (error) {
            if (!(error instanceof Crash)) throw error;
            await store.close();
            store = openStore({ path, now, durability: 'off' });
          }
        }
        // The last step may have been the one it died in.
        mortal = false;
        nowMs += STEP_MS;
        await live();
        const expected = trail.map(({ id }) => id).toSorted();
        expect(decided.toSorted()).toEqual(expected);
        const stored = (await store.history.events({ limit: 1_000 })).items.map(({ id }) => id);
        expect(stored.toSorted()).toEqual(expected);
        const ranges = await store.ledger.ranges('a');
        expect(ranges.reduce((sum, range) => sum + range.events, 0)).toBe(expected.length);
        expect(completenessOf(ranges)).toMatchObject({ completeUntilMs: nowMs, unverified: [] });
        expect(completenessOf(ranges).neverRead).toEqual([{ fromMs: undefined, toMs: T0 }]);
      } finally {
        await store.close();
      }
    }),
    { numRuns: 40 },
  );
}, 120_000);
