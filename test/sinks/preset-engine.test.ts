import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { presetOf } from '../../scripts/presets.ts';
import { UsageError } from '../../src/base/errors.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { Verdict } from '../../src/core/delivery.ts';
import { createHttpPoster } from '../../src/sinks/http.ts';
import { ESCAPES } from '../../src/sinks/preset-escapes.ts';
import { ALERT_NAMES, FEED_NAMES, type Shape } from '../../src/sinks/preset-names.ts';
import {
  parseTemplate,
  renderLines,
  renderTemplate,
  type Template,
} from '../../src/sinks/preset-template.ts';
import { alertValues, feedValues, PORTIONS, portionOf } from '../../src/sinks/preset-values.ts';
import { CA_CERT, SERVER_CERT, SERVER_KEY } from '../support/certs.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { anyAlert } from './any-alert.ts';
import { textOf } from './contract.ts';
import { hostileAlert, hugeAlert, sampleAlert, sampleDelivery, sampleDeps } from './sample.ts';

const never = new AbortController().signal;

const template = (text: string): Template => {
  const parsed = parseTemplate(text);
  if (!Array.isArray(parsed)) throw new Error(JSON.stringify(parsed));
  return parsed as Template;
};
const length = (text: string): number => text.length;
const bytes = (text: string): number => Buffer.byteLength(text);
const styles = Object.values(ESCAPES).flatMap((escape) => [
  { ...escape, measure: length },
  { ...escape, measure: bytes },
]);

describe('templates', () => {
  it.each<[string, JsonObject, string]>([
    ['plain', {}, 'plain'],
    ['{a} and {b.c}', { a: 1, b: { c: true } }, '1 and true'],
    ['{a.1}', { a: ['x', 'y'] }, 'y'],
    ['{a}', { a: ['x', 'y', 3] }, 'x, y, 3'],
    ['{a}', { a: [{ b: 1 }] }, '[{"b":1}]'],
    ['{a|none}', { a: '' }, 'none'],
    ['{a|none}', { a: ' \u0000' }, 'none'],
    ['{a|x|y}', {}, 'x|y'],
    ['{{a}} {a}', { a: '{b}' }, '{a} {b}'],
    ['{ a }', { a: 1 }, '1'],
    ['{toString}{__proto__}', {}, ''],
  ])('%s with %j is %s', (text, values, expected) => {
    expect(renderTemplate(template(text), values, { ...NONE, measure: length })).toBe(expected);
  });

  it.each(['{', '}', '{}', '{a', 'a}', '{a b}', '{a.}', '{{a}', '{1}', '{a{b}}'])('refuses %s', (text) => {
    expect(parseTemplate(text)).toHaveProperty('failure');
  });

  it('is parsed whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('{', '}', 'a', '.', '|', ' ', '😀') }), (text) => {
        const parsed = parseTemplate(text);
        expect(Array.isArray(parsed) || 'failure' in parsed).toBe(true);
      }),
    );
  });

  it('never takes more room than there is, and keeps what it says itself', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.nat(80),
        fc.constantFrom(...styles),
        (first, second, room, style) => {
          const made = renderTemplate(
            template('<b>{a}</b>: {c.d}!'),
            { a: first, c: { d: second } },
            style,
            room,
          );
          // Nothing is said where not even the template has room.
          expect(made === undefined || room >= 10).toBe(true);
          expect(style.measure(made ?? '')).toBeLessThanOrEqual(room);
          expect(made ?? '<b></b>: !').toMatch(/^<b>[^]*<\/b>: [^]*!$/);
          expect(made !== undefined || room <= 30 || style.whole === true).toBe(true);
        },
      ),
    );
  });

  it('makes texts of several lines that never take more room than there is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(...styles),
        (values, max, style) => {
          const lines = values.map((a) => ({ template: template('- {a}'), values: { a }, max: 50 }));
          const made = renderLines(lines, style, '\n', max);
          expect(style.measure(made)).toBeLessThanOrEqual(max);
          // Every line is there, or something says that not all of them are.
          const full = renderLines(lines, style, '\n', Number.POSITIVE_INFINITY);
          expect(made === full || max <= 20 || style.whole || made.includes('… (cut)')).toBe(true);
        },
      ),
    );
  });
});

const NONE = ESCAPES['none'] as (typeof ESCAPES)[string];

