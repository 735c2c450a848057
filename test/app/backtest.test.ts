import { describe, expect, it } from 'vitest';
import { type Batch, type EventSource, replay } from '../../src/app/backtest.ts';
import { createTally } from '../../src/app/backtest-tally.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Match } from '../../src/core/match.ts';
import { compileRules } from '../../src/rules/compile.ts';
import type { RuleEngine } from '../../src/rules/engine.ts';
import { NOON_MS } from '../support/rules.ts';
import { auditEvent } from '../support/trail.ts';

const NEVER = new AbortController().signal;

const sourceOf = (events: readonly AuditEvent[], more: Partial<EventSource> = {}): EventSource => ({
  async *batches(): AsyncGenerator<Batch> {
    for (const event of events) yield { events: [event], done: 0.5 };
  },
  accounts: () => [],
  startMs: () => undefined,
  endMs: () => undefined,
  remarks: () => [],
  ...more,
});

const at = (minute: number, account = 'default', type = 'USER_LOGIN'): AuditEvent =>
  auditEvent(account, { id: `${account}-${minute}`, createdAtMs: NOON_MS + minute * 60_000, type });

const play = async (text: string, source: EventSource) => {
  const compiled = compileRules([{ path: 'a.yml', text }]);
  expect(compiled.problems).toEqual([]);
  const told: [account: string, title: string, minute: number][] = [];
  const replayed = await replay(
    {
      engine: compiled.engine,
      fleet: compiled.fleet,
      source,
      ids: new Set(compiled.rules.map(({ info }) => info.id)),
      countFromMs: undefined,
      onAlert: ({ match, account }) =>
        void told.push([account, match.rule.title, (match.atMs - NOON_MS) / 60_000]),
      onProgress() {},
    },
    NEVER,
  );
  return { told, replayed };
};

const SILENCE = `title: Login
name: login
logsource: {product: vonage, service: audit}
detection: {selection: {event_type: USER_LOGIN}, condition: selection}
---
title: Silence
correlation: {type: event_count, rules: [login], timespan: 1h, condition: {lt: 1}}`;

describe('replaying the past', () => {
  it('gives every account a memory of its own', async () => {
    const twice = SILENCE.replace('Silence', 'Twice').replace('{lt: 1}', '{gte: 2}');
    const { told } = await play(twice, sourceOf([at(0, 'a'), at(1, 'b'), at(2, 'a')]));
    expect(told).toEqual([['a', 'Twice', 2]]);
  });

  it('judges absence up to where the source says that nothing is missing', async () => {
    expect((await play(SILENCE, sourceOf([at(0)]))).told).toEqual([]);
    const until = sourceOf([at(0)], { endMs: () => NOON_MS + 90 * 60_000 });
    expect((await play(SILENCE, until)).told).toEqual([['default', 'Silence', 60]]);
  });

  it('notices the silence of an account that never said anything', async () => {
    const source = sourceOf([], {
      accounts: () => ['mute'],
      startMs: () => NOON_MS,
      endMs: () => NOON_MS + 90 * 60_000,
    });
    expect((await play(SILENCE, source)).told).toEqual([['mute', 'Silence', 60]]);
  });

  it('counts rules that fail and goes on', async () => {
    const compiled = compileRules([{ path: 'a.yml', text: SILENCE }]);
    const [rule] = compiled.rules;
    if (!rule) throw new Error('no rule');
    const engine: RuleEngine = {
      ...compiled.engine,
      evaluate: (event) => ({
        matches: [
          {
            rule: rule.info,
            status: 'firing',
            events: [event],
            group: undefined,
            values: {},
            atMs: event.createdAtMs,
          },
        ],
        failures: [{ rule: rule.info, error: new Error('broken') }],
      }),
    };
    let alerts = 0;
    const replayed = await replay(
      {
        engine,
        fleet: undefined,
        source: sourceOf([at(0), at(1)]),
        ids: new Set([rule.info.id]),
        countFromMs: undefined,
        onAlert: () => void (alerts += 1),
        onProgress() {},
      },
      NEVER,
    );
    expect(alerts).toBe(2);
    expect(replayed).toMatchObject({
      events: 2,
      failures: [{ rule: { title: 'Login' }, count: 2, reason: 'broken' }],
      complete: true,
    });
  });
});

describe('the tally of a backtest', () => {
  const [rule] = compileRules([{ path: 'a.yml', text: SILENCE }]).rules;
  const matchOf = (email: string): Match => ({
    rule: (rule as NonNullable<typeof rule>).info,
    status: 'firing',
    events: [auditEvent('default', { id: 'x', createdAtMs: NOON_MS, fields: { user_email: email } })],
    group: undefined,
    values: {},
    atMs: NOON_MS,
  });

  it('keeps the noisy groups although there are more than it remembers', () => {
    const tally = createTally(() => 0);
    const add = (email: string): void =>
      tally.add({
        match: matchOf(email),
        account: 'default',
        alert() {
          return { message: email } as never;
        },
      });
    for (let index = 0; index < 50_000; index += 1) {
      if (index % 10 === 0) add('noisy@example.com');
      add(`rare-${index}@example.com`);
    }
    const [first, second] = tally.groups(2);
    expect(first).toMatchObject({ group: 'noisy@example.com', count: 5_000 });
    expect(second?.count).toBe(1);
    expect(tally.rules()).toMatchObject([{ count: 55_000, days: [['2026-01-05', 55_000]] }]);
    // Only the first alerts are made at all.
    expect(tally.rules()[0]?.examples.map(({ message }) => message)).toEqual([
      'noisy@example.com',
      'rare-0@example.com',
    ]);
  });
});
