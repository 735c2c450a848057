import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { CompileOptions } from '../../src/rules/compile.ts';
import { compileTexts, eventOf, NOON_MS, problemsOf, run, stateOf } from '../support/rules.ts';

const MINUTE = 60_000;

/** A base rule that matches `event_type: <type>`. */
const base = (name: string, type = name.toUpperCase()): string =>
  `title: base ${name}\nname: ${name}\nlogsource: {product: vonage, service: audit}\ndetection: {s: {event_type: ${type}}, condition: s}\n`;

const correlation = (body: string, rest = ''): string =>
  `title: correlated\nname: correlated\n${rest}correlation:\n${body
    .trim()
    .split('\n')
    .map((line) => `  ${line.trim()}`)
    .join('\n')}\n`;

const at = (minutes: number, type: string, fields: JsonObject = {}): AuditEvent =>
  eventOf({ event_type: type, ...fields }, { ms: NOON_MS + minutes * MINUTE });

const matchesOf = (
  texts: readonly string[],
  events: readonly AuditEvent[],
  untilMinutes?: number,
  options?: CompileOptions,
) =>
  run(
    compileTexts([texts.join('---\n')], options).engine,
    events,
    untilMinutes === undefined ? undefined : NOON_MS + untilMinutes * MINUTE,
  );
const minutesOf = (matches: readonly { readonly atMs: number }[]): number[] =>
  matches.map((match) => (match.atMs - NOON_MS) / MINUTE);

const COUNT = correlation(`type: event_count
  rules: [login]
  group-by: [user]
  timespan: 10m
  condition: {gte: 3}`);

describe('event_count', () => {
  it('fires when the count is reached within the window, per group, and clears the group', () => {
    const events = [
      at(0, 'LOGIN', { user: 'a' }),
      at(1, 'LOGIN', { user: 'b' }),
      at(2, 'LOGIN', { user: 'a' }),
      at(3, 'LOGIN', { user: 'a' }),
      at(4, 'LOGIN', { user: 'a' }),
      at(5, 'LOGIN', { user: 'a' }),
      at(6, 'LOGIN', { user: 'a' }),
    ];
    const matches = matchesOf([base('login'), COUNT], events);
    expect(minutesOf(matches)).toEqual([3, 6]);
    expect(matches[0]?.events.map((event) => event.id)).toEqual(
      [events[0], events[2], events[3]].map((e) => e?.id),
    );
    expect(matches[0]?.values).toEqual({ count: 3, user: 'a' });
    expect(matches[0]?.group).not.toBe(matches[1]?.group);
  });

  it('slides, its start inclusive', () => {
    const user = { user: 'a' };
    const three = (last: number) => [at(0, 'LOGIN', user), at(5, 'LOGIN', user), at(last, 'LOGIN', user)];
    expect(matchesOf([base('login'), COUNT], three(10))).toHaveLength(1);
    expect(matchesOf([base('login'), COUNT], three(10.02))).toHaveLength(0);
  });

  it('puts late events where they belong', () => {
    const user = { user: 'a' };
    const events = [at(0, 'LOGIN', user), at(9, 'LOGIN', user), at(5, 'LOGIN', user)];
    expect(minutesOf(matchesOf([base('login'), COUNT], events))).toEqual([9]);
    const apart = [at(3, 'LOGIN', user), at(12, 'LOGIN', user), at(1, 'LOGIN', user)];
    expect(matchesOf([base('login'), COUNT], apart)).toHaveLength(0);
  });

  it('counts an event whose window is gone as late', () => {
    const { engine } = compileTexts([`${base('login')}---\n${COUNT}`]);
    run(engine, [at(20, 'LOGIN', { user: 'a' }), at(0, 'LOGIN', { user: 'a' })]);
    expect(engine.counters.lateEvents).toBe(1);
  });

  it('17: an event without the group-by field takes no part, and is counted', () => {
    const { engine } = compileTexts([`${base('login')}---\n${COUNT}`]);
    expect(run(engine, [at(0, 'LOGIN'), at(1, 'LOGIN'), at(2, 'LOGIN')])).toHaveLength(0);
    expect(engine.counters.ungroupedEvents).toBe(3);
  });

  it('works without group-by, over several rules, and counts an event once', () => {
    const text = correlation('type: event_count\nrules: [a, b, also_a]\ntimespan: 1h\ncondition: {gte: 3}');
    const texts = [base('a'), base('b'), base('also_a', 'A'), text];
    expect(minutesOf(matchesOf(texts, [at(0, 'A'), at(1, 'B'), at(2, 'A')]))).toEqual([2]);
  });

  it('takes two-sided ranges', () => {
    const text = correlation('type: event_count\nrules: [a]\ntimespan: 1h\ncondition: {gt: 1, lte: 5}');
    expect(minutesOf(matchesOf([base('a'), text], [at(0, 'A'), at(1, 'A')]))).toEqual([1]);
  });
});

