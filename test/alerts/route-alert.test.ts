import { describe, expect, it } from 'vitest';
import { createPlanner } from '../../src/alerts/plan-deliveries.ts';
import { compileRoutes, routeAlert } from '../../src/alerts/routing.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { PlannerMemory } from '../../src/core/planner.ts';
import type { Route } from '../../src/core/route.ts';
import { alertOf, eventFields } from './samples.ts';

const route = (match: Route['match'], to: readonly string[], goOn = false): Route => ({
  match,
  to,
  continue: goOn,
});
const CATCH_ALL = route(undefined, ['console']);
const ALERT = alertOf({
  events: [eventFields('NUMBER_RELEASE', { country: 'GB', msisdn: 447700900000, ported: true, gone: null })],
  eventTypes: ['NUMBER_RELEASE'],
});

const SINKS = ['first', 'console', 'slack', 'email', 'siem', 'nobody', 'never', 'oncall'];
const routed = (alert: Alert, routes: readonly Route[], live: readonly string[] = SINKS) => {
  const { targets, routes: answers } = routeAlert(alert, compileRoutes(routes, {}), new Set(live), 0);
  return {
    sinks: targets.map(({ sink }) => sink),
    taken: answers.filter(({ answer }) => answer === 'took').map(({ index }) => index),
  };
};

describe('routeAlert', () => {
  it.each<[string, Route['match'], boolean]>([
    ['no match at all', undefined, true],
    ['an empty match', {}, true],
    ['level', { level: ['critical', 'HIGH'] }, true],
    ['another level', { level: ['critical'] }, false],
    ['kind', { kind: ['rule'] }, true],
    ['account, in any case', { account: ['Default'] }, true],
    ['rule by id', { rule: ['r1'] }, true],
    ['rule by title', { rule: ['a RULE'] }, true],
    ['tag', { tag: ['attack.t1111'] }, true],
    ['another tag', { tag: ['attack.t1'] }, false],
    ['event type', { event_type: ['number_release'] }, true],
    ['a field of the event', { user_email: ['ALICE@example.com'] }, true],
    ['a nested field', { 'context.country': ['FR', 'GB'] }, true],
    ['a number in a field', { 'context.msisdn': ['447700900000'] }, true],
    ['a boolean in a field', { 'context.ported': ['true'] }, true],
    ['null, which is no text', { 'context.gone': ['null'] }, false],
    ['a field the event lacks', { 'context.nothing': [''] }, false],
    ['all of several keys', { level: ['high'], 'context.country': ['GB'] }, true],
    ['only some of several keys', { level: ['high'], 'context.country': ['FR'] }, false],
    ['a key without values', { level: [] }, false],
    ['status', { status: ['firing'] }, true],
    ['a text it must not have', { level: ['!high'] }, false],
    ['a text it need not have', { level: ['!low'], 'context.nothing': ['!x'] }, true],
    ['one text but not another', { event_type: ['number_release', '!number_updated'] }, true],
    ['an expression, anywhere and in any case', { event_type: ['~^number_'] }, true],
    ['an expression it must not have', { event_type: ['!~release$'] }, false],
    ['an expression and a text, either', { 'context.country': ['FR', '~^g'] }, true],
    ['a text that begins like an expression', { 'context.country': ['=~g'] }, false],
    ['a field the event lacks, by an expression', { 'context.nothing': ['~.*'] }, false],
  ])('asks about %s', (_, match, expected) => {
    expect(routed(ALERT, [route(match, ['first']), CATCH_ALL])).toEqual(
      expected ? { sinks: ['first'], taken: [0] } : { sinks: ['console'], taken: [1] },
    );
  });

  it('goes on past a route that says so, and names every sink once', () => {
    const routes = [
      route({ level: ['high'] }, ['slack', 'email'], true),
      route({ kind: ['rule'] }, ['email', 'siem'], true),
      route({ level: ['low'] }, ['nobody'], true),
      CATCH_ALL,
      route(undefined, ['never']),
    ];
    expect(routed(ALERT, routes)).toEqual({
      sinks: ['slack', 'email', 'siem', 'console'],
      taken: [0, 1, 3],
    });
  });

  it('leaves the decision to the rule when it names sinks', () => {
    expect(routed({ ...ALERT, to: ['oncall', 'oncall'] }, [CATCH_ALL])).toEqual({
      sinks: ['oncall'],
      taken: [],
    });
  });
});

