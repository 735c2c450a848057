import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { alertNumber } from '../deliver/harness.ts';
import { jsonLines, type Ran, runHere } from '../support/command.ts';
import { createInstallation, type Installation, ruleOf } from '../support/installation.ts';

let installation: Installation;
const SATURDAY = '2026-11-28T12:00:00Z';
const MONDAY = '2026-11-30T12:00:00Z';

beforeEach(() => {
  installation = createInstallation('http://127.0.0.1:9', {
    time_windows: { office_hours: { days: 'mon-fri', hours: '08:00-18:00' } },
    sinks: {
      console: { type: 'log' },
      oncall: { type: 'webhook', url: 'http://127.0.0.1:9/' },
      mail: { type: 'webhook', url: 'http://127.0.0.1:9/' },
      off: { type: 'webhook', url: '' },
    },
    routes: [
      { match: { level: ['critical'] }, to: ['off'] },
      {
        match: { level: ['critical', 'high'], event_type: '!~^APP_' },
        to: ['oncall'],
        continue: true,
        group: { by: ['rule'], wait: '30s' },
      },
      { match: { level: 'medium' }, to: ['mail'], during: 'office_hours' },
      { match: { tag: 'attack.t1111' }, to: ['mail'], during: 'office_hours', otherwise: 'next' },
      { to: ['console'] },
    ],
  });
  installation.rule('secret.yml', ruleOf('Secret made', 'high', ['ACCOUNT_SECRET_CREATE']));
});
afterEach(() => installation.remove());

const test = (...args: readonly string[]): Promise<Ran> =>
  runHere(['routes', 'test', '--config', installation.config, ...args]);
const file = (content: unknown): string => {
  const path = join(installation.folder, 'given.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

describe('routes test', () => {
  it('shows what every route says about the alerts of an event, and when they go where', async () => {
    const event = file({ event_type: 'ACCOUNT_SECRET_CREATE', user_email: 'a@example.com' });
    const ran = await test('--event', event, '--at', SATURDAY);
    expect(ran.stdout.split('\n').slice(0, 8)).toEqual([
      'high: Secret made (rule)',
      '  · route 1  level=critical → -: no sink of it is on',
      '  ✔ route 2  level=critical | high, event_type!~^APP_ → oncall: takes it',
      '  · route 3  level=medium → mail: does not match',
      '  · route 4  tag=attack.t1111 → mail: does not match',
      '  ✔ route 5  everything → console: takes it',
      '  → oncall  waits  route: route 2 (level=critical | high, event_type!~^APP_); grouped: rule=Secret made, until 2026-11-28 12:00:30 UTC',
      '  → console  at once  route: route 5 (everything)',
    ]);
    expect(ran.stdout).toContain("critical: The monitor's own access was touched (system)");
  });

  it('routes what a rule over all accounts makes of an event, and a stored event by its own account', async () => {
    installation.rule(
      'fleet.yml',
      `${ruleOf('App made', 'low', ['APP_CREATE'])}
name: made
---
title: Anywhere
level: medium
correlation: {type: event_count, rules: [made], timespan: 1h, condition: {gte: 1}}
monitor: {scope: fleet}`,
    );
    const ran = await test('--event', file({ event_type: 'APP_CREATE' }), '--at', MONDAY, '--json');
    expect(jsonLines(ran.stdout)).toMatchObject([
      { alert: { title: 'Anywhere' }, deliveries: [{ sink: 'mail', state: 'pending' }] },
    ]);
  });

  it('obeys the hours of routes: holds, or asks the next', async () => {
    const medium = file({ level: 'medium' });
    expect((await test('--alert', medium, '--at', SATURDAY)).stdout).toContain(
      '→ mail  waits  route: route 3 (level=medium); held: outside office_hours, until 2026-11-30 08:00:00 UTC',
    );
    expect((await test('--alert', medium, '--at', MONDAY)).stdout).toContain(
      '→ mail  at once  route: route 3',
    );
    const tagged = file({ level: 'low', rule: { id: 'x', tags: ['attack.t1111'] } });
    const passed = (await test('--alert', tagged, '--at', SATURDAY)).stdout;
    expect(passed).toContain('route 4  tag=attack.t1111 → mail: closed, passed on');
    expect(passed).toContain('→ console  at once');
    expect((await test('--alert', tagged, '--at', MONDAY)).stdout).toContain('→ mail  at once');
  });

  it('knows stored alerts, silences in force, rules that name their sinks, and rules in shadow', async () => {
    const nowMs = Date.now();
    const store = openStore({ path: installation.database, now: () => nowMs });
    await store.outbox.enqueue([{ alert: alertNumber(1), sinks: [] }]);
    await store.silences.add({
      id: 'quiet',
      match: { rule: ['r1'] },
      author: 'bob',
      reason: 'tests',
      createdAtMs: nowMs,
      startsAtMs: nowMs,
      endsAtMs: nowMs + 60_000,
      schedule: undefined,
      expired: undefined,
    });
    await store.close();
    const [routed] = jsonLines((await test('--alert', 'alert-1', '--json')).stdout) as [
      { readonly deliveries: readonly object[] },
    ];
    expect(routed.deliveries).toMatchObject([
      { sink: 'oncall', state: 'silenced', silence: 'quiet' },
      { sink: 'console', state: 'silenced', silence: 'quiet' },
    ]);
    expect((await test('--alert', file({ to: ['mail'] }))).stdout).toContain(
      'the rule names its sinks: mail',
    );
    expect((await test('--alert', file({ to: [] }))).stdout).toContain('recorded, sent nowhere');
  });

  it.each([
    [[], 'say what to route'],
    [['--alert', 'no such alert'], 'is neither a file nor the id of a stored alert'],
    [['--event', 'no such event'], 'is neither a file nor the id of a stored event'],
  ])('%j is refused', async (args, message) => {
    const ran = await test(...args);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  });

  it.each([
    ['{', 'no JSON'],
    ['[]', 'allowed is one alert as a JSON object'],
    [{ lvl: 'high' }, 'unknown member "lvl"'],
    [{ level: 'loud' }, 'level is "loud"; allowed: informational, low, medium, high, critical'],
    [{ kind: 'noise' }, 'kind is "noise"; allowed: rule, system, drill, summary'],
  ])('an alert written as %j is refused', async (content, message) => {
    const ran = await test('--alert', file(content));
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  });
});