describe('value_count', () => {
  const DISTINCT = correlation(
    'type: value_count\nrules: [login]\ngroup-by: [user]\ntimespan: 1h\ncondition: {field: country, gte: 2}',
  );

  it('counts distinct values', () => {
    const from = (minutes: number, country: string) => at(minutes, 'LOGIN', { user: 'a', country });
    expect(matchesOf([base('login'), DISTINCT], [from(0, 'GB'), from(1, 'GB'), from(62, 'FR')])).toHaveLength(
      0,
    );
    const [match] = matchesOf([base('login'), DISTINCT], [from(0, 'GB'), from(1, 'GB'), from(50, 'FR')]);
    expect(match?.values).toEqual({ count: 2, user: 'a' });
  });

  it('counts distinct tuples of a list of fields', () => {
    const text = correlation(
      'type: value_count\nrules: [a]\ntimespan: 1h\ncondition: {field: [x, y], gte: 3}',
    );
    const of = (x: number, y: number) => at(0, 'A', { x, y });
    expect(matchesOf([base('a'), text], [of(1, 2), of(1, 2), of(2, 1)])).toHaveLength(0);
    expect(matchesOf([base('a'), text], [of(1, 2), of(1, 3), of(2, 1)])).toHaveLength(1);
  });

  it('stays right when a group is chatty beyond what is kept', () => {
    const text = correlation('type: value_count\nrules: [a]\ntimespan: 1h\ncondition: {field: x, gte: 3}');
    const events = [at(0, 'A', { x: 'first' })];
    for (let index = 0; index < 3_000; index += 1) events.push(at(1 + index / 100, 'A', { x: 'same' }));
    events.push(at(59, 'A', { x: 'last' }));
    expect(matchesOf([base('a'), text], events)).toHaveLength(1);
  });
});

describe('numbers', () => {
  const valued = (type: string, condition: string): string =>
    correlation(`type: ${type}\nrules: [a]\ntimespan: 1h\ncondition: {field: n, ${condition}}`);
  const events = [at(0, 'A', { n: 10 }), at(1, 'A', { n: '20' }), at(2, 'A', { n: 60 })];

  it.each([
    ['value_sum', 'gt: 80', [2]],
    ['value_sum', 'gt: 90', []],
    ['value_avg', 'gte: 30', [2]],
    ['value_median', 'gte: 20', [2]],
    ['value_percentile', 'percentile: 100, gte: 60', [2]],
    ['value_percentile', 'percentile: 0, gte: 11', []],
  ])('%s %s', (type, condition, expected) => {
    expect(minutesOf(matchesOf([base('a'), valued(type, condition)], events))).toEqual(expected);
  });

  it('average of an empty window is never below anything', () => {
    expect(minutesOf(matchesOf([base('a'), valued('value_avg', 'lt: 15')], events, 600))).toEqual([0]);
  });
});

