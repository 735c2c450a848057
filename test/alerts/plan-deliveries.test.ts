import { describe, expect, it } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import type { Silence } from '../../src/core/silence.ts';
import { at, createBench, group, LONDON, routeTo, windowIn, zoneNamed } from './planner-bench.ts';
import { alertOf } from './samples.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const T0 = at('2026-01-05T12:00:00Z');
const reasons = ({ why }: { readonly why: readonly { readonly reason: string }[] }): readonly string[] =>
  why.map(({ reason }) => reason);

describe('alerts that travel at once', () => {
  it('are due now, in the conversation of their rule and account, with the route as the reason', () => {
    const bench = createBench({ routes: [routeTo(['slack'])] });
    expect(bench.one(T0)).toEqual({
      sink: 'slack',
      state: 'pending',
      dueAtMs: T0,
      thread: expect.any(String),
      why: [{ reason: 'route', detail: 'route 1 (everything)' }],
    });
    const thread = (more = {}) => bench.one(T0, more).thread;
    expect(thread()).toBe(thread());
    expect(thread()).not.toBe(thread({ account: 'other' }));
  });

  it('go where they are told to, whatever silences, groups and suppression say', () => {
    const bench = createBench({ routes: [routeTo(['slack'], group([], MINUTE, MINUTE))] });
    bench.silences.push(silence());
    const alert = alertOf({ suppress: { key: 'k', forMs: HOUR } });
    const memory = { get: () => T0 + MINUTE, set() {}, silences: () => bench.silences };
    const { deliveries, sinks } = bench.planner.plan({ alert, sinks: ['mail', 'mail'] }, memory, T0);
    expect(deliveries).toMatchObject([
      { sink: 'mail', dueAtMs: T0, state: 'pending', why: [{ reason: 'named' }] },
    ]);
    expect(sinks).toEqual(['mail']);
  });
});

describe('a group of a route', () => {
  it('waits after its first alert, then for the interval after each sending, and begins anew when it was quiet', () => {
    const bench = createBench({ routes: [routeTo(['slack'], group([], 30 * SECOND, 5 * MINUTE))] });
    const due = (afterMs: number): number => bench.one(T0 + afterMs).dueAtMs - T0;
    expect(due(0)).toBe(30 * SECOND);
    expect(due(10 * SECOND)).toBe(30 * SECOND);
    expect(due(30 * SECOND)).toBe(30 * SECOND);
    // Sent at 30 s: what comes now waits for the interval, not for the wait.
    expect(due(31 * SECOND)).toBe(30 * SECOND + 5 * MINUTE);
    expect(due(3 * MINUTE)).toBe(30 * SECOND + 5 * MINUTE);
    expect(due(6 * MINUTE)).toBe(30 * SECOND + 10 * MINUTE);
    // More than an interval without any: as the first one.
    expect(due(HOUR)).toBe(HOUR + 30 * SECOND);
  });

  it('is one for each combination of its keys, and of its route', () => {
    const bench = createBench({
      routes: [
        routeTo(['slack'], { ...group(['rule', 'account'], MINUTE, HOUR), continue: true }),
        routeTo(['mail'], group([], MINUTE, HOUR)),
      ],
    });
    const bundles = (nowMs: number, account: string) =>
      bench.plan(nowMs, { account }).map(({ bundle }) => bundle);
    const [slackA, mailA] = bundles(T0, 'a');
    const [slackB, mailB] = bundles(T0 + SECOND, 'b');
    expect(slackA).toMatch(/^group:/);
    expect(slackA).not.toBe(slackB);
    expect(mailA).toBe(mailB);
    expect(mailA).not.toBe(slackA);
    const [first] = bench.plan(T0 + 2 * SECOND, { account: 'b' });
    expect(first).toMatchObject({ dueAtMs: T0 + SECOND + MINUTE, thread: slackB?.slice('group:'.length) });
    expect(first && reasons(first)).toEqual(['route', 'grouped']);
  });

  it('is due at the same time at all sinks of its route, also without any wait', () => {
    const bench = createBench({ routes: [routeTo(['slack', 'mail'], group([], 0, MINUTE))] });
    const dues = (nowMs: number) => bench.plan(nowMs).map(({ dueAtMs }) => dueAtMs - T0);
    expect(dues(T0)).toEqual([0, 0]);
    expect(dues(T0 + 1)).toEqual([MINUTE, MINUTE]);
  });

  it('does not wait for a sending that was agreed before the clock was set back', () => {
    const bench = createBench({ routes: [routeTo(['slack'], group([], MINUTE, 5 * MINUTE))] });
    bench.one(T0);
    expect(bench.one(T0 - DAY).dueAtMs).toBe(T0 - DAY + MINUTE);
  });
});

