import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { installationIn, monitorIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf, SECRET } from '../support/installation.ts';
import { is, type LogLine, type MonitorProcess } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';

/* Configuration and rules that change under the real process. */

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let other: Receiver;
let installation: Installation;
const generator = createGenerator({ seed: 'reload', account: KEY });

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope, {
    accounts: [
      { key: KEY, secret: SECRET },
      { key: 'second12', secret: 'second-secret' },
    ],
  });
  receiver = await receiverIn(scope);
  other = await receiverIn(scope);
  installation = installationIn(scope, simulator.url);
  configure({});
  installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

/** The configuration with some sections in place of the usual ones; by signal only, unless said. */
const configure = (sections: object): void =>
  installation.configure({
    sinks: { hook: { type: 'webhook', url: receiver.url } },
    routes: [{ to: ['hook'] }],
    reload: { watch: false },
    ...sections,
  });
const run = (): MonitorProcess => monitorIn(scope, ['run', '--config', installation.config]);
/** Sends SIGHUP and resolves with the line that tells what came of it. */
const reload = (monitor: MonitorProcess): Promise<LogLine> => {
  const from = monitor.lines.length;
  monitor.kill('SIGHUP');
  return monitor.until(({ event }) => event === 'config.reloaded' || event === 'config.kept', from);
};
const happen = (type: 'APP_CREATE' | 'APP_DELETE', key = KEY): string => {
  const event = generator.any(Date.now() - 1_000, type);
  simulator.add(key, event);
  return event.id;
};
interface Told {
  readonly kind: string;
  readonly status: string;
  readonly event_ids: readonly string[];
  readonly message: string;
  readonly rule: { readonly id: string; readonly title: string };
}
const told = (by: Receiver): readonly Told[] => by.requests.map(({ body }) => JSON.parse(body) as Told);
const metrics = async (monitor: MonitorProcess): Promise<string> => {
  const { url } = await monitor.until(is('http.listening'));
  return (await fetch(`${String(url)}/metrics`)).text();
};
const started = async (): Promise<MonitorProcess> => {
  const monitor = run();
  await monitor.until(is('poll.completed'));
  return monitor;
};

