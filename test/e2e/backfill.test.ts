import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { openStore } from '../../src/store/open-store.ts';
import { type Ran, runProcess } from '../support/command.ts';
import { installationIn, monitorIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';
import { is, type MonitorProcess } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';

/* Backfills and completeness with the real process: beside a running monitor, without one, and in spite of kills. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  receiver = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    poll: { interval: '50ms', settle: '0s', overlap: '1m', start: '1h' },
    reconcile: { backfill_requests_per_minute: 60_000 },
    sinks: { hook: { type: 'webhook', url: `${receiver.url}/hook` } },
    routes: [{ to: ['hook'] }],
    log: { events: 'none' },
  });
  installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

const start = (args: readonly string[] = ['run']): MonitorProcess =>
  monitorIn(scope, [...args, '--config', installation.config]);
const command = (...args: readonly string[]): Promise<Ran> =>
  runProcess([...args, '--config', installation.config]);
const generator = createGenerator({ seed: 'backfill', account: KEY });
/** Old events, of which every fifth is one that the rule is about. */
const addOld = (count: number): readonly string[] => {
  const nowMs = Date.now();
  const events = Array.from({ length: count }, (_, index) =>
    generator.any(
      nowMs - 60 * DAY + index * ((58 * DAY) / count),
      index % 5 === 0 ? 'APP_CREATE' : 'APP_UPDATE',
    ),
  );
  simulator.add(KEY, events);
  return events.map(({ id }) => id);
};
const kept = async () => {
  const store = openStore({ path: installation.database, now: Date.now, durability: 'off' });
  try {
    const alerts = (await store.history.alerts({ kind: 'rule', limit: 1_000 })).items;
    const deliveries = (await store.history.deliveries({ limit: 1_000 })).items;
    return { ...(await store.status.totals()), alerts, deliveries };
  } finally {
    await store.close();
  }
};
const completeness = async (): Promise<Record<string, unknown>> => {
  const { stdout } = await command('completeness', '--json');
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe('a backfill', () => {
  it('beside a running monitor: the monitor does it, quietly, and polls on', async () => {
    addOld(500);
    const monitor = start();
    await monitor.until(is('poll.completed'));
    expect(await completeness()).toMatchObject({ unverified: [], never_read: [{ from: null }] });

    const { code, stdout } = await command('backfill', '--from', '70d');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '500 events read, 100 alerts recorded\n' });
    expect(await monitor.until(is('backfill.completed'))).toMatchObject({ events: 500, alerts: 100 });
    // Polls went on all the while, under the same lease.
    const began = monitor.lines.findIndex(is('backfill.started'));
    const ended = monitor.lines.findIndex(is('backfill.completed'));
    expect(monitor.lines.slice(began, ended).filter(is('poll.completed')).length).toBeGreaterThan(0);
    expect(monitor.lines.filter(is('lease.acquired'))).toHaveLength(1);
    const live = generator.any(Date.now() - 1_000, 'APP_CREATE');
    simulator.add(KEY, live);
    const [first] = await receiver.received(1);
    expect(JSON.parse(first?.body ?? '')).toMatchObject({ event_ids: [live.id] });
    monitor.kill('SIGTERM');
    expect((await monitor.ended).code).toBe(0);
    expect(receiver.requests).toHaveLength(1);
    const { alerts, deliveries, events } = await kept();
    expect({ alerts: alerts.length, deliveries: deliveries.length, events }).toEqual({
      alerts: 101,
      deliveries: 1,
      events: 501,
    });
    const answer = await completeness();
    const [before] = answer['never_read'] as { from: null; to: string }[];
    expect(Date.parse(before?.to ?? '')).toBeLessThan(Date.now() - 69.9 * DAY);
    expect(await command('backfill', '--from', '69d')).toMatchObject({
      code: 0,
      stdout: 'all of it has been read before\n',
    });
  }, 60_000);

  it('without a monitor it does the work itself; a monitor that starts meanwhile gets the lease and goes on', async () => {
    const ids = addOld(3_000);
    expect((await command('run', '--once')).code).toBe(0);
    // So slow that it would take minutes.
    installation.configure({
      poll: { interval: '50ms', settle: '0s', overlap: '1m', start: '1h' },
      reconcile: { backfill_requests_per_minute: 120 },
      log: { events: 'none' },
    });
    const backfill = start(['backfill', '--from', '70d']);
    const requests = simulator.requests.count();
    await simulator.requests.until((log) => log.count() >= requests + 5);
    installation.configure({
      poll: { interval: '50ms', settle: '0s', overlap: '1m', start: '1h' },
      reconcile: { backfill_requests_per_minute: 60_000 },
      log: { events: 'none' },
    });
    const monitor = start();
    await monitor.until(is('backfill.completed'));
    expect((await backfill.ended).code).toBe(0);
    expect(backfill.output()).toContain('3,000 events read, 600 alerts recorded');
    monitor.kill('SIGTERM');
    await monitor.ended;
    expect((await kept()).events).toBe(ids.length);
  }, 90_000);

  it('killed again and again: every event once, and it goes on where it was', async () => {
    addOld(2_000);
    expect((await command('run', '--once')).code).toBe(0);
    for (let kill = 0; kill < 4; kill += 1) {
      const backfill = start(['backfill', '--from', '70d']);
      const requests = simulator.requests.count();
      await simulator.requests.until((log) => log.count() >= requests + 3 + kill * 2);
      backfill.kill('SIGKILL');
      await backfill.ended;
    }
    expect(await command('backfill', '--from', '70d', '--notify')).toMatchObject({ code: 2 });
    const stopped = start(['backfill', '--from', '70d']);
    const requests = simulator.requests.count();
    await simulator.requests.until((log) => log.count() >= requests + 2);
    stopped.kill('SIGTERM');
    expect((await stopped.ended).code).toBe(1);
    expect(stopped.output()).toContain('not finished; a running monitor goes on with it');
    expect(await command('backfill', '--from', '70d')).toMatchObject({ code: 0 });
    const { alerts, events } = await kept();
    expect({ events, alerts: alerts.length }).toEqual({ events: 2_000, alerts: 400 });
    expect(new Set(alerts.flatMap(({ eventIds }) => eventIds)).size).toBe(400);
  }, 90_000);

  it('sends its alerts when it is told to, and is given up when it is told to', async () => {
    addOld(10);
    expect((await command('run', '--once')).code).toBe(0);
    expect(await command('backfill', '--from', '70d', '--notify')).toMatchObject({
      code: 0,
      stdout: '10 events read, 2 alerts recorded\n',
    });
    expect((await kept()).deliveries).toHaveLength(2);
    simulator.faults.add({ kind: 'status', status: 503 });
    const backfill = start(['backfill', '--from', '90d']);
    await simulator.requests.until((log) => log.countStatus(503) >= 1);
    expect(await command('backfill', '--cancel')).toMatchObject({ stdout: '1 backfill cancelled\n' });
    expect((await backfill.ended).code).toBe(1);
    expect(backfill.output()).toContain('default: cancelled: by ');
  }, 60_000);

  it('of an account that was never polled, or without a time, says what to do', async () => {
    const never = await command('backfill', '--from', '70d');
    expect(never.code).toBe(2);
    expect(never.stderr).toContain('there is no store at');
    expect((await command('run', '--once')).code).toBe(0);
    expect((await command('backfill')).stderr).toContain('say from when');
    expect((await command('backfill', '--from', '1d', '--account', 'defautl')).stderr).toContain(
      'did you mean "default"?',
    );
  }, 30_000);
});
