import { describe, expect, it } from 'vitest';
import { parseEventTypes, parsePage, parseSingle } from '../../src/audit/page.ts';
import { own } from '../../src/base/json.ts';
import type { AuditPage } from '../../src/core/audit-reader.ts';

const UNKNOWN = { clockSkewMs: undefined, expectedSkewMs: undefined };
const event = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab',
  event_type: 'NUMBER_UPDATED',
  created_at: '2026-01-02T03:04:05',
  ...over,
});

/** A page whose elements stand in the body exactly as given. */
const bodyOf = (...elements: string[]): string => `{"_embedded":{"events":[${elements.join(' , ')}]}}`;

const page = (text: string): AuditPage => {
  const parsed = parsePage('acme', text, UNKNOWN);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.value;
};

const problem = (text: string): string => {
  const parsed = parsePage('acme', text, UNKNOWN);
  return 'problem' in parsed ? parsed.problem : 'none';
};

describe('parsePage', () => {
  it('keeps every field and the verbatim text of every event', () => {
    const odd =
      '{ "id":"1",\n "event_type" : "X","created_at":"2026-01-02T03:04:05.250","later":{"a":[1,2.50,{}]}, "n":1.0 }';
    const got = page(bodyOf(odd, JSON.stringify(event())));
    expect(got.count).toBe(2);
    expect(got.events[0]).toStrictEqual({
      id: '1',
      account: 'acme',
      eventType: 'X',
      createdAtMs: Date.parse('2026-01-02T03:04:05.250Z'),
      json: odd,
      fields: JSON.parse(odd),
    });
    expect(got.events[1]?.json).toBe(JSON.stringify(event()));
  });

  it('reads what the page says of itself, and takes nonsense for unsaid', () => {
    const whole = page(
      '{"_embedded":{"events":[]},"page":{"size":100,"totalElements":120,"totalPages":2,"number":1}}',
    );
    expect(whole).toMatchObject({ totalElements: 120, number: 1, count: 0 });
    for (const nonsense of [
      '{}',
      '{"totalElements":-1,"number":"1"}',
      '{"totalElements":1.5,"number":null}',
      '{"totalElements":1e300}',
      '[]',
      'null',
    ])
      expect(page(`{"_embedded":{"events":[]},"page":${nonsense}}`)).toMatchObject({
        totalElements: undefined,
        number: undefined,
      });
  });

  it.each([
    '{"page":{"size":100,"totalElements":0,"totalPages":0,"number":1}}',
    '{"_links":{"self":{"href":"http://api.nexmo.com/beta/audit/events"}}}',
    '{"_embedded":{},"page":{}}',
    '{"_embedded":null,"page":{}}',
    '{"_embedded":{"events":null},"page":{}}',
    '{"_embedded":{"events":[]}}',
  ])('takes %s for an empty page', (text) => {
    expect(page(text)).toMatchObject({ count: 0, events: [], quarantined: [] });
  });

  it.each([
    ['', 'the body is empty'],
    ['  \n', 'the body is empty'],
    ['<html>Service temporarily unavailable</html>', 'no JSON'],
    ['{"_embedded":{"events":[{"id":"1"', 'cut off'],
    ['{"_embedded":{"events":[]}} trailing', 'no JSON'],
    ['{}', 'another shape'],
    ['null', 'another shape'],
    ['[]', 'another shape'],
    ['"ok"', 'another shape'],
    ['{"message":"maintenance"}', 'another shape'],
    ['{"_embedded":[],"page":{}}', '_embedded is no object'],
    ['{"_embedded":"x","page":{}}', '_embedded is no object'],
    ['{"_embedded":{"events":{}}}', '_embedded.events is no array'],
    ['{"_embedded":{"events":"none"},"page":{}}', '_embedded.events is no array'],
  ])('refuses %j as a failed read', (text, said) => {
    expect(problem(text)).toContain(said);
  });

  it('never puts the text of the body into the problem', () => {
    for (const text of ['<html>s3cret', '{"s3cret":1}', '"s3cret"', '{"_embedded":"s3cret"}', '{"a":s3cret}'])
      expect(problem(text)).not.toContain('s3cret');
  });

  it('keeps the digits of integers that a double cannot hold, and only of those', () => {
    const text =
      '{"id":"1","event_type":"X","created_at":"2026-01-02T03:04:05","user_id":9007199254740993,"context":{"a":[-12345678901234567890],"b":9007199254740991,"c":0.1234567890123456789,"d":1e400,"e":1e3,"f":"9007199254740993","__proto__":{"g":18446744073709551615}}}';
    const [got] = page(bodyOf(text)).events;
    expect(got?.json).toBe(text);
    expect(got?.fields['user_id']).toBe('9007199254740993');
    const context = got?.fields['context'] as Record<string, unknown>;
    expect(context).toMatchObject({
      a: ['-12345678901234567890'],
      b: 9_007_199_254_740_991,
      d: '1e400',
      e: 1_000,
      f: '9007199254740993',
    });
    expect(context['c']).toBeCloseTo(0.123_456_789);
    expect(Object.getOwnPropertyDescriptor(context, '__proto__')?.value).toStrictEqual({
      g: '18446744073709551615',
    });
  });

  it('is not harmed by __proto__ and its kind', () => {
    const text =
      '{"__proto__":{"id":"evil","polluted":1},"constructor":{"prototype":{"polluted":1}},"id":"1","event_type":"X","created_at":"2026-01-02T03:04:05"}';
    const [got] = page(bodyOf(text)).events;
    expect(got?.id).toBe('1');
    expect(own(got?.fields ?? {}, '__proto__')).toStrictEqual({ id: 'evil', polluted: 1 });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    // Without own id, an id of the prototype is no id.
    const inherited = page(
      bodyOf('{"__proto__":{"id":"evil","event_type":"X","created_at":"2026-01-02T03:04:05"}}'),
    );
    expect(inherited.events).toHaveLength(0);
    expect(inherited.quarantined).toHaveLength(1);
    // The page itself may carry such keys as well.
    expect(problem('{"__proto__":{"_embedded":{"events":[]},"page":{}}}')).toContain('another shape');
  });

  it('keeps lone surrogates, NUL and a 5 MB context', () => {
    const lone =
      '{"id":"1","event_type":"X","created_at":"2026-01-02T03:04:05","context":{"a":"\\ud800","b":"\\u0000","\\udc00":"x"}}';
    const large = JSON.stringify(event({ id: '2', context: { blob: 'x"'.repeat(2_500_000) } }));
    const got = page(bodyOf(lone, large));
    expect(got.events.map((one) => one.json)).toStrictEqual([lone, large]);
    expect(got.events[0]?.fields['context']).toStrictEqual({ a: '\ud800', b: '\u0000', '\udc00': 'x' });
  });

  it('takes types outside every list, dates in the future, and several events with one id', () => {
    const got = page(
      bodyOf(
        JSON.stringify(event({ event_type: 'NEW_THING' })),
        JSON.stringify(event({ created_at: '2999-01-01T00:00:00' })),
      ),
    );
    expect(got.events).toHaveLength(2);
    expect(new Set(got.events.map((one) => one.id)).size).toBe(1);
  });

  it.each([
    ['null', 'the element is null, allowed is an object'],
    ['[1,2]', 'the element is an array of 2'],
    ['"text"', 'the element is "text"'],
    ['{}', 'id is missing'],
    [JSON.stringify(event({ id: undefined })), 'id is missing, allowed is a text that is not empty'],
    [JSON.stringify(event({ id: '' })), 'id is ""'],
    [JSON.stringify(event({ id: 17 })), 'id is 17'],
    [JSON.stringify(event({ id: { a: 1 } })), 'id is an object'],
    [JSON.stringify(event({ id: 'x'.repeat(201) })), 'with 201 characters, allowed are 200'],
    [JSON.stringify(event({ event_type: null })), 'event_type is null'],
    [JSON.stringify(event({ event_type: '' })), 'event_type is ""'],
    [JSON.stringify(event({ created_at: undefined })), 'created_at is missing'],
    [JSON.stringify(event({ created_at: 1_534_155_331 })), 'created_at is 1534155331'],
    [
      JSON.stringify(event({ created_at: '2018-02-30T00:00:00' })),
      'created_at is "2018-02-30T00:00:00", allowed is a date such as',
    ],
    [JSON.stringify(event({ created_at: 'x'.repeat(5_000) })), `created_at is "${'x'.repeat(60)}…"`],
  ])('puts %s into quarantine alone, verbatim and with the reason', (element, reason) => {
    const good = [JSON.stringify(event({ id: 'a' })), JSON.stringify(event({ id: 'b' }))] as const;
    const got = page(bodyOf(good[0], element, good[1]));
    expect(got.count).toBe(3);
    expect(got.events.map((one) => one.id)).toStrictEqual(['a', 'b']);
    expect(got.quarantined).toHaveLength(1);
    expect(got.quarantined[0]).toMatchObject({ account: 'acme', json: element });
    expect(got.quarantined[0]?.reason).toContain(reason);
    expect(got.quarantined[0]?.reason.length).toBeLessThan(400);
  });

  it('names everything that is wrong with an element', () => {
    const reason = page(bodyOf('{}')).quarantined[0]?.reason;
    expect(reason).toMatch(/id is missing.*event_type is missing.*created_at is missing/);
  });

  it('gives the same content the same key, and other content another', () => {
    const keys = page(
      bodyOf(
        '{"a":1,"b":[2]}',
        '{ "b":[2], "a":1 }',
        '{"a":1,"b":[3]}',
        '{"a":9007199254740993}',
        '{"a":9007199254740992}',
      ),
    ).quarantined.map((one) => one.key);
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(4);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it('quarantines what is nested too deeply without ever walking into it', () => {
    const nest = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    const deep = `{"id":"1","event_type":"X","created_at":"2026-01-02T03:04:05","context":${nest(200_000)}}`;
    const fine = `{"id":"2","event_type":"X","created_at":"2026-01-02T03:04:05","context":${nest(199)}}`;
    const got = page(bodyOf(deep, fine));
    expect(got.events.map((one) => one.id)).toStrictEqual(['2']);
    expect(got.quarantined[0]?.json).toBe(deep);
    expect(got.quarantined[0]?.reason).toBe('the element is nested 200001 deep, allowed are 200 levels');
  });

  it('refuses at once what would cost the parser gigabytes', () => {
    const began = performance.now();
    expect(problem('['.repeat(5_000_000))).toContain('nested');
    expect(problem(`{"_embedded":{"events":[${'{},'.repeat(2_000_000)}{}]}}`)).toContain(
      'more than 50000 elements',
    );
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('parseSingle', () => {
  it('reads one event with its verbatim text', () => {
    const text = '{"id":"1","event_type":"X","created_at":"2026-01-02T03:04:05","user_id":9007199254740993}';
    expect(parseSingle('acme', ` ${text}\n`)).toMatchObject({
      value: { id: '1', json: text, fields: { user_id: '9007199254740993' } },
    });
  });

  it.each(['', '{}', '[]', '{"id":"1"', '{},{}', '<html>', `${'['.repeat(1_000)}${']'.repeat(1_000)}`])(
    'refuses %j',
    (text) => {
      expect(parseSingle('acme', text)).toHaveProperty('problem');
    },
  );
});

describe('parseEventTypes', () => {
  it('reads types with descriptions and leaves out what has no type', () => {
    expect(
      parseEventTypes(
        '{"eventTypes":[{"type":"APP_CREATE","description":"Application created."},{"type":"X"},{"description":"?"},null,7]}',
      ),
    ).toStrictEqual({
      value: [
        { type: 'APP_CREATE', description: 'Application created.' },
        { type: 'X', description: '' },
      ],
    });
  });
  it('takes an empty body for no list', () => {
    expect(parseEventTypes(' ')).toStrictEqual({ value: undefined });
  });
  it.each(['{}', '[]', '<html>', '{"eventTypes":{}}', '['.repeat(1_000_000)])('refuses %.20j', (text) => {
    expect(parseEventTypes(text)).toHaveProperty('problem');
  });
});