describe('temporal', () => {
  const temporal = (type: string, rest = ''): string =>
    correlation(`type: ${type}\nrules: [a, b, c]\ngroup-by: [user]\ntimespan: 10m\n${rest}`);
  const user = { user: 'u' };
  const of = (minutes: number, type: string, who = user) => at(minutes, type, who);

  it('needs every rule, in any order, of one group', () => {
    const texts = [base('a'), base('b'), base('c'), temporal('temporal')];
    const events = [of(0, 'C'), of(1, 'A'), of(2, 'B', { user: 'other' }), of(3, 'B')];
    const matches = matchesOf(texts, events);
    expect(minutesOf(matches)).toEqual([3]);
    expect(matches[0]?.events.map((event) => event.eventType)).toEqual(['C', 'A', 'B']);
    expect(matchesOf(texts, [of(0, 'C'), of(1, 'A'), of(11, 'B')])).toHaveLength(0);
  });

  it('ordered needs them in the order of the list; equal times are in order', () => {
    const texts = [base('a'), base('b'), base('c'), temporal('temporal_ordered')];
    expect(matchesOf(texts, [of(0, 'B'), of(1, 'A'), of(2, 'C')])).toHaveLength(0);
    expect(minutesOf(matchesOf(texts, [of(0, 'B'), of(1, 'A'), of(2, 'B'), of(3, 'C')]))).toEqual([3]);
    expect(matchesOf(texts, [of(5, 'C'), of(5, 'A'), of(5, 'B')])).toHaveLength(1);
    expect(matchesOf(texts, [of(0, 'A'), of(6, 'B'), of(11, 'C')])).toHaveLength(0);
  });

  it('ordered finds the chain in a chatty group', () => {
    const texts = [base('a'), base('b'), base('c'), temporal('temporal_ordered')];
    const noise = Array.from({ length: 300 }, (_, index) => of(2 + index / 100, 'A'));
    expect(matchesOf(texts, [of(0, 'A'), of(1, 'B'), ...noise, of(6, 'C')])).toHaveLength(1);
  });

  it('a condition may ask for some of the rules', () => {
    const some = temporal('temporal', 'condition: {gte: 2}');
    expect(
      minutesOf(matchesOf([base('a'), base('b'), base('c'), some], [of(0, 'A'), of(1, 'A'), of(2, 'C')])),
    ).toEqual([2]);
  });

  it('a boolean condition over names', () => {
    const texts = [base('a'), base('b'), base('c'), temporal('temporal', "condition: 'a and (b or c)'")];
    expect(minutesOf(matchesOf(texts, [of(0, 'B'), of(1, 'C'), of(2, 'A')]))).toEqual([2]);
  });

  it('a boolean condition with not is judged when the window ends', () => {
    const texts = [base('a'), base('b'), base('c'), temporal('temporal', "condition: 'a and not b'")];
    expect(matchesOf(texts, [of(0, 'A')], 9)).toHaveLength(0);
    const matches = matchesOf(texts, [of(0, 'A')], 11);
    expect(minutesOf(matches)).toEqual([10]);
    expect(matches[0]?.events).toHaveLength(1);
    expect(matchesOf(texts, [of(0, 'A'), of(5, 'B')], 11)).toHaveLength(0);
    // The event that comes after the end makes the end known without a tick.
    expect(minutesOf(matchesOf(texts, [of(0, 'A'), of(30, 'B')]))).toEqual([10]);
  });
});

describe('aliases, chains, generate', () => {
  it('aliases give every rule its own field', () => {
    const text = correlation(`type: temporal
      rules: [a, b]
      aliases: {who: {a: user_email, b: context.target}}
      group-by: [who]
      timespan: 10m`);
    const hit = [at(0, 'A', { user_email: 'x' }), at(1, 'B', { context: { target: 'x' } })];
    expect(matchesOf([base('a'), base('b'), text], hit)[0]?.values).toEqual({ count: 2, who: 'x' });
    const miss = [at(0, 'A', { user_email: 'x' }), at(1, 'B', { user_email: 'x', context: { target: 'y' } })];
    expect(matchesOf([base('a'), base('b'), text], miss)).toHaveLength(0);
  });

  const parent = `title: parent\ncorrelation:\n  type: temporal\n  rules: [correlated, other]\n  group-by: [user]\n  timespan: 1h\n`;

  it('correlations refer to correlations, whatever the order of documents', () => {
    const u = { user: 'a' };
    const events = [at(0, 'LOGIN', u), at(1, 'LOGIN', u), at(2, 'LOGIN', u), at(3, 'OTHER', u)];
    for (const texts of [
      [parent, COUNT, base('login'), base('other')],
      [base('login'), base('other'), COUNT, parent],
    ]) {
      const matches = matchesOf(texts, events);
      expect(matches.map((match) => match.rule.title)).toEqual(['parent']);
      expect(matches[0]?.events).toHaveLength(4);
    }
  });

  it('what is referred to is silent unless generate', () => {
    const events = [at(0, 'LOGIN', { user: 'a' })];
    expect(matchesOf([base('login'), COUNT], events)).toHaveLength(0);
    const top = COUNT.replace('correlation:', 'generate: true\ncorrelation:');
    const inside = COUNT.replace('correlation:', 'correlation:\n  generate: true');
    expect(matchesOf([base('login'), top], events)).toHaveLength(1);
    expect(matchesOf([base('login'), inside], events)).toHaveLength(1);
  });
});

