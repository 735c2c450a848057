import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { load } from '../../src/app/load.ts';
import { createInstallation, type Installation, ruleOf } from '../support/installation.ts';
import { eventOf, stateOf } from '../support/rules.ts';

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

  it('judges rules with the lists and time windows of the configuration', async () => {
    const rule = (window: string, list: string): string => `title: Rights
logsource: {product: vonage, service: audit}
detection:
  s: {event_type: USER_STATUS, user_email|expand: '%${list}%'}
  condition: s
monitor: {outside: ${window}}
`;
    installation.configure({
      lists: { watched: { file: 'watched.txt' } },
      time_windows: { office_hours: { days: 'mon-fri', hours: '08:00-18:00', timezone: 'Europe/Berlin' } },
    });
    writeFileSync(join(dirname(installation.config), 'watched.txt'), 'anna@example.com # admin\n');
    installation.rule('b.yml', rule('office_hours', 'watched'));
    const { ready, problems } = await loaded();
    expect(problems).toEqual([]);
    const matchesAt = (createdAt: string): number => {
      const fields = { event_type: 'USER_STATUS', user_email: 'anna@example.com' };
      const event = eventOf(fields, { ms: Date.parse(createdAt) });
      return ready?.rules.engine.evaluate(event, stateOf()).matches.length ?? -1;
    };
    // A Monday in winter: 08:00 in Berlin is 07:00 UTC.
    expect(['06:59', '07:00', '16:59', '17:00'].map((time) => matchesAt(`2026-01-05T${time}:00Z`))).toEqual([
      1, 0, 0, 1,
    ]);
    installation.rule('b.yml', rule('offic_hours', 'wached'));
    const hints = (await loaded()).problems.map(({ message }) => message.replace(/^.*; /, ''));
    expect(hints).toEqual(['did you mean "watched"?', 'did you mean "office_hours"?']);
  });

  it('finds message templates that are broken, and names that no event has', async () => {
    const rule = (id: number, message: string): string =>
      `${ruleOf(`T${id}`, 'low', ['APP_DELETE'])}\nmonitor: {message: "${message}"}\n`;
    installation.rule('good.yml', rule(1, '{user_email} deleted {context.appId|an application} ({count})'));
    installation.rule('odd.yml', rule(2, '{user_mail} did it'));
    const { ready, warnings } = await loaded();
    expect(ready).toBeDefined();
    expect(warnings.map((warning) => warning.message)).toEqual([
      expect.stringContaining('poll.interval'),
      expect.stringMatching(/"user_mail" is no field .*did you mean "user_email"\?/),
    ]);
    installation.rule('bad.yml', rule(3, 'unclosed {user_email'));
    const { problems } = await loaded();
    expect(problems).toEqual([
      expect.objectContaining({
        file: expect.stringMatching(/bad\.yml$/),
        line: 1,
        message: expect.stringContaining('not closed'),
      }),
    ]);
  });

  it('finds two sinks that would write to one file', async () => {
    const file = (path: string) => ({ type: 'file', path });
    installation.configure({
      sinks: { a: file('data/x.ndjson'), b: file('./data/../data/x.ndjson'), c: file('data/y.ndjson') },
      routes: [{ to: ['a', 'b', 'c'] }],
    });
    const { ready, problems } = await loaded();
    expect(ready).toBeUndefined();
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^sink "b": file \S+x\.ndjson is that of sink "a"; allowed: one of its own$/),
    ]);
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
