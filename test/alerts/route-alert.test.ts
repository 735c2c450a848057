import { describe, expect, it } from 'vitest';
import { decidedAlert, routeAlert } from '../../src/alerts/route-alert.ts';
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
  ])('asks about %s', (_, match, expected) => {
    const routed = routeAlert(ALERT, [route(match, ['first']), CATCH_ALL]);
    expect(routed).toEqual(expected ? { sinks: ['first'], taken: [0] } : { sinks: ['console'], taken: [1] });
  });

  it('goes on past a route that says so, and names every sink once', () => {
    const routes = [
      route({ level: ['high'] }, ['slack', 'email'], true),
      route({ kind: ['rule'] }, ['email', 'siem'], true),
      route({ level: ['low'] }, ['nobody'], true),
      CATCH_ALL,
      route(undefined, ['never']),
    ];
    expect(routeAlert(ALERT, routes)).toEqual({
      sinks: ['slack', 'email', 'siem', 'console'],
      taken: [0, 1, 3],
    });
  });

  it('leaves the decision to the rule when it names sinks', () => {
    expect(routeAlert({ ...ALERT, to: ['oncall', 'oncall'] }, [CATCH_ALL])).toEqual({
      sinks: ['oncall'],
      taken: [],
    });
    expect(routeAlert({ ...ALERT, to: [] }, [CATCH_ALL])).toEqual({ sinks: [], taken: [] });
  });
});

describe('decidedAlert', () => {
  const routes = [route({ level: ['high'] }, ['slack', 'email']), CATCH_ALL];

  it('delivers to the sinks that are on', () => {
    expect(decidedAlert(ALERT, routes, ['slack', 'console'])).toEqual({ alert: ALERT, sinks: ['slack'] });
  });

  it('passes over a route whose sinks are all off, instead of losing the alert there', () => {
    expect(decidedAlert(ALERT, routes, ['console']).sinks).toEqual(['console']);
  });

  it('obeys a route that means to send nowhere', () => {
    expect(decidedAlert(ALERT, [route({ level: ['high'] }, []), CATCH_ALL], ['console']).sinks).toEqual([]);
  });

  it('asks the routes when the sinks named by the rule are all off, but sends a shadow rule nowhere', () => {
    expect(decidedAlert({ ...ALERT, to: ['pager'] }, routes, ['console']).sinks).toEqual(['console']);
    expect(decidedAlert({ ...ALERT, to: ['pager', 'console'] }, routes, ['console']).sinks).toEqual([
      'console',
    ]);
    expect(decidedAlert({ ...ALERT, to: [] }, routes, ['console', 'slack']).sinks).toEqual([]);
  });

  it('keeps an alert about a sink out of that sink, and finds another one', () => {
    const live = ['slack', 'email', 'console'];
    expect(decidedAlert(ALERT, routes, live, { except: ['slack'] }).sinks).toEqual(['email']);
    expect(decidedAlert(ALERT, routes, live, { except: ['slack', 'email'] }).sinks).toEqual(['console']);
    const onlySlack = [route(undefined, ['slack'])];
    expect(decidedAlert(ALERT, onlySlack, live, { except: ['slack'] }).sinks).toEqual(['email', 'console']);
    expect(decidedAlert(ALERT, onlySlack, ['slack'], { except: ['slack'] }).sinks).toEqual([]);
  });
});
