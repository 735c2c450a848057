import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPlanner } from '../../src/alerts/plan-deliveries.ts';
import { createDecider } from '../../src/app/decide.ts';
import { createDriftMemory } from '../../src/app/drift-memory.ts';
import { createTurns } from '../../src/base/turns.ts';
import { type CommitDeps, type CommitManner, commitRead } from '../../src/collect/commit.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Store } from '../../src/core/store.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { openStore } from '../../src/store/open-store.ts';
import { ruleOf } from '../support/installation.ts';
import { auditEvent } from '../support/trail.ts';

/* What is found late, or asked for from the past: how it is judged, told and remembered. Real rules, real store. */

const T0 = Date.parse('2026-05-01T10:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const text = (title: string, ...lines: readonly string[]): string =>
  [`title: ${title}`, 'logsource: {product: vonage, service: audit}', ...lines].join('\n');
const RULES = compileRules([
  { path: 'app.yml', text: ruleOf('App', 'high', ['APP_CREATE']) },
  {
    path: 'pair.yml',
    text: [
      text('Login', 'name: login', 'detection:', '  s: {event_type: USER_LOGIN}', '  condition: s'),
      [
        'title: Two logins',
        'correlation: {type: event_count, rules: [login], group-by: [user_email], timespan: 1h, condition: {gte: 2}}',
        'level: high',
      ].join('\n'),
    ].join('\n---\n'),
  },
  {
    path: 'silent.yml',
    text: [
      text('Beat', 'name: beat', 'detection:', '  s: {event_type: USER_UPDATE}', '  condition: s'),
      [
        'title: No beat',
        'correlation: {type: event_count, rules: [beat], group-by: [user_email], timespan: 1d, condition: {lt: 1}}',
        'level: high',
      ].join('\n'),
    ].join('\n---\n'),
  },
  {
    path: 'first.yml',
    text: text(
      'New country',
      'detection:',
      '  s: {event_type: USER_STATUS}',
      '  condition: s',
      'level: high',
      'monitor: {first_seen: {field: source_country, by: [user_email], learn: 0s, remember: 90d}}',
    ),
  },
]);

let folder: string;
let store: Store;
let deps: CommitDeps;
let nowMs: number;
let readings: number;

beforeEach(async () => {
  nowMs = T0;
  readings = 0;
  folder = mkdtempSync(join(tmpdir(), 'vam-late-'));
  const planner = createPlanner({
    routes: [{ match: undefined, to: ['hook'], continue: false }],
    windows: {},
    zone: { name: 'UTC', offsetMs: () => 0 },
    liveSinks: ['hook'],
  });
  if (RULES.problems.length > 0) throw new Error(RULES.problems.map(({ message }) => message).join('\n'));
  store = openStore({ path: join(folder, 'm.db'), now: () => nowMs, durability: 'off', planner });
  const taken = await store.leases.acquire('monitor', 'me', 1_000 * DAY);
  if (!('lease' in taken)) throw new Error('the lease is not free');
  deps = {
    store: store.collect,
    decider: createDecider({
      account: 'a',
      evaluator: RULES.engine,
      store: {
        // A store that takes its time: what it answers may be overtaken by a commit.
        async ruleState(account) {
          const state = await store.collect.ruleState(account);
          readings += 1;
          if (readings % 2 === 0) await new Promise(setImmediate);
          return state;
        },
      },
      drift: createDriftMemory('a', store.drift, 7 * DAY),
      now: () => nowMs,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      telemetry: noTelemetry,
      onRuleFailure(rule, reason) {
        throw new Error(`${rule.title}: ${reason}`);
      },
    }),
    lease: () => taken.lease,
    now: () => nowMs,
    inTurn: createTurns(),
  };
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

let ids = 0;
const event = (type: string, atMs: number, fields: object = {}): AuditEvent =>
  auditEvent('a', {
    id: `e${(ids += 1)}`,
    createdAtMs: atMs,
    type,
    fields: { user_email: 'u@example.com', ...fields },
  });
const commit = (events: readonly AuditEvent[], manner: CommitManner, fromMs: number, toMs: number) =>
  commitRead(
    'a',
    { fromMs, toMs, events, quarantined: [], verified: true, doubt: '', clockSkewMs: undefined },
    manner,
    deps,
  );
const poll = (events: readonly AuditEvent[], watermarkMs = nowMs, fromMs = watermarkMs - HOUR) =>
  commit(events, { reader: 'poll', quiet: false, watermarkMs }, fromMs, watermarkMs);
const sweep = (events: readonly AuditEvent[]) =>
  commit(events, { reader: 'sweep', quiet: false }, nowMs - DAY, nowMs - HOUR);
const backfill = (events: readonly AuditEvent[], quiet = true, fromMs = T0 - 100 * DAY, toMs = T0 - DAY) =>
  commit(events, { reader: 'backfill', quiet }, fromMs, toMs);
const titles = ({ alerts }: Awaited<ReturnType<typeof commit>>): string[] =>
  alerts.map(({ alert }) => alert.rule.title);

describe('an event that was found late', () => {
  it('alerts like any other, with by how much it is late, and does not move the watermark', async () => {
    await poll([], T0, T0 - 2 * DAY);
    const late = event('APP_CREATE', T0 - 3 * HOUR);
    const { alerts, late: count } = await sweep([late]);
    expect(count).toBe(1);
    expect(alerts).toMatchObject([
      {
        sinks: ['hook'],
        alert: {
          rule: { title: 'App' },
          eventIds: [late.id],
          fields: expect.arrayContaining([{ name: 'Late by', value: '3h' }]),
        },
      },
    ]);
    expect(alerts[0]?.alert.message).toContain('(late by 3h: the Audit API did not show it before)');
    expect(await store.collect.progress('a')).toMatchObject({ watermarkMs: T0 });
    // Seen again by the poll, it is known and not told again.
    expect(titles(await poll([late], T0 + 1_000, T0 - 4 * HOUR))).toEqual([]);
  });

  it('takes part in correlations with what the poll has found', async () => {
    await poll([event('USER_LOGIN', T0 - 90 * 60_000)], T0, T0 - 2 * DAY);
    expect(titles(await sweep([event('USER_LOGIN', T0 - 100 * 60_000)]))).toEqual(['Two logins']);
  });

  it('committed at the same moment as a pass: both are remembered', async () => {
    await poll([], T0, T0 - 2 * DAY);
    nowMs += 1_000;
    // As at the start of a process, when the memory is still to be read.
    deps.decider.discard();
    readings = 0;
    const answers = await Promise.all([
      poll([event('USER_LOGIN', T0 - 30 * 60_000)]),
      sweep([event('USER_LOGIN', T0 - 62 * 60_000)]),
    ]);
    expect(answers.flatMap(titles)).toEqual(['Two logins']);
  });
});

describe('an event from a backfill', () => {
  it('is judged and recorded, and told to nobody unless that is wanted', async () => {
    await poll([]);
    const { alerts, late } = await backfill([event('APP_CREATE', T0 - 50 * DAY)]);
    expect(late).toBe(0);
    expect(alerts).toMatchObject([{ alert: { rule: { title: 'App' } }, sinks: [], deliveries: [] }]);
    expect(alerts[0]?.alert.message).not.toContain('late by');
    expect(await store.outbox.nextDueMs('hook')).toBeUndefined();
    const loud = await backfill([event('APP_CREATE', T0 - 40 * DAY)], false, T0 - DAY, T0 - HOUR);
    expect(loud.alerts).toMatchObject([{ sinks: ['hook'] }]);
  });

  it('teaches rules what is known, and leaves what they know of later times alone', async () => {
    const status = (atMs: number, source_country: string) => event('USER_STATUS', atMs, { source_country });
    await poll([status(T0 - 1_000, 'GB')]);
    await backfill([status(T0 - 30 * DAY, 'DE'), status(T0 - 20 * DAY, 'GB')]);
    nowMs += HOUR;
    // DE was seen a month ago, FR never.
    expect(titles(await poll([status(nowMs - 2_000, 'DE'), status(nowMs - 1_000, 'FR')]))).toEqual([
      'New country',
    ]);
    // Sixty days later GB is still known: the old event has not taken the place of the newer one.
    nowMs = T0 + 80 * DAY;
    expect(titles(await poll([status(nowMs - 1_000, 'GB')]))).toEqual([]);
  });

  it('tells no absence: neither now, nor with the next pass', async () => {
    await poll([event('USER_UPDATE', T0 - 1_000)]);
    const gone = { user_email: 'gone@example.com' };
    expect(titles(await backfill([event('USER_UPDATE', T0 - 60 * DAY, gone)]))).toEqual([]);
    nowMs += 60_000;
    expect(titles(await poll([]))).toEqual([]);
    // An absence of today is still told.
    nowMs = T0 + DAY + HOUR;
    expect(titles(await poll([]))).toEqual(['No beat']);
  });
});
