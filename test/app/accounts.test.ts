import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, ruleOf, SECRET } from '../support/installation.ts';
import type { LogLine } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;

const setUp = async (count: number, interval: string): Promise<readonly string[]> => {
  const names = Array.from({ length: count }, (_, i) => `account-${i}`);
  simulator = await simulatorIn(scope, { accounts: names.map((name) => ({ key: name, secret: SECRET })) });
  receiver = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    accounts: names.map((name) => ({ name, api_key: name, api_secret: SECRET })),
    api: { base_url: simulator.url, timeout: '60s' },
    poll: { interval, settle: '0s', overlap: '1m', start: '1h' },
    sinks: { hook: { type: 'webhook', url: receiver.url } },
    routes: [{ to: ['hook'] }],
    log: { events: 'none' },
  });
  installation.rule('app.yml', ruleOf('App', 'high', ['APP_CREATE']));
  return names;
};
beforeEach(() => {
  scope = createScope();
});
afterEach(() => scope.close());

const start = async (now?: () => number) => {
  const monitor = await runInProcess(installation.config, 'daemon', now ? { now } : {});
  scope.defer('monitor', async () => void (await monitor.stop()));
  return monitor;
};
const is =
  (event: string, account: string) =>
  (line: LogLine): boolean =>
    line.event === event && line['account'] === account;
const isAbout =
  (id: string, account: string, status = 'firing') =>
  (body: Record<string, unknown>): boolean =>
    (body['rule'] as { id: string }).id === id && body['account'] === account && body['status'] === status;

describe('23: many accounts, some of them in trouble', () => {
  it('200 accounts, one refused, one hanging, one failing: the other 197 are polled again and again meanwhile', async () => {
    const names = await setUp(200, '1s');
    const [refused = '', hanging = '', failing = '', ...others] = names;
    simulator.faults.add({ kind: 'status', status: 401, account: refused });
    simulator.faults.add({ kind: 'slow', delayMs: Number.POSITIVE_INFINITY, account: hanging });
    simulator.faults.add({ kind: 'status', status: 500, account: failing });
    const monitor = await start();
    const passes = new Map<string, number>();
    await monitor.until((line) => {
      if (line.event === 'poll.completed') {
        const account = String(line['account']);
        passes.set(account, (passes.get(account) ?? 0) + 1);
      }
      return others.every((account) => (passes.get(account) ?? 0) >= 4);
    });
    for (const account of [refused, hanging, failing]) expect(passes.has(account)).toBe(false);
    // All the while nothing has come of the one that hangs: nobody waited for it.
    expect(monitor.lines.some(is('poll.failed', hanging))).toBe(false);
    const counts = others.map((account) => passes.get(account) ?? 0);
    expect(Math.max(...counts)).toBeLessThanOrEqual(12);

    // Their events are alerted while it hangs, and the refused one is told of.
    const generator = createGenerator({ seed: 'accounts', account: 'any' });
    const last = others.at(-1) ?? '';
    const event = generator.any(Date.now() - 1_000, 'APP_CREATE');
    simulator.add(last, event);
    expect(await receiver.told((body) => String(body['event_ids']) === event.id)).toMatchObject({
      account: last,
    });
    expect(await receiver.told(isAbout('system.blind', refused))).toMatchObject({ level: 'critical' });
  }, 60_000);
});

describe('24: up, but reading nothing', () => {
  it('is alarmed for the account it is about, and not ready once none is read; both end by themselves', async () => {
    const [hanging = '', working = ''] = await setUp(2, '200ms');
    const mend = simulator.faults.add({ kind: 'slow', delayMs: Number.POSITIVE_INFINITY, account: hanging });
    let aheadMs = 0;
    const monitor = await start(() => Date.now() + aheadMs);
    const { url } = await monitor.until((line) => line.event === 'http.listening');
    const ready = async (): Promise<{ status: number; body: unknown }> => {
      const answer = await fetch(`${String(url)}/readyz`);
      return { status: answer.status, body: await answer.json() };
    };
    await monitor.until(is('poll.completed', working));
    const from = monitor.lines.length;
    aheadMs = 300_000;
    await monitor.until(is('poll.completed', working), from);
    // One that works makes it ready; the other is named.
    expect(await ready()).toMatchObject({
      status: 200,
      body: {
        detail: {
          accounts: [
            { name: hanging, fresh: false },
            { name: working, fresh: true },
          ],
        },
      },
    });
    expect(await receiver.told(isAbout('system.stale', hanging))).toMatchObject({
      kind: 'system',
      level: 'high',
    });
    const stale = monitor.lines.filter((line) => line['condition'] === 'stale');
    expect(stale.map((line) => line['subject'])).toEqual([hanging]);

    // Now the other one hangs as well.
    const mendAll = simulator.faults.add({ kind: 'slow', delayMs: Number.POSITIVE_INFINITY });
    await simulator.requests.until((log) => log.list(working).some((request) => !request.complete));
    aheadMs = 600_000;
    expect(await ready()).toMatchObject({
      status: 503,
      body: { ready: false, reasons: ['no account has completed a pass in the last 1m'] },
    });
    mend();
    mendAll();
    // What hangs still hangs until its own timeout; a restart is as good as that.
    await monitor.stop();
    await start(() => Date.now() + aheadMs);
    await receiver.told(isAbout('system.stale', hanging, 'resolved'));
  }, 60_000);
});
