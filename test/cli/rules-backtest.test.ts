import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { openHistory } from '../../src/store/open-history.ts';
import { jsonLines, runHere } from '../support/command.ts';
import { runInProcess } from '../support/in-process.ts';
import { createInstallation, type Installation, KEY, ruleOf } from '../support/installation.ts';
import { writeEvents } from '../support/ndjson.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const RULES = fileURLToPath(new URL('../../config/rules', import.meta.url));

let installation: Installation;
beforeEach(() => {
  installation = createInstallation('http://127.0.0.1:9');
});
afterEach(() => installation.remove());

const backtest = (...args: readonly string[]) =>
  runHere(['rules', 'backtest', '--config', installation.config, ...args], { cwd: installation.folder });

const T0 = Date.UTC(2026, 0, 5, 12);
let numbers = 0;
const event = (type: string, minute: number, more: object = {}): object => {
  numbers += 1;
  return {
    id: `e${String(numbers).padStart(6, '0')}`,
    event_type: type,
    created_at: new Date(T0 + minute * 60_000).toISOString().slice(0, 19),
    user_email: 'anna@example.com',
    ...more,
  };
};
const file = (events: readonly (object | string)[]): string => {
  const path = join(installation.folder, 'events.ndjson');
  writeFileSync(
    path,
    events.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join('\n'),
  );
  return path;
};
const alertsOf = (stdout: string): { id: string; created_at: string; rule: { title: string } }[] =>
  jsonLines(stdout) as { id: string; created_at: string; rule: { title: string } }[];

