import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScope } from '../../src/base/scope.ts';
import { COUNTERS, GAUGES, HISTOGRAMS, LABELS } from '../../src/core/metrics.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type Family, lintExposition, parseExposition } from '../support/exposition.ts';
import { type InProcess, runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';
import type { LogLine } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';

/*
 * The figures of a real monitor with traffic of every kind: events that are hostile, rules that match, a sink that
 * takes what it is given and one that does not, a feed, a heartbeat, a silence. Read from the page itself.
 */

const PREFIX = 'vonage_audit_monitor_';
const CATALOGUE = { ...COUNTERS, ...GAUGES, ...HISTOGRAMS };
const EVIL = 'X"}\n\\ {a="b"} 1\n# HELP vonage_audit_monitor_owned Owned.\n';
const HOSTILE_TYPES = 300;
/** As events of types that are documented. */
const APPS = 5;
/** The second reader looks every five seconds. */
const SOON = { timeout: 25_000, interval: 50 };

const scope = createScope();
let simulator: Simulator;
let hook: Receiver;
let installation: Installation;
let monitor: InProcess;
let url = '';
let page = '';
let families: readonly Family[] = [];

const scrape = async (): Promise<void> => {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  page = await answer.text();
  families = parseExposition(page);
};
/** The value of a series of one of our metrics; undefined when there is none. */
const value = (name: keyof typeof CATALOGUE, labels: Readonly<Record<string, string>> = {}, part = '') =>
  families
    .find((family) => family.name === PREFIX + name)
    ?.samples.find(
      (sample) =>
        sample.name === PREFIX + name + part &&
        Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
    )?.value;
const seriesOf = (name: keyof typeof CATALOGUE) =>
  families.find((family) => family.name === PREFIX + name)?.samples.map(({ labels }) => labels) ?? [];

const untilLines = async (fits: (line: LogLine) => boolean, count: number): Promise<void> => {
  let seen = 0;
  await monitor.until((line) => fits(line) && ++seen === count);
};

beforeAll(async () => {
  simulator = await simulatorIn(scope);
  hook = await receiverIn(scope);
  const dead = await receiverIn(scope);
  dead.answer({ status: 500 });
  installation = installationIn(scope, simulator.url, {
    accounts: [{ name: 'default', api_key: KEY, api_secret: 'simulator-secret' }],
    api: { base_url: simulator.url, timeout: '2s', requests_per_second: 1_000 },
    reconcile: { windows: [{ last: '1h', every: '1m' }] },
    sinks: {
      hook: { type: 'webhook', url: hook.url },
      dead: { type: 'webhook', url: dead.url },
      siem: { type: 'webhook', url: `${hook.url}/feed` },
    },
    routes: [{ match: { kind: 'event' }, to: ['siem'] }, { to: ['hook', 'dead'] }],
    heartbeat: { url: `${hook.url}/beat`, interval: '5s' },
    log: { level: 'debug', events: 'none' },
  });
  installation.rule('app.yml', ruleOf('App', 'high', ['APP_CREATE']));
  installation.rule('quiet.yml', `${ruleOf('Quiet', 'low', ['NUMBER_RELEASE'])}\nmonitor: {shadow: true}\n`);

  const generator = createGenerator({ seed: 'metrics', account: KEY });
  const atMs = Date.now() - 60_000;
  const apps = Array.from({ length: APPS }, (_, n) => generator.any(atMs + n, 'APP_CREATE'));
  const hostile = Array.from({ length: HOSTILE_TYPES }, (_, n) => ({
    ...generator.any(atMs + n, 'USER_LOGIN'),
    event_type: n % 2 === 0 ? `MADE_UP_${n}` : `${EVIL}${n}`,
  }));
  simulator.add(KEY, [...apps, ...hostile, generator.any(atMs, 'NUMBER_RELEASE')]);
  simulator.addRaw(KEY, { json: '{"id": 7}', atMs });
  monitor = await runInProcess(installation.config);
  scope.defer('monitor', async () => void (await monitor.stop()));
  url = String((await monitor.until((line) => line.event === 'http.listening'))['url']);
  await monitor.until((line) => line.event === 'poll.completed' && line['new'] !== 0);
  // One more tells of the element in quarantine.
  await untilLines((line) => line.event === 'delivery.sent' && line['sink'] === 'hook', APPS + 1);
  await monitor.until((line) => line.event === 'delivery.retry' && line['sink'] === 'dead');
  await monitor.until((line) => line.event === 'circuit.opened');
  await monitor.until((line) => line.event === 'feed.sent');
  await scrape();
}, 60_000);
afterAll(() => scope.close());

describe('/metrics of a monitor at work', () => {
  it('has nothing that promtool would complain of', () => {
    expect(lintExposition(families.filter(({ name }) => name.startsWith(PREFIX)))).toEqual([]);
  });

  it('has every metric of the catalogue, with its help text, its type and no other labels', () => {
    const own = families.filter(({ name }) => name.startsWith(PREFIX));
    expect(own.map(({ name }) => name).sort()).toEqual(
      Object.keys(CATALOGUE)
        .map((name) => PREFIX + name)
        .sort(),
    );
    for (const { name, type, help, samples } of own) {
      const short = name.slice(PREFIX.length) as keyof typeof CATALOGUE;
      const [text, labels] = CATALOGUE[short];
      expect(help).toBe(text);
      expect(type).toBe(short in COUNTERS ? 'counter' : short in GAUGES ? 'gauge' : 'histogram');
      for (const sample of samples)
        expect(Object.keys(sample.labels).filter((label) => label !== 'le')).toEqual([...labels]);
    }
  });

  it('has the figures of Node and of the process', () => {
    // Those that dashboard, alert rules and docs ask for.
    for (const name of [
      'process_start_time_seconds',
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'nodejs_heap_size_used_bytes',
      'nodejs_eventloop_lag_p99_seconds',
    ])
      expect(page).toMatch(new RegExp(`^${name} `, 'm'));
  });

  it('tells what was collected', () => {
    const total = APPS + HOSTILE_TYPES + 1;
    const account = 'default';
    expect(value('events_total', { account })).toBe(total);
    expect(value('events_judged_total')).toBe(total);
    expect(value('events_by_type_total', { event_type: 'APP_CREATE' })).toBe(APPS);
    expect(value('event_lateness_seconds', { account }, '_count')).toBe(total);
    expect(value('api_requests_total', { account, outcome: 'ok', status: '200' })).toBeGreaterThan(2);
    expect(value('polls_total', { account, outcome: 'completed' })).toBeGreaterThan(0);
    expect(value('watermark_timestamp_seconds', { account })).toBeGreaterThan(Date.now() / 1_000 - 60);
    expect(value('last_poll_timestamp_seconds', { account })).toBeGreaterThan(Date.now() / 1_000 - 60);
    expect(value('unverified_seconds', { account })).toBe(0);
    expect(value('lease_held')).toBe(1);
    expect(value('store_events')).toBe(total);
    expect(value('store_bytes')).toBeGreaterThan(10_000);
    expect(value('poll_interval_seconds')).toBe(0.05);
    expect(value('api_budget_interval_seconds', { budget: 'all' })).toBe(0.001);
    expect(value('events_quarantined_total', { account })).toBe(1);
    expect(value('quarantined_elements')).toBe(1);
    expect(value('backfills_waiting', { account })).toBe(0);
  });

  it('tells how far the second reader is', async () => {
    const sweep = { account: 'default', sweep: '1h' };
    await expect.poll(async () => (await scrape(), value('sweep_progress_ratio', sweep)), SOON).toBe(1);
    expect(value('sweep_completed_timestamp_seconds', sweep)).toBeGreaterThan(Date.now() / 1_000 - 60);
  }, 30_000);

  it('tells what the rules did, shadow rules included', () => {
    const rules = seriesOf('rule_info');
    const id = (title: string): string => rules.find((labels) => labels['title'] === title)?.['rule'] ?? '';
    expect(rules).toHaveLength(2);
    expect(value('rules_loaded')).toBe(2);
    expect(value('rule_matches_total', { rule: id('App') })).toBe(APPS);
    expect(value('rule_alerts_total', { rule: id('App') })).toBe(APPS);
    expect(value('rule_matches_total', { rule: id('Quiet') })).toBe(1);
    expect(value('deliveries_planned_total', { rule: id('App'), plan: 'send' })).toBe(2 * APPS);
    expect(value('deliveries_planned_total', { rule: id('Quiet'), plan: 'none' })).toBe(1);
    expect(value('rule_evaluation_duration_seconds', {}, '_count')).toBeGreaterThan(0);
  });

  it('tells what is delivered, and what is not', () => {
    expect(value('delivery_attempts_total', { sink: 'hook', outcome: 'sent' })).toBeGreaterThan(APPS);
    expect(value('deliveries', { sink: 'hook', state: 'sent' })).toBeGreaterThan(APPS);
    expect(value('last_delivery_timestamp_seconds', { sink: 'hook' })).toBeGreaterThan(
      Date.now() / 1_000 - 60,
    );
    expect(value('oldest_delivery_age_seconds', { sink: 'hook' })).toBe(0);
    expect(value('circuit_open', { sink: 'hook' })).toBe(0);
    expect(value('circuit_open', { sink: 'dead' })).toBe(1);
    expect(value('delivery_attempts_total', { sink: 'dead', outcome: 'retry' })).toBeGreaterThan(0);
    expect(value('deliveries', { sink: 'dead', state: 'pending' })).toBeGreaterThan(APPS);
    expect(value('oldest_delivery_age_seconds', { sink: 'dead' })).toBeGreaterThan(0);
    expect(value('feed_events_total', { sink: 'siem', outcome: 'sent' })).toBe(APPS + HOSTILE_TYPES + 1);
    expect(value('feed_lag_events', { sink: 'siem' })).toBe(0);
  });

  it('counts heartbeats, as sent or as withheld', async () => {
    const count = (outcome: string): number => value('heartbeats_total', { outcome }) ?? 0;
    await expect
      .poll(async () => (await scrape(), count('sent') + count('withheld')), SOON)
      .toBeGreaterThan(0);
    expect(value('config_last_reload_successful')).toBe(1);
  });

  it('makes no series of what an event says, and no line either', async () => {
    expect(new Set(seriesOf('events_by_type_total').map((labels) => labels['event_type']))).toEqual(
      new Set(['APP_CREATE', 'NUMBER_RELEASE', 'other']),
    );
    expect(value('events_by_type_total', { event_type: 'other' })).toBe(HOSTILE_TYPES);
    expect(page).not.toContain('MADE_UP');
    expect(page).not.toContain('owned');
  });

  it('stays as large as it is however much more of it comes', async () => {
    const before = families.flatMap(({ samples }) => samples).length;
    const generator = createGenerator({ seed: 'more', account: KEY });
    const more = Array.from({ length: 200 }, (_, n) => ({
      ...generator.any(Date.now() - 5_000, 'USER_LOGIN'),
      event_type: `MORE_${n}`,
    }));
    const from = monitor.lines.length;
    simulator.add(KEY, more);
    await monitor.until((line) => line.event === 'poll.completed' && line['new'] !== 0, from);
    await scrape();
    const after = families.flatMap(({ samples }) => samples).length;
    expect(value('events_by_type_total', { event_type: 'other' })).toBe(HOSTILE_TYPES + 200);
    // Figures of garbage collection come and go with what was collected.
    expect(after - before).toBeLessThan(30);
  });
});

describe('the catalogue of metrics', () => {
  it('says of every label what bounds it, and names none that no metric has', () => {
    const used = new Set(Object.values(CATALOGUE).flatMap(([, labels]) => labels as readonly string[]));
    expect(Object.keys(LABELS).sort()).toEqual([...used].sort());
  });
});
