import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { installationIn, monitorIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY } from '../support/installation.ts';
import { is, type LogLine, type MonitorProcess, startMonitor } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';
import { createStreamSyslog, type SyslogServer } from '../support/syslog-server.ts';

/* Feeds with the real process: an API, a webhook, a file and a syslog server. */

interface FedJson {
  readonly id: string;
  readonly event: { readonly id: string };
}

let scope: Scope;
let simulator: Simulator;
let siem: Receiver;
let pager: Receiver;
let syslog: SyslogServer;
let installation: Installation;
let archive: string;
const generator = createGenerator({ seed: 'feeds', account: KEY });

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  siem = await receiverIn(scope);
  pager = await receiverIn(scope);
  syslog = await createStreamSyslog();
  scope.defer('syslog', () => syslog.close());
  installation = installationIn(scope, simulator.url);
  archive = join(installation.folder, 'archive', 'audit.ndjson');
  installation.configure({
    sinks: {
      pager: { type: 'webhook', url: pager.url },
      siem: { type: 'webhook', url: siem.url },
      archive: { type: 'file', path: archive },
      syslog: { type: 'syslog', url: syslog.url },
    },
    routes: [
      { match: { kind: 'event' }, to: ['siem', 'archive'] },
      { match: { kind: 'event', event_type: ['NUMBER_RELEASE'] }, to: ['syslog'] },
      { to: ['pager'] },
    ],
    log: { level: 'debug', events: 'none' },
  });
});
afterEach(() => scope.close());

const run = (args: readonly string[] = []): MonitorProcess =>
  monitorIn(scope, ['run', '--config', installation.config, ...args]);
const happen = (count: number, type?: 'NUMBER_RELEASE'): readonly string[] => {
  const events = Array.from({ length: count }, (_, n) =>
    type === undefined ? generator.any(Date.now() - 3_000 + n) : generator.any(Date.now() - 3_000 + n, type),
  );
  simulator.add(KEY, events);
  return events.map(({ id }) => id);
};
const posted = (): readonly string[] =>
  siem.requests.flatMap(({ body }) => (JSON.parse(body) as FedJson[]).map(({ event }) => event.id));
const logged = (): readonly string[] =>
  syslog.messages.map(({ text }) => (JSON.parse(text) as FedJson).event.id);
const archived = (): readonly string[] =>
  existsSync(archive)
    ? readFileSync(archive, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as FedJson).event.id)
    : [];
/** Waits until a sink has taken an event, by the log and by what has arrived. */
const fed = (
  monitor: MonitorProcess,
  sink: string,
  arrived: () => readonly string[],
  id: string,
): Promise<LogLine> => monitor.until((line) => is('feed.sent', { sink })(line) && arrived().includes(id));
const sorted = (ids: Iterable<string>): readonly string[] => [...new Set(ids)].sort();

