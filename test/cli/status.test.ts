import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { reloadAnswer } from '../../src/server/alert-shapes.ts';
import { accountStatus, status as shape } from '../../src/server/status-shape.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { jsonLines, type Ran, runHere, runProcess } from '../support/command.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf, SECRET } from '../support/installation.ts';

let scope: Scope;
let simulator: Simulator;
let installation: Installation;
const TOKEN = 'a-token-that-is-long-enough';

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  installation = installationIn(scope, simulator.url, {
    sinks: { console: { type: 'log' }, empty: { type: 'webhook', url: '' } },
    routes: [{ to: ['console'] }],
    http: { listen: '127.0.0.1:0', tokens: [{ name: 'eve', role: 'view', token: TOKEN }] },
  });
  installation.rule('app.yml', ruleOf('App made', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

const command = (...args: readonly string[]): Promise<Ran> => runHere([...args, '-c', installation.config]);
const addEvent = (): void =>
  simulator.add(KEY, createGenerator({ seed: 'status', account: KEY }).any(Date.now() - 2_000, 'APP_CREATE'));
/** Times and sizes differ from run to run. */
const still = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(/ +\b\d+[smh]( \d+[sm])?\b/g, ' AGE')
    .replaceAll(/[\d.]+ [kM]B/g, 'SIZE')
    .replaceAll(/process \d+/g, 'process N')
    .replaceAll(/held by [^,]+,/g, 'held by HOST,')
    .replaceAll(/\([0-9a-f]{12}\)/g, '(HASH)')
    .replaceAll(installation.folder, 'FOLDER')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS');

/** Runs the monitor inside of this process; answers where it listens, once it has made a pass. */
const running = async (): Promise<string> => {
  const monitor = await runInProcess(installation.config);
  scope.defer('monitor', async () => void (await monitor.stop()));
  await monitor.until(({ event }) => event === 'alert.decided');
  await monitor.until(({ event }) => event === 'poll.completed');
  await monitor.until(({ event }) => event === 'delivery.sent');
  return String((await monitor.until(({ event }) => event === 'http.listening'))['url']);
};

describe('status, asked of the running monitor', () => {
  it('is one screen, and says whom it asked', async () => {
    addEvent();
    const url = await running();
    const file = join(installation.folder, 'token');
    writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 });
    const ran = await runHere(['status', '--url', url, '--token-file', file]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(still(ran.stdout)).toBe(
      `All is well: 1 account watched up to AGE ago, 1 sink on.

monitor    active, up AGE; asked at http://ADDRESS, version 0.1.0
config     FOLDER/monitor.yml, read TIME UTC (HASH)

ACCOUNT  STATE  BEHIND  LAST PASS  COMPLETE  EVENTS
default  ok AGE AGE ago  yes            1

SINK     TYPE     STATE  QUEUE  OLDEST  PARKED  SENT  LAST SENT
console  log      ok         0       -       0     1 AGE ago
empty    webhook  off        0       -       0     0          -  its url is empty

rules      1 loaded
alerts     1 high in 24 hours
silences   none in force
store      SIZE, 1 event, 1 alert
`,
    );
    const json = await runHere(['status', '--url', url, '--token-file', file, '--json']);
    expect(shape.parse(JSON.parse(json.stdout))).toMatchObject({
      healthy: true,
      role: 'active',
      accounts: [{ name: 'default', state: 'ok', events: 1 }],
      store: { writable: true },
    });
    const accounts = await runHere(['accounts', '--url', url, '--token-file', file, '--json']);
    expect(jsonLines(accounts.stdout).map((line) => accountStatus.parse(line))).toMatchObject([
      { name: 'default', complete_until: expect.any(String) },
    ]);

    const refused = await runHere(['status', '--url', url]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('wants a token: --token-file FILE');
    writeFileSync(file, 'another-token-that-is-long', { mode: 0o600 });
    expect((await runHere(['status', '--url', url, '--token-file', file])).stderr).toContain(
      'does not take this token',
    );
  });

  it('refuses a URL or a token that is none, and says what answers there', async () => {
    const none = await runHere(['status', '--url', 'ftp://x']);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain('allowed: such as http://127.0.0.1:8080');
    expect((await runHere(['status', '--url', 'http://127.0.0.1:9', '--token-file', 'none'])).code).toBe(2);
    const other = createServer((_, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = other.address() as AddressInfo;
      const ran = await runHere(['status', '--url', `http://127.0.0.1:${port}`]);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/^failed: (no monitor can be asked|what answers) at http/);
    } finally {
      other.close();
    }
    expect((await runHere(['status', '--url', 'http://127.0.0.1:9'])).stderr).toMatch(
      /no monitor can be asked/,
    );
  });
});

describe('reload', () => {
  it('has the monitor read its configuration again, and says what has changed or what is wrong', async () => {
    addEvent();
    installation.configure({ http: { listen: '127.0.0.1:0' } });
    const url = await running();
    const reload = (...args: readonly string[]): Promise<Ran> => runHere(['reload', '--url', url, ...args]);
    expect(await reload()).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing has changed') });
    installation.rule('user.yml', ruleOf('User made', 'low', ['USER_CREATE']));
    const changed = await reload();
    expect(changed).toMatchObject({ code: 0, stderr: '' });
    expect(changed.stdout).toMatch(/^changed {2}/m);
    installation.rule('user.yml', 'title: none');
    const refused = await reload('--json');
    expect(refused.code).toBe(2);
    expect(reloadAnswer.parse(JSON.parse(refused.stdout))).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('user.yml')],
    });
    const told = await reload();
    expect(told.stdout).toMatch(/^refused {2}.*user\.yml/m);
    expect(told.stdout).toContain('the configuration and the rules before stay in force');
    expect((await runHere(['status', '--url', url])).stdout).toContain(
      'The configuration on disk was refused',
    );
    installation.rule('user.yml', ruleOf('User made', 'low', ['USER_CREATE']));
    expect((await command('reload')).stderr).toContain('send it SIGHUP instead');
  });
});

