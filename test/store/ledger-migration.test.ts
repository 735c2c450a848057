import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completenessOf } from '../../src/core/completeness.ts';
import { SQLITE_MIGRATIONS } from '../../src/store/migrations/list.ts';
import { openStore } from '../../src/store/open-store.ts';
import { connect } from '../../src/store/sqlite-connection.ts';

/** The last version that kept a row for every window and had no ledger. */
const BEFORE_LEDGER = SQLITE_MIGRATIONS.slice(
  0,
  SQLITE_MIGRATIONS.findIndex((sql) => sql.includes('TABLE ledger')),
);
const SECOND = 1_000;

let folder = '';
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-ledger-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const migrated = async (
  windows: readonly { account: number; from: number; to: number; verified: boolean }[],
  progress: readonly { account: number; start: number; watermark: number }[],
) => {
  const path = join(folder, `${(files += 1)}.db`);
  const old = connect({ path, durability: 'off', migrations: BEFORE_LEDGER });
  for (const { account, start, watermark } of progress) {
    old.db.prepare('INSERT INTO accounts VALUES (?, ?)').run(account, `account ${account}`);
    old.db
      .prepare('INSERT INTO progress VALUES (?, ?, ?, 7, 42)')
      .run(account, start * SECOND, watermark * SECOND);
  }
  const insert = old.db.prepare(
    `INSERT INTO windows (account, from_ms, to_ms, verified, events, fresh, late, committed_ms)
     VALUES (?, ?, ?, ?, 0, 0, 0, 1)`,
  );
  for (const { account, from, to, verified } of windows)
    insert.run(account, from * SECOND, to * SECOND, verified ? 1 : 0);
  old.close();
  const store = openStore({ path, now: () => 1_000_000, durability: 'off' });
  const ranges = await Promise.all(progress.map(({ account }) => store.ledger.ranges(`account ${account}`)));
  await store.close();
  return ranges;
};

it('the windows of an older version become ranges: one for a healthy account, due ones where it was unverified', async () => {
  const [healthy, doubtful] = await migrated(
    [
      { account: 1, from: 0, to: 50, verified: false },
      { account: 1, from: 0, to: 60, verified: true },
      { account: 2, from: 0, to: 10, verified: true },
      { account: 2, from: 10, to: 20, verified: false },
      { account: 2, from: 15, to: 30, verified: false },
      { account: 2, from: 40, to: 55, verified: false },
      { account: 1, from: 10, to: 20, verified: false },
      { account: 1, from: 5, to: 25, verified: true },
    ],
    [
      { account: 1, start: 0, watermark: 60 },
      { account: 2, start: 0, watermark: 50 },
    ],
  );
  expect(healthy).toMatchObject([{ fromMs: 0, toMs: 60 * SECOND, doubt: undefined, events: 42 }]);
  expect(doubtful?.map(({ fromMs, toMs, doubt }) => [fromMs / SECOND, toMs / SECOND, doubt?.nextMs])).toEqual(
    [
      [0, 10, undefined],
      [10, 30, 7],
      [30, 40, undefined],
      [40, 50, 7],
    ],
  );
  expect(doubtful?.reduce((sum, { events }) => sum + events, 0)).toBe(42);
});

const window = fc
  .record({
    account: fc.integer({ min: 1, max: 2 }),
    from: fc.integer({ min: -5, max: 55 }),
    width: fc.integer({ min: 1, max: 20 }),
    verified: fc.boolean(),
  })
  .map(({ width, ...rest }) => ({ ...rest, to: rest.from + width }));

it('the ledger covers everything from start to watermark once, and is unverified where no later window made good', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(window, { maxLength: 15 }), async (windows) => {
      const progress = [1, 2].map((account) => ({ account, start: 0, watermark: 50 }));
      const ledgers = await migrated(windows, progress);
      for (const [index, ranges] of ledgers.entries()) {
        const own = windows.filter(({ account }) => account === index + 1);
        const doubtful = Array.from({ length: 50 }, (_, second) =>
          own.some(
            (one, at) =>
              !one.verified &&
              one.from <= second &&
              second < one.to &&
              !own
                .slice(at + 1)
                .some((later) => later.verified && later.from <= one.from && later.to >= one.to),
          ),
        );
        const said = Array.from({ length: 50 }, (_, second) => {
          const found = ranges.filter(
            ({ fromMs, toMs }) => second * SECOND >= fromMs && second * SECOND < toMs,
          );
          expect(found).toHaveLength(1);
          return found[0]?.doubt !== undefined;
        });
        expect(said).toEqual(doubtful);
        expect(completenessOf(ranges).neverRead).toEqual([{ fromMs: undefined, toMs: 0 }]);
      }
    }),
    { numRuns: 40 },
  );
});
