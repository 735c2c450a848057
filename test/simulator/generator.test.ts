import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGenerator, type Generator } from '../../src/simulator/generator.ts';
import { STORY_NAMES } from '../../src/simulator/stories.ts';
import { EVENT_TYPES, parseWireTime, type WireEvent } from '../../src/simulator/wire.ts';
import { NOON } from './sample.ts';

const DAY_MS = 86_400_000;
const ACCOUNT = 'abcd1234';
const make = (seed: string | number = 1): Generator => createGenerator({ seed, account: ACCOUNT });
const timeOf = (event: WireEvent): number => parseWireTime(event.created_at)?.ms ?? Number.NaN;

/** Something of everything a generator gives. */
const everything = (generator: Generator): readonly WireEvent[] => [
  ...generator.ordinary(NOON, NOON + 21 * DAY_MS),
  ...generator.burst(2_000, NOON, 60_000),
  ...Array.from({ length: 50 }, (_, index) => generator.next(NOON + index)),
  ...Object.keys(EVENT_TYPES).map((type) => generator.any(NOON, type)),
  ...Array.from({ length: 50 }, () => generator.any(NOON)),
  generator.any(NOON, 'SOMETHING_NEW'),
  ...STORY_NAMES.flatMap((name) => generator.stories[name](NOON).steps.map(({ event }) => event)),
  ...STORY_NAMES.flatMap((name) => generator.stories[name](NOON).steps.map(({ event }) => event)),
];