describe('status, read from the store', () => {
  it('is for when no monitor runs, and then not well', async () => {
    addEvent();
    await (await runInProcess(installation.config, 'once')).done;
    const ran = await runProcess(['status', '-c', installation.config]);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(still(ran.stdout)).toContain(
      'No monitor is running: nothing was read for AGE.\n\nmonitor    not running; read from the store, since the configuration names no address',
    );
    expect(ran.stdout).not.toContain('\u001b');
    const json = shape.parse(JSON.parse((await command('status', '--json')).stdout));
    expect(json).toMatchObject({ role: 'offline', healthy: false, lease: null, store: { writable: null } });
  });

  it('is for a monitor that cannot be asked, and does not take another one for it', async () => {
    addEvent();
    const url = await running();
    // Processes of their own: what asks has another process id than what holds the lease.
    const json = (await runProcess(['status', '--json', '-c', installation.config])).stdout;
    expect(shape.parse(JSON.parse(json))).toMatchObject({
      role: 'offline',
      healthy: true,
      lease: { holder: expect.any(String) },
    });
    const other = installationIn(scope, simulator.url, { http: { listen: 'off' } });
    const monitor = await runInProcess(other.config);
    scope.defer('other monitor', async () => void (await monitor.stop()));
    await monitor.until(({ event }) => event === 'poll.completed');
    other.configure({
      http: { listen: url.replace('http://', ''), tokens: [{ name: 'x', role: 'view', token: TOKEN }] },
    });
    const ran = await runProcess(['status', '-c', other.config]);
    expect(ran.stdout).toContain(`read from the store, since the monitor at ${url} works on another store`);
    // And where it is the right one, the token is taken from the configuration.
    const same = installationIn(scope, simulator.url);
    same.configure({
      store: { path: installation.database },
      http: { listen: url.replace('http://', ''), tokens: [{ name: 'x', role: 'view', token: TOKEN }] },
    });
    expect((await runProcess(['status', '-c', same.config])).stdout).toContain(`asked at ${url}`);
  });

  it('says where it looked when there is no store', async () => {
    const ran = await command('status');
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(`there is no store at ${installation.database}`);
  });

  it('sums up what is well when there is much of it', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `account-${index}`);
    installation.configure({
      accounts: names.map((name) => ({ name, api_key: KEY, api_secret: SECRET })),
    });
    await (await runInProcess(installation.config, 'once')).done;
    const few = await command('status');
    expect(few.stdout).toContain('30 accounts; --all shows them');
    expect(few.stdout.split('\n').length).toBeLessThan(30);
    expect((await command('status', '--all')).stdout).toContain('account-29');
  });

  it('looks again and again with --watch, until it is stopped', async () => {
    addEvent();
    await (await runInProcess(installation.config, 'once')).done;
    const stop = new AbortController();
    const ran = runHere(['status', '--watch', '--json', '-c', installation.config], { signal: stop.signal });
    setImmediate(() => stop.abort());
    expect(await ran).toMatchObject({ code: expect.any(Number) });
  });
});
