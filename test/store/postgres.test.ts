import { afterAll, beforeAll } from 'vitest';
import { openPostgresStore } from '../../src/store/open-postgres.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { storeContract } from './contract.ts';

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
