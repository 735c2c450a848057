import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemAlert } from '../../src/alerts/system-alert.ts';
import { load } from '../../src/app/load.ts';
import type { Monitor } from '../../src/app/parts.ts';
import { checksOf } from '../../src/app/proofs.ts';
import { headsOfLog } from '../../src/app/published-heads.ts';
import { createScope, type Scope } from '../../src/base/scope.ts';
import type { HeartbeatSettings } from '../../src/config/settings.ts';
import type { ConditionName } from '../../src/core/conditions.ts';
import { StoreError } from '../../src/core/store.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { openStore } from '../../src/store/open-store.ts';
import { auditEvent, decideNothing, take, windowOf } from '../store/fixtures.ts';
import { runInProcess } from '../support/in-process.ts';
import { createInstallation } from '../support/installation.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MINUTE = 60_000;
let scope: Scope;
let receiver: Receiver;
beforeEach(async () => {
  scope = createScope();
  receiver = await createReceiver();
  scope.defer('receiver', () => receiver.close());
});
afterEach(() => scope.close());

/** A heartbeat every few milliseconds over a real store, with an account that was read just now. */
const beating = (heartbeat: Partial<HeartbeatSettings> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-heartbeat-'));
  scope.defer('folder', async () => rmSync(folder, { recursive: true, force: true }));
  let nowMs = Date.now();
  const now = (): number => nowMs;
  const store = openStore({ path: join(folder, 'monitor.db'), now, durability: 'off' });
  scope.defer('store', () => store.close());
  const lines: { readonly event: string; readonly reason: string }[] = [];
  const write = (event: string, fields: object = {}): void =>
    void lines.push({ reason: '', ...fields, event });
  const trouble = { writable: true };
  const poller: { lastMs: number | undefined; sinceMs: number } = { lastMs: nowMs, sinceMs: 0 };
  const probe = async (): Promise<void> => {
    if (!trouble.writable) throw new StoreError('readonly', 'cannot be written');
  };
  const monitor = {
    store: { ...store, status: { ...store.status, probe } },
    sinks: [{ name: 'slack' }],
    telemetry: noTelemetry,
    parts: {
      settings: {
        heartbeat: {
          url: `${receiver.url}/beat?token=hush`,
          intervalMs: 10,
          heads: true,
          secretFiles: [],
          ...heartbeat,
        },
        poll: { intervalMs: 30_000 },
        proxy: { urlFor: () => undefined },
      },
      log: { debug: write, info: write, warn: write, error: write },
      now,
      random: Math.random,
      redact: (text: string) => text.replaceAll('hush', '[redacted]'),
    },
  } as unknown as Monitor;
  const pollers = [
    {
      account: 'a',
      lastCompletedMs: () => poller.lastMs,
      sinceCompletedMs: () => poller.sinceMs,
      lastFailure: () => undefined,
    },
  ];
  const duty = { isHeld: () => true };
  const [task] = checksOf(
    monitor,
    () => pollers,
    { async raise() {}, async clear() {} },
    () => duty.isHeld(),
  );
  const stop = new AbortController();
  const ended = task?.(stop.signal, stop.signal);
  scope.defer('heartbeat', async () => {
    stop.abort();
    await ended;
  });
  return {
    store,
    lines,
    duty,
    poller,
    trouble,
    now,
    pass(ms: number) {
      nowMs += ms;
    },
    async condition(name: ConditionName, open: boolean) {
      const alert = (sinceMs: number) => ({
        alert: systemAlert(
          { name, subject: 'slack', detail: '' },
          open ? 'firing' : 'resolved',
          sinceMs,
          nowMs,
        ),
        sinks: [],
      });
      await store.conditions.change([{ key: `${name}:slack`, open, alert }]);
    },
    /** Resolves once the reason was logged; looks for a bounded time. */
    async withheld(reason: string): Promise<void> {
      await expect
        .poll(() => lines.map((line) => line.reason).join('\n'), { interval: 5, timeout: 5_000 })
        .toContain(reason);
    },
    async beats(): Promise<void> {
      await receiver.received(receiver.requests.length + 2);
    },
  };
};

