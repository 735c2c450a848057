import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { installationIn, monitorIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';
import { is, type MonitorProcess } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';

/* Line 19 of the failure catalogue, for the whole process. */

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  receiver = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    sinks: { hook: { type: 'webhook', url: receiver.url } },
    routes: [{ to: ['hook'] }],
  });
  installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

const run = (through: readonly string[] = []): MonitorProcess =>
  monitorIn(scope, ['run', '--config', installation.config], {}, undefined, through);
const generator = createGenerator({ seed: 'store trouble', account: KEY });
const isStore =
  (status: string) =>
  (body: Record<string, unknown>): boolean =>
    body['status'] === status && (body['rule'] as { id: string }).id === 'system.store';
/** A database as a first life leaves it. */
const makeDatabase = async (): Promise<void> => {
  const monitor = run();
  await monitor.until(is('poll.completed'));
  monitor.kill('SIGTERM');
  await monitor.ended;
};
/** Permissions mean nothing to root, unless it gives up the right to ignore them. */
const withoutOverride = (): readonly string[] =>
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--'] : [];

/** It ends with 1, says why in one line on stderr and in the log, and has not done anything. */
const expectRefusal = async (monitor: MonitorProcess, text: RegExp): Promise<void> => {
  const asked = simulator.requests.count();
  expect(await monitor.ended).toEqual({ code: 1, signal: null });
  expect(monitor.lines.at(-1)).toMatchObject({
    event: 'monitor.failed',
    reason: expect.stringMatching(text),
  });
  expect(monitor.output()).toMatch(new RegExp(`^failed: database .*${text.source}`, 'm'));
  expect(monitor.lines.some((line) => line.event === 'lease.acquired')).toBe(false);
  expect(simulator.requests.count()).toBe(asked);
};

describe('19: a database that cannot be used', () => {
  it('corrupt: it refuses to start, says what to do, and leaves the file as it is', async () => {
    mkdirSync(dirname(installation.database));
    writeFileSync(installation.database, `this is no database${'.'.repeat(100_000)}`);
    const before = readFileSync(installation.database);
    await expectRefusal(run(), /damaged|another program/);
    expect(readFileSync(installation.database).equals(before)).toBe(true);
    expect(readdirSync(dirname(installation.database))).toEqual(['monitor.db']);
  });

  it('of a newer version: it refuses to start and leaves the file as it is', async () => {
    await makeDatabase();
    const db = new Database(installation.database);
    db.pragma('user_version = 999');
    db.close();
    const before = readFileSync(installation.database);
    await expectRefusal(run(), /newer version/);
    expect(readFileSync(installation.database).equals(before)).toBe(true);
  });

  it('in a directory that cannot be written, with and without a database in it: it refuses to start', async () => {
    mkdirSync(dirname(installation.database));
    chmodSync(dirname(installation.database), 0o555);
    scope.defer('permissions', () => chmodSync(dirname(installation.database), 0o755));
    await expectRefusal(run(withoutOverride()), /cannot be written/);
    chmodSync(dirname(installation.database), 0o755);
    await makeDatabase();
    chmodSync(installation.database, 0o444);
    chmodSync(dirname(installation.database), 0o555);
    await expectRefusal(run(withoutOverride()), /cannot be written/);
  });

  it('full while it runs: told through the sinks all the same, and nothing is lost once there is space', async () => {
    await makeDatabase();
    // A limit on the size of files is a disk that is full for this process alone. Soft, so that it can be lifted.
    const monitor = run(['sh', '-c', 'ulimit -S -f 400; exec "$@"', 'sh']);
    await monitor.until(is('poll.completed'));
    const events = generator.burst(600, Date.now() - 60_000, 50_000);
    simulator.add(KEY, events);
    await monitor.until(is('poll.failed', { kind: 'store' }));
    const alarm = await receiver.told(isStore('firing'));
    expect(alarm).toMatchObject({ kind: 'system', level: 'critical' });
    expect(String(alarm['message'])).toMatch(
      /has not been able to use its database since .* What to do: Check free space/,
    );
    // Space is freed.
    execFileSync('prlimit', ['--pid', String(monitor.child.pid), '--fsize=unlimited']);
    const from = monitor.lines.length;
    await monitor.until(is('poll.completed'), from);
    await receiver.told(isStore('resolved'));
    await receiver.told((body) => body['kind'] === 'rule');
    monitor.kill('SIGTERM');
    expect(await monitor.ended).toEqual({ code: 0, signal: null });
    const db = new Database(installation.database, { readonly: true });
    scope.defer('database', () => void db.close());
    expect(db.prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: 600 });
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    // What fails is tried again after up to 30 s.
  }, 90_000);

  it('removed while it runs: not ready, and told through the sinks', async () => {
    const monitor = run();
    const { url } = await monitor.until(is('http.listening'));
    await monitor.until(is('poll.completed'));
    renameSync(dirname(installation.database), `${dirname(installation.database)}-gone`);
    const ready = await fetch(`${String(url)}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      ready: false,
      reasons: [expect.stringMatching(/removed or replaced while in use/)],
    });
    expect(await receiver.told(isStore('firing'))).toMatchObject({
      message: expect.stringContaining('removed or replaced while in use; start the monitor again'),
    });
  });
});
