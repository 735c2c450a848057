import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemAlert } from '../../src/alerts/system-alert.ts';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { openStore } from '../../src/store/open-store.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf, SECRET } from '../support/installation.ts';
import type { Receiver } from '../support/receiver.ts';

let scope: Scope;
let simulator: Simulator;
let slow: Receiver;
let quick: Receiver;
let installation: Installation;

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  slow = await receiverIn(scope);
  quick = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    sinks: { slow: { type: 'webhook', url: slow.url }, quick: { type: 'webhook', url: quick.url } },
    routes: [{ match: { kind: 'rule' }, to: ['slow'] }, { to: ['quick'] }],
  });
  installation.rule('app.yml', ruleOf('App', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

const generator = createGenerator({ seed: 'once', account: KEY });
const addEvent = (): void => simulator.add(KEY, generator.any(Date.now() - 2_000, 'APP_CREATE'));
const once = async (): Promise<boolean> => (await runInProcess(installation.config, 'once')).done;

describe('run --once', () => {
  it('refuses a start in the future, but not by a clock that is behind where it has read already', async () => {
    const poll = { interval: '50ms', settle: '0s', start: new Date(Date.now() - 60_000).toISOString() };
    installation.configure({ poll });
    addEvent();
    const behind = { now: () => Date.now() - 86_400_000 };
    const first = await runInProcess(installation.config, 'once', behind);
    await expect(first.done).rejects.toThrow(/poll\.start: found .+ account "default" has not been read yet/);
    expect(await once()).toBe(true);
    const again = await runInProcess(installation.config, 'once', behind);
    expect(await again.done).toBe(true);
  });

  it('delivers what a parking gives rise to, also through a sink that was already done; that is a failure', async () => {
    slow.answer(async () => {
      // By now the other sink has long found nothing to do.
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { status: 410 };
    });
    addEvent();
    expect(await once()).toBe(false);
    expect(quick.requests.map((request) => JSON.parse(request.body).rule.id)).toEqual(['system.parked']);
    // Parked before: no failure of this run.
    expect(await once()).toBe(true);
    expect(slow.requests.length).toBe(1);
  });

  it('a delivery that has to wait is a failure, and goes out with the next run', async () => {
    slow.next({ status: 503, headers: { 'retry-after': '1' } });
    addEvent();
    expect(await once()).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await once()).toBe(true);
    expect(slow.requests.length).toBe(2);
  });

  it('stopped before it got to work is a failure', async () => {
    const store = openStore({ path: installation.database, now: Date.now });
    scope.defer('store', () => store.close());
    await store.leases.acquire('monitor', 'elsewhere/1/1/x', 3_600_000);
    const waiting = await runInProcess(installation.config, 'once');
    await waiting.until((line) => line.event === 'lease.waiting');
    expect(await waiting.stop()).toBe(false);
    expect(simulator.requests.count()).toBe(0);
  });

  it('an API that asks for an hour of peace does not hold it for an hour', async () => {
    simulator.faults.add({ kind: 'status', status: 429, retryAfter: 3_600 });
    addEvent();
    const startedMs = Date.now();
    expect(await once()).toBe(false);
    expect(Date.now() - startedMs).toBeLessThan(10_000);
  });
});

describe('run --once with a sink in trouble', () => {
  const RETRY_LATER = { status: 429, headers: { 'retry-after': '3600' } };
  it.each([
    ['asks for an hour of peace', RETRY_LATER],
    ['does not work', { status: 503 }],
  ])(
    'ends with a failure when a receiver %s, however much waits for it; the other gets its own',
    async (_, answer) => {
      installation.configure({
        sinks: {
          slow: { type: 'webhook', url: slow.url, concurrency: 1, fallback: 'quick' },
          quick: { type: 'webhook', url: quick.url },
        },
        routes: [{ match: { kind: 'rule' }, to: ['slow'] }, { to: ['quick'] }],
      });
      slow.answer(answer);
      for (let index = 0; index < 20; index += 1) addEvent();
      expect(await once()).toBe(false);
      expect(slow.requests.length).toBeGreaterThan(0);
      expect(slow.requests.length).toBeLessThan(20);
      // Down, so its fallback has them all; busy, so they wait.
      expect(quick.requests.length).toBe(answer === RETRY_LATER ? 0 : 20);
      slow.answer({});
    },
  );

  it('what a route holds back is no failure, and goes out with a later run', async () => {
    installation.configure({
      sinks: { slow: { type: 'webhook', url: slow.url } },
      routes: [{ to: ['slow'], group: { by: ['rule'], wait: '1s', interval: '1s' } }],
    });
    addEvent();
    addEvent();
    expect(await once()).toBe(true);
    expect(slow.requests.length).toBe(0);
    const later = await runInProcess(installation.config, 'once', { now: () => Date.now() + 1_000 });
    expect(await later.done).toBe(true);
    expect(slow.requests.map(({ body }) => JSON.parse(body).kind)).toEqual(['summary']);
  });

  it('does not fail over what falls due when it is about to end', async () => {
    installation.configure({
      sinks: { slow: { type: 'webhook', url: slow.url } },
      routes: [{ to: ['slow'], group: { by: ['rule'], wait: '1h', interval: '1h' } }],
    });
    addEvent();
    // The hour passes before one of the looks at the clock, from the last to the one at which the group is still told.
    let looks = 0;
    const jumpsAt = (look: number) => (): number => Date.now() + (looks++ < look ? 0 : 3_600_000);
    let look = Number.POSITIVE_INFINITY;
    do {
      looks = 0;
      const run = await runInProcess(installation.config, 'once', { now: jumpsAt(look) });
      expect(await run.done).toBe(true);
      look = Math.min(look, looks) - 1;
    } while (slow.requests.length === 0);
    expect(look).toBeGreaterThan(0);
  });

  it('tells what a silence hid, once it has ended', async () => {
    const store = openStore({ path: installation.database, now: Date.now });
    scope.defer('store', () => store.close());
    const startsAtMs = Date.now() - 1_000;
    await store.silences.add({
      id: 's',
      match: { rule: ['app'] },
      author: 'alice',
      reason: 'maintenance',
      createdAtMs: startsAtMs,
      startsAtMs,
      endsAtMs: startsAtMs + 3_600_000,
      schedule: undefined,
      expired: undefined,
    });
    addEvent();
    expect(await once()).toBe(true);
    expect(slow.requests.length).toBe(0);
    await store.silences.expire('s', 'bob', Date.now());
    expect(await once()).toBe(true);
    expect(slow.requests.map(({ body }) => JSON.parse(body).message)).toEqual([
      expect.stringContaining('A silence by alice ("maintenance") has ended. It hid 1 alert'),
    ]);
  });
});

describe('sinks that are gone', () => {
  it('alerts that wait for one are told of at every start, do not fail a single run, and go out when it is back', async () => {
    slow.answer({ status: 503 });
    addEvent();
    expect(await once()).toBe(false);
    const sections = { sinks: { quick: { type: 'webhook', url: quick.url } }, routes: [{ to: ['quick'] }] };
    installation.configure(sections);
    const run = await runInProcess(installation.config, 'once');
    expect(await run.done).toBe(true);
    expect(run.lines).toContainEqual(
      expect.objectContaining({
        event: 'config.warning',
        sink: 'slow',
        warning: expect.stringMatching(
          /^1 delivery waits for sink "slow", which is off or not in the configuration/,
        ),
      }),
    );
    slow.answer({});
    installation.configure({
      sinks: { ...sections.sinks, slow: { type: 'webhook', url: slow.url } },
      routes: [{ to: ['quick'] }],
    });
    const daemon = await runInProcess(installation.config);
    await slow.received(2);
    await daemon.stop();
    expect(slow.requests[1]?.headers['webhook-id']).toBe(slow.requests[0]?.headers['webhook-id']);
  });
});

describe('an account that was renamed', () => {
  it('is told with the time up to which it was read', async () => {
    expect(await once()).toBe(true);
    installation.configure({ accounts: [{ name: 'renamed', api_key: KEY, api_secret: SECRET }] });
    const run = await runInProcess(installation.config, 'once');
    expect(await run.done).toBe(true);
    expect(run.lines).toContainEqual(
      expect.objectContaining({
        event: 'config.warning',
        account: 'default',
        warning: expect.stringMatching(
          /^account "default" was read up to 20.*Z and is no longer in the configuration/,
        ),
      }),
    );
  });
});

describe('trouble of an earlier life', () => {
  it('is still counted after a restart, and ends untold when its account or sink has left the configuration', async () => {
    const store = openStore({ path: installation.database, now: Date.now });
    scope.defer('store', () => store.close());
    const keys = ['stale:default', 'blind:sold-account', 'parked:slow', 'parked:old-sink'];
    await store.conditions.change(
      keys.map((key) => ({
        key,
        open: true,
        alert: (sinceMs) => {
          const condition = { name: 'stale' as const, subject: key, detail: '' };
          return { alert: systemAlert(condition, 'firing', sinceMs, Date.now()), sinks: [] };
        },
      })),
    );
    simulator.faults.add({ kind: 'status', status: 500 });
    const daemon = await runInProcess(installation.config);
    const { url } = await daemon.until((line) => line.event === 'http.listening');
    await daemon.until((line) => line.event === 'api.retry');
    const page = await (await fetch(`${String(url)}/metrics`)).text();
    for (const [condition, count] of [
      ['stale', 1],
      ['blind', 0],
      ['parked', 1],
      ['store', 0],
    ]) {
      expect(page).toContain(`vonage_audit_monitor_conditions_open{condition="${condition}"} ${count}\n`);
    }
    await daemon.stop();
    expect([...(await store.conditions.open()).keys()]).toEqual(['parked:slow', 'stale:default']);
    expect(quick.requests.length + slow.requests.length).toBe(0);
  });
});

describe('metrics', () => {
  it('a state that has emptied is 0, not what it was', async () => {
    slow.answer({ status: 503 });
    addEvent();
    const daemon = await runInProcess(installation.config);
    const { url } = await daemon.until((line) => line.event === 'http.listening');
    const pending = async (): Promise<string | undefined> =>
      /^vonage_audit_monitor_deliveries\{sink="slow",state="pending"\} (\d+)$/m.exec(
        await (await fetch(`${String(url)}/metrics`)).text(),
      )?.[1];
    await daemon.until((line) => line.event === 'delivery.retry');
    expect(await pending()).toBe('1');
    slow.answer({});
    await daemon.until((line) => line.event === 'delivery.sent');
    expect(await pending()).toBe('0');
    await daemon.stop();
  });
});
