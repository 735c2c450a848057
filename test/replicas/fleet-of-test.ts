import { afterEach, beforeEach } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { createFleet, type Fleet, type FleetOptions } from './fleet.ts';

/** A fleet of its own, on a database of its own, for each test of a file. No replica is started. Answers what the test under way has. */
export const fleetOfTest = (options: Omit<FleetOptions, 'databaseUrl'>): (() => Fleet) => {
  let database: TestDatabase | undefined;
  let fleet: Fleet | undefined;
  beforeEach(async () => {
    database = await createDatabase();
    fleet = await createFleet({ ...options, databaseUrl: database.url });
  });
  afterEach(async () => {
    await fleet?.close();
    await database?.drop();
    fleet = undefined;
    database = undefined;
  });
  return () => {
    if (!fleet) throw new Error('no test is under way');
    return fleet;
  };
};
