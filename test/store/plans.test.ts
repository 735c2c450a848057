import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, it, vi } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';

/** Tables that hold as many rows as there are events, alerts, passes or acts. */
const LARGE = ['events', 'alerts', 'deliveries', 'attempts', 'windows', 'quarantine', 'feed_refusals'];

/** Indexes that hold only what is under way or in trouble: walking through all of one is what it is for. */
const SMALL_INDEXES = [
  'deliveries_due',
  'deliveries_parked',
  'deliveries_bundled',
  'deliveries_untold',
  'windows_unverified',
];

/** Statements that may read a whole table, with the reason. */
const ALLOWED: readonly (readonly [sql: string, reason: string])[] = [
  ['(SELECT count(*) FROM alerts)', 'asked by people alone, and answered from an index'],
  ['(SELECT 1 FROM quarantine LIMIT 100000)', 'stops at its bound, and is answered from an index'],
];

const folder = mkdtempSync(join(tmpdir(), 'vam-plans-'));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** Tables that a statement reads from end to end, by SQLite's own plan. */
const walked = (db: Database.Database, sql: string): readonly string[] => {
  const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
  const holes = new Set(sql.match(/@\w+/g));
  const values = holes.size > 0 ? [Object.fromEntries([...holes].map((hole) => [hole.slice(1), 1]))] : [];
  const count = sql.split('?').length - 1;
  const rows = plan.all(...values, ...Array.from({ length: count }, () => 1));
  return rows
    .map(({ detail }) => detail)
    .filter((detail) => detail.startsWith('SCAN '))
    .filter((detail) => !SMALL_INDEXES.some((name) => detail.endsWith(`INDEX ${name}`)));
};

it('no statement that the store prepares reads a large table from end to end', async () => {
  const seen = new Set<string>();
  const original = Reflect.get(Database.prototype, 'prepare') as (sql: string) => unknown;
  vi.spyOn(Database.prototype, 'prepare').mockImplementation(function prepare(
    this: Database.Database,
    sql: string,
  ) {
    seen.add(sql);
    return original.call(this, sql) as never;
  });
  const path = join(folder, 'plans.db');
  const store = openStore({ path, now: () => 0 });
  vi.restoreAllMocks();
  const db = new Database(path, { readonly: true });
  // Aliases of a statement stand for their tables.
  const tableOf = (sql: string, name: string): string =>
    new RegExp(`(?:FROM|JOIN|UPDATE|INTO)\\s+(\\w+)\\s+AS\\s+${name}\\b`, 'i').exec(sql)?.[1] ?? name;
  const found = [...seen]
    .filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE)/i.test(sql))
    .filter((sql) => !ALLOWED.some(([part]) => sql.includes(part)))
    .flatMap((sql) =>
      walked(db, sql)
        .filter((detail) => LARGE.includes(tableOf(sql, detail.split(' ')[1] ?? '')))
        .map((detail) => `${detail}: ${sql}`),
    );
  db.close();
  await store.close();
  expect(seen.size).toBeGreaterThan(50);
  expect(found).toEqual([]);
});
