import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { CompileOptions } from '../../src/rules/compile.ts';
import { compileTexts, eventOf, NOON_MS, problemsOf, ruleOf, run, stateOf } from '../support/rules.ts';

const DAY = 86_400_000;
const at = (ms: number, fields: JsonObject) => eventOf(fields, { ms });
const ofRule = (monitor: string, options?: CompileOptions, detection = 's: {event_type: A}\ncondition: s') =>
  compileTexts([ruleOf(detection, `monitor:\n  ${monitor}\n`)], options).engine;

describe('first_seen', () => {
  const login = (days: number, user: string, country: string) =>
    at(NOON_MS + days * DAY, { event_type: 'A', user, country });

  it('holds for values new to their group, after the group was learnt', () => {
    const engine = ofRule('first_seen: {field: country, by: [user], learn: 14d, remember: 90d}');
    const matches = run(engine, [
      login(0, 'a', 'GB'),
      login(1, 'a', 'FR'),
      login(15, 'a', 'FR'),
      login(16, 'a', 'US'),
      login(16, 'b', 'US'),
      login(17, 'a', 'US'),
    ]);
    expect(matches.map(({ events, values }) => [events[0]?.fields.user, values])).toEqual([
      ['a', { value: 'US' }],
    ]);
  });

  it('a value not met for `remember` is new again', () => {
    const engine = ofRule('first_seen: {field: country, by: [user], remember: 30d}');
    const days = [0, 20, 45, 80].map((day) => login(day, 'a', 'GB'));
    expect(run(engine, days).map(({ atMs }) => (atMs - NOON_MS) / DAY)).toEqual([0, 80]);
  });

  it('a group that is met goes on knowing since when, however much is learnt beside it', () => {
    const engine = ofRule('first_seen: {field: country, by: [user], learn: 1d, remember: 90d}');
    const events = [login(0, 'a', 'GB'), login(2, 'a', 'GB'), login(4, 'a', 'GB')];
    const crowd = Array.from({ length: 100_000 }, (_, index) => login(3, 'crowd', `c${index}`));
    const matches = run(engine, [
      ...events.slice(0, 2),
      ...crowd.slice(0, 50_000),
      ...events.slice(2),
      ...crowd.slice(50_000),
      login(5, 'a', 'KP'),
    ]);
    expect(engine.counters.evictedGroups).toBeGreaterThan(0);
    expect(matches.filter(({ events: [event] }) => event?.fields.user === 'a').length).toBe(1);
  });

  it('learns only from events that the detection holds for', () => {
    const engine = ofRule(
      'first_seen: {field: country, by: [user]}',
      {},
      's: {event_type: A}\nfailed: {ok: false}\ncondition: s and not failed',
    );
    const failed = at(NOON_MS, { event_type: 'A', user: 'a', country: 'RU', ok: false });
    const success = at(NOON_MS + 1, { event_type: 'A', user: 'a', country: 'RU', ok: true });
    expect(run(engine, [failed, success])).toHaveLength(1);
  });

  it('survives a restart', () => {
    const monitor = 'first_seen: {field: country, by: [user]}';
    const state = stateOf();
    expect(run(ofRule(monitor), [login(0, 'a', 'GB')], undefined, state)).toHaveLength(1);
    expect(run(ofRule(monitor), [login(1, 'a', 'GB')], undefined, stateOf(state.map))).toHaveLength(0);
  });
});

describe('changed', () => {
  const monitor = 'changed: {field: context.value, by: [context.number]}';
  const set = (minutes: number, value: string, extra: JsonObject = {}) =>
    at(NOON_MS + minutes * 60_000, { event_type: 'A', context: { number: '44', value }, ...extra });

  it('holds when the value differs from the last one, which it tells', () => {
    const matches = run(ofRule(monitor), [set(0, 'x'), set(1, 'x'), set(2, 'y'), set(3, 'x')]);
    expect(matches.map(({ values }) => values)).toEqual([
      { previous: null, value: 'x' },
      { previous: 'x', value: 'y' },
      { previous: 'y', value: 'x' },
    ]);
  });

  it('remembers values of events that a filter leaves out', () => {
    const engine = ofRule(monitor, {}, 's: {event_type: A}\nbot: {user: bot}\ncondition: s and not bot');
    const matches = run(engine, [set(0, 'x'), set(1, 'y', { user: 'bot' }), set(2, 'x')]);
    expect(matches.map(({ values }) => values.previous)).toEqual([null, 'y']);
  });

  it('an event that comes late does not become the present value', () => {
    const matches = run(ofRule(monitor), [set(5, 'x'), set(1, 'y'), set(6, 'x')]);
    expect(matches.map(({ values }) => values.value)).toEqual(['x', 'y']);
  });
});

