import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPass } from '../../src/collect/pass.ts';
import type { Decider } from '../../src/core/collect-store.ts';
import type { Trouble } from '../../src/core/conditions.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createTrail, type TrailEvent } from '../support/trail.ts';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const OVERLAP_MS = 60_000;
const SETTLE_MS = 5_000;
const INTERVAL_MS = 30_000;
const PASSES = 8;

let folder = '';
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-pass-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const quiet: Trouble = { raise: async () => {}, clear: async () => {} };

/** Events of the first minutes, many in one second, each visible up to a whole overlap later. */
const events = fc
  .array(
    fc.record({
      second: fc.integer({ min: 0, max: 120 }),
      delayMs: fc.integer({ min: 0, max: OVERLAP_MS }),
    }),
    { maxLength: 60 },
  )
  .map((drawn): TrailEvent[] =>
    drawn.map(({ second, delayMs }, i) => ({
      id: `event-${i}`,
      createdAtMs: T0 + second * 1_000,
      visibleAtMs: T0 + second * 1_000 + delayMs,
    })),
  );

const habits = fc.record({
  order: fc.constantFrom('newest' as const, 'oldest' as const, 'shuffled' as const),
  fromInclusive: fc.boolean(),
  toInclusive: fc.boolean(),
  shiftMs: fc.integer({ min: 0, max: 20_000 }),
  duplicates: fc.boolean(),
});

describe('passes over a trail that shows events late', () => {
  it('commits what happened, each event once, whatever the order, the bounds, shifts, repetitions and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(
        events,
        habits,
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        fc.array(fc.boolean(), { minLength: PASSES, maxLength: PASSES }),
        async (trail, habit, randoms, restarts) => {
          let nowMs = T0;
          const now = (): number => nowMs;
          const reader = createTrail({
            account: 'a',
            events: trail,
            habits: habit,
            pageSize: 5,
            now,
            random: () => randoms.next().value ?? 0,
          });
          const path = join(folder, `${(files += 1)}.db`);
          let store = openStore({ path, now, durability: 'off' });
          const decided: string[] = [];
          const decider: Decider = {
            prepare: async () => {},
            decide: (fresh) => {
              decided.push(...fresh.map((event) => event.id));
              return { alerts: [], state: [] };
            },
            discard() {},
          };
          try {
            for (let pass = 0; pass < PASSES + 2; pass += 1) {
              if (restarts[pass]) {
                await store.close();
                store = openStore({ path, now, durability: 'off' });
              }
              const taken = await store.leases.acquire('monitor', 'me', 1_000_000);
              if (!('lease' in taken)) throw new Error('the lease is not free');
              await runPass(
                {
                  account: 'a',
                  reader,
                  start: { kind: 'at', ms: T0 },
                  overlapMs: OVERLAP_MS,
                  settleMs: SETTLE_MS,
                  maxClockSkewMs: 60_000,
                  pageSize: 5,
                  maxWindowEvents: 12,
                  pageConcurrency: 3,
                  rereads: 3,
                },
                {
                  store: store.collect,
                  decider,
                  lease: () => taken.lease,
                  now,
                  trouble: quiet,
                  onCommitted() {},
                },
                new AbortController().signal,
              );
              nowMs += INTERVAL_MS;
            }
            const expected = trail.map((event) => event.id).toSorted();
            expect(decided.toSorted()).toEqual(expected);
            const progress = await store.collect.progress('a');
            expect(progress?.watermarkMs).toBe(T0 + (PASSES + 1) * INTERVAL_MS - SETTLE_MS);
          } finally {
            await store.close();
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
