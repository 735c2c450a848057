import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { openStore } from '../../src/store/open-store.ts';
import { installationIn, monitorIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';
import { is, type MonitorProcess } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';
import { createSmtpServer } from '../support/smtp-server.ts';

/* Line 21 of the failure catalogue: whatever hangs, SIGTERM is answered within ten seconds, and nothing is lost. */

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;

const PATIENT = { interval: '50ms', settle: '0s', overlap: '10m', start: '24h' };
beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  receiver = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    api: { base_url: simulator.url, timeout: '60s', page_size: 10 },
    poll: PATIENT,
    sinks: { hook: { type: 'webhook', url: receiver.url, timeout: '50s' } },
    routes: [{ to: ['hook'] }],
  });
  installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

const run = (): MonitorProcess => monitorIn(scope, ['run', '--config', installation.config]);
const generator = createGenerator({ seed: 'stop', account: KEY });
const appCreated = (secondsAgo = 2) => generator.any(Date.now() - secondsAgo * 1_000, 'APP_CREATE');
/** Ends in time, with 0, and having closed everything. */
const expectCleanEnd = async (monitor: MonitorProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
  const askedMs = Date.now();
  monitor.kill(signal);
  expect(await monitor.ended).toEqual({ code: 0, signal: null });
  expect(Date.now() - askedMs).toBeLessThan(10_000);
  expect(monitor.lines.slice(-1).map((line) => line.event)).toEqual(['monitor.stopped']);
};
const told = (): Set<string> =>
  new Set(receiver.requests.flatMap((request) => JSON.parse(request.body).event_ids as string[]));
const expectAllTold = async (ids: readonly string[]): Promise<void> => {
  for (let count = 0; !ids.every((id) => told().has(id)); count = receiver.requests.length + 1) {
    await receiver.received(count);
  }
};

describe('21: SIGTERM', () => {
  it.each([
    ['no headers', { kind: 'slow', delayMs: Number.POSITIVE_INFINITY, part: 'headers' }],
    ['half a body', { kind: 'slow', delayMs: Number.POSITIVE_INFINITY, part: 'body' }],
    ['a Retry-After', { kind: 'status', status: 429, retryAfter: 50 }],
  ] as const)('during a poll that hangs (%s)', async (_, fault) => {
    const monitor = run();
    await monitor.until(is('poll.completed'));
    const mend = simulator.faults.add(fault);
    const event = appCreated();
    simulator.add(KEY, event);
    const asked = simulator.requests.count();
    await simulator.requests.until((log) => log.count() > asked);
    await expectCleanEnd(monitor);
    mend();
    const again = run();
    await expectAllTold([event.id]);
    await expectCleanEnd(again, 'SIGINT');
  });

  it('during sends that hang: a webhook and a mail server; both are told again by the next life, with the same id', async () => {
    const mails = await createSmtpServer({ tls: 'none' });
    scope.defer('mails', () => mails.close());
    mails.habits.onSender = () => 'hang';
    installation.configure({
      sinks: {
        hook: { type: 'webhook', url: receiver.url, timeout: '50s' },
        mail: {
          type: 'email',
          url: `smtp://127.0.0.1:${mails.port}`,
          from: 'a@example.com',
          to: ['b@example.com'],
          timeout: '50s',
          // Thirty waiting mails would be one digest.
          fold_above: 'off',
        },
      },
      routes: [{ to: ['hook', 'mail'] }],
    });
    receiver.answer('hang');
    const monitor = run();
    const events = Array.from({ length: 30 }, (_, i) => appCreated(i + 1));
    simulator.add(KEY, events);
    await receiver.received(8);
    await mails.connected();
    await expectCleanEnd(monitor);
    const first = receiver.requests.map((request) => request.headers['webhook-id']);

    receiver.answer({});
    delete mails.habits.onSender;
    const again = run();
    await receiver.received(first.length + 30);
    await mails.received(30);
    await expectCleanEnd(again);
    const second = receiver.requests.slice(first.length).map((request) => request.headers['webhook-id']);
    expect(new Set(second).size).toBe(30);
    expect(second.length).toBe(30);
    expect(first.every((id) => second.includes(id))).toBe(true);
  });

  it('in the middle of a long catch-up: progress is kept, the rest is read by the next life', async () => {
    const events = generator.burst(3_000, Date.now() - 20 * 3_600_000, 19 * 3_600_000);
    simulator.add(KEY, events);
    installation.configure({
      api: { base_url: simulator.url, timeout: '60s', page_size: 100 },
      poll: { ...PATIENT, max_window_events: 100 },
    });
    const monitor = run();
    await monitor.until(is('poll.catching_up'));
    await expectCleanEnd(monitor);
    expect(monitor.lines.some(is('poll.completed'))).toBe(false);
    const again = run();
    await again.until(is('poll.completed'));
    await expectCleanEnd(again);
    const store = openStore({ path: installation.database, now: Date.now });
    scope.defer('store', () => store.close());
    expect((await store.status.totals()).events).toBe(3_000);
  });

  it('while standing by', async () => {
    const first = run();
    await first.until(is('poll.completed'));
    const second = run();
    await second.until(is('lease.waiting'));
    await expectCleanEnd(second);
    await expectCleanEnd(first);
  });
});
