import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { runHere } from '../support/command.ts';
import { type InProcess, runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';
import { is } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';

/* The whole monitor, with a clock of its own: what it finds late, what it cannot prove, what is new about the API. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;
let skewMs: number;
let eventTypes: Record<string, string>;
const now = (): number => Date.now() + skewMs;

beforeEach(async () => {
  skewMs = 0;
  scope = createScope();
  eventTypes = { APP_CREATE: 'An application', APP_DELETE: 'An application less' };
  simulator = await simulatorIn(scope, { now, eventTypes });
  receiver = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    poll: { interval: '50ms', settle: '0s', overlap: '1m', start: '2h' },
    reconcile: { requests_per_minute: 6_000 },
    drift: { learn: '0s' },
    sinks: { hook: { type: 'webhook', url: receiver.url } },
    routes: [{ to: ['hook'] }],
  });
  installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

const start = async (): Promise<InProcess> => {
  const monitor = await runInProcess(installation.config, 'daemon', { now });
  scope.defer('monitor', async () => void (await monitor.stop()));
  return monitor;
};
const isAbout =
  (id: string, status = 'firing') =>
  (body: Record<string, unknown>): boolean =>
    (body['rule'] as { id: string }).id === id && body['status'] === status;
const generator = createGenerator({ seed: 'completeness', account: KEY });
const served = async (monitor: InProcess, path: string): Promise<string> => {
  const { url } = await monitor.until(is('http.listening'));
  return (await fetch(new URL(path, String(url)))).text();
};

describe('the running monitor', () => {
  it('finds what became visible after the overlap, and tells it as late', async () => {
    let monitor = await start();
    await monitor.until(is('poll.completed'));
    // The second reader begins to count its ten minutes when there is something to sweep; a new one looks at once.
    await monitor.stop();
    monitor = await start();
    await monitor.until(is('poll.completed'));
    const late = generator.any(now() - 30 * MINUTE, 'APP_CREATE');
    simulator.add(KEY, late);
    await monitor.stop();
    skewMs = 11 * MINUTE;
    monitor = await start();
    expect(await monitor.until(is('reconcile.found'))).toMatchObject({ reader: 'sweep', new: 1, alerts: 1 });
    const alert = await receiver.told((body) => (body['event_ids'] as string[]).includes(late.id));
    expect(alert['message']).toMatch(/\(late by 4[12]m( \d+s)?: the Audit API did not show it before\)$/);
    expect(await served(monitor, '/metrics')).toContain(
      'vonage_audit_monitor_events_reconciled_total{account="default"} 1',
    );
  }, 30_000);

  it('gives up what it cannot prove, tells which time that is, and takes it back', async () => {
    const mend = simulator.faults.add({ kind: 'totals', totals: 'too-big' });
    simulator.add(KEY, generator.any(now() - HOUR, 'APP_DELETE'));
    let monitor = await start();
    await monitor.until(is('window.unverified'));
    expect(JSON.parse(await served(monitor, '/readyz'))).toMatchObject({
      detail: {
        accounts: [{ name: 'default', unverified: [{ reason: expect.stringContaining('totalElements') }] }],
      },
    });
    // Each try needs its pause; the second reader is made anew so that it looks at once.
    for (let tries = 0; tries < 6; tries += 1) {
      await monitor.stop();
      skewMs += MINUTE + 5 * MINUTE * 2 ** tries;
      monitor = await start();
      await monitor.until(is('window.unverified', { reader: 'repair' }));
    }
    const raised = await receiver.told(isAbout('system.unverified'));
    expect(raised['message']).toMatch(/contradicted itself .* for good.*\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ to /);
    const answer = await runHere(['completeness', '--config', installation.config]);
    expect(answer.code).toBe(1);
    expect(answer.stdout).toMatch(/unverified {5}.*, given up: .*totalElements/);
    mend();
    await monitor.stop();
    skewMs += 7 * HOUR;
    monitor = await start();
    await receiver.told(isAbout('system.unverified', 'resolved'));
    expect((await runHere(['completeness', '--config', installation.config])).code).toBe(0);
  }, 60_000);

  it('tells what the API never gave before, once, and what it lists no longer', async () => {
    simulator.add(KEY, generator.any(now() - HOUR, 'APP_CREATE'));
    let monitor = await start();
    await monitor.until(is('api.types'));
    await monitor.until(is('poll.completed'));
    const odd = { ...generator.any(now() - 1_000, 'APP_CREATE'), event_type: 'NEVER_SEEN', mood: 'new' };
    simulator.add(KEY, odd);
    const noticed = await monitor.until(is('drift.noticed'));
    expect(noticed['noticed']).toEqual(['new event type: NEVER_SEEN', 'new field: mood']);
    expect(await receiver.told(isAbout('system.drift'))).toMatchObject({
      level: 'medium',
      account: 'default',
    });
    await monitor.stop();
    delete eventTypes['APP_DELETE'];
    eventTypes['APP_PAINT'] = 'An application in colour';
    monitor = await start();
    expect((await monitor.until(is('drift.noticed')))['noticed']).toEqual([
      'event type newly listed: APP_PAINT',
      'event type no longer listed: APP_DELETE',
    ]);
    simulator.add(KEY, { ...odd, id: generator.any(now(), 'APP_CREATE').id });
    await monitor.until(is('audit.event', { event_type: 'NEVER_SEEN' }));
    await monitor.until(is('poll.completed'), monitor.lines.length);
    expect(monitor.lines.filter(is('drift.noticed'))).toHaveLength(1);
  }, 30_000);
});