describe('suppression', () => {
  const suppress = { key: 'k', forMs: 10 * MINUTE };
  it('lets the first alert of a key pass, and has the rest told together at the end of the time', () => {
    const bench = createBench({ routes: [routeTo(['slack', 'mail'])] });
    expect(bench.plan(T0, { suppress }).map(({ bundle, dueAtMs }) => [bundle, dueAtMs])).toEqual([
      [undefined, T0],
      [undefined, T0],
    ]);
    const held = bench.plan(T0 + 10 * MINUTE - 1, { suppress });
    expect(held.map(({ bundle, dueAtMs }) => [bundle, dueAtMs])).toEqual(
      ['slack', 'mail'].map(() => ['suppressed:k', T0 + 10 * MINUTE]),
    );
    expect(held[0] && reasons(held[0])).toEqual(['route', 'suppressed']);
    // The next one begins a new time.
    const [next] = bench.plan(T0 + 10 * MINUTE, { suppress });
    expect(next?.bundle).toBeUndefined();
    expect(bench.plan(T0 + 11 * MINUTE, { suppress })[0]?.dueAtMs).toBe(T0 + 20 * MINUTE);
  });

  it('is by key, never holds a resolved alert, and comes before the group', () => {
    const bench = createBench({ routes: [routeTo(['slack'], group([], MINUTE, MINUTE))] });
    expect(bench.one(T0, { suppress }).bundle).toMatch(/^group:/);
    expect(bench.one(T0, { suppress: { ...suppress, key: 'other' } }).bundle).toMatch(/^group:/);
    expect(bench.one(T0, { suppress, status: 'resolved' }).bundle).toMatch(/^group:/);
    expect(bench.one(T0, { suppress }).bundle).toBe('suppressed:k');
  });

  it('does not go on after the clock was set back', () => {
    const bench = createBench({ routes: [routeTo(['slack'])] });
    bench.one(T0, { suppress });
    expect(bench.one(T0 - HOUR, { suppress }).bundle).toBeUndefined();
    expect(bench.one(T0 - HOUR + 1, { suppress }).dueAtMs).toBe(T0 - HOUR + 10 * MINUTE);
  });
});

