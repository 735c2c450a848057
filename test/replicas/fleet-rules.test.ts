import { expect, it } from 'vitest';
import { createGenerator } from '../../src/simulator/generator.ts';
import { seeded } from '../e2e/kill.ts';
import { fleetOfTest } from './fleet-of-test.ts';
import { spread } from './invariants.ts';

/* A rule over all accounts, which different replicas read. */

const RULES = `
title: A number was assigned
name: assigned
logsource: {product: vonage, service: audit}
detection:
  selection: {event_type: NUMBER_ASSIGN}
  condition: selection
---
title: Five accounts
name: five_accounts
id: 11111111-2222-4333-8444-555555555555
level: high
correlation:
  type: value_count
  rules: [assigned]
  timespan: 1h
  condition: {field: account, gte: 5}
monitor: {scope: fleet}
`;

const fleetNow = fleetOfTest({
  accounts: 6,
  replicas: 2,
  random: seeded(11),
  leaseMs: 3_000,
  latencyMs: 5,
  rules: RULES,
});

const alerts = (): readonly string[] =>
  (fleetNow().receivers[0]?.requests ?? [])
    .map(({ body }) => JSON.parse(body) as { rule: { title: string }; delivery_id: string })
    .filter(({ rule }) => rule.title === 'Five accounts')
    .map((alert) => alert.delivery_id);
const assign = (account: string): void =>
  fleetNow().simulator.add(
    account,
    createGenerator({ seed: account, account }).any(Date.now() - 2_000, 'NUMBER_ASSIGN'),
  );

it('counts what replicas have read between them, goes on where a dead one stopped, and tells once', async () => {
  const fleet = fleetNow();
  const [one, two] = fleet.replicas;
  if (!one || !two) throw new Error('two replicas');
  one.start();
  two.start();
  await fleet.until(
    async () => (await spread(fleet, 'account')).every((count) => count === 3),
    'three accounts each',
  );
  const holder = async (): Promise<string | undefined> =>
    (await fleet.store.replicas.list()).shares.find(({ name }) => name === 'duty:fleet')?.lease?.holder;
  await fleet.until(async () => (await holder()) !== undefined, 'somebody has the rules over all accounts');
  const before = await holder();
  for (const account of fleet.accounts.slice(0, 3)) assign(account);
  await fleet.until(async () => (await fleet.store.status.totals()).events === 3, 'three events');

  // Whoever has them dies, and the other one goes on.
  const pid = before?.split('/')[2];
  const dying = fleet.replicas.find(({ process }) => String(process?.child.pid) === pid) ?? one;
  await dying.end('SIGKILL');
  for (const account of fleet.accounts.slice(3, 5)) assign(account);
  await fleet.until(() => alerts().length > 0, 'the alert over five accounts');
  expect(await holder()).not.toBe(before);
  assign(fleet.accounts[5] ?? '');
  dying.start();
  await fleet.until(async () => (await fleet.store.status.totals()).events === 6, 'the last event');
  expect(new Set(alerts()).size).toBe(1);
}, 120_000);
