import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { jsonLines, runHere } from '../support/command.ts';
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
monitor: {scope: fleet, message: 'In {accounts}', suppress: {for: 1h}}
`;

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let customer: Receiver;
let installation: Installation;

const sections = (keys: readonly string[] = KEYS): object => ({
  accounts: keys.map((key) => ({ name: `of-${key}`, api_key: key, api_secret: SECRET })),
  sinks: { hook: { type: 'webhook', url: receiver.url }, customer: { type: 'webhook', url: customer.url } },
  routes: [
    ...keys.map((key) => ({ match: { account: `of-${key}` }, to: ['customer'] })),
    { match: { account: '(fleet)' }, to: ['hook'] },
    { to: ['customer'] },
  ],
});

beforeEach(async () => {
  scope = createScope();
  simulator = await createSimulator({ accounts: KEYS.map((key) => ({ key, secret: SECRET })) });
  scope.defer('simulator', () => simulator.close());
  receiver = await createReceiver();
  scope.defer('receiver', () => receiver.close());
  customer = await createReceiver();
  scope.defer('customer', () => customer.close());
  installation = createInstallation(simulator.url, sections());
  scope.defer('installation', () => installation.remove());
  installation.rule('fleet.yml', RULES);
});
afterEach(() => scope.close());

let seeds = 0;
const add = (key: string, atMs = Date.now() - 2_000): void => {
  seeds += 1;
  simulator.add(key, createGenerator({ seed: `${key} ${seeds}`, account: key }).any(atMs, 'APP_CREATE'));
};
const once = async (): Promise<boolean> => (await runInProcess(installation.config, 'once')).done;
interface Told {
  readonly id: string;
  readonly account: string;
  readonly rule: { readonly title: string };
  readonly message: string;
}
const alerts = () => receiver.requests.map(({ body }) => JSON.parse(body) as Told);
const command = (...args: readonly string[]) =>
  runHere([...args, '--config', installation.config], { cwd: installation.folder });
const recorded = async () =>
  jsonLines((await command('alerts', 'list', '--account', '(fleet)', '--json')).stdout) as {
    readonly id: string;
    readonly message: string;
  }[];

it('counts over accounts, also across restarts, and tells once; what it refers to stays silent', async () => {
  add(KEYS[0]);
  add(KEYS[1]);
  expect(await once()).toBe(true);
  expect(alerts()).toEqual([]);
  add(KEYS[2]);
  expect(await once()).toBe(true);
  expect(alerts().map(({ rule, account, message }) => [rule.title, account, message])).toEqual([
    ['Three accounts', '(fleet)', 'In of-aaaa1111, of-bbbb2222, of-cccc3333'],
  ]);
  expect(await once()).toBe(true);
  expect(alerts().length).toBe(1);
  // What happens at other customers is no matter of the people of one.
  expect(customer.requests).toEqual([]);
});

it('folds what follows, whichever account comes last, and shows the events of all accounts', async () => {
  for (const order of [KEYS, [...KEYS].reverse()]) {
    for (const key of order) {
      add(key);
      expect(await once()).toBe(true);
    }
  }
  const told = await recorded();
  expect(told.length).toBe(2);
  expect(alerts().length).toBe(1);
  const { stdout } = await command('alerts', 'show', alerts()[0]?.id ?? '');
  expect(stdout).toMatch(/^HIGH {2}Three accounts \(fleet\)$/m);
  expect(stdout.match(/^event /gm)?.length).toBe(3);
  expect(stdout).not.toContain('no longer kept');

  // Each event knows the alert, and who gets the trail of one account does not read of the others.
  const exported = async (...args: readonly string[]) =>
    jsonLines((await command('export', '--alerts', ...args)).stdout) as {
      readonly _monitor: {
        readonly alerts: readonly { readonly title: string; readonly message?: string }[];
      };
    }[];
  const whole = await exported();
  expect(whole.map(({ _monitor: { alerts: of } }) => of.map(({ title }) => title))).toEqual(
    Array.from({ length: 6 }, () => ['Three accounts']),
  );
  expect(whole[0]?._monitor.alerts[0]?.message).toContain('of-bbbb2222');
  const one = await exported('--account', `of-${KEYS[0]}`);
  expect(one.length).toBe(2);
  expect(one.every(({ _monitor: { alerts: of } }) => of[0]?.message === undefined)).toBe(true);
});

it('a backfill that is quiet alerts nobody, and one that notifies does', async () => {
  // The past begins with the first pass.
  installation.configure({ ...sections(), poll: { settle: '0s', start: 'now' } });
  expect(await once()).toBe(true);
  const pastMs = Date.now() - 10 * 86_400_000;
  for (const key of KEYS) add(key, pastMs);
  const quiet = await command('backfill', '--from', '20d', '--to', '5d');
  expect(quiet.code).toBe(0);
  expect(await once()).toBe(true);
  expect(await recorded()).toMatchObject([{ message: 'In of-aaaa1111, of-bbbb2222, of-cccc3333' }]);
  expect(alerts()).toEqual([]);

  for (const key of KEYS) add(key, pastMs - 40 * 86_400_000);
  expect((await command('backfill', '--from', '60d', '--to', '20d', '--notify')).code).toBe(0);
  expect(await once()).toBe(true);
  expect((await recorded()).length).toBe(2);
  expect(alerts().length).toBe(1);
});

it('an event that cannot be judged costs itself alone', async () => {
  add(KEYS[0]);
  add(KEYS[1]);
  expect(await once()).toBe(true);
  const { default: Database } = await import('better-sqlite3');
  add(KEYS[0]);
  installation.configure({ ...sections(), rules: [] });
  expect(await once()).toBe(true);
  const db = new Database(installation.database);
  db.prepare("UPDATE events SET json = '{' WHERE seq = (SELECT max(seq) FROM events)").run();
  db.close();
  installation.configure(sections());
  add(KEYS[2]);
  const run = await runInProcess(installation.config, 'once');
  expect(await run.done).toBe(true);
  expect(run.lines.filter(({ event }) => event === 'fleet.skipped').length).toBe(1);
  expect(alerts().map(({ rule }) => rule.title)).toEqual(['Three accounts']);
});

it('looks at nothing while there is one account, and begins with the second', async () => {
  installation.configure(sections([KEYS[0]]));
  add(KEYS[0]);
  expect(await once()).toBe(true);
  installation.configure(sections());
  add(KEYS[1]);
  add(KEYS[2]);
  expect(await once()).toBe(true);
  expect(await recorded()).toEqual([]);
  add(KEYS[0]);
  expect(await once()).toBe(true);
  expect((await recorded()).length).toBe(1);
});

it('a backtest makes the very alerts, from the store, from the API, and from an export', async () => {
  installation.configure({ ...sections(), poll: { settle: '0s', overlap: '3h', start: '24h' } });
  for (const [index, key] of [...KEYS, ...KEYS, KEYS[0], KEYS[0], ...KEYS].entries()) {
    add(key, Date.now() - 60_000 * (100 - index));
    expect(await once()).toBe(true);
  }
  const made = (await recorded()).map(({ id }) => id).sort();
  expect(made.length).toBe(3);
  const backtest = async (...args: readonly string[]) => {
    const ran = await command('rules', 'backtest', '--json', '--rule', 'three_accounts', ...args);
    const told = jsonLines(ran.stdout) as Told[];
    expect(told.every(({ account }) => account === '(fleet)')).toBe(true);
    return { ids: told.map(({ id }) => id).sort(), stderr: ran.stderr };
  };
  expect(await backtest()).toEqual({ ids: made, stderr: '' });
  expect(await backtest('--source', 'api', '--from', '2d')).toEqual({ ids: made, stderr: '' });
  const file = join(installation.folder, 'export.ndjson');
  writeFileSync(file, (await command('export')).stdout);
  expect(await backtest('--source', file)).toEqual({ ids: made, stderr: '' });
  const one = await backtest('--account', `of-${KEYS[0]}`);
  expect(one.ids).toEqual([]);
  expect(one.stderr).toContain('fleet rules compare those of several');
}, 30_000);
