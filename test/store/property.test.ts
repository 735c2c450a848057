import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditEvent, byTime } from '../../src/core/event.ts';
import type { EventQuery } from '../../src/core/history.ts';
import { everyItem } from '../../src/core/paging.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { allOf, auditEvent, decided, T0, take, windowOf } from './fixtures.ts';

let folder = '';
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-property-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A small world of events, so that windows repeat ids and events share seconds; the content belongs to the id. */
const eventIds = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 12 });
const eventNumber = (n: number, account: string) => auditEvent(`id-${n}`, n % 7, {}, account);

const step = fc.record({
  account: fc.constantFrom('one', 'two'),
  ids: eventIds,
  fromSecond: fc.integer({ min: -20, max: 20 }),
  seconds: fc.integer({ min: 0, max: 20 }),
  watermark: fc.integer({ min: -20, max: 40 }),
  verified: fc.boolean(),
  fails: fc.boolean(),
  restarts: fc.boolean(),
});

const open = (path: string): Store => openStore({ path, now: () => T0, durability: 'off' });

describe('any sequence of commits', () => {
  it('stores each event once, decides about it once, counts it and never moves the watermark back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 15 }),
        fc.integer({ min: 1, max: 9 }),
        async (steps, limit) => {
          files += 1;
          const path = join(folder, `${files}.db`);
          let store = open(path);
          const stored = new Set<string>();
          const watermarks = new Map<string, number>();
          const decidedAbout: AuditEvent[] = [];
          let windows = 0;
          try {
            for (const { account, ids, fails, restarts, ...drawn } of steps) {
              const events = ids.map((n) => eventNumber(n, account)).sort(byTime);
              const fromMs = T0 + drawn.fromSecond * 1_000;
              const watermarkMs = T0 + drawn.watermark * 1_000;
              const expected = events.filter(({ id }) => !stored.has(`${account} ${id}`));
              const window = windowOf(events, {
                account,
                fromMs,
                toMs: fromMs + drawn.seconds * 1_000,
                watermarkMs,
                verified: drawn.verified,
              });
              const committing = store.collect.commitWindow(await take(store), window, (fresh) => {
                decidedAbout.push(...fresh);
                if (fails) throw new Error('planned');
                const alerts = fresh.map(({ id }) => decided(`${account} ${id}`));
                return { alerts, state: [{ key: 'last', value: windows }] };
              });
              const outcome = await committing.then(
                ({ fresh }) => fresh,
                (error: Error) => error.message,
              );
              expect(outcome).toEqual(fails ? 'planned' : expected);
              expect(decidedAbout.splice(0)).toEqual(expected);
              if (!fails) {
                for (const { id } of expected) stored.add(`${account} ${id}`);
                watermarks.set(account, Math.max(watermarkMs, watermarks.get(account) ?? watermarkMs));
                windows += 1;
              }
              expect((await store.collect.progress(account))?.watermarkMs).toBe(watermarks.get(account));
              if (restarts) {
                await store.close();
                store = open(path);
              }
            }
            const history = store.history;
            const read = await allOf(everyItem((query: EventQuery) => history.events(query), { limit }));
            expect(read.map(({ account, id }) => `${account} ${id}`).sort()).toEqual([...stored].sort());
            const alerts = await allOf(everyItem((query) => history.alerts(query), { limit }));
            expect(alerts.map(({ message }) => message).sort()).toEqual([...stored].sort());
            expect(await store.status.totals()).toMatchObject({ events: stored.size, quarantined: 0 });
            expect(await allOf(everyItem((query) => history.windows(query), { limit }))).toHaveLength(
              windows,
            );
          } finally {
            await store.close();
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
