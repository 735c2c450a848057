import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { alertRow } from '../../src/server/alert-shapes.ts';
import { eventRow } from '../../src/server/trail-shapes.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type InProcess, runInProcess } from '../support/in-process.ts';
import { installationIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

let scope: Scope;
let simulator: Simulator;
let installation: Installation;
let number = 0;
const generator = createGenerator({ seed: 'tail', account: KEY });

/** A port that is free now: a monitor that starts again must be where it was. */
const freePort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  installation = installationIn(scope, simulator.url, {
    poll: { interval: '50ms', settle: '0s', overlap: '1m', start: '1h' },
    http: { listen: `127.0.0.1:${await freePort()}` },
  });
  installation.rule('app.yml', ruleOf('App made', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

/** Something that happens now; answers its id. */
const happen = (type = 'APP_CREATE', more: object = {}): string => {
  const event = { ...generator.any(Date.now() - 1_000, type), ...more };
  simulator.add(KEY, event);
  number += 1;
  return String((event as { id: unknown }).id);
};

/** A process that tails, and what it has written. */
interface Tail {
  readonly child: ChildProcess;
  readonly lines: string[];
  stderr(): string;
  /** Resolves with the first `count` lines. */
  until(fits: () => boolean): Promise<void>;
}

const tail = (...args: readonly string[]): Tail => {
  const child = spawn(process.execPath, [MAIN, 'events', 'tail', '-c', installation.config, ...args], {
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  scope.defer('tail', async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });
  const lines: string[] = [];
  let stderr = '';
  let over = false;
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const look of waiting) look();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    changed();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    changed();
  });
  child.on('close', () => {
    over = true;
    changed();
  });
  return {
    child,
    lines,
    stderr: () => stderr,
    until: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (fits()) resolve();
          else if (over) reject(new Error(`it ended before: ${stderr}\n${lines.join('\n')}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
};

const start = async (): Promise<InProcess> => {
  const monitor = await runInProcess(installation.config);
  scope.defer('monitor', async () => void (await monitor.stop()));
  return monitor;
};
const stored = (monitor: InProcess, id: string): Promise<unknown> =>
  monitor.until((line) => line.event === 'audit.event' && line['event_id'] === id);
const eventsIn = (lines: readonly string[]): readonly string[] =>
  lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type === 'event')
    .map((row) => eventRow.parse(row).id);

describe('events tail -f', () => {
  it('tells everything once, also what happened while the monitor was away', async () => {
    const first = happen();
    let monitor = await start();
    await stored(monitor, first);
    const followed = tail('-f', '-n', '1', '--json', '--alerts');
    await followed.until(() => followed.lines.length === 1);
    const second = happen();
    await followed.until(() => eventsIn(followed.lines).length === 2 && followed.lines.length >= 3);
    await monitor.stop();
    await followed.until(() => followed.stderr().includes('waiting for it'));
    const away = [happen(), happen('USER_LOGIN'), happen()];
    monitor = await start();
    await followed.until(() => eventsIn(followed.lines).length === 5);
    expect(followed.stderr()).toContain('the monitor is there again');
    const last = happen();
    await followed.until(() => eventsIn(followed.lines).includes(last));
    const seen = eventsIn(followed.lines);
    expect(seen.slice(0, 2)).toEqual([first, second]);
    expect(seen.slice(2, 5).toSorted()).toEqual(away.toSorted());
    expect(new Set(seen).size).toBe(seen.length);
    const alerts = followed.lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ type }) => type === 'alert')
      .map((row) => alertRow.parse(row).rule.title);
    expect(alerts.every((title) => title === 'App made')).toBe(true);
    expect(alerts.length).toBeGreaterThanOrEqual(3);
    followed.child.kill('SIGINT');
    expect(await once(followed.child, 'close')).toEqual([0, null]);
  });

  it('misses nothing when the monitor goes away before anything has happened', async () => {
    const first = happen();
    let monitor = await start();
    await stored(monitor, first);
    const followed = tail('-f', '-n', '1', '--json');
    await followed.until(() => followed.lines.length === 1);
    await monitor.stop();
    await followed.until(() => followed.stderr().includes('waiting for it'));
    const away = happen();
    monitor = await start();
    await stored(monitor, away);
    await followed.until(() => eventsIn(followed.lines).includes(away));
    expect(eventsIn(followed.lines)).toEqual([first, away]);
  });

  it('follows the store when the monitor serves nothing, readably, whatever is in the events', async () => {
    installation.configure({
      poll: { interval: '50ms', settle: '0s', overlap: '1m', start: '1h' },
      http: { listen: 'off' },
    });
    const first = happen('USER_LOGIN', { user_email: 'first@example.com' });
    const monitor = await start();
    await stored(monitor, first);
    const followed = tail('-f', '--level', 'high', '-n', '5');
    const all = tail('-f', '-n', '5');
    await all.until(() => all.lines.length === 2);
    happen('USER_LOGIN', { user_email: 'quiet@example.com' });
    await all.until(() => all.lines.length === 3);
    happen('APP_CREATE', { user_email: '\u001b[2Jeve\u202e\u009b1m' });
    await followed.until(() => followed.lines.length >= 3);
    await all.until(() => all.lines.length === 5);
    // Only what alerted, with its day before it and the alert under it; the other has everything.
    expect(followed.lines[0]).toMatch(/^── \d{4}-\d\d-\d\d \(UTC\) ──$/);
    expect(followed.lines[1]).toMatch(
      /^\d\d:\d\d:\d\d {2}APP_CREATE +␛\[2Jeve<U\+202E><U\+009B>1m created application/,
    );
    expect(followed.lines[2]).toMatch(/^ {10}▲ high +App made$/);
    expect(all.lines[1]).toMatch(/^\d\d:\d\d:\d\d {2}USER_LOGIN +first@example\.com logged in/);
    expect(all.lines[2]).toContain('quiet@example.com');
    // oxlint-disable-next-line eslint/no-control-regex -- these are the characters it is about
    expect(all.lines.join('\n')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(followed.stderr()).toBe('');
    // A reader that goes away ends it with the next line, without a word.
    all.child.stdout?.destroy();
    happen();
    expect(await once(all.child, 'close')).toEqual([0, null]);
    expect(all.stderr()).toBe('');
  });

  it('without -f ends with what is there: the newest, or all since a moment', async () => {
    const ids = [happen(), happen('USER_LOGIN'), happen('USER_LOGIN')];
    const monitor = await start();
    for (const id of ids) await stored(monitor, id);
    const newest = tail('--json', '-n', '2');
    expect(await once(newest.child, 'close')).toEqual([0, null]);
    expect(eventsIn(newest.lines)).toHaveLength(2);
    const since = tail('--json', '--since', '1h', '--type', 'USER_LOGIN');
    expect(await once(since.child, 'close')).toEqual([0, null]);
    expect(eventsIn(since.lines).toSorted()).toEqual(ids.slice(1).toSorted());
    await monitor.stop();
    const offline = tail('--json', '--since', '1h');
    expect(await once(offline.child, 'close')).toEqual([0, null]);
    expect(eventsIn(offline.lines).toSorted()).toEqual(ids.toSorted());
  });

  it('says when there is neither a monitor nor a store', async () => {
    const none = tail('-f');
    expect(await once(none.child, 'close')).toEqual([2, null]);
    expect(none.stderr()).toContain('there is no store at');
    expect(number).toBeGreaterThan(0);
  });
});
