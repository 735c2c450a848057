import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type InProcess, runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf, SECRET } from '../support/installation.ts';
import { is, type LogLine } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;
const generator = createGenerator({ seed: 'reload in process', account: KEY });

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  receiver = await receiverIn(scope);
  installation = installationIn(scope, simulator.url);
  installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
  configure({});
});
afterEach(() => scope.close());

const configure = (sections: object): void =>
  installation.configure({
    sinks: { hook: { type: 'webhook', url: receiver.url } },
    routes: [{ to: ['hook'] }],
    reload: { watch: false },
    ...sections,
  });
const run = async (): Promise<InProcess> => {
  const monitor = await runInProcess(installation.config);
  scope.defer('monitor', async () => void (await monitor.stop()));
  return monitor;
};
const reload = (monitor: InProcess): Promise<LogLine> => {
  const from = monitor.lines.length;
  monitor.hangup();
  return monitor.until(({ event }) => event === 'config.reloaded' || event === 'config.kept', from);
};
const happen = (secondsAgo = 1): string => {
  const event = generator.any(Date.now() - secondsAgo * 1_000, 'APP_CREATE');
  simulator.add(KEY, event);
  return event.id;
};
const told = (): readonly string[] =>
  receiver.requests.flatMap(({ body }) => (JSON.parse(body) as { event_ids: string[] }).event_ids);

describe('another configuration', () => {
  it('does not make a monitor unready that was ready', async () => {
    const monitor = await run();
    const { url } = await monitor.until(is('http.listening'));
    await monitor.until(is('poll.completed'));
    const answers: number[] = [];
    for (let round = 0; round < 15; round += 1) {
      // Passes so rare that one would not be made in time: what the last one proved is remembered.
      configure({ poll: { interval: `${10 + round}s`, settle: '0s', start: '24h' } });
      const changed = reload(monitor);
      answers.push((await fetch(`${String(url)}/readyz`)).status);
      await changed;
      answers.push((await fetch(`${String(url)}/readyz`)).status);
    }
    expect(new Set(answers)).toEqual(new Set([200]));
  });

  it('polls in the rhythm of before, a failing account at once', async () => {
    configure({ poll: { interval: '1h', settle: '0s', start: '24h' } });
    const monitor = await run();
    await monitor.until(is('poll.completed'));
    for (const pageSize of [10, 20, 30]) {
      configure({
        poll: { interval: '1h', settle: '0s', start: '24h' },
        api: { base_url: simulator.url, page_size: pageSize },
      });
      await reload(monitor);
    }
    const wrong = [{ name: 'default', api_key: KEY, api_secret: 'wrong' }];
    expect(monitor.lines.filter(is('poll.completed'))).toHaveLength(1);
    expect(monitor.lines.filter(is('api.types'))).toHaveLength(1);
    configure({ accounts: [{ name: 'other', api_key: KEY, api_secret: 'wrong' }], poll: { interval: '1h' } });
    await reload(monitor);
    await monitor.until(is('poll.failed', { account: 'other' }));
    configure({
      accounts: wrong.map((one) => ({ ...one, name: 'other', api_secret: SECRET })),
      poll: { interval: '1h' },
    });
    await reload(monitor);
    await monitor.until(is('poll.completed', { account: 'other' }));
  });

  it('does not forget since when an account is watched that could not be read yet', async () => {
    const start = { interval: '50ms', settle: '0s', overlap: '0s', start: 'now' };
    const wrong = [{ name: 'default', api_key: KEY, api_secret: 'wrong' }];
    configure({ accounts: wrong, poll: start });
    const monitor = await run();
    await monitor.until(is('poll.failed'));
    const event = happen(0);
    // Longer than the second by which reading begins before the present.
    const laterMs = Date.now() + 2_100;
    await monitor.until(() => Date.now() > laterMs);
    configure({ poll: start });
    await reload(monitor);
    await monitor.until(is('poll.completed'));
    await receiver.received(2);
    expect(told()).toContain(event);
  }, 15_000);

  it('waits ten seconds for an API that hangs; alerts go on being delivered meanwhile', async () => {
    const hanging = createServer(() => {});
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    scope.defer('hanging', () => {
      hanging.closeAllConnections();
      hanging.close();
    });
    const monitor = await run();
    await monitor.until(is('poll.completed'));
    const hangs = {
      api: { base_url: `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`, timeout: '5m' },
      poll: { interval: '50ms', settle: '0s', start: '24h' },
    };
    const requested = new Promise((resolve) => hanging.once('request', resolve));
    configure(hangs);
    await reload(monitor);
    await requested;
    receiver.next({ status: 503 });
    configure({ log: { level: 'debug' } });
    const beganMs = Date.now();
    await reload(monitor);
    const tookMs = Date.now() - beganMs;
    expect(tookMs).toBeGreaterThan(9_000);
    expect(tookMs).toBeLessThan(13_000);
    const event = happen();
    await receiver.received(2);
    expect(new Set(told())).toEqual(new Set([event]));
  }, 30_000);

  it('two hundred times: nothing is left open, and memory stays where it was', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const monitor = await run();
    await monitor.until(is('poll.completed'));
    const round = async (number: number): Promise<void> => {
      configure({
        poll: { interval: `${100 + (number % 2)}ms`, settle: '0s', overlap: '10m', start: '24h' },
      });
      if (number % 10 === 0) happen();
      await reload(monitor);
    };
    const inUse = async () => {
      // What was looked at in this turn, or has a finaliser, goes with a later collection.
      for (let turns = 0; turns < 5; turns += 1) {
        collect();
        await new Promise(setImmediate);
      }
      return {
        resources: process.getActiveResourcesInfo().length,
        listeners: process.listenerCount('exit') + process.listenerCount('SIGHUP'),
        connections: receiver.connections(),
        // What the test keeps of the log is no part of it.
        bytes: process.memoryUsage().heapUsed - 3 * JSON.stringify(monitor.lines).length,
      };
    };
    for (let number = 0; number < 20; number += 1) await round(number);
    const before = await inUse();
    for (let number = 0; number < 200; number += 1) await round(number);
    const after = await inUse();
    await receiver.received(22);
    expect(new Set(told()).size).toBe(22);
    expect(told()).toHaveLength(22);
    expect(after.listeners).toBe(before.listeners);
    expect(after.connections).toBeLessThan(5);
    // One that each leaves behind would be two hundred; connections take their time to close.
    expect(after.resources - before.resources).toBeLessThan(100);
    expect((after.bytes - before.bytes) / 200).toBeLessThan(40_000);
  }, 60_000);
});
