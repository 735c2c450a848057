import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { installationIn, monitorIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf, SECRET } from '../support/installation.ts';
import { is, type MonitorProcess, startMonitor } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';
import { createSmtpServer } from '../support/smtp-server.ts';

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  receiver = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    sinks: { hook: { type: 'webhook', url: `${receiver.url}/hook` }, console: { type: 'log' } },
    routes: [{ to: ['hook', 'console'] }],
  });
  installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

/** A running monitor that is killed at the end of the test, should it still be there. */
const run = (args: readonly string[] = [], env: Record<string, string> = {}): MonitorProcess =>
  monitorIn(scope, ['run', '--config', installation.config, ...args], env);
const generator = createGenerator({ seed: 'e2e', account: KEY });
const appCreated = (secondsAgo = 2) => generator.any(Date.now() - secondsAgo * 1_000, 'APP_CREATE');

describe('the main job, the real process', () => {
  it('an event becomes an alert in the log and at the webhook, once, and a restart repeats nothing', async () => {
    const monitor = run();
    await monitor.until(is('poll.completed'));
    const event = appCreated();
    simulator.add(KEY, event);
    const [request] = await receiver.received(1);
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      kind: 'rule',
      level: 'high',
      account: 'default',
      event_ids: [event.id],
      rule: { title: 'An application was created' },
    });
    expect(await monitor.until(is('audit.event', { event_id: event.id }))).toMatchObject({
      event_type: 'APP_CREATE',
    });
    const alert = await monitor.until(is('alert'));
    expect(alert).toMatchObject({ account: 'default', rule_title: 'An application was created' });
    monitor.kill('SIGTERM');
    expect(await monitor.ended).toEqual({ code: 0, signal: null });
    expect(monitor.lines.at(-1)?.event).toBe('monitor.stopped');

    const again = run();
    await again.until(is('poll.completed'));
    const second = appCreated();
    simulator.add(KEY, second);
    await receiver.received(2);
    again.kill('SIGTERM');
    await again.ended;
    expect(receiver.requests.map((seen) => JSON.parse(seen.body).event_ids)).toEqual([
      [event.id],
      [second.id],
    ]);
    expect(again.output()).not.toContain(SECRET);
    expect(again.output()).not.toContain(`${receiver.url}/hook`);
  });

  it('a sink that is down delays no other, and gets everything once it is back', async () => {
    const mails = await createSmtpServer({ tls: 'none' });
    scope.defer('smtp', () => mails.close());
    installation.configure({
      sinks: {
        hook: { type: 'webhook', url: `${receiver.url}/hook` },
        mail: {
          type: 'email',
          url: `smtp://127.0.0.1:${mails.port}`,
          from: 'monitor@example.com',
          to: ['oncall@example.com'],
        },
      },
      routes: [{ to: ['hook', 'mail'] }],
    });
    await receiver.down();
    const monitor = run();
    const events = [appCreated(4), appCreated(3), appCreated(2)];
    simulator.add(KEY, events);
    const received = await mails.received(3);
    expect(received.map((mail) => mail.parsed.subject)).toEqual(
      Array.from({ length: 3 }, () => expect.stringContaining('An application was created')),
    );
    await monitor.until(is('delivery.retry', { sink: 'hook' }));
    await receiver.up();
    // On a slow machine so many attempts have failed by now that its circuit is open: the probe comes within 30 s.
    await receiver.received(3, 45_000);
    const ids = receiver.requests.map((request) => request.headers['webhook-id']);
    expect(new Set(ids).size).toBe(3);
    expect(
      receiver.requests.flatMap((request) => JSON.parse(request.body).event_ids as string[]).toSorted(),
    ).toEqual(events.map((event) => event.id).toSorted());
  }, 90_000);

  it('a refused key is alerted at once, and again when it is over, with a rotated secret file and without a restart', async () => {
    const secretFile = join(installation.folder, 'secret');
    writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });
    installation.configure({
      accounts: [{ name: 'default', api_key: KEY, api_secret_file: secretFile }],
      sinks: { hook: { type: 'webhook', url: receiver.url } },
      routes: [{ to: ['hook'] }],
    });
    const monitor = run();
    await monitor.until(is('poll.completed'));
    simulator.setSecret(KEY, 'rotated-secret');
    const [blind] = await receiver.received(1);
    expect(JSON.parse(blind?.body ?? '')).toMatchObject({
      kind: 'system',
      status: 'firing',
      rule: { id: 'system.blind' },
      level: 'critical',
    });
    const during = appCreated(1);
    simulator.add(KEY, during);
    writeFileSync(secretFile, 'rotated-secret\n');
    const all = (await receiver.received(3)).slice(1).map((request) => JSON.parse(request.body));
    expect(all).toContainEqual(
      expect.objectContaining({ status: 'resolved', rule: expect.objectContaining({ id: 'system.blind' }) }),
    );
    expect(all).toContainEqual(expect.objectContaining({ event_ids: [during.id] }));
    expect(monitor.output()).not.toContain('rotated-secret');
  });

  it('a delivery that is refused for good is parked, the other sinks say so, and it can be sent again', async () => {
    const other = await receiverIn(scope);
    installation.configure({
      sinks: { gone: { type: 'webhook', url: receiver.url }, hook: { type: 'webhook', url: other.url } },
      routes: [{ match: { kind: 'rule' }, to: ['gone'] }, { to: ['gone', 'hook'] }],
    });
    receiver.answer({ status: 410 });
    const monitor = run();
    simulator.add(KEY, appCreated());
    const [request] = await other.received(1);
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ kind: 'system', rule: { id: 'system.parked' } });
    await monitor.until(is('delivery.parked', { sink: 'gone' }));
    expect(receiver.requests.length).toBe(1);

    // The cause is mended; a person has what was parked sent again, while the monitor runs.
    receiver.answer({});
    const listed = startMonitor(['deliveries', 'parked', '--config', installation.config]);
    expect(await listed.ended).toEqual({ code: 0, signal: null });
    expect(listed.output()).toMatch(/gone {2}parked +1 {2}high: An application was created +HTTP 410/);
    const retried = startMonitor(['deliveries', 'retry', '--sink', 'gone', '--config', installation.config]);
    await retried.ended;
    expect(retried.output()).toBe('1 delivery is due again\n');
    const [first, second] = await receiver.received(2);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
    const again = startMonitor(['deliveries', 'retry', '--sink', 'gone', '--config', installation.config]);
    expect(await again.ended).toEqual({ code: 2, signal: null });
    expect(again.output()).toBe('nothing of this is parked\n');

    // In the wrong place, or with a wrong name, "nothing is parked" would be no answer.
    const misspelt = startMonitor([
      'deliveries',
      'parked',
      '--sink',
      'gine',
      '--config',
      installation.config,
    ]);
    expect(await misspelt.ended).toEqual({ code: 2, signal: null });
    expect(misspelt.output()).toContain('did you mean "gone"?');
    installation.configure({ store: { path: `${installation.database}.other` } });
    const elsewhere = startMonitor(['deliveries', 'parked', '--config', installation.config]);
    expect(await elsewhere.ended).toEqual({ code: 2, signal: null });
    expect(elsewhere.output()).toMatch(/^there is no store at .*monitor\.db\.other /);
    expect(existsSync(`${installation.database}.other`)).toBe(false);
  });

  it('serves readiness after a pass, metrics and liveness', async () => {
    const monitor = run();
    const { url } = await monitor.until(is('http.listening'));
    await monitor.until(is('poll.completed'));
    const ready = await fetch(`${String(url)}/readyz`);
    expect(ready.status).toBe(200);
    const metrics = await (await fetch(`${String(url)}/metrics`)).text();
    expect(metrics).toMatch(
      /vonage_audit_monitor_polls_total\{account="default",outcome="completed"\} [1-9]/,
    );
    expect(await (await fetch(`${String(url)}/livez`)).json()).toEqual({ alive: true });
  });

  it('a second process on the same store stands by, is not ready, and takes over at once when the first ends', async () => {
    const first = run();
    await first.until(is('poll.completed'));
    const second = run();
    await second.until(is('lease.waiting'));
    const { url } = await second.until(is('http.listening'));
    const standby = await fetch(`${String(url)}/readyz`);
    expect(standby.status).toBe(503);
    expect(await standby.json()).toMatchObject({
      ready: false,
      reasons: [expect.stringContaining('standing by')],
    });
    expect(second.lines.some(is('poll.completed'))).toBe(false);
    first.kill('SIGKILL');
    await first.ended;
    await second.until(is('lease.acquired'));
    const event = appCreated();
    simulator.add(KEY, event);
    await receiver.received(1);
    await second.until(is('poll.completed'));
  });

  it('run --once makes one pass, delivers what is due and ends with 0, or with 1 when it could not', async () => {
    const event = appCreated();
    simulator.add(KEY, event);
    const once = run(['--once']);
    expect(await once.ended).toEqual({ code: 0, signal: null });
    expect(receiver.requests.map((request) => JSON.parse(request.body).event_ids)).toEqual([[event.id]]);
    expect(once.lines.filter(is('poll.completed')).length).toBe(1);

    await receiver.down();
    simulator.add(KEY, appCreated(1));
    expect(await run(['--once']).ended).toEqual({ code: 1, signal: null });
    simulator.faults.add({ kind: 'status', status: 401 });
    expect(await run(['--once']).ended).toEqual({ code: 1, signal: null });
  });

  it('SIGTERM during a send: what is in flight ends or is released, exit 0; a second signal ends at once', async () => {
    receiver.answer('hang');
    const monitor = run();
    simulator.add(KEY, appCreated());
    await receiver.received(1);
    monitor.kill('SIGTERM');
    await monitor.until(is('monitor.stopping'));
    monitor.kill('SIGTERM');
    expect(await monitor.ended).toEqual({ code: 1, signal: null });
    receiver.answer({});
    const again = run();
    await receiver.received(2);
    expect(receiver.requests[1]?.headers['webhook-id']).toBe(receiver.requests[0]?.headers['webhook-id']);
    again.kill('SIGTERM');
    expect(await again.ended).toEqual({ code: 0, signal: null });
  });

  it('bad configuration and bad rules are told all at once, with places, exit code 2', async () => {
    writeFileSync(installation.config, 'accounts: []\npol: {interval: 30}\nsinks: {x: {type: slak}}\n');
    installation.rule(
      'bad.yml',
      'title: x\nlogsource: {product: vonage}\ndetection: {a: {b|contain: c}, condition: a}\n',
    );
    const monitor = run();
    expect(await monitor.ended).toEqual({ code: 2, signal: null });
    expect(monitor.output()).toMatch(/monitor\.yml:1:\d+: .*accounts/);
    expect(monitor.output()).toMatch(/monitor\.yml:2:1: unknown key "pol"; did you mean "poll"\?/);
    expect(monitor.output()).toMatch(/monitor\.yml:3:\d+: .*did you mean "slack"\?/);
    expect(monitor.output()).toMatch(/bad\.yml:3:\d+: .*did you mean "contains"\?/);
  });

  it('a list file is read again when it changes; one that cannot be read leaves the rules in force', async () => {
    const list = join(installation.folder, 'watched.txt');
    writeFileSync(list, '# people\nsomebody@example.com\n');
    installation.configure({
      lists: { watched: { file: 'watched.txt' } },
      sinks: { hook: { type: 'webhook', url: receiver.url } },
      routes: [{ to: ['hook'] }],
    });
    installation.rule(
      'app.yml',
      [
        'title: A watched user deleted an application',
        'logsource: {product: vonage, service: audit}',
        'detection:',
        '  selection: {event_type: APP_DELETE, user_email|expand: "%watched%"}',
        '  condition: selection',
      ].join('\n'),
    );
    const monitor = run();
    await monitor.until(is('poll.completed'));
    const deleted = () => {
      const event = { ...generator.any(Date.now() - 1_000, 'APP_DELETE'), user_email: 'eve@example.com' };
      simulator.add(KEY, event);
      return monitor.until(is('audit.event', { event_id: event.id })).then(() => event.id);
    };
    await deleted();
    writeFileSync(list, 'somebody@example.com\neve@example.com\n');
    await monitor.until(is('config.reloaded', { by: 'a file has changed' }));
    const second = await deleted();
    rmSync(list);
    mkdirSync(list);
    await monitor.until(is('config.kept'));
    const third = await deleted();
    await receiver.received(3);
    const told = receiver.requests
      .map((request) => JSON.parse(request.body))
      .filter(({ kind }) => kind === 'rule');
    expect(told.map(({ event_ids }) => event_ids)).toEqual([[second], [third]]);
  });

  it('sinks test sends a marked drill and prints the receipt', async () => {
    const drill = startMonitor(['sinks', 'test', 'hook', '--config', installation.config]);
    expect(await drill.ended).toEqual({ code: 0, signal: null });
    expect(drill.output()).toMatch(/^hook +arrived +/m);
    expect(JSON.parse(receiver.requests[0]?.body ?? '')).toMatchObject({ kind: 'drill' });
    receiver.answer({ status: 403 });
    const refused = startMonitor(['sinks', 'test', '--config', installation.config]);
    expect(await refused.ended).toEqual({ code: 1, signal: null });
    expect(refused.output()).toMatch(/^hook +FAILED +.*403/m);
    expect(refused.output()).toMatch(/^console +arrived /m);
    const unknown = startMonitor(['sinks', 'test', 'hok', '--config', installation.config]);
    expect(await unknown.ended).toEqual({ code: 2, signal: null });
    expect(unknown.output()).toContain('did you mean "hook"?');
  });
});