describe('the hours of a route', () => {
  const windows = {
    office: windowIn({ days: 'mon-fri', hours: '09:00-17:00' }),
    lost: windowIn({ hours: '01:15-01:45', days: 'sun' }),
    never: () => false,
    always: () => true,
  };
  const during = (window: string, otherwise: 'hold' | 'next' = 'hold', inside = true): Partial<Route> => ({
    hours: { window, inside, otherwise },
  });

  it('hold what a silence hid, until any of it may be told', () => {
    const { planner } = createBench({
      routes: [
        { ...routeTo(['slack'], during('office')), match: { level: ['high'] } },
        { ...routeTo(['slack'], during('never')), match: { level: ['low'] } },
        routeTo(['mail']),
      ],
      windows,
    });
    const night = at('2026-01-05T03:00:00Z');
    const of = (level: 'high' | 'low' | 'medium', more = {}) => {
      const alert = alertOf(more);
      return { ...alert, rule: { ...alert.rule, level } };
    };
    const told = (sink: string, ...hidden: readonly ReturnType<typeof of>[]) =>
      new Date(planner.toldAtMs(hidden, sink, night)).toISOString();
    expect(told('slack', of('high'), of('low'))).toBe('2026-01-05T09:00:00.000Z');
    expect(told('mail', of('high'))).toBe('2026-01-05T03:00:00.000Z');
    // Nothing leads there any more, or the rule itself does.
    expect(told('slack', of('high'), of('medium'))).toBe('2026-01-05T03:00:00.000Z');
    expect(told('slack', of('high', { to: ['slack'] }))).toBe('2026-01-05T03:00:00.000Z');
  });

  it.each([
    ['inside', '2026-01-05T12:00:30Z', '2026-01-05T12:00:30Z', 'office', true],
    ['before', '2026-01-05T08:00:30Z', '2026-01-05T09:00:00Z', 'office', true],
    ['over the weekend', '2026-01-09T17:00:00Z', '2026-01-12T09:00:00Z', 'office', true],
    ['outside is asked for, outside', '2026-01-05T08:00:30Z', '2026-01-05T08:00:30Z', 'office', false],
    ['outside is asked for, inside', '2026-01-05T12:00:30Z', '2026-01-05T17:00:00Z', 'office', false],
    // Summer time begins on 29 March 2026 at 01:00 UTC, and ends on 25 October at 01:00 UTC.
    ['over the beginning of summer time', '2026-03-27T17:00:00Z', '2026-03-30T08:00:00Z', 'office', true],
    ['over the end of summer time', '2026-10-23T16:00:00Z', '2026-10-26T09:00:00Z', 'office', true],
    [
      'a window that the change of the clocks leaves out',
      '2026-03-28T12:00:00Z',
      '2026-04-05T00:15:00Z',
      'lost',
      true,
    ],
    [
      'a window that the change of the clocks repeats',
      '2026-10-25T00:45:00Z',
      '2026-10-25T01:15:00Z',
      'lost',
      true,
    ],
    ['a window that never opens', '2026-01-05T12:00:00Z', '2026-01-13T12:00:00Z', 'never', true],
    ['the outside of one that never closes', '2026-01-05T12:00:00Z', '2026-01-13T12:00:00Z', 'always', false],
  ])('%s', (_, now, due, window, inside) => {
    const bench = createBench({ windows, routes: [routeTo(['slack'], during(window, 'hold', inside))] });
    const delivery = bench.one(at(now));
    expect(new Date(delivery.dueAtMs).toISOString()).toBe(new Date(due).toISOString());
    expect(reasons(delivery)).toEqual(now === due ? ['route'] : ['route', 'held']);
    expect(delivery.bundle?.startsWith('held:') ?? false).toBe(now !== due);
  });

  it('hold what comes while it is closed in one bundle, until it opens', () => {
    const bench = createBench({ windows, routes: [routeTo(['slack'], during('office'))] });
    const [one, two] = [bench.one(at('2026-01-09T18:00:00Z')), bench.one(at('2026-01-11T03:00:00Z'))];
    expect(one.bundle).toBe(two.bundle);
    expect(bench.one(at('2026-01-12T18:00:00Z')).bundle).not.toBe(one.bundle);
  });

  it('leave it to the routes below, where the route says so', () => {
    const bench = createBench({
      windows,
      routes: [routeTo(['slack'], during('office', 'next')), routeTo(['mail'])],
    });
    expect(bench.one(at('2026-01-05T12:00:00Z')).sink).toBe('slack');
    expect(bench.one(at('2026-01-05T18:00:00Z'))).toMatchObject({
      sink: 'mail',
      dueAtMs: at('2026-01-05T18:00:00Z'),
    });
  });

  it('are asked for the time at which a group or a suppression would be told', () => {
    const grouped = createBench({
      windows,
      routes: [routeTo(['slack'], { ...during('office'), ...group([], 10 * MINUTE, HOUR) })],
    });
    const due = (text: string) => new Date(grouped.one(at(text)).dueAtMs).toISOString();
    expect(due('2026-01-05T08:55:00Z')).toBe('2026-01-05T09:05:00.000Z');
    expect(due('2026-01-05T16:55:00Z')).toBe('2026-01-06T09:00:00.000Z');
    const suppressing = createBench({ windows, routes: [routeTo(['slack'], during('office'))] });
    const suppress = { key: 'k', forMs: 20 * MINUTE };
    suppressing.one(at('2026-01-05T16:50:00Z'), { suppress });
    const held = suppressing.one(at('2026-01-05T16:55:00Z'), { suppress });
    expect(held).toMatchObject({ bundle: 'suppressed:k', dueAtMs: at('2026-01-06T09:00:00Z') });
    expect(reasons(held)).toEqual(['route', 'suppressed', 'held']);
  });

  it('do not concern an alert whose rule names its sinks', () => {
    const bench = createBench({ windows, routes: [routeTo(['slack'], during('never'))] });
    expect(bench.one(T0, { to: ['slack'] })).toMatchObject({ dueAtMs: T0, why: [{ reason: 'rule' }] });
  });

  it('cost little, however far away the opening is: a flood over the weekend must not stop the monitor', () => {
    let asked = 0;
    const far = {
      far: (ms: number): boolean => {
        asked += 1;
        return ms >= T0 + 7 * DAY;
      },
    };
    const bench = createBench({ windows: far, routes: [routeTo(['slack'], during('far'))] });
    for (let i = 0; i < 1_000; i += 1) expect(bench.one(T0 + i * SECOND).dueAtMs).toBe(T0 + 7 * DAY);
    expect(asked).toBeLessThan(30_000);
    // The clock was set back: what was found does not hold for an earlier time.
    const early = createBench({
      windows: { office: windows.office },
      routes: [routeTo(['slack'], during('office'))],
    });
    early.one(at('2026-01-09T18:00:00Z'));
    expect(early.one(at('2026-01-08T18:00:00Z')).dueAtMs).toBe(at('2026-01-09T09:00:00Z'));
    expect(early.one(at('2026-01-10T18:00:00Z')).dueAtMs).toBe(at('2026-01-12T09:00:00Z'));
  });
});

const silence = (more: Partial<Silence> = {}): Silence => ({
  id: 's1',
  match: { level: ['high'] },
  author: 'alice',
  reason: 'maintenance',
  createdAtMs: T0,
  startsAtMs: T0,
  endsAtMs: T0 + HOUR,
  schedule: undefined,
  expired: undefined,
  ...more,
});

