import { expect, it } from 'vitest';
import { seeded } from '../e2e/kill.ts';
import { fleetOfTest } from './fleet-of-test.ts';
import { held, overlaps, spread, stored } from './invariants.ts';
import { told } from './told.ts';

const LEASE_MS = 10_000;

const fleetNow = fleetOfTest({
  accounts: 12,
  replicas: 3,
  random: seeded(7),
  leaseMs: LEASE_MS,
  latencyMs: 20,
});

const isEven = async (counts: readonly number[]): Promise<void> => {
  const fleet = fleetNow();
  await fleet.until(
    async () => (await spread(fleet, 'account')).toSorted((a, b) => a - b).join(' ') === counts.join(' '),
    `accounts spread as ${counts.join(', ')}`,
  );
};
const isToldOfAll = (): Promise<void> => {
  const fleet = fleetNow();
  return fleet.until(() => told(fleet).missing.length === 0, 'every alert at every receiver');
};

it('replicas divide the accounts, take over from a dead one and from one that leaves, and poll none twice', async () => {
  const fleet = fleetNow();
  const [one, two, three] = fleet.replicas;
  if (!one || !two || !three) throw new Error('three replicas');
  one.start();
  await isEven([12]);
  two.start();
  three.start();
  await isEven([4, 4, 4]);
  fleet.addEvents(60);
  await isToldOfAll();

  // Dead on the same machine, which is certain: nobody waits for the lease to run out.
  const diedMs = Date.now();
  await two.end('SIGKILL');
  await isEven([6, 6]);
  expect(Date.now() - diedMs).toBeLessThan(LEASE_MS);
  fleet.addEvents(60);
  await isToldOfAll();

  const leftMs = Date.now();
  await three.end('SIGTERM');
  await isEven([12]);
  // Far less than a lease: it was handed over, and did not run out.
  expect(Date.now() - leftMs).toBeLessThan(LEASE_MS / 2);
  fleet.addEvents(60);
  await isToldOfAll();
  two.start();
  await isEven([6, 6]);
  fleet.addEvents(20);
  await isToldOfAll();
  await fleet.tenures.read();
  expect(overlaps(fleet.polls, held(fleet))).toEqual([]);
  expect(told(fleet).violations).toEqual([]);
  expect(await stored(fleet)).toEqual([]);
}, 120_000);

it('a replica whose database goes away while it starts waits for it', async () => {
  const [one] = fleetNow().replicas;
  const started = one?.start();
  await started?.until(({ event }) => event === 'monitor.started');
  await one?.link.down();
  await started?.until(({ event }) => event === 'store.error');
  await one?.link.up();
  await isEven([12]);
  await one?.end('SIGTERM');
}, 120_000);

it('a replica whose connections go dead without a word goes on over new ones, within a lease or two', async () => {
  const fleet = fleetNow();
  const [one] = fleet.replicas;
  one?.start();
  await isEven([12]);
  fleet.addEvents(20);
  await isToldOfAll();
  one?.link.strand();
  const atMs = Date.now();
  fleet.addEvents(20);
  await fleet.until(
    () =>
      fleet.accounts.every((name) =>
        fleet.polls.some(({ account, beganMs }) => account === name && beganMs > atMs + LEASE_MS),
      ),
    'every account is polled later than a lease after it',
  );
  expect(Date.now() - atMs).toBeLessThan(2 * LEASE_MS);
  await isToldOfAll();
  await fleet.tenures.read();
  expect(overlaps(fleet.polls, held(fleet))).toEqual([]);
  await one?.end('SIGTERM');
}, 120_000);

it('a database that is away is told of in a few lines, with how many accounts wait for it', async () => {
  const fleet = fleetNow();
  const [one] = fleet.replicas;
  one?.start();
  await isEven([12]);
  const { process, link } = one ?? {};
  const from = process?.lines.length ?? 0;
  await link?.down();
  await process?.until(({ event }) => event === 'shares.lost', from);
  await process?.until(({ event, accounts }) => event === 'store.waiting' && accounts === 12, from);
  const loud = process?.lines.slice(from).filter(({ level }) => level === 'error' || level === 'warn') ?? [];
  const kinds = new Set(loud.map(({ event, operation }) => `${event} ${String(operation).split(':')[0]}`));
  // Not one for each account, and again with every try.
  expect(loud.length).toBe(kinds.size);
  await link?.up();
  await isEven([12]);
  await one?.end('SIGTERM');
}, 120_000);
