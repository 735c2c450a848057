import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type Ran, runHere } from '../support/command.ts';
import { installationIn, monitorIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';
import type { MonitorProcess } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;
let copy: string;
beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  receiver = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    sinks: { hook: { type: 'webhook', url: receiver.url } },
    routes: [{ to: ['hook'] }],
  });
  installation.rule('app.yml', ruleOf('App made', 'high', ['APP_CREATE']));
  copy = join(installation.folder, 'copy.db');
});
afterEach(() => scope.close());

const generator = createGenerator({ seed: 'backup', account: KEY });
const start = (): MonitorProcess => monitorIn(scope, ['run', '--config', installation.config]);
const stop = async (monitor: MonitorProcess): Promise<void> => {
  monitor.kill('SIGTERM');
  expect(await monitor.ended).toEqual({ code: 0, signal: null });
};
const passed = (monitor: MonitorProcess) =>
  monitor.until((line) => line.event === 'poll.completed', monitor.lines.length);
const backup = (...args: readonly string[]): Promise<Ran> =>
  runHere(['backup', '--config', installation.config, ...args]);
const verify = (store: string): Promise<Ran> => runHere(['verify', '--store', store]);
const ids = (path: string): readonly string[] => {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare<[], string>('SELECT id FROM events ORDER BY id').pluck().all();
  } finally {
    db.close();
  }
};

describe('backup', () => {
  it('is whole, of one moment, and for its owner only, while the real process writes', async () => {
    simulator.add(KEY, generator.burst(2_000, Date.now() - 60_000, 50_000));
    const monitor = start();
    await passed(monitor);
    // The monitor goes on storing while copies are made.
    const enough = new AbortController();
    const writer = (async () => {
      for (let i = 0; !enough.signal.aborted && i < 200; i += 1) {
        simulator.add(KEY, generator.burst(20, Date.now() - 2_000, 1_000));
        await passed(monitor);
      }
    })();
    for (let round = 0; round < 5; round += 1) {
      const ran = await backup('--force', copy);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(ran.stdout).toMatch(
        /copy\.db: [\d,]+ events, [\d.]+ MB, found whole\n {2}account default: complete up to 20.*Z, head \d+ [0-9a-f]{64}\n$/,
      );
      expect(statSync(copy).mode & 0o777).toBe(0o600);
      expect((await verify(copy)).code).toBe(0);
    }
    enough.abort();
    await writer;
    expect(readdirSync(installation.folder).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
    await stop(monitor);
    const stored = new Set(ids(installation.database));
    const copied = ids(copy);
    expect(copied.length).toBeGreaterThan(2_000);
    expect(copied.every((id) => stored.has(id))).toBe(true);
  });

  it('put back in its place, goes on from its watermark: nothing is missing and nothing is told twice with another id', async () => {
    simulator.add(KEY, generator.any(Date.now() - 5_000, 'APP_CREATE'));
    const first = start();
    await receiver.received(1, 25_000);
    expect((await backup(copy)).code).toBe(0);
    // After the backup: these are lost with the disk.
    simulator.add(
      KEY,
      [
        ...generator.burst(50, Date.now() - 3_000, 1_000),
        generator.any(Date.now() - 2_000, 'APP_CREATE'),
      ].flat(),
    );
    await receiver.received(2, 25_000);
    await stop(first);
    const before = ids(installation.database);

    // docs/backup.md: stop, put the file in place of the database, without its logs, start.
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${installation.database}${suffix}`, { force: true });
    cpSync(copy, installation.database);
    const second = start();
    await passed(second);
    await passed(second);
    await stop(second);
    expect(ids(installation.database)).toEqual(before);
    expect((await verify(installation.database)).code).toBe(0);
    const deliveries = receiver.requests.map((request) => request.headers['webhook-id'] ?? '');
    // The second alert was told by both lives, with one identity.
    expect(new Set(deliveries).size).toBe(2);
  });

  it('replaces nothing unasked, and leaves nothing of what did not work out', async () => {
    const monitor = start();
    await passed(monitor);
    await stop(monitor);
    writeFileSync(copy, 'mine');
    expect(await backup(copy)).toMatchObject({
      code: 2,
      stderr: `${copy} is there already; --force replaces it\n`,
    });
    expect(readFileSync(copy, 'utf8')).toBe('mine');
    expect((await backup('--force', installation.database)).stderr).toContain('is the store itself');
    expect((await backup('--force', `${installation.database}-wal`)).stderr).toContain('is the store itself');
    expect((await backup('--force', installation.folder)).stderr).toContain(
      'is a directory; name the file in it',
    );
    const nowhere = await backup(join(installation.folder, 'nowhere', 'copy.db'));
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('ENOENT') });
    const stopped = await runHere(['backup', '-c', installation.config, '--force', copy], {
      signal: AbortSignal.abort(),
    });
    expect(stopped).toMatchObject({ code: 1, stderr: 'stopped early: nothing was written\n' });
    expect(readFileSync(copy, 'utf8')).toBe('mine');
    expect(existsSync(`${copy}.part`)).toBe(false);
  });

  it('does not call a damaged store whole', async () => {
    simulator.add(KEY, generator.burst(500, Date.now() - 60_000, 50_000));
    const monitor = start();
    await passed(monitor);
    await stop(monitor);
    const bytes = readFileSync(installation.database);
    // Pages in the middle hold events and their index.
    for (let page = 20; page < 40; page += 1) bytes.fill(0x5a, page * 8_192, (page + 1) * 8_192);
    writeFileSync(installation.database, bytes);
    const ran = await backup(copy);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(/^failed: database .*(the copy is not whole|SQLITE_CORRUPT)/);
    expect(existsSync(copy)).toBe(false);
    expect(existsSync(`${copy}.part`)).toBe(false);
  });

  it('says so where there is no store yet', async () => {
    mkdirSync(dirname(installation.database), { recursive: true });
    expect(await backup(copy)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no store at'),
    });
  });
});
