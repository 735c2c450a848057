import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { load } from '../../src/app/load.ts';
import { createInstallation, type Installation, ruleOf } from '../support/installation.ts';

let installation: Installation;
beforeEach(() => {
  installation = createInstallation('http://127.0.0.1:9/beta/audit');
  installation.rule('a.yml', ruleOf('A', 'low', ['APP_CREATE']));
});
afterEach(() => installation.remove());

const loaded = () =>
  load({
    path: installation.config,
    env: {},
    cwd: installation.folder,
    packageDir: installation.folder,
    now: Date.now,
  });

describe('loading configuration and rules together', () => {
  it('is ready when both are right', async () => {
    const { ready, problems } = await loaded();
    expect(problems).toEqual([]);
    expect(ready?.rules.rules.map((rule) => rule.info.title)).toEqual(['A']);
  });

  it('tells problems of the configuration and of the rules in one go, by place', async () => {
    installation.configure({ sinks: { x: { type: 'slak' } } });
    installation.rule('b.yml', 'title: B\n');
    const { ready, problems } = await loaded();
    expect(ready).toBeUndefined();
    expect(problems.map((problem) => problem.file.replace(/^.*[\\/]/, ''))).toEqual(
      expect.arrayContaining(['monitor.yml', 'b.yml']),
    );
  });

  it('finds options of a sink that are legal one by one but cannot work together', async () => {
    installation.configure({
      sinks: {
        hook: { type: 'webhook', url: 'https://hooks.example.com/x', allow_hosts: ['other.example.com'] },
      },
      routes: [{ to: ['hook'] }],
    });
    const { ready, problems } = await loaded();
    expect(ready).toBeUndefined();
    expect(problems).toEqual([
      { file: installation.config, line: 0, column: 0, message: expect.stringContaining('sink "hook": ') },
    ]);
  });
});
