import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultConfigPath, loadConfiguration } from '../../src/config/load.ts';
import { SINK_TYPES } from '../../src/sinks/registry.ts';
import { ACCOUNT, folder, load, NOW_MS, SINKS } from './files.ts';

describe('settings', () => {
  it('need accounts alone: everything else has a default', async () => {
    const { settings, problems, warnings } = await load(
      'accounts: [{ name: a, api_key: k1, api_secret: s }]\n',
    );
    expect([...problems, ...warnings]).toEqual([]);
    expect(settings).toMatchObject({
      api: { baseUrl: 'https://api.nexmo.com/beta/audit', pageSize: 100, timeoutMs: 10_000 },
      poll: {
        intervalMs: 30_000,
        overlapMs: 600_000,
        settleMs: 5_000,
        start: { kind: 'now' },
        maxWindowEvents: 5_000,
      },
      store: { place: { kind: 'sqlite', path: 'data/monitor.db' }, retentionMs: 400 * 86_400_000 },
      lists: {},
      timezone: 'UTC',
      sinks: [{ name: 'console', type: 'log', options: { level: 'info' }, off: false }],
      routes: [{ match: undefined, to: ['console'], continue: false }],
      http: { listen: { host: '127.0.0.1', port: 8080 } },
      log: { level: 'info', events: 'all' },
    });
  });

  it('hold every option in its own unit and shape', async () => {
    const { settings, problems } = await load(`accounts:
  - { name: one, api_key: k1, api_secret: s1 }
  - { name: two, api_key: k2, api_secret: s2 }
api: { base_url: "http://127.0.0.1:9000/audit/", page_size: 1, timeout: 1m }
poll: { interval: 1s, overlap: 2h, settle: 0s, start: 2026-01-01T02:00:00+02:00, max_window_events: 100 }
store: { path: /data/monitor.db, retention: 2w }
lists: { users: [a, b] }
timezone: Europe/London
sinks:
  out: { type: log, level: warn }
  gone: { type: webhook, url: "" }
routes:
  - { match: { level: HIGH, context.country: [GB, 44], rule: x }, to: [out, out, gone], continue: true }
  - { to: [out] }
http: { listen: "[::1]:0" }
log: { level: debug, events: none }
`);
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({
      api: { baseUrl: 'http://127.0.0.1:9000/audit', pageSize: 1, timeoutMs: 60_000 },
      poll: {
        intervalMs: 1_000,
        overlapMs: 7_200_000,
        settleMs: 0,
        start: { kind: 'at', ms: Date.UTC(2026, 0, 1) },
        maxWindowEvents: 100,
      },
      store: { place: { kind: 'sqlite', path: '/data/monitor.db' }, retentionMs: 14 * 86_400_000 },
      lists: { users: ['a', 'b'] },
      timezone: 'Europe/London',
      sinks: [
        { name: 'out', type: 'log', options: { level: 'warn' }, off: false },
        { name: 'gone', type: 'webhook', off: true },
      ],
      routes: [
        {
          match: { level: ['HIGH'], 'context.country': ['GB', '44'], rule: ['x'] },
          to: ['out', 'gone'],
          continue: true,
        },
        { match: undefined, to: ['out'], continue: false },
      ],
      http: { listen: { host: '::1', port: 0 } },
      log: { level: 'debug', events: 'none' },
    });
    expect(settings?.accounts.map((account) => [account.name, account.credentials()])).toEqual([
      ['one', { apiKey: 'k1', apiSecret: 's1' }],
      ['two', { apiKey: 'k2', apiSecret: 's2' }],
    ]);
  });

  it('listen nowhere, and start some time ago, when told so', async () => {
    const { settings } = await load(`${ACCOUNT}http: { listen: off }\npoll: { start: 24h }\n`);
    expect(settings?.http.listen).toBeUndefined();
    expect(settings?.poll.start).toEqual({ kind: 'ago', ms: 86_400_000 });
  });

  it('read the past again as told, or not at all, with an overlap that is fixed or chosen', async () => {
    const usual = await load(ACCOUNT);
    expect(usual.settings).toMatchObject({
      poll: { overlapMs: 600_000, overlapAuto: false },
      reconcile: {
        requestsPerMinute: 60,
        backfillRequestsPerMinute: 300,
        sweeps: [
          { lastMs: 3_600_000, everyMs: 600_000 },
          { lastMs: 86_400_000, everyMs: 21_600_000 },
          { lastMs: 30 * 86_400_000, everyMs: 7 * 86_400_000 },
        ],
      },
      drift: { learnMs: 7 * 86_400_000 },
    });
    const own = await load(
      `${ACCOUNT}poll: { overlap: auto }\nreconcile: { windows: [{ last: 2d, every: 1h }] }\ndrift: { learn: 0s }\n`,
    );
    expect(own.settings).toMatchObject({
      poll: { overlapMs: 600_000, overlapAuto: true },
      reconcile: { sweeps: [{ lastMs: 2 * 86_400_000, everyMs: 3_600_000 }] },
      drift: { learnMs: 0 },
    });
    expect((await load(`${ACCOUNT}reconcile: { windows: off }\n`)).settings?.reconcile.sweeps).toEqual([]);
    const texts = async (text: string) => (await load(ACCOUNT + text)).problems;
    expect(await texts('poll: { overlap: auto }\nstore: { retention: 1d }\n')).toEqual([
      expect.stringContaining('store.retention: found a time within poll.overlap'),
    ]);
    expect(
      await texts('reconcile: { windows: [{ last: 1d, every: 1h }, { last: 24h, every: 2h }] }\n'),
    ).toEqual(['monitor.yml:2:23: reconcile.windows: found two with the same "last", allowed: each once']);
    expect(await texts('reconcile: { windows: never }\n')).toEqual([
      'monitor.yml:2:23: reconcile.windows: found "never", allowed: off, or a list of maps with last and every',
    ]);
  });

  it('route every alert to every sink when no routes are given', async () => {
    const { settings } = await load(
      `${ACCOUNT}sinks: { a: { type: log }, b: { type: webhook, url: "http://localhost" } }\n`,
    );
    expect(settings?.routes).toEqual([{ match: undefined, to: ['a', 'b'], continue: false }]);
  });

  it('may use anchors and aliases', async () => {
    const { settings, problems } = await load(
      `${ACCOUNT}lists: { a: &a [x, y], b: *a }\nsinks: { a: &s { type: log }, b: *s }\n`,
    );
    expect(problems).toEqual([]);
    expect(settings?.lists).toEqual({ a: ['x', 'y'], b: ['x', 'y'] });
    expect(settings?.sinks).toHaveLength(2);
  });
});