describe('a silence', () => {
  const hides = (
    one: Partial<Silence>,
    more: Parameters<typeof alertOf>[0] = {},
    nowMs = T0,
    zone = LONDON,
  ): boolean => {
    const bench = createBench({ routes: [routeTo(['slack'])], zone });
    bench.silences.push(silence(one));
    return bench.one(nowMs, more).state === 'silenced';
  };

  it('records what it hides for every sink, with the reason, and starts neither group nor suppression', () => {
    const bench = createBench({ routes: [routeTo(['slack', 'mail'], group([], MINUTE, HOUR))] });
    bench.silences.push(silence());
    const suppress = { key: 'k', forMs: HOUR };
    const deliveries = bench.plan(T0, { suppress });
    expect(deliveries).toMatchObject(
      ['slack', 'mail'].map((sink) => ({ sink, state: 'silenced', silence: 's1', dueAtMs: T0 })),
    );
    expect(deliveries[0]?.bundle).toBeUndefined();
    expect(deliveries[0]?.why.at(-1)).toEqual({
      reason: 'silenced',
      detail: 'silence s1 by alice: maintenance',
    });
    expect(bench.kept.size).toBe(0);
    const decided = bench.planner.plan(
      { alert: alertOf() },
      { get: () => undefined, set() {}, silences: () => bench.silences },
      T0,
    );
    expect(decided.sinks).toEqual([]);
  });

  it('begins at its start and ends before its end, or when somebody ends it', () => {
    expect(hides({}, {}, T0 - 1)).toBe(false);
    expect(hides({}, {}, T0)).toBe(true);
    expect(hides({}, {}, T0 + HOUR - 1)).toBe(true);
    expect(hides({}, {}, T0 + HOUR)).toBe(false);
    expect(hides({ expired: { atMs: T0, by: 'bob' } })).toBe(false);
  });

  it.each<[string, Partial<Silence>, Parameters<typeof alertOf>[0], boolean]>([
    ['what it matches', { match: { account: ['default'], level: ['!low'] } }, {}, true],
    ['nothing else', { match: { account: ['other'] } }, {}, false],
    ['no rule that must not be silenced', {}, { unsilenceable: true }, false],
    ['no trouble of the monitor that it only matches by chance', {}, { kind: 'system' }, false],
    [
      'trouble of the monitor that it names by kind',
      { match: { kind: ['system'] } },
      { kind: 'system' },
      true,
    ],
    ['trouble of the monitor that it names by rule', { match: { rule: ['r1'] } }, { kind: 'system' }, true],
    [
      'trouble that must not be silenced not even then',
      { match: { kind: ['system'] } },
      { kind: 'system', unsilenceable: true },
      false,
    ],
    ['no drill', { match: { kind: ['drill'] } }, { kind: 'drill' }, false],
    ['no summary', { match: { kind: ['summary'] } }, { kind: 'summary' }, false],
    ['a resolved alert as well', {}, { status: 'resolved' }, true],
  ])('hides %s', (_, one, more, expected) => {
    expect(hides(one, more)).toBe(expected);
  });

  it.each([
    ['2026-01-05T02:30:00Z', true],
    ['2026-01-05T03:00:00Z', false],
    ['2026-01-06T02:30:00Z', false],
    // Summer time: 02:30 there is 01:30 UTC.
    ['2026-04-06T01:30:00Z', true],
    ['2026-04-06T02:30:00Z', false],
    ['2027-01-04T02:30:00Z', false],
  ])('with a schedule hides only then (%s), while it is in force', (now, expected) => {
    const schedule = { days: 'mon', hours: '02:00-03:00' };
    const year = { startsAtMs: at('2026-01-01T00:00:00Z'), endsAtMs: at('2027-01-01T00:00:00Z') };
    expect(hides({ ...year, schedule }, {}, at(now))).toBe(expected);
    expect(
      hides({ ...year, schedule: { ...schedule, timezone: 'Europe/London' } }, {}, at(now), zoneNamed('UTC')),
    ).toBe(expected);
  });

  it('whose schedule cannot be read hides nothing', () => {
    expect(hides({ schedule: { hours: 'soon' } })).toBe(false);
  });
});

describe('the answers of the routes', () => {
  it('an alert about a sink is kept from it, also where that sink is all its route has', () => {
    const bench = createBench({ routes: [routeTo(['slack'])] });
    const memory = { get: () => undefined, set() {}, silences: () => [] };
    const { deliveries } = bench.planner.plan({ alert: alertOf(), except: ['slack'] }, memory, T0);
    expect(deliveries).toMatchObject([
      { sink: 'mail', why: [{ reason: 'others', detail: 'not through slack' }] },
    ]);
  });
});