/** Commits events of the account "a", as a poll does. */
const commit = async ({ store }: ReturnType<typeof beating>, ...ids: readonly string[]): Promise<void> => {
  const lease = await take(store);
  const events = ids.map((id) => auditEvent(id, 0, {}, 'a'));
  await store.collect.commitWindow(lease, windowOf(events, { account: 'a' }), decideNothing);
  await store.leases.release(lease);
};
const bodies = (): readonly string[] =>
  receiver.requests.map(({ body }) => body).filter((body) => body !== '');

describe('the heartbeat', () => {
  it('is sent as long as all is well, without a word in the log', async () => {
    const one = beating();
    await one.beats();
    expect(receiver.requests[0]).toMatchObject({ method: 'POST', path: '/beat?token=hush', body: '' });
    expect(one.lines).toEqual([]);
  });

  it('is not sent by a process that slept while all that it looked at before was well', async () => {
    const one = beating({ intervalMs: 1 });
    await one.beats();
    const asked = Promise.withResolvers<void>();
    let looks = 0;
    // The process wakes up between its last look at the store and the request.
    one.duty.isHeld = () => {
      looks += 1;
      if (looks === 20) asked.resolve();
      return false;
    };
    const before = receiver.requests.length;
    await asked.promise;
    // One that was under way.
    expect(receiver.requests.length).toBeLessThanOrEqual(before + 1);
    expect(one.lines).toEqual([]);
  });

  it.each<[string, (one: ReturnType<typeof beating>, bad: boolean) => unknown, string]>([
    [
      'an account has never been read',
      ({ poller, now }, bad) => {
        poller.lastMs = bad ? undefined : now();
      },
      'account "a" has not been polled yet',
    ],
    [
      'an account is stale',
      ({ poller, now }, bad) => {
        poller.lastMs = bad ? now() - 10 * MINUTE : now();
      },
      'account "a" was polled completely 10m ago',
    ],
    [
      'an account is stale, although the clock was set back',
      ({ poller, now }, bad) => {
        poller.lastMs = now() + (bad ? MINUTE : 0);
        poller.sinceMs = bad ? 10 * MINUTE : 0;
      },
      'account "a" was polled completely 10m ago',
    ],
    ['a circuit is open', (one, bad) => one.condition('circuit', bad), 'circuit:slack is open'],
    ['something is parked', (one, bad) => one.condition('parked', bad), 'parked:slack is open'],
    [
      'the store cannot be written',
      ({ trouble }, bad) => {
        trouble.writable = !bad;
      },
      'the store cannot be written',
    ],
    [
      'a delivery is overdue',
      async ({ store, pass, poller, now }, bad) => {
        if (bad) {
          const alert = systemAlert({ name: 'stale', subject: 'a', detail: '' }, 'firing', now(), now());
          await store.outbox.enqueue([{ alert, sinks: ['slack'] }]);
          pass(11 * MINUTE);
          poller.lastMs = now();
        } else {
          const [delivery] = await store.outbox.claim('slack', 1, 60_000);
          const ended = { startedAtMs: now(), endedAtMs: now(), outcome: 'sent', detail: '' } as const;
          await store.outbox.settle(
            [{ deliveryId: delivery?.id ?? '', next: { state: 'sent' }, ...ended }],
            [],
          );
        }
      },
      'a delivery to "slack" is overdue for 11m',
    ],
  ])('is withheld while %s, which is said once, and goes on', async (_, change, reason) => {
    const one = beating();
    await one.beats();
    await change(one, true);
    await one.withheld(reason);
    const before = receiver.requests.length;
    // Several intervals pass: a second reason shows that it went on looking.
    one.poller.lastMs = one.now() - 20 * MINUTE;
    await one.withheld('polled completely 20m ago');
    expect(receiver.requests.length).toBe(before);
    one.poller.lastMs = one.now();
    one.poller.sinceMs = 0;
    await change(one, false);
    await one.beats();
    const told = one.lines.filter((line) => line.event === 'heartbeat.withheld');
    expect(told.length).toBeLessThanOrEqual(5);
  });

  it('that is not taken is said without its secret, and the next one comes all the same', async () => {
    receiver.next({ status: 500 }, 'reset');
    const one = beating();
    await receiver.received(4);
    const failed = one.lines.filter(({ event }) => event === 'heartbeat.failed').map(({ reason }) => reason);
    expect(failed).toHaveLength(2);
    expect(failed[0]).toContain('HTTP 500');
    expect(failed.join()).not.toContain('hush');
  });

  it('carries the heads of the chains that its receiver does not have yet, as lines that verify reads', async () => {
    const one = beating();
    await commit(one, 'first', 'second');
    const [first] = await one.store.chains.heads();
    await expect.poll(bodies, { interval: 5 }).toHaveLength(1);
    // What was not taken comes again.
    let refused = 0;
    receiver.answer(async ({ body }) =>
      body.includes('"position":3') && (refused += 1) === 1 ? { status: 500 } : {},
    );
    await commit(one, 'third');
    await expect.poll(bodies, { interval: 5 }).toHaveLength(3);
    await one.beats();
    expect(bodies()).toHaveLength(3);
    const [head] = await one.store.chains.heads();
    const file = join(mkdtempSync(join(tmpdir(), 'vam-heads-')), 'bodies');
    scope.defer('file', async () => rmSync(dirname(file), { recursive: true, force: true }));
    writeFileSync(file, bodies().join(''));
    expect(await headsOfLog(file, new AbortController().signal)).toEqual(
      [first, head, head].map((known) => ({ ...known })),
    );
  });

  it('has no body where none is wanted', async () => {
    const one = beating({ heads: false });
    await commit(one, 'first');
    await one.beats();
    expect(bodies()).toEqual([]);
  });

  it('follows the file of its URL; one that is empty or no URL leaves the old one in force, told once', async () => {
    const simulator = await createSimulator();
    scope.defer('simulator', () => simulator.close());
    const installation = createInstallation(simulator.url, {
      heartbeat: { url_file: 'beat', interval: '1m' },
    });
    scope.defer('installation', () => installation.remove());
    const file = join(dirname(installation.config), 'beat');
    const put = (text: string): void => {
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    };
    put(`${receiver.url}/old`);
    const loaded = await load({
      path: installation.config,
      env: {},
      cwd: '/',
      packageDir: ROOT,
      now: Date.now,
    });
    const heartbeat = loaded.ready?.settings.heartbeat;
    const one = beating({ ...heartbeat, intervalMs: 10 });
    await one.beats();
    for (const wrong of ['', 'no URL']) {
      const before = one.lines.length;
      put(wrong);
      await expect.poll(() => one.lines.length, { interval: 5 }).toBe(before + 1);
      await one.beats();
      expect(one.lines.slice(before)).toMatchObject([{ event: 'secret.kept' }]);
    }
    put(`${receiver.url}/new?token=hidden`);
    await expect.poll(() => receiver.requests.at(-1)?.path, { interval: 5 }).toBe('/new?token=hidden');
    expect(one.lines.at(-1)).toMatchObject({ event: 'secret.changed' });
    expect(loaded.secrets).toContain(`${receiver.url}/new?token=hidden`);
    expect(new Set(receiver.requests.map(({ path }) => path))).toEqual(
      new Set(['/old', '/new?token=hidden']),
    );
  });

  it('comes from a monitor that has it in its configuration, as soon as it has read its account', async () => {
    const simulator = await createSimulator();
    scope.defer('simulator', () => simulator.close());
    const heartbeat = { url: `${receiver.url}/beat?token=hush`, interval: '5s' };
    const installation = createInstallation(simulator.url, { heartbeat });
    scope.defer('installation', async () => installation.remove());
    const monitor = await runInProcess(installation.config);
    await receiver.received(1);
    await monitor.stop();
    expect(JSON.stringify(monitor.lines)).not.toContain('hush');
  });
});