describe('feeds of a running monitor', () => {
  it('hand every event to each sink, or those that are asked for; nothing is lost or out of order by kills and outages', async () => {
    const all: string[] = [];
    for (const trouble of ['none', 'no answer', 'down', 'none'] as const) {
      if (trouble === 'down') await siem.down();
      siem.answer(trouble === 'no answer' ? 'hang' : {});
      const requests = siem.requests.length;
      const monitor = run();
      await monitor.until(is('poll.completed'));
      const ids = happen(30);
      all.push(...ids);
      // Killed in the middle: after a batch was taken, between its arrival and the answer, between two attempts.
      await fed(monitor, 'archive', archived, ids[0] ?? '');
      if (trouble === 'no answer') await siem.received(requests + 1);
      if (trouble === 'down') await monitor.until(is('feed.retry', { sink: 'siem' }));
      monitor.kill('SIGKILL');
      await monitor.ended;
      if (trouble === 'down') await siem.up();
    }
    const monitor = run();
    const [last = ''] = happen(1, 'NUMBER_RELEASE');
    all.push(last);
    await fed(monitor, 'siem', posted, last);
    await fed(monitor, 'archive', archived, last);
    while (!logged().includes(last)) await syslog.received(syslog.messages.length + 1);
    expect(sorted(posted())).toEqual(sorted(all));
    expect(sorted(archived())).toEqual(sorted(all));
    // The order of the two is the same, for it is that of the store.
    expect([...new Set(posted())]).toEqual([...new Set(archived())]);
    expect(syslog.faults).toEqual([]);
    expect(new Set(syslog.messages.map(({ msgId }) => msgId))).toEqual(new Set(['NUMBER_RELEASE']));
    // Nothing of this was worth an alert, and no alert went to a sink for being fed.
    const rules = pager.requests.map(({ body }) => (JSON.parse(body) as { rule: { id: string } }).rule.id);
    expect(rules.filter((id) => id !== 'system.own_credential')).toEqual([]);
    expect(siem.requests.filter(({ body }) => !body.startsWith('[{"kind":"event"'))).toEqual([]);
    const { url } = await monitor.until(is('http.listening'));
    const metrics = await (await fetch(`${String(url)}/metrics`)).text();
    expect(metrics).toMatch(/vonage_audit_monitor_feed_lag_events\{sink="siem"\} 0/);
    expect(metrics).toMatch(/vonage_audit_monitor_feed_events_total\{sink="archive",outcome="sent"\} [1-9]/);
    monitor.kill('SIGTERM');
    expect(await monitor.ended).toEqual({ code: 0, signal: null });
  }, 25_000);

  it('set aside an event that a sink refuses, tell it through another sink, and go on', async () => {
    const monitor = run();
    await monitor.until(is('poll.completed'));
    const [bad = ''] = happen(1);
    siem.answer(({ body }) => (body.includes(bad) ? { status: 422, body: 'no such type' } : {}));
    const [good = ''] = happen(1);
    await monitor.until(is('feed.refused', { sink: 'siem', event_id: bad }));
    await fed(monitor, 'siem', posted, good);
    const [alarm] = await pager.received(1);
    expect(JSON.parse(alarm?.body ?? '')).toMatchObject({
      kind: 'system',
      status: 'firing',
      rule: { id: 'system.feed' },
      message: expect.stringMatching(
        new RegExp(`Sink "siem" .*event ${bad} refused and set aside: HTTP 422`),
      ),
    });
    expect(archived()).toEqual(expect.arrayContaining([bad, good]));
    const status = startMonitor(['feeds', '--config', installation.config]);
    expect(await status.ended).toEqual({ code: 0, signal: null });
    expect(status.output()).toMatch(
      new RegExp(
        `^SINK +WAITING +OLDEST +REFUSED\nsiem +0 +- +1 event\narchive +0 +- +no event\nsyslog +0 +- +no event\nsiem refused default \\S+ ${bad} at 2.* UTC: HTTP 422 .*no such type\n$`,
      ),
    );
  });

  it('with --once are emptied before the process ends, which says whether that went well', async () => {
    const first = happen(5);
    expect(await run(['--once']).ended).toEqual({ code: 0, signal: null });
    expect(sorted(archived())).toEqual(sorted(first));
    expect(sorted(posted())).toEqual(sorted(first));
    await siem.down();
    const second = happen(3);
    expect(await run(['--once']).ended).toEqual({ code: 1, signal: null });
    expect(sorted(archived())).toEqual(sorted([...first, ...second]));
    await siem.up();
    expect(await run(['--once']).ended).toEqual({ code: 0, signal: null });
    expect(sorted(posted())).toEqual(sorted([...first, ...second]));
  });

  it('SIGTERM while a receiver hangs: the process ends in time, and the events are sent by the next', async () => {
    siem.answer('hang');
    const monitor = run();
    await monitor.until(is('poll.completed'));
    const ids = happen(2);
    await siem.received(1);
    monitor.kill('SIGTERM');
    expect(await monitor.ended).toEqual({ code: 0, signal: null });
    siem.answer({});
    const before = siem.requests.length;
    const again = run();
    await again.until(is('feed.sent', { sink: 'siem' }));
    expect(
      sorted(
        siem.requests
          .slice(before)
          .flatMap(({ body }) => (JSON.parse(body) as FedJson[]).map(({ id }) => id)),
      ),
    ).toEqual(sorted(ids));
  }, 20_000);
});