describe('SIGHUP', () => {
  it('puts accounts, sinks, routes, rules, intervals and log level in force, and takes them out again', async () => {
    const monitor = await started();
    const first = await monitor.until(is('monitor.started'));
    const event = happen('APP_CREATE');
    await receiver.received(1);
    configure({
      accounts: [
        { name: 'default', api_key: KEY, api_secret: SECRET },
        { name: 'second', api_key: 'second12', api_secret: 'second-secret' },
      ],
      sinks: { hook: { type: 'webhook', url: receiver.url }, extra: { type: 'webhook', url: other.url } },
      routes: [{ match: { account: ['second'] }, to: ['extra'] }, { to: ['hook'] }],
      poll: { interval: '60ms', settle: '0s', overlap: '10m', start: '24h' },
      log: { level: 'debug' },
    });
    installation.rule('app.yml', ruleOf('An application was deleted', 'low', ['APP_DELETE']));
    const line = await reload(monitor);
    expect(line).toMatchObject({
      event: 'config.reloaded',
      by: 'SIGHUP',
      changes: [
        'poll.interval: 50ms → 60ms',
        'log.level: info → debug',
        'account "second": added',
        'sink "extra": added',
        'rule "An application was created": removed',
        'rule "An application was deleted": added',
        'routes: changed',
      ],
    });
    expect(line['needs_restart']).toBeUndefined();
    expect(line['config_hash']).not.toBe(first['config_hash']);
    const deleted = happen('APP_DELETE', 'second12');
    happen('APP_CREATE');
    await other.received(1);
    expect(told(other).map(({ event_ids }) => event_ids)).toEqual([[deleted]]);
    expect(await metrics(monitor)).toMatch(/watermark_timestamp_seconds\{account="second"\} \d/);

    configure({});
    installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
    const back = await reload(monitor);
    expect(back['config_hash']).toBe(first['config_hash']);
    expect(back['changes']).toEqual(
      expect.arrayContaining(['account "second": removed', 'sink "extra": removed']),
    );
    const page = await metrics(monitor);
    expect(page).not.toMatch(/timestamp_seconds\{account="second"\}/);
    expect(page).toMatch(/config_reloads_total\{outcome="applied"\} 2/);
    expect(page).toMatch(/config_last_reload_successful 1/);
    expect(page).toMatch(new RegExp(`config_info\\{hash="${String(first['config_hash'])}"\\} 1`));
    expect(page.match(/_config_info\{/g)).toHaveLength(1);
    const last = happen('APP_CREATE');
    await receiver.received(2);
    expect(told(receiver).map(({ event_ids }) => event_ids)).toEqual([[event], [last]]);
    monitor.kill('SIGTERM');
    expect(await monitor.ended).toEqual({ code: 0, signal: null });
  });

  it('18: what is wrong is told with its place, logged, counted and alerted once, and the old ones run on until it is mended', async () => {
    const monitor = await started();
    const { config_hash: hash } = await monitor.until(is('monitor.started'));
    writeFileSync(installation.config, 'accounts: []\npol: {interval: 30}\n');
    installation.rule(
      'bad.yml',
      'title: x\nlogsource: {product: vonage}\ndetection: {a: {b|contain: c}, condition: a}\n',
    );
    expect(await reload(monitor)).toMatchObject({ event: 'config.kept', by: 'SIGHUP', config_hash: hash });
    const problems = monitor.lines.filter(is('config.problem')).map(({ problem }) => String(problem));
    expect(problems).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/monitor\.yml:1:\d+: .*accounts/),
        expect.stringMatching(/monitor\.yml:2:1: unknown key "pol"; did you mean "poll"\?/),
      ]),
    );
    const [alert] = await receiver.received(1).then(() => told(receiver));
    expect(alert).toMatchObject({ kind: 'system', status: 'firing', rule: { id: 'system.config' } });
    expect(alert?.message).toMatch(/monitor\.yml:1:\d+: /);
    const page = await metrics(monitor);
    expect(page).toMatch(/config_reloads_total\{outcome="refused"\} 1/);
    expect(page).toMatch(/config_last_reload_successful 0/);
    expect(page).toMatch(/conditions_open\{condition="config"\} 1/);
    // Again, and with other problems: it is told already.
    configure({});
    expect(await reload(monitor)).toMatchObject({ event: 'config.kept' });
    expect(monitor.lines.filter(is('config.problem')).at(-1)?.['problem']).toMatch(/bad\.yml:3:\d+: /);
    const event = happen('APP_CREATE');
    await receiver.received(2);
    rmSync(join(installation.folder, 'rules', 'bad.yml'));
    expect(await reload(monitor)).toMatchObject({ event: 'config.reloaded', changes: [], config_hash: hash });
    await receiver.received(3);
    expect(told(receiver).map(({ kind, status, event_ids }) => [kind, status, event_ids])).toEqual([
      ['system', 'firing', []],
      ['rule', 'firing', [event]],
      ['system', 'resolved', []],
    ]);
    expect(await metrics(monitor)).toMatch(/config_last_reload_successful 1/);
  });

  it('a restart with the mended configuration ends the alert as well', async () => {
    const monitor = await started();
    writeFileSync(installation.config, 'accounts: []\n');
    await reload(monitor);
    await receiver.received(1);
    monitor.kill('SIGTERM');
    await monitor.ended;
    configure({});
    await started();
    await receiver.received(2);
    expect(told(receiver).map(({ status }) => status)).toEqual(['firing', 'resolved']);
  });

  it('names what only a restart puts in force, and applies the rest', async () => {
    const monitor = await started();
    configure({
      store: { path: join(installation.folder, 'elsewhere.db'), retention: '300d' },
      http: { listen: '127.0.0.1:0', external_url: 'https://audit.example.com' },
    });
    const line = await reload(monitor);
    expect(line).toMatchObject({
      event: 'config.reloaded',
      changes: ['store.retention: 400d → 300d'],
      needs_restart: ['store.path', 'http'],
    });
    const again = await reload(monitor);
    expect(again).toMatchObject({ changes: [], needs_restart: ['store.path', 'http'] });
    const event = happen('APP_CREATE');
    await receiver.received(1);
    expect(told(receiver).map(({ event_ids }) => event_ids)).toEqual([[event]]);
  });

  it('a secret that is new in the configuration is redacted from the first line on', async () => {
    const monitor = await started();
    other.answer({ status: 400, body: 'no: hush-hush-4711' });
    configure({
      sinks: {
        hook: { type: 'webhook', url: receiver.url },
        extra: { type: 'webhook', url: other.url, headers: { authorization: 'hush-hush-4711' } },
      },
      routes: [{ to: ['hook', 'extra'] }],
    });
    await reload(monitor);
    happen('APP_CREATE');
    await monitor.until(is('delivery.parked', { sink: 'extra' }));
    expect(monitor.output()).not.toContain('hush-hush-4711');
    expect(monitor.output()).toContain('[redacted]');
  });

  it('deliveries of a sink that was taken out wait for it, are told of, and go out when it is back', async () => {
    const monitor = await started();
    receiver.answer({ status: 503 });
    const event = happen('APP_CREATE');
    await monitor.until(is('delivery.retry'));
    configure({ sinks: { aside: { type: 'webhook', url: other.url } }, routes: [{ to: ['aside'] }] });
    const from = monitor.lines.length;
    await reload(monitor);
    const warning = await monitor.until(is('config.warning', { sink: 'hook' }), from);
    expect(warning['warning']).toMatch(/1 delivery waits for sink "hook"/);
    receiver.answer({});
    const before = receiver.requests.length;
    configure({});
    await reload(monitor);
    await receiver.received(before + 1);
    expect(told(receiver).at(-1)?.event_ids).toEqual([event]);
    const ids = new Set(receiver.requests.map(({ headers }) => headers['webhook-id']));
    expect(ids.size).toBe(1);
  });

  it('many at once, and one while it stops, harm nothing', async () => {
    const monitor = await started();
    const ids: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      ids.push(happen('APP_CREATE'));
      configure({ poll: { interval: `${50 + round}ms`, settle: '0s', overlap: '10m', start: '24h' } });
      monitor.kill('SIGHUP');
      monitor.kill('SIGHUP');
    }
    await receiver.received(10);
    expect(
      told(receiver)
        .flatMap(({ event_ids }) => event_ids)
        .sort(),
    ).toEqual([...ids].sort());
    configure({});
    monitor.kill('SIGHUP');
    monitor.kill('SIGTERM');
    expect(await monitor.ended).toEqual({ code: 0, signal: null });
    expect(monitor.lines.at(-1)?.event).toBe('monitor.stopped');
  });

  it('on a process that stands by: what it will work with has changed', async () => {
    const monitor = await started();
    const standby = run();
    await standby.until(is('lease.waiting'));
    installation.rule('app.yml', ruleOf('An application was deleted', 'low', ['APP_DELETE']));
    expect(await reload(standby)).toMatchObject({ event: 'config.reloaded' });
    monitor.kill('SIGTERM');
    await monitor.ended;
    await standby.until(is('poll.completed'));
    const event = happen('APP_DELETE');
    await receiver.received(1);
    expect(told(receiver).map(({ event_ids }) => event_ids)).toEqual([[event]]);
  });
});

