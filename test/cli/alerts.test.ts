import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { alertRow } from '../../src/server/alert-shapes.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { jsonLines, type Ran, runHere } from '../support/command.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';

let scope: Scope;
let installation: Installation;

beforeEach(async () => {
  scope = createScope();
  const simulator = await simulatorIn(scope);
  installation = installationIn(scope, simulator.url);
  installation.rule('app.yml', ruleOf('App \u001b[31mmade', 'high', ['APP_CREATE']));
  installation.rule('user.yml', ruleOf('User made', 'low', ['USER_CREATE']));
  const generator = createGenerator({ seed: 'alerts', account: KEY });
  for (const type of ['APP_CREATE', 'USER_CREATE', 'APP_CREATE'])
    simulator.add(KEY, generator.any(Date.now() - 2_000, type));
  await (await runInProcess(installation.config, 'once')).done;
});
afterEach(() => scope.close());

const command = (...args: readonly string[]): Promise<Ran> =>
  runHere(['alerts', ...args, '-c', installation.config]);
const rows = async (...args: readonly string[]) =>
  jsonLines((await command('list', '--json', ...args)).stdout).map((line) => alertRow.parse(line));

describe('alerts', () => {
  it('are listed, by level, rule and text, as people and as programs want them', async () => {
    const all = await rows('--kind', 'rule');
    expect(all.map(({ level }) => level).sort()).toEqual(['high', 'high', 'low']);
    expect(await rows('--level', 'low', '--level', 'medium')).toMatchObject([
      { rule: { title: 'User made' } },
    ]);
    expect(await rows('--rule', all.find(({ level }) => level === 'low')?.rule.id ?? '')).toHaveLength(1);
    expect(await rows('--search', 'user MADE')).toHaveLength(1);
    expect(await rows('--limit', '2')).toHaveLength(2);
    expect(await rows('--status', 'resolved')).toEqual([]);
    const table = await command('list', '--level', 'high');
    expect(table.stdout).toMatch(/^DECIDED \(UTC\) +LEVEL +ALERT +SEEN BY +DELIVERIES +ID\n/);
    expect(table.stdout).toMatch(/ high +App ␛\[31mmade +1 sent +[0-9a-f]{32}\n/);
    expect((await command('list', '--search', 'nothing')).stdout).toBe('there are none\n');
  });

  it('are acknowledged with who and why, all of them or none', async () => {
    const [first, second] = await rows('--level', 'high');
    const none = await command('ack', first?.id ?? '', 'nonsense', '--author', 'ann');
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(await rows('--level', 'high')).toMatchObject([{ acknowledged: null }, { acknowledged: null }]);
    const done = await command(
      'ack',
      first?.id ?? '',
      second?.id ?? '',
      '--author',
      'ann',
      '--reason',
      'planned',
    );
    expect(done).toEqual({ code: 0, stdout: '2 alerts acknowledged\n', stderr: '' });
    expect(await rows('--level', 'high')).toMatchObject([
      { acknowledged: { by: 'ann' } },
      { acknowledged: { by: 'ann' } },
    ]);
    expect((await command('show', first?.id ?? '')).stdout).toMatch(
      /act +.* alert\.acknowledged by ann: planned/,
    );
    expect((await command('list', '--level', 'high')).stdout).toMatch(/ ann +1 sent/);
  });
});