describe('names', () => {
  const shapeOf = (value: Json | undefined, shape: Shape, path: string): string[] => {
    if (shape === 'any') return [];
    if (shape === 'value')
      return typeof value === 'object' && value !== null ? [`${path} is no single value`] : [];
    if (Array.isArray(shape))
      return Array.isArray(value)
        ? value.flatMap((item) => shapeOf(item as Json, shape[0] as Shape, `${path}[]`))
        : [`${path} is no list`];
    const [known, given] = [Object.keys(shape).sort(), Object.keys(value ?? {}).sort()];
    if (known.join() !== given.join()) return [`${path}: ${known.join()} is ${given.join()}`];
    return Object.entries(shape).flatMap(([name, inner]) =>
      shapeOf((value as JsonObject)[name], inner, `${path}.${name}`),
    );
  };
  const digest = sampleAlert({
    kind: 'summary',
    summary: {
      reason: 'group',
      total: 1,
      levels: { low: 1 },
      members: [
        {
          alertId: 'a',
          kind: 'rule',
          status: 'firing',
          level: 'low',
          title: 't',
          account: 'a',
          message: 'm',
          createdAtMs: 0,
        },
      ],
    },
  });
  const event = { account: 'a', id: 'i', eventType: 't', createdAtMs: 1, seenAtMs: 2, json: '{}' };

  it('are those that templates are checked against', () => {
    const actionsFor = () => [{ label: 'a', url: 'https://example.com/' }];
    expect(shapeOf(alertValues(sampleDelivery(digest), { actionsFor }), ALERT_NAMES, '')).toEqual([]);
    expect(shapeOf(feedValues([event]), FEED_NAMES, '')).toEqual([]);
  });

  it('are those of docs/presets.md', () => {
    const page = readFileSync(new URL('../../docs/presets.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('| name | value |'), page.indexOf('In `events`'));
    const named = [...table.matchAll(/^\| (.+?) \|/gm)]
      .flatMap(([, cell]) => [...(cell ?? '').matchAll(/`([a-z_]+)/g)])
      .map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set([...Object.keys(ALERT_NAMES), 'options']));
  });

  it('have times that are times, whatever the alert says', () => {
    fc.assert(
      fc.property(anyAlert, fc.double(), (alert, createdAtMs) => {
        const { time, time_seconds, time_ms, time_ns } = alertValues(
          { ...sampleDelivery({ ...alert, createdAtMs }), createdAtMs: 5 },
          {},
        );
        expect(new Date(time as string).toISOString()).toBe(time);
        expect(Number(time_ns) / 1e6).toBeCloseTo(time_ms as number);
        expect((time_seconds as number) * 1_000).toBeCloseTo(time_ms as number);
      }),
    );
  });

  it('hold less with every portion, and an address whole or not at all', () => {
    const values = alertValues(sampleDelivery(hugeAlert()), {});
    const sizes = PORTIONS.map((portion) => bytes(JSON.stringify(portionOf(values, portion))));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(sizes.at(-1)).toBeLessThan(10_000);
    const addresses = (values['links'] as readonly JsonObject[]).map(({ url }) => url);
    for (const portion of PORTIONS) {
      const { links, events_omitted: omitted } = portionOf(values, portion);
      expect(
        (links as readonly JsonObject[]).filter(({ url }) => !addresses.includes(url as string)),
      ).toEqual([]);
      expect(omitted).toBe(portion.events ? values['events_omitted'] : 50);
    }
  });
});

const HEAD = `title: Desk
description: A ticket.
documentation: https://desk.example.com/api
`;

describe('a preset', () => {
  const receive = async (options?: Parameters<typeof createReceiver>[0]): Promise<Receiver> => {
    const receiver = await createReceiver(options);
    onTestFinished(() => receiver.close());
    return receiver;
  };
  const open = (text: string, settings: object, deps = sampleDeps()) => {
    const { type } = presetOf('desk', HEAD + text);
    const sink = type.create('sink', type.options.parse(settings), deps);
    onTestFinished(() => sink.close());
    return sink;
  };
  const URL_OPTION = 'options: { url: { type: url, needed: true, description: Base. } }\n';

  it('puts every kind of value where it belongs', async () => {
    const receiver = await receive();
    const sink = open(
      `options:
  url: { type: url, needed: true, description: Base. }
  tags: { type: list, description: Tags. }
  number: { type: number, default: 3, description: A number. }
  truth: { type: boolean, default: false, description: A truth. }
  nothing: { description: Nothing. }
lookups:
  urgency: { from: level, table: { high: 1 }, default: 9 }
  word: { from: kind, table: { drill: test }, default: real }
request:
  method: PUT
  url: '{options.url}/{account}/{message}'
  query: { id: '{id}', 'none?': '{options.nothing}', text: 'a b&c={level}' }
  headers: { X-Text: '{message}', 'X-None?': 'Bearer {options.nothing}', X-Level: '{level}' }
  body:
    number: '{options.number}'
    truth: '{options.truth}'
    tags: '{options.tags}'
    urgency: '{urgency}'
    word: '{word}'
    missing: '{summary.total}'
    'left?': '{options.nothing}'
    $$schema: a
    plain: [1, true, null, 1.5]
    text: 'n {options.number}'
    each: { $each: options.tags, max: 2, do: 'tag {item}', more: '{omitted} more' }
    one: { $each: options.number, do: { is: '{item}' } }
    none: { $each: options.nothing, do: '{item}' }
    spliced: [first, { $each: options.tags, do: ['{item}', '-'] }, last]
    map: { $map: fields, key: '{item.name}', value: '{item.value}' }
    same: { $map: options.tags, key: k, value: '{item}' }
    json: { $json: { a: ['{options.number}'] } }
    lines: { $text: ['{options.nothing}', a, { $each: options.tags, max: 1, do: '{item}' }], separator: ' / ' }
    default: { $text: '{options.nothing}', default: '-' }
`,
      { url: `${receiver.url}/base/`, tags: ['x', 'y', 'z'], headers: { 'x-level': 'own' } },
    );
    const alert = sampleAlert({ message: 'a/b?c#d é\r\nx: y\u{1f600}', account: '..' });
    expect(textOf(await sink.send(sampleDelivery(alert), never))).toMatch(/^HTTP 200/);
    const [request] = receiver.requests;
    expect(request?.method).toBe('PUT');
    expect(request?.path).toMatch(
      /^\/base\/__\/a%2Fb%3Fc%23d%20%C3%A9%0D%0Ax:%20y%F0%9F%98%80\?id=\w+&text=a\+b%26c%3Dhigh$/,
    );
    expect(request?.headers).toMatchObject({ 'x-text': 'a/b?c#d é x: y?', 'x-level': 'own' });
    expect(request?.headers).not.toHaveProperty('x-none');
    expect(JSON.parse(request?.body ?? '')).toEqual({
      number: 3,
      truth: false,
      tags: ['x', 'y', 'z'],
      urgency: 1,
      word: 'real',
      missing: null,
      $schema: 'a',
      plain: [1, true, null, 1.5],
      text: 'n 3',
      each: ['tag x', 'tag y', '1 more'],
      one: [{ is: 3 }],
      none: [],
      spliced: ['first', 'x', '-', 'y', '-', 'z', '-', 'last'],
      map: { user_email: 'alice@example.com', source: 'Customer dashboard' },
      same: { k: 'x', 'k (2)': 'y', 'k (3)': 'z' },
      json: '{"a":[3]}',
      lines: 'a / x',
      default: '-',
    });
  });

  it('never lets an alert leave its place in a body, whatever the alert', async () => {
    const receiver = await receive();
    const sink = open(
      `${URL_OPTION}request: { url: '{options.url}', body: { a: '{message}', 'b?': '{account}', c: 'x {rule.title}' } }\n`,
      { url: receiver.url, concurrency: 8 },
    );
    await fc.assert(
      fc.asyncProperty(anyAlert, async (alert) => {
        expect(await sink.send(sampleDelivery(alert), never)).toMatchObject({ outcome: 'sent' });
        const sent = JSON.parse(receiver.requests.at(-1)?.body ?? '') as object;
        expect(['a,b,c', 'a,c']).toContain(Object.keys(sent).join());
        expect(Object.values(sent).every((value) => typeof value === 'string')).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('sends nothing for an end when it says so, and counts it as sent', async () => {
    const receiver = await receive();
    const sink = open(`${URL_OPTION}request: { url: '{options.url}', body: {} }\nresolved: false\n`, {
      url: receiver.url,
    });
    const verdict = await sink.send(sampleDelivery(sampleAlert({ status: 'resolved' })), never);
    expect(verdict).toMatchObject({ outcome: 'sent', receipt: expect.stringMatching(/nothing to send/) });
    expect(receiver.requests).toHaveLength(0);
  });

  it('leaves out events first, then items, then ends of texts, until the body is small enough', async () => {
    const receiver = await receive();
    const body = `body: { alert: '{alert}', facts: '{facts}' }`;
    const sent = async (maxBytes: number): Promise<Verdict> =>
      await open(`${URL_OPTION}request: { url: '{options.url}', max_bytes: ${maxBytes}, ${body} }\n`, {
        url: receiver.url,
      }).send(sampleDelivery(hugeAlert()), never);
    for (const maxBytes of [600_000, 400_000, 100_000, 20_000, 5_000]) {
      expect(await sent(maxBytes)).toMatchObject({ outcome: 'sent' });
      expect(bytes(receiver.requests.at(-1)?.body ?? '')).toBeLessThanOrEqual(maxBytes);
    }
    const events = receiver.requests.map((request) => JSON.parse(request.body).alert.events.length as number);
    expect(events).toEqual([expect.any(Number), 0, 0, 0, 0]);
    expect(await sent(256)).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringMatching(/bytes without all that can be left out; the receiver takes 256$/),
    });
  });

  it('reads what answers say beside their status, and how long to wait', async () => {
    const receiver = await receive();
    const sink = open(
      `${URL_OPTION}request: { url: '{options.url}', body: {} }
answers:
  - { status: [200, 202], member: state, is: [done, queued], verdict: sent }
  - { status: 2xx, member: 'items.*.code', any: 7, verdict: retry }
  - { status: 2xx, member: 'items.*.code', is: 1, verdict: sent }
  - { status: 4xx, member: error.again, verdict: retry }
  - { status: 2xx, verdict: rejected }
retry_after: [wait, error.wait]
`,
      { url: receiver.url },
    );
    const cases: [number, unknown, Verdict['outcome'], number?][] = [
      [200, { state: 'done' }, 'sent'],
      [202, { state: 'queued' }, 'sent'],
      [201, { state: 'done' }, 'rejected'],
      [200, { items: [{ code: 1 }, { code: 7 }] }, 'retry'],
      [200, { items: [{ code: 1 }, { code: 1 }] }, 'sent'],
      [200, { items: [{ code: 1 }, { code: 2 }] }, 'rejected'],
      [200, { items: { a: { code: 1 } } }, 'sent'],
      [200, { items: [] }, 'rejected'],
      [200, '{"state":"do', 'rejected'],
      [200, 'ok', 'rejected'],
      [404, { error: { again: false, wait: 0.5 } }, 'retry', 500],
      [404, { error: {} }, 'rejected'],
      [429, { wait: 3 }, 'retry', 3_000],
      [429, { wait: 1e9 }, 'retry', 3_600_000],
      [429, { wait: -1 }, 'retry', 0],
      [429, { wait: 'soon' }, 'retry'],
      [503, [], 'retry'],
      [500, { __proto__: null, wait: null }, 'retry'],
    ];
    const verdicts: unknown[] = [];
    for (const [status, content] of cases) {
      receiver.next({ status, body: typeof content === 'string' ? content : JSON.stringify(content) });
      const verdict = await sink.send(sampleDelivery(), never);
      verdicts.push([verdict.outcome, verdict.outcome === 'retry' ? verdict.afterMs : undefined]);
    }
    expect(verdicts).toEqual(cases.map(([, , outcome, afterMs]) => [outcome, afterMs]));
  });

  it('takes the longer wait of header and answer', async () => {
    const receiver = await receive();
    const sink = open(`${URL_OPTION}request: { url: '{options.url}', body: {} }\nretry_after: wait\n`, {
      url: receiver.url,
    });
    receiver.next({ status: 429, headers: { 'retry-after': '9' }, body: '{"wait":3}' });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({ afterMs: 9_000 });
    receiver.next({ status: 429, headers: { 'retry-after': '1' }, body: '{"wait":3}' });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({ afterMs: 3_000 });
  });

  it('hides its secrets in every form in what a receiver says', async () => {
    const receiver = await receive();
    receiver.answer(({ path, headers, body }) => ({
      status: 400,
      body: `${path} ${JSON.stringify(headers)} ${body}`,
    }));
    const sink = open(
      `options:
  url: { type: url, needed: true, description: Base. }
  token: { secret: true, description: Token. }
  tokens: { type: list, secret: true, description: Tokens. }
request:
  url: '{options.url}/x/{options.token}'
  headers: { Authorization: 'Token {options.token}' }
  body: { token: '{options.token}', tokens: '{options.tokens}' }
`,
      {
        url: receiver.url,
        token: 'top/secret value',
        tokens: ['another-one'],
        headers: { 'x-own': 'my-own-header-token' },
      },
    );
    const { outcome, ...rest } = await sink.send(sampleDelivery(), never);
    expect(outcome).toBe('rejected');
    const text = JSON.stringify(rest);
    for (const secret of ['top/secret', 'top%2Fsecret', 'another-one', 'my-own-header'])
      expect(text).not.toContain(secret);
    expect(text).toContain('[redacted]');
  });

  it('speaks TLS with authorities of its own', async () => {
    const receiver = await receive({ tls: { key: SERVER_KEY, cert: SERVER_CERT } });
    const text = `${URL_OPTION}request: { url: '{options.url}', body: {} }\n`;
    expect(await open(text, { url: receiver.url, ca: CA_CERT }).send(sampleDelivery(), never)).toMatchObject({
      outcome: 'sent',
    });
    expect(textOf(await open(text, { url: receiver.url }).send(sampleDelivery(), never))).toMatch(
      /certificate/,
    );
  });

  it('refuses options that make no URL, and hosts that are not allowed', () => {
    const text = `options: { site: { default: example.com, description: Site. } }\nrequest: { url: 'https://api.{options.site}/x', body: {} }\n`;
    expect(() => open(text, { allow_hosts: ['api.example.com'] })).not.toThrow();
    expect(() => open(text, { site: 'example.org', allow_hosts: ['api.example.com'] })).toThrow(UsageError);
    expect(() => open(text, { site: 'a b' })).toThrow(/its options make no valid URL/);
    // Percent-encoded, a site that brings a path or a port of its own is no host.
    for (const site of ['example.com/evil', 'example.com:99', 'evil@example.org', 'x?y', 'x#y'])
      expect(() => open(text, { site, allow_hosts: ['api.example.com'] })).toThrow(UsageError);
  });

  it('goes nowhere when an alert would make a step of a path', async () => {
    const receiver = await receive();
    const sink = open(`${URL_OPTION}request: { url: '{options.url}/a/.{account}/b', body: {} }\n`, {
      url: receiver.url,
    });
    for (const account of ['', '.'])
      expect(await sink.send(sampleDelivery(sampleAlert({ account })), never)).toMatchObject(
        account === '' ? { outcome: 'rejected' } : { outcome: 'sent' },
      );
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/a/._/b']);
  });

  it('has connections that go to one host, whatever address they are given', async () => {
    const receiver = await receive();
    const http = createHttpPoster(new URL(receiver.url), { timeoutMs: 1_000, connections: 1 }, sampleDeps());
    onTestFinished(() => http.close());
    const to = { url: new URL(receiver.url.replace('127.0.0.1', 'localhost')), method: 'POST' as const };
    await expect(http.post('', {}, never, to)).rejects.toThrow(/another host/);
    expect(receiver.requests).toHaveLength(0);
  });

  it('works as docs/presets.md shows it', async () => {
    const page = readFileSync(new URL('../../docs/presets.md', import.meta.url), 'utf8');
    const { type } = presetOf('desk', /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '');
    const receiver = await receive();
    const sink = type.create(
      'sink',
      type.options.parse({ url: receiver.url, token: 'dk_0123456789abcdef' }),
      sampleDeps(),
    );
    onTestFinished(() => sink.close());
    const begin = sampleAlert({ kind: 'system' });
    await sink.send(sampleDelivery(begin), never);
    await sink.send(
      sampleDelivery(sampleAlert({ id: 'end', status: 'resolved', resolves: begin.id })),
      never,
    );
    await sink.send(sampleDelivery(hostileAlert()), never);
    const [first, second] = receiver.requests;
    expect(first).toMatchObject({
      path: '/api/queues/security/tickets',
      headers: { authorization: 'Bearer dk_0123456789abcdef' },
    });
    expect(JSON.parse(first?.body ?? '')).toMatchObject({
      key: begin.id,
      urgency: 2,
      title: '[MONITOR HIGH] Account secret created (default)',
      runbook: 'https://example.com/runbooks/secret-created',
      events: begin.events,
    });
    expect(second?.path).toBe(`/api/queues/security/tickets/${begin.id}/close`);
    receiver.next({ status: 409, body: '{"error":"duplicate"}' }, { status: 503, body: '{"retry_in":4}' });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({ outcome: 'sent' });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({ outcome: 'retry', afterMs: 4_000 });
  });
});