describe('absence', () => {
  const absent = (condition: string, group = ''): string =>
    correlation(`type: event_count\nrules: [beat]\n${group}timespan: 10m\ncondition: {${condition}}`);
  const texts = [base('beat'), absent('eq: 0', 'group-by: [user]\n')];
  const beat = (minutes: number, user = 'a') => at(minutes, 'BEAT', { user });

  it('is told per known group when the window ends, once until heard again', () => {
    const { engine } = compileTexts([texts.join('---\n')]);
    const state = stateOf();
    const tick = (minutes: number) => run(engine, [], NOON_MS + minutes * MINUTE, state);
    run(engine, [beat(0), beat(1, 'b'), beat(5)], undefined, state);
    expect(tick(11)).toHaveLength(0);
    const [first] = tick(12);
    expect([first?.atMs, first?.values, first?.events]).toEqual([
      NOON_MS + 11 * MINUTE,
      { count: 0, user: 'b' },
      [],
    ]);
    expect(minutesOf(tick(16))).toEqual([15]);
    expect(tick(600)).toHaveLength(0);
    run(engine, [beat(601)], undefined, state);
    expect(minutesOf(tick(700))).toEqual([611]);
  });

  it('is told at the same moment when only a later event shows it, which then ends it', () => {
    const matches = matchesOf(texts, [beat(0), beat(30), beat(31)]);
    expect(minutesOf(matches)).toEqual([10, 30]);
    expect(matches.map(({ status }) => status)).toEqual(['firing', 'resolved']);
  });

  it('its end has the group of its beginning and the event that came back', () => {
    const { engine } = compileTexts([texts.join('---\n')]);
    const back = beat(30);
    const [fired, ended, ...more] = run(engine, [beat(0), back, beat(31)]);
    expect(more).toEqual([]);
    expect(ended).toEqual({
      ...fired,
      status: 'resolved',
      ended: { sinceMs: NOON_MS, firedAtMs: NOON_MS + 10 * MINUTE },
      values: { count: 1, user: 'a' },
      events: [back],
      atMs: NOON_MS + 30 * MINUTE,
    });
  });

  it('its end feeds no correlation', () => {
    const chained = correlation('type: event_count\nrules: [correlated]\ntimespan: 1d\ncondition: {gte: 3}')
      .replace('title: correlated', 'title: often')
      .replace('name: correlated', 'name: often');
    const twice = [beat(0), beat(30), beat(60), beat(61)];
    expect(matchesOf([...texts, chained], twice)).toHaveLength(0);
    expect(matchesOf([...texts, chained], twice, 90)).toHaveLength(1);
  });

  it('its end is told when its beginning was, whatever the hour', () => {
    const only = (window: string): string[] => [
      base('beat'),
      `${absent('eq: 0', 'group-by: [user]\n')}monitor: {inside: ${window}}\n`,
    ];
    const statuses = (hours: string): string[] => {
      const options = { timeWindows: { window: { hours: [hours] } } };
      const { engine } = compileTexts([only('window').join('---\n')], options);
      return run(engine, [beat(0), beat(120)]).map(({ status }) => status);
    };
    expect(statuses('12:00-13:00')).toEqual(['firing', 'resolved']);
    expect(statuses('13:30-15:00')).toEqual([]);
  });

  it('an absence that an older release told is not ended, but watched anew', () => {
    const { engine } = compileTexts([texts.join('---\n')]);
    const state = stateOf();
    run(engine, [beat(0)], NOON_MS + 30 * MINUTE, state);
    const [key, text] = [...state.map].find(([, json]) => json.includes(',true,')) as [string, string];
    const [user, seq, record] = JSON.parse(text) as [string, number, unknown[]];
    state.map.set(key, JSON.stringify([user, seq, record.slice(0, 5)]));
    const matches = run(
      compileTexts([texts.join('---\n')]).engine,
      [beat(60)],
      NOON_MS + 90 * MINUTE,
      stateOf(state.map),
    );
    expect(matches.map(({ status, atMs }) => [status, (atMs - NOON_MS) / MINUTE])).toEqual([['firing', 70]]);
  });

  it('without group-by the one group is known from the first tick on', () => {
    const { engine } = compileTexts([[base('beat'), absent('lt: 1')].join('---\n')]);
    const state = stateOf();
    const tick = (minutes: number) => minutesOf(run(engine, [], NOON_MS + minutes * MINUTE, state));
    expect(tick(0)).toEqual([]);
    expect(tick(10)).toEqual([]);
    expect(tick(11)).toEqual([10]);
    expect(tick(100)).toEqual([]);
  });

  it('fewer than n slides: it holds when the n-th newest event leaves the window', () => {
    const few = [base('beat'), absent('lt: 2')];
    expect(minutesOf(matchesOf(few, [beat(0), beat(4), beat(8), beat(13)], 60))).toEqual([18]);
    expect(minutesOf(matchesOf(few, [beat(0)], 60))).toEqual([10]);
  });

  it('sums are judged one window after the other', () => {
    const text = correlation('type: value_sum\nrules: [beat]\ntimespan: 10m\ncondition: {field: n, lt: 5}');
    const of = (minutes: number, n: number) => at(minutes, 'BEAT', { n });
    expect(minutesOf(matchesOf([base('beat'), text], [of(0, 5), of(12, 3)], 60))).toEqual([20]);
  });
});