describe('warnings', () => {
  it('tell what is legal but probably not meant', async () => {
    const { settings, warnings } = await load(`accounts:
  - { name: one, api_key: k1, api_secret: s1 }
  - { name: two, api_key: k1, api_secret: s2 }
api: { base_url: "http://api.example.com" }
poll: { interval: 500ms, overlap: 0s, start: 500d }
rules: []
sinks: { w: { type: webhook, url: "" } }
routes: [{ match: { user_emial: a, context.anything: b }, to: [w] }, { to: [w] }]
`);
    expect(settings).toBeDefined();
    expect(warnings).toEqual([
      'monitor.yml:3:27: accounts[1].api_key: the key of accounts[0] too, so its trail is read twice',
      'monitor.yml:4:18: api.base_url: http to another machine sends the API secret readable to everybody between',
      'monitor.yml:5:19: poll.interval: 500ms asks the API more often than it changes; meant for tests',
      'monitor.yml:5:35: poll.overlap: without an overlap, events that become visible late are missed',
      'monitor.yml:5:46: poll.start: lies before what store.retention keeps; older events are read, alerted and then deleted',
      'monitor.yml:6:8: rules: no rule file was found (*.yml, *.yaml), so events are stored but nothing can match',
      'monitor.yml:8:21: routes[0].match: "user_emial" is no field that events are known to have; did you mean "user_email"?',
      'monitor.yml:8:70: routes: every sink of the last route is off, so alerts may be recorded and sent nowhere',
    ]);
  });

  it('tell of a start in the future, and of a fallback that is off', async () => {
    const { settings, warnings } = await load(`accounts: [{ name: one, api_key: k1, api_secret: s1 }]
poll: { start: 2226-06-02T00:00:00Z }
sinks: { w: { type: webhook, url: "" }, console: { type: log, fallback: w } }
routes: [{ to: [console] }]
`);
    expect(settings).toBeDefined();
    expect(warnings.filter((text) => !text.includes('rule'))).toEqual([
      'monitor.yml:2:16: poll.start: a time in the future; refused by run for an account that has not been read yet',
      'monitor.yml:3:73: sinks.console.fallback: "w" is off, so there is no fallback',
    ]);
  });
});

