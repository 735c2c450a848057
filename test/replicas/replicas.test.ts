import { afterEach, beforeEach, expect, it } from 'vitest';
import { seeded } from '../e2e/kill.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { createFleet, deliveriesOf, type Fleet, overlaps, spread } from './fleet.ts';

let database: TestDatabase;
let fleet: Fleet;
beforeEach(async () => {
  database = await createDatabase();
  fleet = await createFleet({ databaseUrl: database.url, accounts: 12, replicas: 3, random: seeded(7) });
});
afterEach(async () => {
  await fleet.close();
  await database.drop();
});

const isEven = async (counts: readonly number[]): Promise<void> => {
  await fleet.until(
    async () => (await spread(fleet, 'account')).toSorted((a, b) => a - b).join() === counts.join(),
    `accounts spread as ${counts.join(', ')}`,
  );
};
const isToldOfAll = (): Promise<void> =>
  fleet.until(() => deliveriesOf(fleet).missing.length === 0, 'every alert at every receiver');

it('replicas divide the accounts, take over from a dead one and from one that leaves, and poll none twice', async () => {
  const [one, two, three] = fleet.replicas;
  if (!one || !two || !three) throw new Error('three replicas');
  one.start();
  await isEven([12]);
  two.start();
  three.start();
  await isEven([4, 4, 4]);
  fleet.addEvents(60);
  await isToldOfAll();

  await two.end('SIGKILL');
  await isEven([6, 6]);
  fleet.addEvents(60);
  await isToldOfAll();

  const leftMs = Date.now();
  await three.end('SIGTERM');
  await isEven([12]);
  // Far less than a lease: it was handed over, and did not run out.
  expect(Date.now() - leftMs).toBeLessThan(10_000);
  fleet.addEvents(60);
  await isToldOfAll();
  two.start();
  await isEven([6, 6]);
  fleet.addEvents(20);
  await isToldOfAll();
  expect(overlaps(fleet.polls)).toEqual([]);
  const { repeats, otherIds } = deliveriesOf(fleet);
  console.log(`${fleet.expected.size} alerts, ${repeats} repeated`);
  expect(otherIds).toBe(0);
  expect((await fleet.store.status.totals()).events).toBe(fleet.generated());
}, 120_000);
