import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { status as shape } from '../../src/server/status-shape.ts';
import { runHere, runProcess } from '../support/command.ts';
import { installationIn, simulatorIn } from '../support/in-scope.ts';
import { createInstallation, type Installation, ruleOf } from '../support/installation.ts';
import { startMonitor } from '../support/monitor-process.ts';

const WARNING =
  /^warning: the rules or presets on disk are wrong \(\S*bad\.yml:\d+:\d+: .+\); a running monitor goes on with those it has; "check" shows all\n/;

let scope: Scope;
/** What the monitor runs with. */
let installation: Installation;
/** The same store and rules, with the address where it was found to listen: what the commands are given. */
let known: Installation;
/** A preset that an operator made, right when the monitor was started. */
const PRESET = 'title: Mine\nrequest: {url: "{options.url}", body: {text: "hello"}}\n';

beforeAll(async () => {
  scope = createScope();
  const simulator = await simulatorIn(scope);
  const tokens = [{ name: 'eve', role: 'operate', token: 'a-token-that-is-long-enough' }];
  installation = installationIn(scope, simulator.url, { http: { listen: '127.0.0.1:0', tokens } });
  installation.rule('app.yml', ruleOf('App made', 'high', ['APP_CREATE']));
  const monitor = startMonitor(['run', '-c', installation.config]);
  scope.defer('monitor', async () => {
    monitor.kill('SIGTERM');
    await monitor.ended;
  });
  const { url } = await monitor.until(({ event }) => event === 'http.listening');
  known = installationIn(scope, simulator.url, {
    store: { path: installation.database },
    rules: [join(installation.folder, 'rules')],
    http: { listen: String(url).replace('http://', ''), tokens },
  });
  await monitor.until(({ event }) => event === 'poll.completed');
  installation.rule('bad.yml', 'title: Bad\n');
  await monitor.until(({ event }) => event === 'config.kept');
}, 60_000);
afterAll(() => scope.close());

const as = (...args: readonly string[]) => [...args, '-c', known.config];

describe('with a wrong rule on disk and a monitor that runs', () => {
  it('tells how the monitor is, with one warning', async () => {
    const ran = await runProcess(as('status', '--json'));
    expect(ran.code).toBe(0);
    expect(ran.stderr.replace(WARNING, '')).toBe('');
    expect(ran.stderr).toMatch(WARNING);
    expect(shape.parse(JSON.parse(ran.stdout))).toMatchObject({ role: 'active', rules: { loaded: 1 } });
  });

  it('lets the operator silence', async () => {
    const added = await runProcess(
      as('silences', 'add', '--match', 'level=high', '--for', '1h', '--reason', 'a change'),
    );
    expect(added.code).toBe(0);
    expect(added.stderr).toMatch(WARNING);
    const listed = await runProcess(as('silences', 'list', '--json'));
    expect(listed.code).toBe(0);
    expect(JSON.parse(listed.stdout)).toMatchObject({ id: added.stdout.trim(), state: 'in_force' });
  });

  it.each([
    ['deliveries', 'list'],
    ['accounts'],
    ['events', 'tail'],
    ['events', 'list'],
    ['events', 'types', '--source', 'local'],
    ['alerts', 'list'],
    ['state', 'show'],
    ['state', 'show', '--rule', 'App made'],
    ['rules', 'explain', 'App made'],
    ['config', 'show'],
    ['completeness'],
    ['feeds'],
  ])('goes on: %s %s', async (...words) => {
    const ran = await runHere(as(...words));
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr.match(/warning: the rules or presets/g)).toHaveLength(1);
  });

  it('asks the monitor to reload, which refuses in its own words', async () => {
    const ran = await runHere(as('reload'));
    expect(ran.code).toBe(2);
    expect(ran.stdout).toContain('the configuration and the rules before stay in force');
  });

  it('stays strict where the rules are what it is about', async () => {
    for (const words of [['check'], ['run', '--once'], ['state', 'show', '--rule', 'Bad']]) {
      const ran = await runHere(as(...words));
      expect(ran).toMatchObject({ code: 2 });
      expect(ran.stdout + ran.stderr).toContain('bad.yml');
    }
  });

  it('does not say that no rule is looked for, when the store is read and no rule on disk is right', async () => {
    const other = createInstallation('http://127.0.0.1:9', {
      store: { path: installation.database },
      rules: [join(installation.folder, 'rules', 'bad.yml')],
      http: { listen: 'off' },
    });
    try {
      const ran = await runProcess(['status', '--json', '-c', other.config]);
      expect(ran.stderr).toMatch(WARNING);
      expect(shape.parse(JSON.parse(ran.stdout))).toMatchObject({ role: 'offline', healthy: true });
    } finally {
      other.remove();
    }
  });

  it('finds the sink of a preset that is wrong', async () => {
    const other = createInstallation('http://127.0.0.1:9', {
      store: { path: installation.database },
      rules: ['none.yml'],
      presets: ['mine.yml'],
      sinks: { mine: { type: 'mine', url: 'http://127.0.0.1:9' } },
      routes: [{ to: ['mine'] }],
    });
    try {
      writeFileSync(join(other.folder, 'none.yml'), ruleOf('App made', 'high', ['APP_CREATE']));
      writeFileSync(join(other.folder, 'mine.yml'), `${PRESET}slip: 1\n`);
      const found = await runHere(['deliveries', 'list', '--sink', 'mine', '-c', other.config]);
      expect(found).toMatchObject({ code: 0 });
      expect(found.stderr).toContain('mine.yml:');
      const none = await runHere(['deliveries', 'list', '--sink', 'other', '-c', other.config]);
      expect(none.code).toBe(2);
      expect(none.stderr).toContain('there are mine');
    } finally {
      other.remove();
    }
  });
});

describe('with a wrong configuration', () => {
  it('refuses, and says how to ask the monitor without it', async () => {
    const other = createInstallation('http://127.0.0.1:9', { polls: {} });
    try {
      // Wrong first, then not there.
      for (let round = 0; round < 2; round += 1) {
        const ran = await runProcess(['status', '-c', other.config]);
        expect(ran).toMatchObject({ code: 2, stdout: '' });
        expect(ran.stderr).toContain(
          'A running monitor can be asked without it: --url URL --token-file FILE',
        );
        rmSync(other.config, { force: true });
      }
      const without = await runHere(['deliveries', 'list', '-c', other.config]);
      expect(without.code).toBe(2);
      expect(without.stderr).not.toContain('--url');
    } finally {
      other.remove();
    }
  });
});