describe('the configuration file', () => {
  it.each([
    ['missing', {}, 'monitor.yml: no such file'],
    ['a folder', { 'monitor.yml/x': '' }, 'monitor.yml: a folder; allowed: a file'],
    [
      'UTF-16',
      { 'monitor.yml': new Uint8Array([0xff, 0xfe, 0x61, 0]) },
      'monitor.yml: not UTF-8 (it looks like UTF-16); allowed: a text file in UTF-8',
    ],
    [
      'binary',
      { 'monitor.yml': new Uint8Array([0xc3, 0x28]) },
      'monitor.yml: not UTF-8; allowed: a text file in UTF-8',
    ],
    [
      'too large',
      { 'monitor.yml': '#'.repeat(1_048_577) },
      'monitor.yml: too large: 1048577 bytes; allowed: at most 1048576',
    ],
  ])('%s: one problem', async (_title, files, expected) => {
    const root = folder(files);
    expect((await load({ root })).problems).toEqual([expected]);
  });

  it('may begin with a byte order mark and have line ends of any system', async () => {
    const root = folder({
      'monitor.yml': `\uFEFF${ACCOUNT.replace('\n', '\r\n')}rules: []\r\nlog: { level: x }\r\n`,
    });
    expect((await load({ root })).problems).toEqual([
      'monitor.yml:3:15: log.level: found "x", allowed: debug, info, warn, error',
    ]);
  });

  it.each([
    [
      'aliases that double',
      Array.from({ length: 40 }, (_, i) => `  a${i}: &a${i} [${i ? `*a${i - 1}, *a${i - 1}` : 'x'}]\n`).join(
        '',
      ),
    ],
    ['one alias very often', `  a: &a [x]\n  b: [${'*a,'.repeat(60_000)}]\n`],
    ['brackets', `  a: ${'['.repeat(60_000)}\n`],
    ['keys given twice', '  a: []\n'.repeat(20_000)],
    ['references', `  a: ["${'${A}'.repeat(20_000)}"]\n`],
  ])(
    'built to exhaust us (%s) is refused in time, with a bounded number of problems',
    async (_title, lists) => {
      const started = performance.now();
      const { problems } = await load(`${ACCOUNT}lists:\n${lists}`);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.length).toBeLessThanOrEqual(201);
      expect(performance.now() - started).toBeLessThan(10_000);
    },
  );

  it('may hold any text at all: the loader never throws', async () => {
    const root = folder({ 'rules/one.yml': 'title: One\n' });
    const word = fc.constantFrom(
      ...['accounts', 'sinks', 'routes', 'lists', 'poll', 'api', 'match', 'to', 'type', 'log', 'url', 'name']
        .concat([
          ': ',
          '\n',
          '\n  ',
          '- ',
          '{',
          '}',
          '[',
          ']',
          ', ',
          '"',
          "'",
          '&a ',
          '*a',
          '!t ',
          '#',
          '|\n',
          '? ',
        ])
        .concat(['---\n', '%', '\t', '${A}', '${B:-x}', '$${', '${', '1', '1e9', 'true', 'null', '~', '<<'])
        .concat(['__proto__', 'constructor', '\u0000', '\uFEFF']),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
        ),
        fc.boolean(),
        async (text, complete) => {
          const path = join(root, 'any.yml');
          writeFileSync(path, complete ? ACCOUNT + text : text);
          const loaded = await loadConfiguration({
            path,
            env: { A: 'x: [y' },
            sinkTypes: SINKS,
            now: () => NOW_MS,
          });
          expect(loaded.settings === undefined).toBe(loaded.problems.length > 0);
          for (const { line, column } of loaded.problems)
            expect(Math.min(line, column)).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('rule files', () => {
  it('are found in folders, in order, each once; hidden and other files are left out', async () => {
    const root = folder({
      'monitor.yml': `${ACCOUNT}rules: [rules/z.yml, rules, /nowhere-at-all, odd.txt]\n`,
      'rules/b.yaml': 'b',
      'rules/a.yml': 'a',
      'rules/z.yml': 'z',
      'rules/.hidden.yml': 'no',
      'rules/.git/x.yml': 'no',
      'rules/notes.txt': 'no',
      'rules/sub/c.yml': 'c',
      'rules/deep.yml/d.yml': 'd',
      'odd.txt': 'odd',
      'elsewhere/e.yml': 'e',
    });
    symlinkSync(join(root, 'rules'), join(root, 'rules/sub/loop'));
    symlinkSync(join(root, 'elsewhere'), join(root, 'rules/link'));
    symlinkSync(join(root, 'rules/a.yml'), join(root, 'rules/again.yml'));
    const { ruleFiles, problems } = await load({ root });
    expect(ruleFiles.map(({ path, text }) => [path.slice(root.length + 1), text])).toEqual([
      ['rules/z.yml', 'z'],
      ['rules/a.yml', 'a'],
      ['rules/b.yaml', 'b'],
      ['rules/deep.yml/d.yml', 'd'],
      ['rules/link/e.yml', 'e'],
      ['rules/sub/c.yml', 'c'],
      ['odd.txt', 'odd'],
    ]);
    expect(problems).toEqual([
      'monitor.yml:2:29: rules[2]: found "/nowhere-at-all" (no such file), allowed: rule files and folders of them',
    ]);
  });

  it('that cannot be read are problems of their own, also beside problems of the configuration', async () => {
    const root = folder({
      'monitor.yml': `${ACCOUNT}timezone: Nowhere\n`,
      'rules/binary.yml': new Uint8Array([0xc3, 0x28]),
      'rules/good.yml': 'good',
      'rules/huge.yml': '#'.repeat(1_048_577),
    });
    symlinkSync(join(root, 'gone'), join(root, 'rules/dead.yml'));
    symlinkSync(join(root, 'gone'), join(root, 'rules/dead.txt'));
    symlinkSync(join(root, 'rules/self.yml'), join(root, 'rules/self.yml'));
    const { ruleFiles, problems, lists, sinkNames } = await load({ root });
    expect(problems).toEqual([
      'monitor.yml:2:11: timezone: found "Nowhere", allowed: a name of the IANA time zone database, such as UTC or Europe/London',
      'rules/binary.yml: not UTF-8; allowed: a text file in UTF-8',
      'rules/dead.yml: no such file',
      'rules/huge.yml: too large: 1048577 bytes; allowed: at most 1048576',
      'rules/self.yml: a symbolic link that leads back to itself',
    ]);
    expect(ruleFiles.map(({ text }) => text)).toEqual(['good']);
    expect([lists, sinkNames]).toEqual([{}, ['console']]);
  });

  it('are nowhere by default without a problem, but not without a warning', async () => {
    const root = folder({ 'monitor.yml': ACCOUNT });
    const { problems, warnings, settings } = await load({ root });
    expect(problems).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(settings).toBeDefined();
  });
});

describe('the shipped configuration', () => {
  const path = new URL('../../config/monitor.yml', import.meta.url).pathname;
  const shipped = (env: Record<string, string>) =>
    loadConfiguration({ path, env, sinkTypes: SINK_TYPES, now: () => NOW_MS });

  it('works from the environment alone', async () => {
    const { settings, problems } = await shipped({ VONAGE_API_KEY: 'abcd1234', VONAGE_API_SECRET: 'secret' });
    expect(problems).toEqual([]);
    expect(settings?.sinks.map(({ name, off }) => [name, off])).toEqual([
      ['console', false],
      ['slack', true],
      ['email', true],
      ['webhook', true],
    ]);
    expect(settings?.store.place).toEqual({ kind: 'sqlite', path: 'data/monitor.db' });
  });

  it('switches every sink on from the environment', async () => {
    const { settings, problems, secrets } = await shipped({
      NEXMO_API_KEY: 'abcd1234',
      NEXMO_API_SECRET: 'secret',
      SLACK_WEBHOOK_URL: 'https://hooks.slack.example/services/T/B/x',
      SMTP_URL: 'smtp://user:pass@mail.example:587',
      ALERT_EMAIL_FROM: 'monitor@example.com',
      ALERT_EMAIL_TO: 'a@example.com',
      WEBHOOK_URL: 'https://hooks.example/x',
      WEBHOOK_SECRET: 'whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0',
      STORE_PATH: '/data/monitor.db',
      HTTP_LISTEN: '0.0.0.0:8080',
      LOG_LEVEL: 'debug',
      POLL_START: '24h',
      VONAGE_AUDIT_URL: 'http://127.0.0.1:9000',
    });
    expect(problems).toEqual([]);
    expect(settings?.sinks.filter(({ off }) => off)).toEqual([]);
    expect(settings).toMatchObject({
      api: { baseUrl: 'http://127.0.0.1:9000' },
      store: { place: { kind: 'sqlite', path: '/data/monitor.db' } },
      http: { listen: { host: '0.0.0.0', port: 8080 } },
    });
    expect(secrets).toContain('smtp://user:pass@mail.example:587');
  });

  it('says what it needs when the environment is empty', async () => {
    const { problems } = await shipped({});
    expect(problems.map(({ message }) => message.split(';')[0])).toEqual([
      'accounts[0].api_key: environment variable VONAGE_API_KEY is not set',
      'accounts[0].api_secret: environment variable VONAGE_API_SECRET is not set',
    ]);
  });

  it('is used when the working directory has none of its own', () => {
    const empty = folder({});
    const own = folder({ 'config/monitor.yml': '' });
    expect(defaultConfigPath(empty, '/package')).toBe('/package/config/monitor.yml');
    expect(defaultConfigPath(own, '/package')).toBe(join(own, 'config/monitor.yml'));
    expect(readFileSync(path, 'utf8').split('\n')[0]).toBe(
      '# yaml-language-server: $schema=./monitor.schema.json',
    );
  });
});

describe('a sink that can be switched on in more than one way', () => {
  const slack = (options: string) =>
    load(`${ACCOUNT}sinks: { out: { type: log }, slack: { type: slack, ${options} } }\n`, {}, SINK_TYPES);

  it.each([
    ['url: ""', true],
    ['token: ""', true],
    ['url: "", token: ""', true],
    ['url: "https://hooks.slack.example/services/x"', false],
    ['url: "", token: xoxb-1-a, channel: C0123456789', false],
  ])('%s: off is %s', async (options, off) => {
    const { settings, problems } = await slack(options);
    expect(problems).toEqual([]);
    expect(settings?.sinks.find(({ name }) => name === 'slack')?.off).toBe(off);
  });

  it('needs one of them', async () => {
    const { problems } = await slack('timeout: 5s');
    expect(problems).toEqual([
      'monitor.yml:2:37: sinks.slack: one of url, token is needed; an empty text switches the sink off',
    ]);
  });
});
