import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type Ran, runHere } from '../support/command.ts';
import { installationIn, monitorIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY } from '../support/installation.ts';
import { startMonitor } from '../support/monitor-process.ts';

let scope: Scope;
let simulator: Simulator;
let installation: Installation;
beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  installation = installationIn(scope, simulator.url);
});
afterEach(() => scope.close());

const generator = createGenerator({ seed: 'verify', account: KEY });
const addEvents = (count: number): void =>
  simulator.add(KEY, generator.burst(count, Date.now() - 60_000, 50_000));
const verify = (...args: readonly string[]): Promise<Ran> =>
  runHere(['verify', '--config', installation.config, ...args]);

/** One life of the real process; its log, as it was shipped elsewhere. */
const life = async (): Promise<string> => {
  const monitor = monitorIn(scope, ['run', '--config', installation.config]);
  await monitor.until((line) => line.event === 'poll.completed');
  monitor.kill('SIGTERM');
  expect(await monitor.ended).toEqual({ code: 0, signal: null });
  return monitor.output();
};
const heads = (log: string): readonly Record<string, unknown>[] =>
  log
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"chain.head"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const saveLog = (log: string): string => {
  const file = join(installation.folder, 'monitor.log');
  // As a container's logs come: with a prefix before each line.
  writeFileSync(file, log.replace(/^/gm, 'monitor-1  | '));
  return file;
};
const sql = (text: string): void => {
  const db = new Database(installation.database);
  db.exec(text);
  db.close();
};

describe('verify', () => {
  it('finds the history of the real process whole, with the heads of its log, also beside the next life', async () => {
    addEvents(300);
    const first = await life();
    expect(heads(first)).toMatchObject([{ chain: 'events', account: 'default', position: 300 }]);
    addEvents(20);
    const second = await life();
    expect(heads(second)).toMatchObject([{ position: 300 }, { position: 320 }]);
    const whole = await verify('--heads', saveLog(first + second));
    expect(whole.stdout).toMatch(
      /^whole {3}account default: 320 events, head 320 [0-9a-f]{64}\n2 published heads looked up\n$/,
    );
    expect(whole).toMatchObject({ code: 0, stderr: '' });

    const running = startMonitor(['run', '--config', installation.config]);
    scope.defer('running', async () => {
      running.kill('SIGKILL');
      await running.ended;
    });
    await running.until((line) => line.event === 'poll.completed');
    expect(JSON.parse((await verify('--json')).stdout)).toMatchObject({
      whole: true,
      complete: true,
      chains: [{ chain: 'events', account: 'default', verified: 320, unchained: 0, broken: null }],
    });
  });

  it('names the first break, with exit code 1', async () => {
    addEvents(30);
    await life();
    sql('UPDATE events SET json = replace(json, \'"id"\', \'"id" \') WHERE position = 12');
    const broken = await verify();
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(
      /^BROKEN {2}account default: changed at position 12: [0-9a-f-]{36}\n +its content, time or hash is not what was committed; what follows still fits the hash it was stored with\n +11 events before it hold\n$/,
    );
    expect(JSON.parse((await verify('--json', '--account', 'default')).stdout)).toMatchObject({
      whole: false,
      chains: [{ verified: 11, broken: { kind: 'changed', position: 12 } }],
    });
  });

  it('shows a history that was replaced as a whole by the heads in the log', async () => {
    addEvents(30);
    const log = await life();
    const [head] = heads(log).slice(-1) as [{ hash: string }];
    rmSync(installation.database);
    simulator.add(KEY, generator.burst(5, Date.now() - 60_000, 1_000));
    await life();
    expect((await verify()).code).toBe(0);
    const rewritten = await verify('--heads', saveLog(log));
    expect(rewritten.stdout).toMatch(/^BROKEN {2}account default: rewritten at position 30/);
    expect(rewritten.code).toBe(1);
    const missing = await verify('--head', head.hash);
    expect(missing.stdout).toContain(`BROKEN  head ${head.hash} is on no chain`);
    expect(missing.code).toBe(1);
  });

  it.each([
    [['--head', 'abc'], 'is no head; allowed are the 64 hexadecimal digits of one'],
    [['--heads', '/nowhere'], '/nowhere: there is no such file'],
    [['--heads', 'package.json'], 'holds no head; allowed are lines of the log'],
    [['--account', 'nobody'], 'the store knows no account "nobody"; there are default'],
    [['--store', '/nowhere'], 'there is no store at /nowhere'],
    [['--store', 'url_file:/nowhere'], '--store: /nowhere: ENOENT: no such file'],
  ])('%j is refused with what is allowed', async (args, message) => {
    await life();
    const ran = await verify(...args);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  });
});