describe('files that change', () => {
  const BY = { by: 'a file has changed' };

  it('are loaded by themselves: a rule that is new, changed, and taken away', async () => {
    configure({ reload: { watch: true } });
    const monitor = await started();
    installation.rule('more.yml', ruleOf('An application was deleted', 'low', ['APP_DELETE']));
    const added = await monitor.until(is('config.reloaded', BY));
    expect(added['changes']).toEqual(['rule "An application was deleted": added']);
    const event = happen('APP_DELETE');
    await receiver.received(1);
    expect(told(receiver).map(({ event_ids }) => event_ids)).toEqual([[event]]);
    let from = monitor.lines.length;
    installation.rule('more.yml', ruleOf('An application was deleted', 'high', ['APP_DELETE']));
    const changed = await monitor.until(is('config.reloaded', BY), from);
    expect(changed['changes']).toEqual(['rule "An application was deleted": changed']);
    from = monitor.lines.length;
    rmSync(join(installation.folder, 'rules', 'more.yml'));
    const removed = await monitor.until(is('config.reloaded', BY), from);
    expect(removed['changes']).toEqual(['rule "An application was deleted": removed']);
  });

  it('as Kubernetes swaps them, by a link: all of the new ones at once', async () => {
    const mount = join(installation.folder, 'mount');
    const swap = (version: string, files: Readonly<Record<string, string>>): void => {
      mkdirSync(join(mount, `..${version}`), { recursive: true });
      for (const [name, text] of Object.entries(files))
        writeFileSync(join(mount, `..${version}`, name), text);
      symlinkSync(`..${version}`, join(mount, '..data_tmp'));
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    const config = (interval: string): string =>
      JSON.stringify({
        accounts: [{ name: 'default', api_key: KEY, api_secret: SECRET }],
        api: { base_url: simulator.url },
        poll: { interval, settle: '0s', start: '24h' },
        store: { path: installation.database },
        rules: ['app.yml'],
        sinks: { hook: { type: 'webhook', url: receiver.url } },
        http: { listen: '127.0.0.1:0' },
      });
    swap('2026_01', {
      'monitor.yml': config('50ms'),
      'app.yml': ruleOf('An application was created', 'high', ['APP_CREATE']),
    });
    for (const name of ['monitor.yml', 'app.yml']) symlinkSync(join('..data', name), join(mount, name));
    const monitor = monitorIn(scope, ['run', '--config', join(mount, 'monitor.yml')]);
    await monitor.until(is('poll.completed'));
    swap('2026_02', {
      'monitor.yml': config('70ms'),
      'app.yml': ruleOf('An application was deleted', 'high', ['APP_DELETE']),
    });
    const line = await monitor.until(is('config.reloaded', BY));
    expect(line['changes']).toEqual([
      'poll.interval: 50ms → 70ms',
      'rule "An application was created": removed',
      'rule "An application was deleted": added',
    ]);
    rmSync(join(mount, '..2026_01'), { recursive: true });
    const event = happen('APP_DELETE');
    await receiver.received(1);
    expect(told(receiver).map(({ event_ids }) => event_ids)).toEqual([[event]]);
    expect(monitor.lines.filter(is('config.kept'))).toEqual([]);
  });
});
