import { describe, expect, it } from 'vitest';
import { alertFromMatch, firingAlertId } from '../../src/alerts/alert-from-match.ts';
import { auditEvent, CREATED_MS, eventFields, matchOf, NOW_MS, ruleInfo } from './samples.ts';

const NUMBER = {
  country: 'GB',
  msisdn: '447700900000',
  tags: ['a', 'b'],
  'dotted.key': 'literal',
  dotted: { key: 'nested' },
};
const released = auditEvent(eventFields('NUMBER_RELEASE', NUMBER));
const second = auditEvent(
  eventFields('NUMBER_RELEASE', { ...NUMBER, msisdn: '447700900001' }, { id: 'second' }),
  {
    createdAtMs: CREATED_MS + 90_000,
  },
);

describe('alertFromMatch', () => {
  it('tells what happened when the rule says nothing itself', () => {
    const alert = alertFromMatch(matchOf(ruleInfo(), [released]), NOW_MS);
    expect(alert).toMatchObject({
      kind: 'rule',
      status: 'firing',
      account: 'default',
      message: 'alice@example.com released number 447700900000 (GB) from 203.0.113.9 (NL)',
      eventIds: [released.id],
      eventTypes: ['NUMBER_RELEASE'],
      createdAtMs: CREATED_MS,
      decidedAtMs: NOW_MS,
      rule: { level: 'high', tags: ['attack.impact'] },
    });
    expect(alert.events[0]).toBe(released.fields);
    expect(alert.fields.map((field) => field.name)).toEqual(
      expect.arrayContaining(['Who', 'Number', 'From', 'When']),
    );
    expect(alert.rule.references[0]).toBe('https://runbook.example.com/numbers');
    expect(alert.to).toBeUndefined();
  });

  it('is the same alert whenever and however often it is decided, and another for anything else', () => {
    const id = (match = matchOf(ruleInfo(), [released]), nowMs = NOW_MS): string =>
      alertFromMatch(match, nowMs).id;
    expect(id(matchOf(ruleInfo({ title: 'Renamed', level: 'low' }), [released]), NOW_MS + 1)).toBe(id());
    const others = [
      id(matchOf(ruleInfo({ id: 'other' }), [released])),
      id(matchOf(ruleInfo(), [{ ...released, account: 'other' }])),
      id(matchOf(ruleInfo(), [second])),
      id(matchOf(ruleInfo(), [released, second])),
      id(matchOf(ruleInfo(), [released], { group: 'alice/2026' })),
      id(matchOf(ruleInfo(), [released], { group: 'bob/2026' })),
    ];
    expect(new Set([id(), ...others]).size).toBe(others.length + 1);
  });

  it('fills the message of the rule from event, values and rule', () => {
    const message =
      '{user_email}: {context.msisdn} went (was {previous|unknown}), {nothing|none}, {rule.level}, {account}, {count}';
    const rule = ruleInfo({ message });
    const alert = alertFromMatch(matchOf(rule, [released], { values: { previous: 'sip:old' } }), NOW_MS);
    expect(alert.message).toBe('alice@example.com: 447700900000 went (was sip:old), none, high, default, 1');
    const without = alertFromMatch(matchOf(rule, [released]), NOW_MS);
    expect(without.message).toContain('(was unknown)');
  });

  it('never sends an empty message', () => {
    const alert = alertFromMatch(matchOf(ruleInfo({ message: ' {nothing} ' }), [released]), NOW_MS);
    expect(alert.message).toContain('released number');
  });

  it('cuts a message that a field blew up, and shows what is hidden in it', () => {
    const evil = auditEvent(eventFields('NUMBER_RELEASE', { msisdn: `1\n${'x'.repeat(100_000)}` }));
    const alert = alertFromMatch(
      matchOf(ruleInfo({ message: '{context.msisdn}'.repeat(50) }), [evil]),
      NOW_MS,
    );
    expect(alert.message.length).toBeLessThanOrEqual(2_000);
    expect(alert.message).toMatch(/^1␊x/);
  });

  it('shows the fields the rule names: literal key first, then the path; arrays joined; missing ones left out', () => {
    const rule = ruleInfo({
      fields: ['user_email', 'context.msisdn', 'context.tags', 'context.dotted.key', 'context.missing'],
    });
    expect(alertFromMatch(matchOf(rule, [released]), NOW_MS).fields).toEqual([
      { name: 'user_email', value: 'alice@example.com' },
      { name: 'context.msisdn', value: '447700900000' },
      { name: 'context.tags', value: 'a, b' },
      { name: 'context.dotted.key', value: 'literal' },
    ]);
    const lacking = alertFromMatch(matchOf(ruleInfo({ fields: ['context.missing'] }), [released]), NOW_MS);
    expect(lacking.fields.map((field) => field.name)).toContain('Who');
  });

  it('sums up several events: how many, in what time, the last one, all values', () => {
    const rule = ruleInfo({ fields: ['context.msisdn', 'user_email'] });
    const alert = alertFromMatch(
      matchOf(rule, [released, second], { group: 'g', values: { count: 2 } }),
      NOW_MS,
    );
    expect(alert.message).toBe(
      '2 events within 1m 30s; the last: alice@example.com released number 447700900001 (GB) from 203.0.113.9 (NL)',
    );
    expect(alert.fields).toEqual([
      { name: 'context.msisdn', value: '447700900000, 447700900001' },
      { name: 'user_email', value: 'alice@example.com' },
      { name: 'count', value: '2' },
    ]);
    expect(alert.createdAtMs).toBe(CREATED_MS + 90_000);
  });

  it('tells of an absence, which has no event', () => {
    const match = matchOf(ruleInfo({ title: 'No nightly login' }), [], {
      group: 'g',
      values: { user_email: 'robot@example.com' },
    });
    const alert = alertFromMatch(match, NOW_MS, 'default');
    expect(alert).toMatchObject({
      account: 'default',
      message: 'No nightly login: what was expected did not happen',
      events: [],
    });
    expect(alert.fields).toEqual([{ name: 'user_email', value: 'robot@example.com' }]);
  });

  it('names the sinks of the rule, and none for a rule in shadow', () => {
    expect(alertFromMatch(matchOf(ruleInfo({ to: ['oncall'] }), [released]), NOW_MS).to).toEqual(['oncall']);
    expect(
      alertFromMatch(matchOf(ruleInfo({ to: ['oncall'], shadow: true }), [released]), NOW_MS).to,
    ).toEqual([]);
  });

  it('tells the end of an absence as a resolved alert that says what came back and how long it was missing', () => {
    const rule = ruleInfo({ message: 'Nothing from {user_email}' });
    const group = '["alice",0]';
    const firing = matchOf(rule, [], { group, values: { count: 0 }, atMs: CREATED_MS - 3_600_000 });
    const resolved = matchOf(rule, [released], {
      status: 'resolved',
      group,
      ended: { sinceMs: CREATED_MS - 7_200_000, firedAtMs: CREATED_MS - 3_600_000 },
      values: { count: 1 },
    });
    const told = alertFromMatch(firing, NOW_MS, 'default');
    const ended = alertFromMatch(resolved, NOW_MS, 'default');
    expect(ended).toMatchObject({
      status: 'resolved',
      rule: { id: told.rule.id, title: told.rule.title, level: told.rule.level, tags: told.rule.tags },
      account: 'default',
      createdAtMs: CREATED_MS,
    });
    expect(ended.message).toMatch(/^What was missing for 2h is back: alice@example\.com released number/);
    expect(ended.fields).toContainEqual({ name: 'Missing since', value: expect.stringMatching(/^\d{4}-/) });
    expect(ended.eventIds).toEqual([released.id]);
    expect(ended.id).not.toBe(told.id);
    expect(firingAlertId(resolved, 'default')).toBe(told.id);
    // The end is told once, whatever event shows it.
    expect(alertFromMatch({ ...resolved, events: [second] }, NOW_MS, 'default').id).toBe(ended.id);
  });
});
