import { describe, expect, it } from 'vitest';
import { CONDITION_TEXTS } from '../../src/alerts/condition-texts.ts';
import { ownCredentialAlert, quarantineAlert } from '../../src/alerts/event-alerts.ts';
import { conditionKey, systemAlert } from '../../src/alerts/system-alert.ts';
import type { ConditionName } from '../../src/core/conditions.ts';
import { auditEvent, CREATED_MS, eventFields, NOW_MS } from './samples.ts';

const NAMES = Object.keys(CONDITION_TEXTS) as ConditionName[];
const HOUR_MS = 3_600_000;

describe('systemAlert', () => {
  it.each(NAMES)('%s says what is wrong, since when, why and what to do, and when it is over', (name) => {
    const condition = { name, subject: 'subject-1', detail: 'status 401.' };
    const firing = systemAlert(condition, 'firing', CREATED_MS, CREATED_MS);
    expect(firing.kind).toBe('system');
    expect(firing.rule.id).toBe(`system.${name}`);
    const about: Partial<Record<ConditionName, string>> = {
      store: 'its database',
      config: 'The configuration',
      skew: 'The replicas',
    };
    expect(firing.message).toContain(about[name] ?? '"subject-1"');
    expect(firing.message).toContain('2026-01-02 03:04:05 UTC');
    expect(firing.message).toContain('(status 401)');
    expect(firing.message).toMatch(/What to do: .+\. Runbook: docs\/operations\.md#\w+$/);
    expect(firing.createdAtMs).toBe(CREATED_MS);

    const resolved = systemAlert(
      { ...condition, detail: '' },
      'resolved',
      CREATED_MS,
      CREATED_MS + 2 * HOUR_MS,
    );
    expect(resolved.status).toBe('resolved');
    expect(resolved.rule.title).toMatch(/^Resolved: /);
    expect(resolved.message).toMatch(/It lasted 2h\.$/);
    expect(resolved.message).not.toContain('What to do');
    expect(resolved.rule.level).toBe(firing.rule.level);
    expect(resolved.id).not.toBe(firing.id);
  });

  it.each(NAMES)('%s reads well without a subject or a reason', (name) => {
    const { message, fields } = systemAlert({ name, subject: '', detail: '' }, 'firing', CREATED_MS, NOW_MS);
    expect(message).not.toMatch(/undefined|\(\)| {2}/);
    expect(fields.every((field) => field.value !== '')).toBe(true);
  });

  it('has the levels that were agreed', () => {
    const levels = Object.fromEntries(NAMES.map((name) => [name, CONDITION_TEXTS[name].level]));
    expect(levels).toEqual({
      blind: 'critical',
      stale: 'high',
      parked: 'high',
      circuit: 'high',
      drill: 'high',
      feed: 'high',
      unverified: 'medium',
      clock_skew: 'medium',
      rule_failing: 'medium',
      skew: 'medium',
      config: 'high',
      store: 'critical',
    });
  });

  it('is one alert per change of state, whoever notices it', () => {
    const condition = { name: 'blind', subject: 'default', detail: 'status 401' } as const;
    const first = systemAlert(condition, 'firing', CREATED_MS, NOW_MS);
    expect(systemAlert({ ...condition, detail: 'status 403' }, 'firing', CREATED_MS, NOW_MS + 5).id).toBe(
      first.id,
    );
    expect(systemAlert(condition, 'firing', CREATED_MS + 1, NOW_MS).id).not.toBe(first.id);
    expect(systemAlert({ ...condition, subject: 'other' }, 'firing', CREATED_MS, NOW_MS).id).not.toBe(
      first.id,
    );
    expect(conditionKey('blind', 'default')).toBe('blind:default');
  });

  it('belongs to its account when it is about one', () => {
    expect(systemAlert({ name: 'blind', subject: 'acme', detail: '' }, 'firing', 0, 0).account).toBe('acme');
    expect(systemAlert({ name: 'parked', subject: 'slack', detail: '' }, 'firing', 0, 0).account).toBe('');
  });

  it('does not let a reason spoil the text', () => {
    const detail = `line one\nline two ${'x'.repeat(9_000)}`;
    const { message } = systemAlert({ name: 'parked', subject: 'slack', detail }, 'firing', 0, 0);
    expect(message).toContain('line one␊line two');
    expect(message.length).toBeLessThan(1_200);
  });
});

describe('quarantineAlert', () => {
  const item = (key: string) => ({
    account: 'default',
    key,
    json: '{}',
    reason: `created_at is "${key}", no date`,
  });

  it('is one alert per commit, however many there are, the same for the same content', () => {
    const items = Array.from({ length: 25 }, (_, index) => item(`key-${index}`));
    const alert = quarantineAlert('default', items, NOW_MS);
    expect(alert).toMatchObject({
      kind: 'system',
      account: 'default',
      rule: { id: 'system.quarantined', level: 'medium' },
    });
    expect(alert?.message).toContain('25 elements');
    expect(alert?.fields).toHaveLength(11);
    expect(alert?.fields.at(-1)).toEqual({ name: 'More', value: '15 more in quarantine' });
    expect(quarantineAlert('default', [...items].reverse(), NOW_MS + 1)?.id).toBe(alert?.id);
    expect(quarantineAlert('default', items.slice(1), NOW_MS)?.id).not.toBe(alert?.id);
  });

  it('is none for nothing', () => {
    expect(quarantineAlert('default', [], NOW_MS)).toBeUndefined();
  });
});

describe('ownCredentialAlert', () => {
  it.each([
    'ACCOUNT_SECRET_CREATE',
    'ACCOUNT_SECRET_DELETE',
    'USER_API_KEYS_UPDATE',
    'IP_WHITELIST_CREATE',
    'IP_WHITELIST_DELETE',
  ])('%s touches the access of the monitor itself', (type) => {
    const event = auditEvent(eventFields(type));
    const alert = ownCredentialAlert(event, NOW_MS);
    expect(alert).toMatchObject({
      kind: 'system',
      account: 'default',
      eventIds: [event.id],
      eventTypes: [type],
      createdAtMs: CREATED_MS,
      rule: { id: 'system.own_credential', level: 'critical' },
    });
    expect(alert?.message).toMatch(
      /^alice@example\.com .+ from 203\.0\.113\.9 \(NL\)(: .+)?\. The monitor reads account "default"/,
    );
    expect(ownCredentialAlert(event, NOW_MS + 1)?.id).toBe(alert?.id);
    expect(ownCredentialAlert({ ...event, id: 'other' }, NOW_MS)?.id).not.toBe(alert?.id);
  });

  it.each([
    'USER_LOGIN',
    'NUMBER_UPDATED',
    'APP_CREATE',
    'ACCOUNT_UPDATE_SETTINGS',
    'MY_USER_API_KEYS_UPDATE_2',
  ])('%s does not', (type) => {
    expect(ownCredentialAlert(auditEvent(eventFields(type)), NOW_MS)).toBeUndefined();
  });
});
