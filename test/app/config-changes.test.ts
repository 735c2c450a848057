import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { changesBetween, configHash } from '../../src/app/config-changes.ts';
import { load, type Ready } from '../../src/app/load.ts';
import { keepFixed } from '../../src/app/needs-restart.ts';
import { ruleOf } from '../support/installation.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vonage-audit-monitor-changes-'));
  mkdirSync(join(folder, 'rules'));
  mkdirSync(join(folder, 'presets'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 });
const read = async (
  sections: object | string = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Ready> => {
  write(
    'monitor.yml',
    typeof sections === 'string'
      ? sections
      : JSON.stringify({ accounts: [{ name: 'a', api_key: 'abcd1234', api_secret: 'hush-1' }], ...sections }),
  );
  const path = join(folder, 'monitor.yml');
  const loaded = await load({ path, env, cwd: folder, packageDir: ROOT, now: Date.now });
  if (!loaded.ready) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.ready;
};

it('the same configuration, written otherwise, is the same', async () => {
  write('rules/app.yml', ruleOf('App', 'high', ['APP_CREATE']));
  const one = await read(
    'accounts: [{ name: a, api_key: abcd1234, api_secret: hush-1 }]\npoll: { interval: 60s }\nlists: { x: [y] }\n',
  );
  const other = await read(
    '# Ours\nlists:\n  x:\n    - "y"\npoll:\n  interval: ${EVERY}\naccounts:\n  - api_secret: hush-1\n    api_key: abcd1234\n    name: a\nlog: { level: info }\n',
    { EVERY: '1m' },
  );
  expect(changesBetween(one, other)).toEqual([]);
  expect(configHash(other)).toBe(configHash(one));
  expect(configHash(one)).toMatch(/^[0-9a-f]{16}$/);
});

it('a secret that changes is a change, and is neither told nor part of the hash', async () => {
  const sink = (token: string) => ({
    sinks: { hook: { type: 'webhook', url: 'https://example.com/x', headers: { authorization: token } } },
    heartbeat: { url: `https://example.com/${token}` },
  });
  const one = await read(sink('hush-2'));
  const other = await read({
    accounts: [{ name: 'a', api_key: 'abcd1234', api_secret: 'hush-9' }],
    ...sink('hush-3'),
  });
  const changes = changesBetween(one, other);
  expect(changes).toEqual(['account "a": changed', 'sink "hook": changed', 'heartbeat: changed']);
  expect(changes.join()).not.toContain('hush');
  expect(configHash(other)).toBe(configHash(one));
  const without = await read({ sinks: { hook: { type: 'webhook', url: 'https://example.com/x' } } });
  expect(configHash(without)).not.toBe(configHash(one));
});

it('what each replica may have of its own makes no skew: its port, and its way to the store they share', async () => {
  const on = (port: number, user: string, lease = '10s', external = '') => ({
    http: { listen: `127.0.0.1:${port}`, external_url: external },
    store: { url: `postgres://${user}:hush-4@localhost/monitor`, lease },
  });
  const one = configHash(await read(on(8081, 'vam_app')));
  expect(configHash(await read(on(8082, 'vam_app_2')))).toBe(one);
  expect(configHash(await read(on(8081, 'vam_app', '20s')))).not.toBe(one);
  expect(configHash(await read(on(8081, 'vam_app', '10s', 'https://a.example.com')))).not.toBe(one);
});

it('a secret in a file is followed anyway: its content is no change, another file is one', async () => {
  write('one', 'hush-1');
  write('two', 'hush-1');
  const by = (file: string) =>
    read({
      accounts: [{ name: 'a', api_key: 'abcd1234', api_secret_file: file }],
      sinks: { hook: { type: 'webhook', url_file: 'url' } },
    });
  write('url', 'https://example.com/hush-4');
  const one = await by('one');
  write('one', 'hush-7');
  write('url', 'https://example.com/hush-5');
  expect(changesBetween(one, await by('one'))).toEqual([]);
  expect(one.sources.map((path) => path.replace(folder, ''))).not.toContain('/one');
  const other = await by('two');
  expect(changesBetween(one, other)).toEqual(['account "a": changed']);
  expect(configHash(other)).toBe(configHash(one));
});

it.each<[string, object, object, readonly string[]]>([
  [
    'values',
    { poll: { interval: '30s', start: 'now' } },
    { poll: { interval: '2m', start: '24h' } },
    ['poll.interval: 30s → 2m', 'poll.start: {"kind":"now"} → {"kind":"ago","ms":86400000}'],
  ],
  ['a value that was absent', {}, { api: { requests_per_second: 5 } }, ['api.requests_per_second: none → 5']],
  [
    'lists',
    { lists: { x: ['a'], y: [] } },
    { lists: { x: ['b'], z: [] } },
    ['list "x": changed', 'list "y": removed', 'list "z": added'],
  ],
  [
    'time windows',
    { time_windows: { w: { days: 'mon' } } },
    { time_windows: { w: { days: 'tue' } } },
    ['time window "w": changed'],
  ],
  ['the zone', {}, { timezone: 'Europe/London' }, ['timezone: changed']],
  [
    'routes',
    { sinks: { c: { type: 'log' } } },
    { sinks: { c: { type: 'log' } }, routes: [{ match: { level: 'low' }, to: ['c'] }, { to: ['c'] }] },
    ['routes: changed'],
  ],
  [
    'limits of a sink',
    { sinks: { c: { type: 'log' } } },
    { sinks: { c: { type: 'log', max_age: '1h' } } },
    ['sink "c": changed'],
  ],
  ['a drill', {}, { drill: { at: '09:00' } }, ['drill: added']],
  ['whether files are watched', {}, { reload: { watch: false } }, ['reload.watch: true → false']],
])('tells of %s', async (_, before, after, expected) => {
  const [one, other] = [await read(before), await read(after)];
  expect(changesBetween(one, other)).toEqual(expected);
  expect(configHash(one)).not.toBe(configHash(other));
});

it('tells of rules by their titles, and of what is none by its file', async () => {
  const documents = (...parts: readonly string[]): void => write('rules/all.yml', parts.join('\n---\n'));
  const [first, second] = [
    `${ruleOf('First', 'low', ['APP_CREATE'])}\nname: first`,
    ruleOf('Second', 'low', ['APP_CREATE']),
  ];
  documents(first, second);
  const one = await read();
  documents(first, ruleOf('Second', 'high', ['APP_CREATE']), ruleOf('Third', 'low', ['APP_CREATE']));
  expect(changesBetween(one, await read())).toEqual(['rule "Second": changed', 'rule "Third": added']);
  documents(first, second);
  write(
    'rules/filter.yml',
    'title: Not ours\nlogsource: {product: vonage}\nfilter: {rules: [first], a: {event_type: x}, condition: not a}\n',
  );
  write(
    'rules/retired.yml',
    ruleOf('Old', 'low', ['APP_CREATE']).replace('level', 'status: deprecated\nlevel'),
  );
  expect(changesBetween(one, await read())).toEqual(['rule files: changed']);
});

it('tells of a preset whose text has changed', async () => {
  const preset = (path: string): void =>
    write(
      'presets/own.yml',
      `description: x\noptions: { url: { description: Where, secret: true } }\nrequest: { url: '{options.url}', body: { text: '{message}' } }\n# ${path}\n`,
    );
  const sinks = { sinks: { own: { type: 'own', url: 'https://example.com/x' } } };
  preset('a');
  const one = await read(sinks);
  expect(one.sources).toContain(join(folder, 'presets'));
  preset('b');
  expect(changesBetween(one, await read(sinks))).toEqual(['sink "own": changed']);
});

it('keeps what only a restart changes, and names it', async () => {
  const running = (await read({ store: { path: 'one.db' } })).settings;
  const fresh = (await read({ store: { path: 'two.db', retention: '7d' }, http: { listen: 'off' } }))
    .settings;
  const { settings, needsRestart } = keepFixed(fresh, running);
  expect(needsRestart).toEqual(['store.path', 'http']);
  expect(settings.store).toEqual({
    place: { kind: 'sqlite', path: 'one.db' },
    retentionMs: 7 * 86_400_000,
    leaseMs: 10_000,
  });
  expect(settings.http).toEqual(running.http);
  expect(keepFixed(running, running)).toEqual({ settings: running, needsRestart: [] });
});