describe('inside and outside', () => {
  const office: CompileOptions = {
    timezone: 'Europe/Berlin',
    timeWindows: {
      office: { days: ['mon-fri'], hours: '09:00-17:00' },
      night: { days: 'fri', hours: '22:00-06:00', timezone: 'UTC' },
    },
  };
  const matchesAt = (monitor: string, iso: string): number =>
    run(ofRule(monitor, office), [at(Date.parse(iso), { event_type: 'A' })]).length;

  it.each([
    ['2026-03-27T08:30:00Z', 1, 'Friday 09:30 in winter time'],
    ['2026-03-27T07:30:00Z', 0, 'Friday 08:30 in winter time'],
    ['2026-03-30T07:30:00Z', 1, 'Monday 09:30 in summer time, the hours moved with the clock'],
    ['2026-03-30T15:00:00Z', 0, 'Monday 17:00 sharp is outside'],
    ['2026-03-28T10:00:00Z', 0, 'Saturday'],
  ])('inside office hours at %s: %i (%s)', (iso, expected) => {
    expect(matchesAt('inside: office', iso)).toBe(expected);
    expect(matchesAt('outside: office', iso)).toBe(1 - expected);
  });

  it('a range over midnight belongs to the day it begins on', () => {
    expect(matchesAt('inside: night', '2026-01-09T23:00:00Z')).toBe(1);
    expect(matchesAt('inside: night', '2026-01-10T05:59:00Z')).toBe(1);
    expect(matchesAt('inside: night', '2026-01-10T06:00:00Z')).toBe(0);
    expect(matchesAt('inside: night', '2026-01-09T05:00:00Z')).toBe(0);
  });

  it('wrong windows and zones are problems, not exceptions', () => {
    const text = ruleOf('s: {a: 1}\ncondition: s', 'monitor: {inside: offise}');
    expect(problemsOf(text, { ...office, timezone: 'Mars/Olympus' })).toEqual([
      '6:19 unknown time window "offise" in "inside"; there are office or night; did you mean "office"?',
      '0:0 unknown time zone "Mars/Olympus"; write a name such as Europe/Berlin',
    ]);
    expect(problemsOf(text.replace('offise', 'x'), { timeWindows: { x: { hours: '9-17' } } })[0]).toMatch(
      /"9-17" is no range of hours such as 09:00-17:30/,
    );
  });
});

describe('the block as a whole', () => {
  it('is read into what the rest of the monitor needs', () => {
    const monitor = [
      'to: [oncall]',
      "message: '{user} did it'",
      'suppress: {by: [user], for: 30m}',
      'unsilenceable: true',
      'shadow: true',
      'tests: [{name: one, events: [{event_type: A, at: 5m}, {event_type: B, at: "2026-02-01T00:00:00Z"}], expect: 1}]',
    ].join('\n  ');
    const [rule] = compileTexts([ruleOf('s: {a: 1}\ncondition: s', `monitor:\n  ${monitor}\n`)]).rules;
    expect(rule?.info).toMatchObject({
      to: ['oncall'],
      message: '{user} did it',
      suppress: { by: ['user'], forMs: 1_800_000 },
      unsilenceable: true,
      shadow: true,
    });
    expect(rule?.tests[0]?.events.map(({ atMs }) => new Date(atMs).toISOString())).toEqual([
      '2026-01-05T12:05:00.000Z',
      '2026-02-01T00:00:00.000Z',
    ]);
  });

  it.each([
    ['tow: [x]', /unknown key "tow" in "monitor".*; did you mean "to"\?$/],
    ['to: [onkall]', /unknown sink "onkall" in "to"; there are oncall; did you mean "oncall"\?$/],
    ['shadow: maybe', /"shadow" must be true or false, found "maybe"/],
    ['suppress: {by: [a]}', /"suppress" needs "for"/],
    ['suppress: {by: [a], for: 30}', /"for" must be a duration/],
    ['changed: {by: [a]}', /"changed" needs "field"/],
    ['first_seen: {field: a, lern: 1d}', /unknown key "lern".*did you mean "learn"/],
    ['tests: [{events: [], expect: x}]', /a test needs "expect"/],
    ['tests: [{events: [{at: soon}], expect: 1}]', /"at" must be a time/],
    ['[1]', /"monitor" must be a map/],
  ])('refuses %s', (monitor, message) => {
    const text = ruleOf('s: {a: 1}\ncondition: s', `monitor:\n  ${monitor}\n`);
    expect(problemsOf(text, { knownSinks: ['oncall'] }).some((problem) => message.test(problem))).toBe(true);
  });
});

describe('what is for detections', () => {
  it.each(['first_seen: {field: source_country}', 'changed: {field: source_country}'])(
    '%s is refused on a correlation',
    (key) => {
      const base = ruleOf('s: {event_type: A}\ncondition: s', 'name: base\n');
      const correlation = [
        'title: many',
        'correlation: {type: event_count, rules: [base], group-by: [user], timespan: 1h, condition: {gte: 2}}',
        'monitor:',
        `  ${key}`,
      ].join('\n');
      expect(problemsOf(`${base}---\n${correlation}\n`)).toEqual([
        expect.stringMatching(/is for detections, not for a correlation.*put it on the detection/),
      ]);
    },
  );
});

describe('filters', () => {
  const filter = (rules: string, rest = 'logsource: {product: vonage}') =>
    `title: no bots\n${rest}\nfilter:\n  rules: ${rules}\n  bots: {user: bot}\n  condition: not bots\n`;
  const rule = ruleOf(
    's: {event_type: A}\ncondition: s',
    'id: 11111111-1111-4111-8111-111111111111\nname: the_rule\n',
  );
  const count = (...texts: string[]): number =>
    run(compileTexts(texts).engine, [
      at(NOON_MS, { event_type: 'A', user: 'bot' }),
      at(NOON_MS, { event_type: 'A', user: 'me' }),
    ]).length;

  it.each(['any', '[the_rule]', '11111111-1111-4111-8111-111111111111'])('joins with AND: %s', (rules) => {
    expect(count(rule)).toBe(2);
    expect(count(rule, filter(rules))).toBe(1);
  });

  it('does not apply to rules of another log source', () => {
    expect(count(rule, filter('any', 'logsource: {product: vonage, service: other}'))).toBe(2);
  });

  it('unknown names, empty lists and correlations are refused', () => {
    const problem = (rules: string): string | undefined => problemsOf(`${rule}---\n${filter(rules)}`)[0];
    expect(problem('[the_ruel]')).toMatch(/unknown rule "the_ruel"; did you mean "the_rule"\?$/);
    expect(problem('[]')).toMatch(/the list of rules is empty/);
  });
});
