import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { openHistory } from '../../src/store/open-history.ts';
import { jsonLines, type Ran, runHere, runProcess } from '../support/command.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';

const NEW = '3b7c0d51-3f0e-4d4f-8a77-0d9c63a3b001';
const MANY = '3b7c0d51-3f0e-4d4f-8a77-0d9c63a3b002';

let scope: Scope;
let simulator: Simulator;
let installation: Installation;

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  installation = installationIn(scope, simulator.url);
  installation.rule(
    'new.yml',
    `${ruleOf('New user', 'low', ['USER_LOGIN']).replace('logsource', `id: ${NEW}\nlogsource`)}\nmonitor: {first_seen: {field: user_email}}`,
  );
  installation.rule(
    'many.yml',
    [
      `title: Logins\nname: logins\n${ruleOf('x', 'low', ['USER_LOGIN']).split('\n').slice(1).join('\n')}`,
      '---',
      `title: Many logins\nid: ${MANY}\nlevel: high`,
      'correlation: {type: event_count, rules: [logins], group-by: [user_email], timespan: 1d, condition: {gte: 100}}',
    ].join('\n'),
  );
  const generator = createGenerator({ seed: 'state', account: KEY });
  for (const email of ['alice@example.com', 'bob@example.com', '\u001b[2Jeve'])
    simulator.add(KEY, { ...generator.any(Date.now() - 2_000, 'USER_LOGIN'), user_email: email });
  await (await runInProcess(installation.config, 'once')).done;
});
afterEach(() => scope.close());

const command = (...args: readonly string[]): Promise<Ran> =>
  runHere(['state', ...args, '-c', installation.config]);
const records = async (...args: readonly string[]) =>
  jsonLines((await command('export', ...args)).stdout) as readonly {
    readonly rule: { readonly id: string };
    readonly memory: string;
    readonly about: readonly string[];
    readonly what: string;
    readonly newest_at: string | null;
  }[];

describe('state', () => {
  it('shows what rules remember, in words', async () => {
    const totals = (await command('show')).stdout.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME');
    expect(totals).toMatch(/^ACCOUNT +RULE +MEMORY +RECORDS +NEWEST \(UTC\)\n/);
    expect(totals).toMatch(/^default +Many logins +correlation +3 +TIME$/m);
    expect(totals).toMatch(/^default +New user +first-seen +\d +TIME$/m);
    const one = await command('show', '--rule', 'Many logins');
    expect(one.stdout).toMatch(/bob@example\.com +1 event\n/);
    expect(one.stdout).toContain('␛[2Jeve');
    expect(await records('--rule', MANY)).toHaveLength(3);
    expect((await records()).filter(({ rule }) => rule.id === NEW).flatMap(({ about }) => about)).toEqual(
      expect.arrayContaining(['alice@example.com', 'bob@example.com']),
    );
    expect((await command('show', '--account', 'nobody')).code).toBe(2);
  });

  it('is forgotten by rule, by a person, once that was confirmed', async () => {
    const asked = await command('reset', '--rule', 'New user');
    expect(asked).toMatchObject({ code: 2, stdout: '' });
    expect(asked.stderr).toContain('will be forgotten for good. Say --yes: nothing was done');
    expect((await command('reset', '--yes')).stderr).toContain('say which: --rule RULE, or --all');
    const before = await records();
    const done = await command(
      'reset',
      '--rule',
      'New user',
      '--yes',
      '--author',
      'ann',
      '--reason',
      'a drill',
    );
    expect(done.stdout).toMatch(/^\d entries forgotten\n$/);
    expect(await records()).toEqual(before.filter(({ rule }) => rule.id !== NEW));
    const stored = openHistory(installation.database);
    const acts = (await stored.history.acts({ subject: NEW })).items;
    await stored.close();
    expect(acts).toMatchObject([
      { act: 'state.reset', by: 'ann', detail: `rule ${NEW} in default: a drill` },
    ]);
    expect((await command('reset', '--rule', 'New user', '--yes')).stderr).toContain(
      'there was nothing to forget',
    );
    expect((await command('reset', '--all', '--yes')).code).toBe(0);
    expect(await records()).toEqual([]);
    // The history of acts is a chain, and holds.
    expect((await runHere(['verify', '-c', installation.config])).code).toBe(0);
  });

  it('is not touched while a monitor has it loaded', async () => {
    const monitor = await runInProcess(installation.config);
    try {
      await monitor.until(({ event }) => event === 'poll.completed');
      const before = await records();
      const ran = await runProcess(['state', 'reset', '--all', '--yes', '-c', installation.config]);
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain('stop it, reset, and start it again');
      expect(await records()).toEqual(before);
    } finally {
      await monitor.stop();
    }
  });
});