describe('rules backtest over a file', () => {
  it('reports alerts by rule and day, the noisiest groups, and examples', async () => {
    installation.rule('a.yml', ruleOf('Deleted', 'high', ['APP_DELETE']));
    installation.rule('b.yml', ruleOf('Created', 'low', ['APP_CREATE']));
    installation.rule('c.yml', ruleOf('Never', 'low', ['NUMBER_CANCEL']));
    const events = [
      event('APP_DELETE', 0),
      event('APP_DELETE', 1, { user_email: 'bob@example.com' }),
      event('APP_DELETE', 2),
      event('APP_CREATE', 1_440),
      event('USER_LOGIN', 2_880),
    ];
    const ran = await backtest('--source', file(events));
    const lines = ran.stdout.split('\n').map((line) => line.trim().replace(/ +/g, ' '));
    expect(lines[0]).toMatch(
      /^3 rules held against 5 events, 2026-01-05 to 2026-01-07, from .*events\.ndjson$/,
    );
    expect(lines).toContain('high 3 1.5 2026-01-05 (3) Deleted');
    expect(lines).toContain('low 1 0.5 2026-01-06 (1) Created');
    expect(lines).toContain('1 rule never alerted');
    expect(lines).toContain(`2026-01-05 3 ${'▇'.repeat(40)} 3 high`);
    expect(lines).toContain(`2026-01-06 1 ${'▇'.repeat(13)} 1 low`);
    expect(lines).toContain('2 Deleted: anna@example.com');
    expect(lines).toContain('1 Deleted: bob@example.com');
    expect(lines).toContain('high Deleted, 2026-01-05T12:00:00.000Z');
    expect(ran).toMatchObject({ code: 0, stderr: '' });
  });

  it('counts days in the time zone of the configuration', async () => {
    installation.configure({ timezone: 'Pacific/Auckland' });
    installation.rule('a.yml', ruleOf('Deleted', 'high', ['APP_DELETE']));
    const ran = await backtest('--source', file([event('APP_DELETE', 0)]));
    expect(ran.stdout).toContain('  2026-01-06 ');
  });

  it('--json is the alerts, one a line, as a webhook gets them, in order', async () => {
    installation.rule('a.yml', ruleOf('Deleted', 'high', ['APP_DELETE']));
    const ran = await backtest('--json', '--source', file([event('APP_DELETE', 5), event('APP_DELETE', 0)]));
    expect(alertsOf(ran.stdout)).toMatchObject([
      { created_at: '2026-01-05T12:00:00.000Z', level: 'high', account: 'default', kind: 'rule' },
      { created_at: '2026-01-05T12:05:00.000Z', event_types: ['APP_DELETE'] },
    ]);
    expect(alertsOf(ran.stdout)[0]).not.toHaveProperty('delivery_id');
    const none = await backtest('--json', '--source', file([event('USER_LOGIN', 0)]));
    expect(alertsOf(none.stdout)).toEqual([]);
  });

  it('plays correlations, changes and absence in order of time, whatever the order of the lines', async () => {
    installation.rule(
      'many.yml',
      `${ruleOf('Login', 'low', ['USER_LOGIN'])}
name: login
---
title: Three Logins
correlation: {type: event_count, rules: [login], timespan: 10m, condition: {gte: 3}}
---
title: Silence
correlation: {type: event_count, rules: [login], timespan: 1h, condition: {lt: 1}}`,
    );
    // Three within ten minutes, then nothing for two hours.
    const events = [
      event('USER_LOGIN', 0),
      event('USER_LOGIN', 4),
      event('USER_LOGIN', 8),
      event('USER_LOGIN', 130),
    ];
    const inOrder = await backtest('--json', '--source', file(events));
    const turned = await backtest('--json', '--source', file(events.toReversed()));
    expect(turned.stdout).toBe(inOrder.stdout);
    expect(alertsOf(inOrder.stdout).map(({ rule, created_at }) => [rule.title, created_at])).toEqual([
      ['Three Logins', '2026-01-05T12:08:00.000Z'],
      ['Silence', '2026-01-05T13:08:00.000Z'],
    ]);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('vonage-audit-monitor-sort-'))).toEqual([]);
  });

  it('--from and --to cut a range, and --warm-up gives rules their memory', async () => {
    installation.rule(
      'a.yml',
      `${ruleOf('New Country', 'high', ['USER_LOGIN'])}\nmonitor: {first_seen: {field: source_country, by: [user_email]}}`,
    );
    const source = file([
      event('USER_LOGIN', 0, { source_country: 'DE' }),
      event('USER_LOGIN', 60, { source_country: 'DE' }),
      event('USER_LOGIN', 120, { source_country: 'IS' }),
      event('USER_LOGIN', 180, { source_country: 'FR' }),
    ]);
    const times = async (...args: readonly string[]) =>
      alertsOf((await backtest('--json', '--source', source, ...args)).stdout).map(({ created_at }) =>
        created_at.slice(11, 16),
      );
    expect(await times()).toEqual(['12:00', '14:00', '15:00']);
    const range = ['--from', '2026-01-05T13:00:00Z', '--to', '2026-01-05T15:00:00Z'];
    expect(await times(...range)).toEqual(['13:00', '14:00']);
    expect(await times(...range, '--warm-up', '2h')).toEqual(['14:00']);
    const report = await backtest('--source', source, ...range, '--warm-up', '2h');
    expect(report.stdout).toMatch(/^1 rule held against 2 events,/);
  });

  it('--rule tries some rules only, of the configuration or of a file', async () => {
    installation.rule('a.yml', `${ruleOf('Deleted', 'high', ['APP_DELETE'])}\nname: deleted`);
    installation.rule('b.yml', ruleOf('Created', 'low', ['APP_CREATE']));
    const mine = join(installation.folder, 'mine.yml');
    writeFileSync(mine, ruleOf('Login', 'low', ['USER_LOGIN']));
    const source = file([event('APP_DELETE', 0), event('APP_CREATE', 1), event('USER_LOGIN', 2)]);
    const titles = async (...args: readonly string[]) =>
      alertsOf((await backtest('--json', '--source', source, ...args)).stdout).map(({ rule }) => rule.title);
    expect(await titles()).toEqual(['Deleted', 'Created']);
    expect(await titles('--rule', 'deleted')).toEqual(['Deleted']);
    expect(await titles('--rule', mine)).toEqual(['Login']);
    expect(await titles('--rule', mine, 'created')).toEqual(['Created', 'Login']);
    expect(await titles('--rule', mine, '--rule', 'created')).toEqual(['Created', 'Login']);
  });

  it('leaves out lines that are no event, and tells which and why', async () => {
    installation.rule('a.yml', ruleOf('Deleted', 'high', ['APP_DELETE']));
    const source = file([
      'garbage',
      event('APP_DELETE', 0),
      '',
      '{"id": "x", "event_type": "APP_DELETE", "created_at": "soon"}',
    ]);
    const ran = await backtest('--source', source);
    expect(ran.stdout).toMatch(/^1 rule held against 1 event,/);
    expect(ran.stderr).toMatch(
      /events\.ndjson:1: no event, left out: .*\n.*events\.ndjson:4: .*created_at is "soon"/,
    );
    expect(ran.code).toBe(0);
  });

  it('takes an event that stands in the file twice once', async () => {
    installation.rule('a.yml', ruleOf('Deleted', 'high', ['APP_DELETE']));
    const one = event('APP_DELETE', 0);
    const ran = await backtest('--json', '--source', file([one, event('APP_DELETE', 1), one]));
    expect(alertsOf(ran.stdout)).toHaveLength(2);
    expect(ran.stderr).toContain('1 events stood in the file more than once');
  });

  it.each([
    ['a source that is none', ['--source', 'cloud'], /--source: allowed are local, api, and a file/],
    ['a folder', ['--source', tmpdir()], /allowed is a file with one event/],
    [
      'times in the wrong order',
      ['--from', '2026-02-01', '--to', '2026-01-01'],
      /--from must be before --to/,
    ],
    ['a time that is none', ['--from', '31 February'], /Allowed: a day such as/],
    ['a warm-up without a beginning', ['--warm-up', '1d'], /--warm-up needs --from/],
    ['a rule that does not exist', ['--rule', 'nobody'], /there is no rule "nobody"/],
    ['a store that is not there', [], /there is no store .*run the monitor first/],
  ])('refuses %s', async (_, args, told) => {
    installation.rule('a.yml', ruleOf('Deleted', 'high', ['APP_DELETE']));
    const ran = await backtest(...args);
    expect(ran.stderr).toMatch(told);
    expect(ran.code).toBe(2);
  });

  it('refuses a file without any event, and rules that never alert by themselves', async () => {
    installation.rule('a.yml', `${ruleOf('Deleted', 'high', ['APP_DELETE'])}\nname: deleted`);
    installation.rule(
      'b.yml',
      'title: Many\ncorrelation: {type: event_count, rules: [deleted], timespan: 1h, condition: {gte: 2}}',
    );
    const nothing = await backtest('--source', file(['{"some": "thing"}']));
    expect(nothing.stderr).toMatch(/holds no event; allowed is one as JSON on each line/);
    expect(nothing.code).toBe(2);
    const feeding = await backtest('--source', file([event('APP_DELETE', 0)]), '--rule', 'deleted');
    expect(feeding.stderr).toMatch(/only feed correlations/);
    expect(feeding.code).toBe(2);
  });

  it('lets no event steer the terminal', async () => {
    installation.rule(
      'a.yml',
      `${ruleOf('Deleted', 'high', ['APP_DELETE'])}\nmonitor: {message: 'by {user_email}'}`,
    );
    const source = file([event('APP_DELETE', 0, { user_email: '\u001b[2J\u009b1m\u202eeve' })]);
    for (const args of [[], ['--json']]) {
      const ran = await backtest('--source', source, ...args);
      // oxlint-disable-next-line eslint/no-control-regex -- these are the characters it is about
      expect(ran.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(ran.stdout).toContain('eve');
    }
  });

  it('ends early when asked to, with what was found until then', async () => {
    installation.rule('a.yml', ruleOf('Deleted', 'high', ['APP_DELETE']));
    const stop = new AbortController();
    stop.abort();
    const source = file([event('APP_DELETE', 0)]);
    const args = ['rules', 'backtest', '--config', installation.config, '--source', source];
    const report = await runHere(args, { signal: stop.signal });
    expect(report.stdout).toContain('Stopped early');
    expect(report.code).toBe(1);
    const json = await runHere([...args, '--json'], { signal: stop.signal });
    expect(alertsOf(json.stdout)).toEqual([]);
    expect(json.stderr).toContain('stopped early');
  });
});