describe('bounds', () => {
  it('the least recently changed groups go first, counted', () => {
    const { engine } = compileTexts([`${base('login')}---\n${COUNT}`], { maxGroups: 2 });
    const of = (user: string) => at(0, 'LOGIN', { user });
    const matches = run(engine, ['a', 'b', 'a', 'c', 'b', 'c', 'c'].map(of));
    expect(engine.counters.evictedGroups).toBe(2);
    expect(matches.map((match) => match.values.user)).toEqual(['c']);
  });

  it('groups whose window has ended leave the state', () => {
    const { engine } = compileTexts([`${base('login')}---\n${COUNT}`]);
    const state = stateOf();
    run(engine, [at(0, 'LOGIN', { user: 'a' }), at(0, 'LOGIN', { user: 'b' })], undefined, state);
    expect(state.map.size).toBe(3);
    run(engine, [], NOON_MS + 24 * 60 * MINUTE, state);
    expect(state.map.size).toBe(1);
  });

  it('an exception in one rule costs only that rule on that event', () => {
    const { engine } = compileTexts([`${base('login')}---\n${COUNT}---\n${base('login2', 'LOGIN')}`]);
    const broken = {
      ...stateOf(),
      get: () => {
        throw new Error('no state');
      },
    };
    const { matches, failures } = engine.evaluate(at(0, 'LOGIN', { user: 'a' }), broken);
    expect(matches.map((match) => match.rule.title)).toEqual(['base login2']);
    expect(failures.map(({ rule, error }) => [rule.title, String(error)])).toEqual([
      ['correlated', 'Error: no state'],
    ]);
  });
});

describe('problems of correlations', () => {
  const broken = (body: string): string[] => problemsOf([base('login'), correlation(body)].join('---\n'));

  it.each([
    ['type: event_cuont\nrules: [login]', /"type" must be event_count.*; did you mean "event_count"\?$/],
    [
      'type: event_count\nrules: [logn]\ntimespan: 1m\ncondition: {gt: 1}',
      /unknown rule "logn"; did you mean "login"\?$/,
    ],
    [
      'type: event_count\nrules: [login]\ntimespan: 1x\ncondition: {gt: 1}',
      /"timespan" is "1x"; it must be a duration/,
    ],
    ['type: event_count\nrules: [login]\ntimespan: 1m', /"event_count" needs "condition"/],
    ['type: value_count\nrules: [login]\ntimespan: 1m\ncondition: {gt: 1}', /needs "field"/],
    [
      'type: event_count\nrules: [login]\ntimespan: 1m\ncondition: {gt: 1000000}',
      /"gt" of a count is at most 100000, found 1000000/,
    ],
    [
      'type: event_count\nrules: [login]\ntimespan: 1m\ncondition: {gt: 5, lt: 3}',
      /no number meets the condition/,
    ],
    [
      'type: event_count\nrules: [login]\ntimespan: 1m\ncondition: {gte: many}',
      /"gte" must be a number, found "many"/,
    ],
    ['type: temporal\nrules: [login, correlated]\ntimespan: 1m', /refers to itself/],
    [
      'type: temporal\nrules: [login]\ntimespan: 1m\ncondition: login and logout',
      /unknown search identifier "logout"/,
    ],
    [
      'type: temporal\nrules: [login]\ntimespan: 1m\naliases: {who: {logn: a}}\ngroup-by: [who]',
      /names "logn", which is not in "rules"; did you mean "login"/,
    ],
  ])('%s', (body, message) => {
    expect(broken(body).some((problem) => message.test(problem))).toBe(true);
  });
});