describe('a generator', () => {
  it('gives identical events for the same seed, ids included, and others for another', () => {
    expect(everything(make())).toEqual(everything(make()));
    const ids = new Set(everything(make()).map(({ id }) => id));
    expect(everything(make(2)).some(({ id }) => ids.has(id))).toBe(false);
    const other = createGenerator({ seed: 1, account: 'other' });
    expect(everything(other).some(({ id }) => ids.has(id))).toBe(false);
  });

  it('never gives an id twice', () => {
    const events = everything(make());
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('draws each of its members from a stream of its own', () => {
    const [one, two] = [make(), make()];
    two.burst(10, NOON, 1_000);
    two.any(NOON);
    two.stories.sabotage(NOON);
    expect(two.next(NOON)).toEqual(one.next(NOON));
    expect(two.stories.accountTakeover(NOON)).toEqual(one.stories.accountTakeover(NOON));
  });

  it('writes events as the contract has them', () => {
    for (const event of everything(make())) {
      expect(event.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(event.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
      expect(event.account_id).toBe(ACCOUNT);
      expect(event.event_type_description).not.toBe('');
      expect([event.source, event.source_description]).toEqual(
        event.source === 'CD' ? ['CD', 'Customer Dashboard'] : ['DEVAPI', 'Developer API'],
      );
      expect(event.source_country).toMatch(/^[A-Z]{2}$/);
      expect(Number.isInteger(event.user_id)).toBe(true);
      expect(Object.keys(event.context)).not.toEqual([]);
    }
  });

  it('names only addresses, domains and numbers that are reserved for examples', () => {
    const text = JSON.stringify(everything(make()));
    for (const [ip] of text.matchAll(/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g))
      expect(ip).toMatch(/^(192\.0\.2|198\.51\.100|203\.0\.113)\./);
    for (const [, host = ''] of text.matchAll(/(?:@|:\/\/)([a-z0-9.-]*[a-z][a-z0-9.-]*)/g))
      expect(host).toMatch(/(^|\.)example(\.com|\.net|\.org)?$/);
    for (const [number] of text.matchAll(/(?<=")\d{11,12}(?=")/g))
      expect(number).toMatch(/^(447700900\d{3}|442079460\d{3}|120255501\d{2})$/);
  });

  it('shapes the documented contexts as the documents do', () => {
    const generator = make();
    const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
    const url = {
      method: expect.stringMatching(/GET|POST/) as string,
      url: expect.stringMatching(/^https:/) as string,
    };
    expect(generator.any(NOON, 'APP_CREATE').context).toEqual({
      appId: uuid,
      created: {
        accountId: ACCOUNT,
        appId: uuid,
        name: expect.any(String) as string,
        answer_url: url,
        event_url: url,
        type: expect.stringMatching(/voice|messages/) as string,
      },
    });
    expect(Object.keys(generator.any(NOON, 'NUMBER_LINKED').context)).toEqual([
      'country',
      'account',
      'msisdn',
      'applicationId',
    ]);
    expect(Object.keys(generator.any(NOON, 'NUMBER_UPDATED').context)).toEqual([
      'country',
      'msisdn',
      'voice-type',
      'voice-value',
      'http',
    ]);
  });

  it('gives any type by name, also one nobody has heard of', () => {
    const generator = make();
    for (const [type, description] of Object.entries(EVENT_TYPES))
      expect(generator.any(NOON, type)).toMatchObject({
        event_type: type,
        event_type_description: description,
      });
    expect(generator.any(NOON, 'SOMETHING_NEW')).toMatchObject({
      event_type: 'SOMETHING_NEW',
      event_type_description: 'something new',
      created_at: '2026-01-15T12:00:00',
    });
    expect(new Set(Array.from({ length: 600 }, () => generator.any(NOON).event_type)).size).toBe(29);
  });
});

describe('ordinary business', () => {
  it('depends on the stretch alone: parts of it are the whole', () => {
    const generator = make();
    const offset = fc.integer({ min: 0, max: 5 * DAY_MS });
    fc.assert(
      fc.property(offset, offset, offset, (a, b, c) => {
        const [from, middle, to] = [a, b, c].toSorted((x, y) => x - y).map((ms) => NOON + ms) as [
          number,
          number,
          number,
        ];
        const whole = generator.ordinary(from, to);
        expect([...generator.ordinary(from, middle), ...generator.ordinary(middle, to)]).toEqual(whole);
        for (const event of whole) {
          expect(timeOf(event)).toBeGreaterThanOrEqual(from);
          expect(timeOf(event)).toBeLessThan(to);
        }
      }),
    );
  });

  it('is sorted, of low rate, on working days, in usual hours, from usual places', () => {
    const generator = make();
    const events = generator.ordinary(Date.UTC(2026, 0, 5), Date.UTC(2026, 1, 2));
    expect(events.map(timeOf)).toEqual(events.map(timeOf).toSorted((a, b) => a - b));
    expect(events.length / 20).toBeGreaterThan(8);
    expect(events.length / 20).toBeLessThan(40);
    const { people, automation } = generator.world;
    for (const event of events) {
      expect([1, 2, 3, 4, 5]).toContain(new Date(timeOf(event)).getUTCDay());
      const who = [...people, automation].find(({ email }) => email === event.user_email);
      expect(who?.ips).toContain(event.source_ip);
      expect(who?.country).toBe(event.source_country);
      const hour = new Date(timeOf(event)).getUTCHours();
      expect(hour).toBeGreaterThanOrEqual(who?.hours[0] ?? 24);
      expect(hour).toBeLessThan(who?.hours[1] ?? 0);
    }
    const logins = events.filter(({ event_type }) => event_type === 'USER_LOGIN');
    expect(logins.length).toBeGreaterThan(80);
    expect(events.some(({ event_type }) => event_type === 'NUMBER_UPDATED')).toBe(true);
    expect(events.some(({ event_type }) => /SECRET|AUTORELOAD|IP_WHITELIST/.test(event_type))).toBe(false);
  });

  it('comes in bursts as well, in order and within the time given', () => {
    const generator = make();
    const events = generator.burst(6_000, NOON, 999);
    expect(new Set(events.map(({ created_at }) => created_at))).toEqual(new Set(['2026-01-15T12:00:00']));
    const spread = generator.burst(500, NOON, 3_600_000).map(timeOf);
    expect(spread).toEqual(spread.toSorted((a, b) => a - b));
    expect(spread[0]).toBeGreaterThanOrEqual(NOON);
    expect(spread.at(-1)).toBeLessThanOrEqual(NOON + 3_600_000);
    expect(generator.burst(0, NOON, 1)).toEqual([]);
  });
});

describe('stories', () => {
  it('are at least six, in order of time from the start on, told by a stranger', () => {
    const generator = make();
    const { people, automation } = generator.world;
    const usual = new Set([...people, automation].flatMap(({ country }) => country));
    expect(STORY_NAMES.length).toBeGreaterThanOrEqual(6);
    for (const name of STORY_NAMES) {
      const story = generator.stories[name](NOON);
      expect(story.name).toBe(name);
      expect(story.steps.length).toBeGreaterThanOrEqual(3);
      expect(story.steps[0]?.atMs).toBe(NOON);
      const times = story.steps.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      for (const { atMs, note, event } of story.steps) {
        expect(timeOf(event)).toBe(Math.floor(atMs / 1_000) * 1_000);
        expect(note).not.toBe('');
        expect(event.source_ip).toMatch(/^203\.0\.113\./);
        expect(usual.has(event.source_country ?? '')).toBe(false);
      }
    }
  });

  it('can be told faster, with the same steps', () => {
    const slow = make().stories.accountTakeover(NOON);
    const fast = make().stories.accountTakeover(NOON, { pace: 0.1 });
    expect(fast.steps.map(({ event }) => event.id)).toEqual(slow.steps.map(({ event }) => event.id));
    expect(fast.steps.map(({ atMs }) => (atMs - NOON) * 10)).toEqual(
      slow.steps.map(({ atMs }) => atMs - NOON),
    );
  });

  it.each([
    [
      'accountTakeover',
      ['USER_LOGIN', 'ACCOUNT_SECRET_CREATE', 'IP_WHITELIST_DELETE', 'NUMBER_UPDATED', 'AUTORELOAD_ENABLE'],
    ],
    ['quietPersistence', ['USER_CREATE', 'USER_API_KEYS_UPDATE', 'ACCOUNT_SECRET_CREATE']],
    ['callbackHijack', ['USER_LOGIN', 'APP_UPDATE', 'APP_UPDATE', 'ACCOUNT_UPDATE_SETTINGS_API']],
    ['billingAbuse', ['USER_LOGIN', 'ACCOUNT_SECRET_CREATE', 'USER_BILLING_UPDATE', 'AUTORELOAD_UPDATE']],
    ['codeInterception', ['USER_LOGIN', 'USER_PRODUCT_SEARCH', 'NUMBER_UNLINKED', 'NUMBER_UPDATED']],
  ] as const)('%s goes %j', (name, types) => {
    expect(
      make()
        .stories[name](NOON)
        .steps.map(({ event }) => event.event_type),
    ).toEqual(types);
  });

  it('have the details that rules look for', () => {
    const { stories } = make();
    const contexts = (name: keyof typeof stories, type: string): readonly WireEvent['context'][] =>
      stories[name](NOON)
        .steps.filter(({ event }) => event.event_type === type)
        .map(({ event }) => event.context);
    expect(contexts('accountTakeover', 'NUMBER_UPDATED')).toMatchObject([
      { 'voice-type': 'sip', 'voice-value': expect.stringMatching(/^sip:line1@203\.0\.113\./) },
    ]);
    expect(contexts('tollFraud', 'NUMBER_UPDATED')).toHaveLength(5);
    expect(contexts('tollFraud', 'NUMBER_UPDATED')).toMatchObject(
      Array.from({ length: 5 }, () => ({ 'voice-type': 'tel' })),
    );
    expect(contexts('sabotage', 'APP_DELETE')).toHaveLength(4);
    expect(contexts('sabotage', 'NUMBER_RELEASE').length).toBe(8);
    expect(contexts('callbackHijack', 'APP_UPDATE')).toMatchObject([
      { updated: { answer_url: { url: expect.stringMatching(/^https:\/\/[0-9a-f]+\.ngrok\.example\//) } } },
      { updated: { answer_url: { url: expect.stringMatching(/^http:\/\//) } } },
    ]);
  });
});
