import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { jsonLines, runHere } from '../support/command.ts';
import { runInProcess } from '../support/in-process.ts';
import { createInstallation, type Installation, KEY, ruleOf } from '../support/installation.ts';

let installation: Installation;
beforeEach(() => {
  installation = createInstallation('http://127.0.0.1:9');
});
afterEach(() => installation.remove());

const list = (...args: readonly string[]) =>
  runHere(['rules', 'list', '--config', installation.config, ...args], { cwd: installation.folder });

const TESTED = `${ruleOf('Tested', 'low', ['APP_CREATE', 'APP_DELETE'])}
status: test
name: tested
monitor:
  shadow: true
  tests: [{events: [{event_type: APP_CREATE}], expect: 1}]`;
const MANY = `title: Many
level: critical
correlation: {type: event_count, rules: [one], timespan: 1h, condition: {gte: 3}}`;

describe('rules list', () => {
  beforeEach(() => {
    installation.rule('tested.yml', TESTED);
    installation.rule('one.yml', `${ruleOf('One', 'high', ['USER_LOGIN'])}\nname: one`);
    installation.rule('many.yml', MANY);
    installation.rule('old.yml', `${ruleOf('Old', 'high', ['APP_CREATE'])}\nstatus: deprecated`);
  });

  it('is a table, most severe first', async () => {
    const ran = await list();
    expect(ran.stdout.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'LEVEL STATUS SCOPE TESTS HITS 30D TITLE TYPES',
      'critical - account 0 - Many USER_LOGIN',
      'high - account 0 - One (feeds correlations) USER_LOGIN',
      'low test account 1 - Tested (shadow) APP_CREATE APP_DELETE',
      'not loaded: Old (status: deprecated)',
      '3 rules',
      '',
    ]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
  });

  it('--json has all of it, and any type is null', async () => {
    installation.rule('any.yml', ruleOf('Any', 'medium', ['x']).replace('event_type: [x]', 'source: API'));
    const ran = await list('--json');
    expect(jsonLines(ran.stdout)).toMatchObject([
      {
        title: 'Many',
        kind: 'correlation',
        level: 'critical',
        status: null,
        event_types: ['USER_LOGIN'],
        alerts: true,
      },
      { title: 'One', kind: 'detection', name: 'one', alerts: false, hits: null },
      { title: 'Any', event_types: null },
      { title: 'Tested', shadow: true, tests: 1, file: 'rules/tested.yml', line: 1 },
    ]);
  });

  it('says which rules look at all accounts', async () => {
    installation.rule(
      'fleet.yml',
      `title: Over all\ncorrelation: {type: event_count, rules: [one], timespan: 1h, condition: {gte: 2}}\nmonitor: {scope: fleet}`,
    );
    const rows = jsonLines((await list('--json')).stdout) as { title: string; scope: string }[];
    expect(rows.map(({ title, scope }) => [title, scope])).toContainEqual(['Over all', 'fleet']);
    expect((await list()).stdout).toMatch(/^medium +- +fleet +0 +- +Over all/m);
  });

  it('counts the hits of the last days in the store, which it only reads', async () => {
    const simulator = await createSimulator();
    try {
      installation.configure({
        api: { base_url: simulator.url, timeout: '2s' },
        poll: { settle: '0s', start: '20d' },
      });
      const generator = createGenerator({ seed: 'list', account: KEY });
      for (const minutes of [1, 2])
        simulator.add(KEY, generator.any(Date.now() - minutes * 60_000, 'APP_CREATE'));
      await (await runInProcess(installation.config, 'once')).done;
      const rows = jsonLines((await list('--json')).stdout) as { title: string; hits: number }[];
      expect(rows.map(({ title, hits }) => [title, hits])).toEqual([
        ['Many', 0],
        ['One', 0],
        ['Tested', 2],
      ]);
    } finally {
      await simulator.close();
    }
  });

  it('says when the store cannot be read, and lists all the same', async () => {
    installation.configure({ store: { path: installation.config } });
    const ran = await list();
    expect(ran.stderr).toMatch(/hits are not known: database /);
    expect(ran.stdout).toContain('Tested');
    expect(ran.code).toBe(0);
  });

  it.each(['0', 'x', '-1', '1.5'])('refuses --days %s', async (days) => {
    const ran = await list('--days', days);
    expect(ran.stderr).toMatch(/Allowed|argument/);
    expect(ran.code).toBe(2);
  });
});
