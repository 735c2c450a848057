import { expect, it } from 'vitest';
import { holderName } from '../../src/app/holder.ts';
import type { LiveStatus, StatusInput } from '../../src/app/status-input.ts';
import { statusReport } from '../../src/app/status-report.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { AccountFacts, Overview, SinkFacts } from '../../src/core/overview.ts';
import { status as shape } from '../../src/server/status-shape.ts';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const MINUTE = 60_000;

const facts = (account: string, more: Partial<AccountFacts> = {}): AccountFacts => ({
  account,
  startMs: T0 - 86_400_000,
  watermarkMs: T0 - 10_000,
  committedAtMs: T0 - 5_000,
  events: 7,
  ranges: [
    { fromMs: T0 - 86_400_000, toMs: T0 - 10_000, doubt: undefined, events: 7, late: 0, readAtMs: T0 },
  ],
  lateness: [],
  backfills: [],
  ...more,
});
const sinkFacts = (sink: string, more: Partial<SinkFacts> = {}): SinkFacts => ({
  sink,
  counts: {},
  held: 0,
  tried: 0,
  waitingSinceMs: undefined,
  lastSentMs: undefined,
  gate: undefined,
  feed: undefined,
  ...more,
});
const WELL: Overview = {
  lease: { holder: 'elsewhere/1/2/x', renewedAtMs: T0 - 1_000, expiresAtMs: T0 + 9_000 },
  replicas: [],
  accounts: [facts('one')],
  sinks: [],
  conditions: new Map(),
  silences: [],
  alerts: { high: 2 },
  totals: { events: 7, alerts: 2, quarantined: 0, bytes: 4_096 },
};
const LIVE: LiveStatus = {
  active: true,
  startedAtMs: T0 - 3_600_000,
  pollers: [
    {
      account: 'one',
      lastCompletedMs: () => T0 - 5_000,
      sinceCompletedMs: () => undefined,
      lastFailure: () => undefined,
    },
  ],
  probe: () => Promise.resolve(),
  config: { file: 'monitor.yml', hash: null, loaded_at: null, last_reload: null },
  apiBudget: null,
  redact: (text) => text.replaceAll('hunter2', '[redacted]'),
};

const settingsOf = (accounts: readonly string[]): Settings =>
  ({
    file: 'monitor.yml',
    accounts: accounts.map((name) => ({ name })),
    poll: { intervalMs: 30_000, settleMs: 5_000, overlapMs: 600_000, overlapAuto: true },
    sinks: ['hook', 'mail'].map((name) => ({ name, type: 'webhook', off: false, sinkType: {} })),
    routes: [],
    feeds: [],
    timeWindows: {},
    timezone: 'UTC',
  }) as unknown as Settings;

const report = async (
  overview: Partial<Overview>,
  { live, accounts = ['one'] }: { live?: Partial<LiveStatus>; accounts?: readonly string[] } = {},
) => {
  const input: StatusInput = {
    settings: settingsOf(accounts),
    rules: { rules: [{ info: { shadow: false } }] as unknown as StatusInput['rules']['rules'], skipped: [] },
    overview: () => Promise.resolve({ ...WELL, ...overview }),
    storeKind: 'sqlite',
    live: live && { ...LIVE, ...live },
    nowMs: T0,
  };
  // What is answered is what is promised, whatever is wrong.
  return shape.parse(await statusReport(input));
};
const texts = async (...args: Parameters<typeof report>): Promise<readonly string[]> =>
  (await report(...args)).problems.map(({ severity, text }) => `${severity}: ${text}`);

it('says in one sentence that all is well, and of whom it was asked', async () => {
  const well = await report({}, { live: {} });
  expect(well).toMatchObject({ healthy: true, problems: [], role: 'active' });
  expect(well.summary).toBe('All is well: 1 account watched up to 10s ago, 2 sinks on.');
  expect(well.accounts[0]).toMatchObject({ state: 'ok', reason: null, watermark_age_seconds: 10, events: 7 });
  expect(well.alerts_24h).toEqual({ informational: 0, low: 0, medium: 0, high: 2, critical: 0 });
  expect(await report({})).toMatchObject({
    healthy: true,
    role: 'offline',
    lease: { holder: 'elsewhere/1/2/x', renewed_at: '2026-03-01T11:59:59.000Z' },
    store: { writable: null },
  });
  expect((await report({}, { live: { active: false, pollers: [] } })).accounts[0]?.state).toBe('standby');
});

it('says that nobody watches when the lease is free, has expired or its holder is dead', async () => {
  const dead = holderName().replace(/\/\d+\/(\w+)$/, '/999999999/$1');
  for (const lease of [
    undefined,
    { holder: '', renewedAtMs: T0, expiresAtMs: T0 },
    { holder: 'elsewhere/1/2/x', renewedAtMs: T0 - 60_000, expiresAtMs: T0 - 50_000 },
    { holder: dead, renewedAtMs: T0, expiresAtMs: T0 + 9_000 },
  ]) {
    const found = await report({ lease, accounts: [facts('one', { committedAtMs: T0 - 10 * MINUTE })] });
    // That its accounts are stale is said with it, not once more.
    expect(found.problems.map(({ text }) => text)).toEqual([
      'No monitor is running: nothing was read for 10m',
    ]);
    expect(found).toMatchObject({ healthy: false, lease: null });
  }
});

