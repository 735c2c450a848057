import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { runInProcess } from '../support/in-process.ts';
import { createInstallation, type Installation, SECRET } from '../support/installation.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

const KEYS = ['aaaa1111', 'bbbb2222', 'cccc3333'] as const;
const RULES = `
title: An application was created
name: app_created
logsource: {product: vonage, service: audit}
detection:
  selection: {event_type: APP_CREATE}
  condition: selection
---
title: Three accounts
name: three_accounts
id: 11111111-2222-4333-8444-555555555555
level: high
correlation:
  type: value_count
  rules: [app_created]
  timespan: 1h
  condition: {field: account, gte: 3}
monitor: {scope: fleet, message: 'In {accounts}'}
`;

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;

beforeEach(async () => {
  scope = createScope();
  simulator = await createSimulator({ accounts: KEYS.map((key) => ({ key, secret: SECRET })) });
  scope.defer('simulator', () => simulator.close());
  receiver = await createReceiver();
  scope.defer('receiver', () => receiver.close());
  installation = createInstallation(simulator.url, {
    accounts: KEYS.map((key) => ({ name: `of-${key}`, api_key: key, api_secret: SECRET })),
    sinks: { hook: { type: 'webhook', url: receiver.url } },
    routes: [{ to: ['hook'] }],
  });
  scope.defer('installation', () => installation.remove());
  installation.rule('fleet.yml', RULES);
});
afterEach(() => scope.close());

const add = (key: string): void =>
  simulator.add(key, createGenerator({ seed: key, account: key }).any(Date.now() - 2_000, 'APP_CREATE'));
const once = async (): Promise<boolean> => (await runInProcess(installation.config, 'once')).done;
const alerts = () =>
  receiver.requests.map(({ body }) => JSON.parse(body) as { rule: { title: string }; message: string });

it('counts over accounts, also across restarts, and tells once; what it refers to stays silent', async () => {
  add(KEYS[0]);
  add(KEYS[1]);
  expect(await once()).toBe(true);
  expect(alerts()).toEqual([]);
  add(KEYS[2]);
  expect(await once()).toBe(true);
  expect(alerts().map(({ rule, message }) => [rule.title, message])).toEqual([
    ['Three accounts', 'In of-aaaa1111, of-bbbb2222, of-cccc3333'],
  ]);
  expect(await once()).toBe(true);
  expect(alerts().length).toBe(1);
});
