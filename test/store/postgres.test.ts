import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresStore } from '../../src/store/open-postgres.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { storeContract } from './contract.ts';
import { longReads, recordQueries } from './postgres-plans.ts';

const queries = recordQueries();
afterAll(queries.restore);

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

storeContract('PostgreSQL', async () => ({
  open: (now, planner) =>
    openPostgresStore({
      place: { kind: 'postgres', url: database.url, poolSize: 4 },
      now,
      planner,
      leaseClock: now,
    }),
  remove: () => database.clear(),
}));

// The last test of this file: it judges what all others have made the store ask.
it('no statement that the store sends reads a large table from end to end', async () => {
  expect(queries.seen.size).toBeGreaterThan(100);
  expect(await longReads(database.url, [...queries.seen])).toEqual([]);
});