describe('the answer of every route', () => {
  const closed = { window: 'office', inside: true } as const;
  const answers = (alert: Alert, routes: readonly Route[], live = SINKS) =>
    routeAlert(alert, compileRoutes(routes, { office: () => false }), new Set(live), 0);

  it('says which took the alert and why the others did not', () => {
    const { targets, routes } = answers(
      ALERT,
      [
        route({ level: ['low'] }, ['first']),
        { ...route({ level: ['high'] }, ['slack']), hours: { ...closed, otherwise: 'next' } },
        route({ level: ['high'] }, ['gone', 'also gone']),
        { ...route(undefined, ['email', 'gone']), hours: { ...closed, otherwise: 'hold' }, continue: true },
        route({ kind: ['rule'] }, ['console', 'email']),
        CATCH_ALL,
      ],
      SINKS,
    );
    expect(routes).toEqual([
      { index: 0, answer: 'does not match', to: ['first'] },
      { index: 1, answer: 'closed, passed on', to: ['slack'] },
      { index: 2, answer: 'no sink of it is on', to: [] },
      { index: 3, answer: 'took', to: ['email'] },
      { index: 4, answer: 'took', to: ['console', 'email'] },
      { index: 5, answer: 'not asked', to: ['console'] },
    ]);
    expect(targets.map(({ sink, why }) => [sink, why.reason, why.detail])).toEqual([
      ['email', 'route', 'route 4 (everything)'],
      ['console', 'route', 'route 5 (kind=rule)'],
    ]);
  });

  it('is not given where the rule names its sinks', () => {
    expect(answers({ ...ALERT, to: ['oncall'] }, [CATCH_ALL])).toMatchObject({
      targets: [{ sink: 'oncall', why: { reason: 'rule', detail: ALERT.rule.title } }],
      routes: [],
    });
  });

  it('refuses a time window there is not', () => {
    const hours = { window: 'nights', inside: true, otherwise: 'hold' } as const;
    expect(() => compileRoutes([{ ...CATCH_ALL, hours }], {})).toThrow('no time window is called "nights"');
  });
});

describe('a planner', () => {
  const memory: PlannerMemory = { get: () => undefined, set() {}, silences: () => [] };
  const routes = [route({ level: ['high'] }, ['slack', 'email']), CATCH_ALL];
  const sinksOf = (
    alert: Alert,
    from: readonly Route[],
    live: readonly string[],
    except: readonly string[] = [],
  ) =>
    createPlanner({
      routes: from,
      windows: {},
      zone: { name: 'UTC', offsetMs: () => 0 },
      liveSinks: live,
    }).plan({ alert, except }, memory, 0).sinks;

  it('delivers to the sinks that are on', () => {
    expect(sinksOf(ALERT, routes, ['slack', 'console'])).toEqual(['slack']);
  });

  it('passes over a route whose sinks are all off, instead of losing the alert there', () => {
    expect(sinksOf(ALERT, routes, ['console'])).toEqual(['console']);
  });

  it('obeys a route that means to send nowhere', () => {
    expect(sinksOf(ALERT, [route({ level: ['high'] }, []), CATCH_ALL], ['console'])).toEqual([]);
  });

  it('asks the routes when the sinks named by the rule are all off, but sends a shadow rule nowhere', () => {
    expect(sinksOf({ ...ALERT, to: ['pager'] }, routes, ['console'])).toEqual(['console']);
    expect(sinksOf({ ...ALERT, to: ['pager', 'console'] }, routes, ['console'])).toEqual(['console']);
    expect(sinksOf({ ...ALERT, to: [] }, routes, ['console', 'slack'])).toEqual([]);
  });

  it('keeps an alert about a sink out of that sink, and finds another one', () => {
    const live = ['slack', 'email', 'console'];
    expect(sinksOf(ALERT, routes, live, ['slack'])).toEqual(['email']);
    expect(sinksOf(ALERT, routes, live, ['slack', 'email'])).toEqual(['console']);
    const onlySlack = [route(undefined, ['slack'])];
    expect(sinksOf(ALERT, onlySlack, live, ['slack'])).toEqual(['email', 'console']);
    expect(sinksOf(ALERT, onlySlack, ['slack'], ['slack'])).toEqual([]);
  });
});