it('puts the worst first, whatever the order it was found in', async () => {
  const problems = await texts(
    {
      sinks: [
        sinkFacts('mail', { counts: { parked: 3 } }),
        sinkFacts('hook', { counts: { pending: 4 }, tried: 2, waitingSinceMs: T0 - 20 * MINUTE }),
        sinkFacts('gone', { counts: { pending: 2 } }),
      ],
      conditions: new Map([
        ['parked:mail', T0 - 5 * MINUTE],
        ['rule_failing:Odd rule', T0 - MINUTE],
        ['blind:one', T0 - 2 * MINUTE],
      ]),
    },
    { live: { probe: () => Promise.reject(new Error('disk full, hunter2')) } },
  );
  expect(problems).toEqual([
    'bad: The database cannot be written: disk full, [redacted]',
    'bad: The Audit API has refused the key of account "one" for 2m: what happens there is not seen',
    'bad: Alerts were refused by sink "mail", for 5m, and are parked: they need a person',
    'bad: Alerts have waited for sink "hook" for 20m',
    'doubtful: Events were not checked by rule "Odd rule", which failed on them; since 1m',
    'doubtful: 2 deliveries to sink "gone" can go nowhere: it is off, or not in the configuration',
  ]);
});

it('judges an account by its poller where there is one, else by the store', async () => {
  const of = async (poller: object, more: Partial<AccountFacts> = {}) => {
    const pollers = [
      {
        account: 'one',
        lastCompletedMs: () => T0,
        sinceCompletedMs: () => undefined,
        lastFailure: () => undefined,
        ...poller,
      },
    ];
    return report({ accounts: [facts('one', more)] }, { live: { pollers } });
  };
  expect((await of({ lastCompletedMs: () => undefined })).accounts[0]).toMatchObject({ state: 'failing' });
  const starting = await report(
    { accounts: [] },
    {
      live: {
        startedAtMs: T0 - 1_000,
        pollers: [
          {
            account: 'one',
            lastCompletedMs: () => undefined,
            sinceCompletedMs: () => undefined,
            lastFailure: () => undefined,
          },
        ],
      },
    },
  );
  expect(starting.accounts[0]).toMatchObject({ state: 'starting', watermark: null, events: null });
  expect(starting.healthy).toBe(true);
  const failed = await of({ lastFailure: () => 'HTTP 503, hunter2' });
  expect(failed.accounts[0]).toMatchObject({ state: 'failing', last_poll_error: 'HTTP 503, [redacted]' });
  expect(failed).toMatchObject({ healthy: true });
  expect(failed.summary).toContain(
    'but look: The latest pass of account "one" failed and is tried again: HTTP 503',
  );
  expect((await of({ lastCompletedMs: () => T0 - 151_000, lastFailure: () => 'HTTP 503' })).problems).toEqual(
    [
      {
        severity: 'bad',
        subject: 'one',
        text: 'No pass of account "one" was completed for 2m 31s (it failed: HTTP 503): new events are not seen',
      },
    ],
  );
  const behind = await of({}, { watermarkMs: T0 - 3 * 3_600_000 });
  expect(behind.accounts[0]).toMatchObject({ state: 'behind', reason: '3h behind, catching up' });
  expect(behind.healthy).toBe(true);
  expect(await texts({ accounts: [facts('one', { committedAtMs: T0 - 151_000 })] })).toEqual([
    'bad: No pass of account "one" was completed for 2m 31s: new events are not seen',
  ]);
  expect(await texts({ accounts: [] })).toEqual(['doubtful: There was no pass of account "one" yet']);
});

it('tells what is wrong with many accounts in one sentence', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `account-${index}`);
  const accounts = names.map((name, index) => facts(name, { committedAtMs: T0 - (300 + index) * 1_000 }));
  expect(await texts({ accounts }, { accounts: names })).toEqual([
    'bad: No pass of accounts "account-0", "account-1", "account-2" and 197 more was completed for 8m 19s: new events are not seen',
  ]);
});

it('gives every state of a sink its word', async () => {
  const gate = { tokens: 0, atMs: T0, failures: 5, opens: 1, openUntilMs: T0 + 30_000, pausedUntilMs: 0 };
  const stateOf = async (more: Partial<SinkFacts>, conditions: readonly string[] = []) =>
    (
      await report({
        sinks: [sinkFacts('hook', more)],
        conditions: new Map(conditions.map((key) => [key, T0 - MINUTE])),
      })
    ).sinks[0];
  expect(await stateOf({ counts: { sent: 9 }, lastSentMs: T0 - 1_000 })).toMatchObject({
    state: 'ok',
    sent: 9,
    last_success_at: '2026-03-01T11:59:59.000Z',
  });
  expect(await stateOf({ counts: { pending: 1, parked: 1 }, gate })).toMatchObject({
    state: 'circuit_open',
    reason: 'it does not answer; probed again in 30s',
    circuit_open_until: '2026-03-01T12:00:30.000Z',
  });
  expect(await stateOf({ counts: { parked: 2 } })).toMatchObject({ state: 'parked', parked: 2 });
  expect(await stateOf({ gate: { ...gate, opens: 0, pausedUntilMs: T0 + 5_000 } })).toMatchObject({
    state: 'paused',
  });
  expect(await stateOf({ counts: { pending: 1 }, tried: 1, waitingSinceMs: T0 - 5_000 })).toMatchObject({
    state: 'retrying',
  });
  expect(await stateOf({ counts: { pending: 1 }, waitingSinceMs: T0 - 2 * MINUTE })).toMatchObject({
    state: 'behind',
    reason: 'the oldest has waited for 2m',
  });
  expect(await stateOf({ counts: { pending: 3 }, held: 3 })).toMatchObject({
    state: 'ok',
    queue: 3,
    held: 3,
  });
});