describe('rules backtest over what the monitor has read', () => {
  it('makes the very alerts that the monitor made, from the store and from the API, and changes nothing', async () => {
    const simulator = await createSimulator();
    try {
      installation.configure({
        api: { base_url: simulator.url, timeout: '5s' },
        poll: { settle: '0s', start: '5d' },
        rules: [RULES],
        lists: { automation_users: [] },
      });
      const generator = createGenerator({ seed: 'backtest', account: KEY });
      const nowMs = Math.floor(Date.now() / 1_000) * 1_000;
      for (const each of generator.ordinary(nowMs - 4 * 86_400_000, nowMs)) simulator.add(KEY, each);
      const story = generator.stories.accountTakeover(nowMs - 86_400_000);
      for (const { event: each } of story.steps) simulator.add(KEY, each);
      await (await runInProcess(installation.config, 'once')).done;

      const stored = openHistory(installation.database);
      const made = (await stored.history.alerts({ kind: 'rule', limit: 10_000 })).items;
      const startMs = (await stored.progress('default'))?.startMs ?? 0;
      await stored.close();
      expect(made.length).toBeGreaterThan(3);
      const ids = made.map(({ id }) => id).sort();

      const before = readFileSync(installation.database);
      const local = await backtest('--json');
      expect(
        alertsOf(local.stdout)
          .map(({ id }) => id)
          .sort(),
      ).toEqual(ids);
      expect(readFileSync(installation.database)).toEqual(before);
      // It begins where the monitor began, for the same memory of rules.
      const from = new Date(startMs).toISOString();
      const remote = await backtest('--json', '--source', 'api', '--from', from);
      expect(
        alertsOf(remote.stdout)
          .map(({ id }) => id)
          .sort(),
      ).toEqual(ids);
      expect(local).toMatchObject({ code: 0, stderr: '' });

      const unknown = await backtest('--account', 'nobody');
      expect(unknown.stderr).toMatch(/knows no account "nobody"/);
      const other = await backtest('--source', 'api', '--account', 'nobody');
      expect(other.stderr).toMatch(/there is no account "nobody"; there are default/);
    } finally {
      await simulator.close();
    }
  }, 60_000);

  it('an API that cannot be read ends it with 1', async () => {
    const simulator = await createSimulator();
    const url = simulator.url;
    await simulator.close();
    installation.configure({ api: { base_url: url, timeout: '100ms' } });
    installation.rule('a.yml', ruleOf('Deleted', 'high', ['APP_DELETE']));
    const stop = AbortSignal.timeout(300);
    const ran = await runHere(
      ['rules', 'backtest', '-c', installation.config, '--source', 'api', '--from', '1h'],
      {
        signal: stop,
      },
    );
    expect(ran.code).toBe(1);
  });
});

describe('rules backtest as a process', () => {
  it('a reader that goes away ends it without a word', async () => {
    installation.rule('a.yml', ruleOf('Login', 'low', ['USER_LOGIN']));
    const source = join(installation.folder, 'many.ndjson');
    writeEvents(source, 20_000);
    const args = [MAIN, 'rules', 'backtest', '-c', installation.config, '--source', source, '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = (await once(child, 'close')) as [number | null];
    expect(stderr).toBe('');
    expect(code).toBe(0);
  }, 60_000);
});
