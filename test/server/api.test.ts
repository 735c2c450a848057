import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiRoute } from '../../src/server/api-route.ts';
import { API_ROUTES } from '../../src/server/api-routes.ts';
import { auditEvent, decided, deliveryId, settlement, T0 } from '../store/fixtures.ts';
import { type ApiRig, type Ask, createApiRig, OPERATE, VIEW } from '../support/api-rig.ts';
import { ruleOf } from '../support/installation.ts';

/* Every route of the table: what it answers, to whom, and what it says about what is wrong. */

const RULE_ID = '5c1d8a52-6a27-4f5b-9d1c-0d4f3f6f5a01';
const RULE = `${ruleOf('Number Changed', 'high', ['NUMBER_UPDATED'])}
id: ${RULE_ID}
monitor:
  tests:
    - { name: it is, events: [{ event_type: NUMBER_UPDATED }], expect: 1 }
    - { name: it is not, events: [{ event_type: LOGIN }], expect: 1 }
`;
const numberEvent = (id: string, second: number, more: Readonly<Record<string, string>> = {}) =>
  auditEvent(id, second, {
    user_email: 'alice@example.com',
    user_id: '42',
    source_ip: '203.0.113.9',
    source_country: 'NL',
    ...more,
  });
const ALERT = decided('Number Changed', ['hook', 'chat'], {
  rule: { id: RULE_ID, title: 'Number Changed', level: 'high', tags: ['attack.t1098'], references: [] },
  eventIds: ['e2'],
  eventTypes: ['NUMBER_UPDATED'],
  events: [numberEvent('e2', 2).fields],
});
const ALERT_ID = ALERT.alert.id;
const PARKED = deliveryId(ALERT, 'hook');
/** So that retrying and dropping both find something. */
const PARKED_TOO = deliveryId(ALERT, 'chat');

let rig: ApiRig;
beforeAll(async () => {
  rig = await createApiRig({
    rules: { 'number.yml': RULE },
    sections: {
      sinks: {
        console: { type: 'log' },
        hook: { type: 'webhook', url: 'http://127.0.0.1:9/' },
        chat: { type: 'webhook', url: 'http://127.0.0.1:9/c' },
      },
    },
  });
  await rig.commit([numberEvent('e1', 1), numberEvent('e2', 2, { source_country: 'GB' })], [ALERT]);
  await rig.store.silences.add({
    id: 'silence-1',
    match: { rule: ['=x'] },
    author: 'anna',
    reason: 'tests',
    createdAtMs: T0,
    startsAtMs: T0,
    endsAtMs: T0 + 86_400_000,
    schedule: { days: 'sun', hours: '02:00-04:00', timezone: 'UTC' },
    expired: undefined,
  });
  for (const sink of ['hook', 'chat']) await rig.store.outbox.claim(sink, 10, 60_000);
  await rig.store.outbox.settle(
    [PARKED, PARKED_TOO].map((id) =>
      settlement(id, { state: 'parked' }, { outcome: 'rejected', status: 410 }),
    ),
    [],
  );
});
afterAll(() => rig.close());

interface Case {
  readonly ask?: Ask;
  readonly holds: unknown;
}
/** For each route a request that works, and part of what it answers. */
const CASES: Readonly<Record<string, readonly [path: string, Case]>> = {
  'POST /session': [
    '/session',
    { ask: { body: { token: VIEW }, token: null }, holds: { name: 'eve', role: 'view' } },
  ],
  'GET /session': ['/session', { holds: { name: 'ops', role: 'operate' } }],
  'DELETE /session': ['/session', { ask: { method: 'DELETE' }, holds: undefined }],
  'GET /status': ['/status', { holds: { role: 'active', accounts: [{ name: 'default', events: 2 }] } }],
  'POST /reload': ['/reload', { ask: { body: {} }, holds: { ok: true } }],
  'GET /openapi.json': ['/openapi.json', { holds: { openapi: '3.1.0' } }],
  'GET /events': [
    '/events?account=default&from=2026-03-01&type=NUMBER_UPDATED,LOGIN&user=ALICE&limit=1',
    {
      holds: {
        items: [
          {
            id: 'e2',
            who: 'alice@example.com',
            ip: '203.0.113.9',
            country: 'GB',
            sentence: expect.stringContaining('alice@example.com changed a number') as string,
            alerts: [{ id: ALERT_ID, level: 'high', kind: 'rule', title: 'Number Changed' }],
          },
        ],
        next: expect.any(String) as string,
        searched_until: null,
      },
    },
  ],
  'GET /events/:account/:id': [
    '/events/default/e2',
    {
      holds: {
        event: { id: 'e2', json: { source_country: 'GB' } },
        previous: { id: 'e1', json: { source_country: 'NL' } },
        alerts: [{ id: ALERT_ID, rule: RULE_ID }],
      },
    },
  ],
  'GET /events/:account/:id/explain': [
    '/events/default/e2/explain',
    {
      holds: {
        items: [{ rule: { id: RULE_ID }, findings: [{ matches: true, tree: { holds: true } }] }],
      },
    },
  ],
  'GET /event-types': [
    '/event-types',
    { holds: { items: [{ event_type: 'NUMBER_UPDATED', stored: 2, rules: ['Number Changed'] }] } },
  ],
  'GET /volume': [
    '/volume?from=2026-03-01T12:00:00Z&to=2026-03-01T12:02:00Z&step=60',
    {
      holds: {
        step_seconds: 60,
        counted_from: null,
        events: [{ event_type: 'NUMBER_UPDATED', counts: [2, 0] }],
        alerts: [{ level: 'high', counts: [1, 0] }],
      },
    },
  ],
  'GET /completeness': ['/completeness', { holds: { items: [{ account: 'default', unverified: [] }] } }],
  'GET /completeness/:account': [
    '/completeness/default?from=2026-03-01&to=2026-03-02',
    {
      holds: {
        account: 'default',
        days: [{ date: '2026-03-01', events: 2, late: 0, unverified_ratio: 0 }],
        ranges: [{ verified: true, events: 2 }],
      },
    },
  ],
  'GET /alerts': [
    '/alerts?account=default&kind=rule&level=high,low&status=firing&search=number&from=2026-02-01',
    {
      holds: {
        items: [
          {
            id: ALERT_ID,
            rule: { id: RULE_ID, title: 'Number Changed' },
            deliveries: { parked: 2 },
            acknowledged: null,
          },
        ],
        next: null,
      },
    },
  ],
  'GET /alerts/:id': [
    `/alerts/${ALERT_ID}`,
    {
      holds: {
        alert: { id: ALERT_ID, event_ids: ['e2'] },
        events: [{ id: 'e2' }],
        deliveries: [
          { sink: 'hook', state: 'parked', tries: [{ outcome: 'rejected', status: 410 }] },
          { sink: 'chat' },
        ],
      },
    },
  ],
  'POST /alerts/:id/acknowledge': [
    `/alerts/${ALERT_ID}/acknowledge`,
    {
      ask: { body: { reason: 'planned' } },
      holds: { act: 'alert.acknowledged', by: 'ops', detail: 'planned' },
    },
  ],
  'GET /deliveries': [
    `/deliveries?sink=hook&state=parked&rule=${RULE_ID}&alert=${ALERT_ID}`,
    { holds: { items: [{ id: PARKED, title: 'Number Changed', last_detail: 'because', attempts: 1 }] } },
  ],
  'POST /deliveries/retry': [
    '/deliveries/retry',
    { ask: { body: { ids: [PARKED], reason: 'mended' } }, holds: { count: 1 } },
  ],
  'POST /deliveries/drop': [
    '/deliveries/drop',
    { ask: { body: { sink: 'chat', state: 'parked', reason: 'old' } }, holds: { count: 1 } },
  ],
  'GET /acts': [
    `/acts?subject=${PARKED}&limit=5`,
    {
      holds: {
        items: [{ act: 'delivery.retried', by: 'ops', detail: expect.stringContaining('mended') as string }],
      },
    },
  ],
  'GET /rules': [
    '/rules',
    {
      holds: {
        items: [{ id: RULE_ID, scope: 'account', hits_24h: 1, hits_30d: 1, tests: 2, failing_since: null }],
      },
    },
  ],
  'GET /rules/:id': [
    `/rules/${RULE_ID}`,
    {
      holds: {
        rule: { id: RULE_ID, source: expect.stringContaining('title: Number Changed') as string },
        hits: { step_seconds: 86_400 },
        tests: [
          { name: 'it is', passed: true },
          { name: 'it is not', passed: false, detail: 'expected 1 alert, found 0' },
        ],
      },
    },
  ],
  'POST /rules/:id/backtest': [
    `/rules/${RULE_ID}/backtest`,
    {
      ask: { body: { from: '2026-02-20' } },
      holds: { events: 2, alerts: 2, complete: true, per_day: [{ date: '2026-03-01', alerts: 2 }] },
    },
  ],
  'POST /rules/backtest': [
    '/rules/backtest',
    {
      ask: { body: { source: ruleOf('Mine', 'low', ['NUMBER_UPDATED']), from: '2026-02-20' } },
      holds: { alerts: 2, examples: [{ event_ids: ['e1'] }, { event_ids: ['e2'] }] },
    },
  ],
  'GET /silences': [
    '/silences?ended=true',
    {
      holds: {
        items: [
          {
            id: 'silence-1',
            state: 'waiting',
            schedule: { days: 'sun', hours: '02:00-04:00', timezone: 'UTC' },
          },
        ],
      },
    },
  ],
  'POST /silences': [
    '/silences',
    {
      ask: {
        body: { match: { level: ['low', '!high'], account: 'default' }, reason: 'move', duration: '2h' },
      },
      holds: { match: { level: ['low', '!high'], account: ['default'] }, author: 'ops', state: 'in_force' },
    },
  ],
  'POST /silences/preview': [
    '/silences/preview',
    { ask: { body: { match: { rule: RULE_ID } } }, holds: { alerts: 1, examples: [{ id: ALERT_ID }] } },
  ],
  'POST /silences/:id/expire': [
    '/silences/silence-1/expire',
    { ask: { body: {} }, holds: { id: 'silence-1', state: 'ended', expired: { by: 'ops' } } },
  ],
};
const nameOf = ({ method, path }: ApiRoute): string => `${method} ${path}`;
/** The stream has tests of its own. */
const routes = API_ROUTES.filter(({ path }) => path !== '/stream');

it('every route has a case here', () => {
  expect(routes.map(nameOf).sort()).toEqual(Object.keys(CASES).sort());
});

const named = (some: readonly ApiRoute[]) => some.map((route) => [nameOf(route), route] as const);
const guarded = routes.filter(({ role }) => role !== 'anyone');
/** The request that works, and what it answers. */
const caseOf = (name: string, { method }: ApiRoute) => {
  const [path, { ask = {}, holds }] = CASES[name] as (typeof CASES)[string];
  return { path, ask: { ...ask, method }, holds };
};

it.each(named(guarded))('%s says nothing without a token, or with a wrong one', async (name, route) => {
  const { path, ask } = caseOf(name, route);
  for (const token of [null, 'x'.repeat(30)]) {
    const answer = await rig.ask(path, { ...ask, token });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(answer.json).toEqual({ error: expect.any(String) });
  }
});

it.each(named(guarded.filter(({ role }) => role === 'operate')))(
  '%s is not for a token that is for looking',
  async (name, route) => {
    const { path, ask } = caseOf(name, route);
    expect(await rig.ask(path, { ...ask, token: VIEW })).toMatchObject({
      status: 403,
      json: { error: expect.stringContaining('"eve" has the role view') as string },
    });
  },
);

it.each(named(guarded.filter(({ role }) => role === 'view')))(
  '%s is for a token that is for looking',
  async (name, route) => {
    const { path, ask } = caseOf(name, route);
    expect((await rig.ask(path, { ...ask, token: VIEW })).status).toBeLessThan(300);
  },
);

it.each(named(routes.filter(({ answer }) => answer !== undefined)))(
  '%s answers in its shape, and with nothing beside it',
  async (name, route) => {
    const { path, ask, holds } = caseOf(name, route);
    const answer = await rig.ask(path, ask);
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    expect(answer.json).toMatchObject(holds as object);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const parsed = route.answer?.safeParse(answer.json);
    expect(parsed?.error?.issues ?? []).toEqual([]);
    expect(answer.json).toEqual(parsed?.data);
  },
);

it('what has no shape answers as it should', async () => {
  const out = await rig.ask('/session', { method: 'DELETE' });
  expect([out.status, out.text]).toEqual([204, '']);
  expect(await rig.ask('/openapi.json')).toMatchObject({ status: 200, json: { openapi: '3.1.0' } });
});

it.each(named(routes))('%s names what it does not know in the query', async (name, route) => {
  const { path, ask } = caseOf(name, route);
  const odd = await rig.ask(`${path}${path.includes('?') ? '&' : '?'}frobnicate=1`, ask);
  expect(odd.status).toBe(400);
  expect(odd.json).toMatchObject({
    problems: [
      { place: 'query.frobnicate', message: expect.stringMatching(/^unknown; allowed: /) as string },
    ],
  });
});

it.each(named(routes.filter(({ body }) => body !== undefined)))(
  '%s takes a JSON object, and names what it does not know in it',
  async (name, route) => {
    const { path, ask } = caseOf(name, route);
    const body = await rig.ask(path, { ...ask, body: { ...(ask.body as object), frobnicate: 1 } });
    expect(body.status).toBe(400);
    expect(body.json).toMatchObject({ problems: [{ place: 'body.frobnicate' }] });
    for (const wrong of ['[]', '"x"', '{"a":', '{"__proto__":{}}'])
      expect((await rig.ask(path, { ...ask, body: wrong })).status).toBe(400);
    const form = await rig.ask(path, { ...ask, headers: { 'content-type': 'text/plain' } });
    expect(form.status).toBe(415);
  },
);

it.each([
  ['/events?from=yesterday', 'query.from', 'found "yesterday", allowed: a time with its zone'],
  ['/events?from=2026-02-31', 'query.from', 'found "2026-02-31", allowed: '],
  ['/events?from=1h&to=2h', 'query.to', 'found a moment that is not after `from`'],
  ['/events?limit=0', 'query.limit', 'found "0", allowed: a whole number from 1 to 1000'],
  ['/events?limit=1001', 'query.limit', 'allowed: a whole number from 1 to 1000'],
  ['/events?limit=1&limit=2', 'query.limit', 'found a list, allowed: a whole number from 1 to 1000'],
  ['/events?order=up', 'query.order', 'found "up", allowed: newest, oldest'],
  ['/events?country=NLD', 'query.country', 'allowed: two letters such as NL'],
  ['/events?ip=here', 'query.ip', 'allowed: an address such as 203.0.113.9'],
  ['/events?after=zzz', 'query.after', 'found a value that is no `next` of this list'],
  [`/events?after=${Buffer.from('[1,"a"]').toString('base64url')}`, 'query.after', 'no `next` of this list'],
  ['/events?matched=yes', 'query.matched', 'allowed: true or false'],
  [
    '/alerts?level=bad',
    'query.level',
    'found "bad", allowed: one or several of informational, low, medium, high, critical',
  ],
  ['/alerts?kind=x', 'query.kind', 'allowed: rule, system, drill, summary'],
  ['/alerts?after=abc', 'query.after', 'no `next` of this list'],
  ['/deliveries?state=lost', 'query.state', 'allowed: pending, sending, sent'],
  ['/deliveries?after=abc', 'query.after', 'no `next` of this list'],
  ['/acts?after=abc', 'query.after', 'no `next` of this list'],
  ['/volume?step=1', 'query.step', 'allowed: a whole number from 60 to 2678400'],
  ['/volume?from=300d&step=60', 'query.step', 'a step that makes more than 2000'],
  ['/completeness/default?from=3000d', 'query.from', 'allowed: at most 750 days'],
  ['/silences?ended=1', 'query.ended', 'found "1", allowed: true or false'],
])('GET %s says of %s: %s', async (path, place, message) => {
  const answer = await rig.ask(path);
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({
    error: expect.stringContaining(place) as string,
    problems: [{ place, message: expect.stringContaining(message) as string }],
  });
});

const SILENCE = { match: { level: 'low' }, reason: 'why', duration: '1h' };
it.each([
  ['/silences', { ...SILENCE, match: {} }, 'body.match', 'at least one key'],
  [
    '/silences',
    { ...SILENCE, match: { level: 7 } },
    'body.match.level',
    'allowed: a text or a list of texts',
  ],
  ['/silences', { ...SILENCE, match: { level: '~(' } }, 'body.match.level', 'no regular expression'],
  ['/silences', { ...SILENCE, reason: '' }, 'body.reason', 'allowed: a text of 1 to 500 characters'],
  [
    '/silences',
    { ...SILENCE, duration: 'long' },
    'body.duration',
    'allowed: a duration such as 30m, 2h or 7d',
  ],
  ['/silences', { ...SILENCE, ends_at: '2026-03-02' }, 'body.ends_at', 'found both ends_at and duration'],
  [
    '/silences',
    { match: { level: 'low' }, reason: 'why' },
    'body.ends_at',
    'found neither ends_at nor duration',
  ],
  ['/silences', { ...SILENCE, schedule: { days: 7 } }, 'body.schedule.days', 'allowed: '],
  ['/deliveries/retry', { reason: 'all' }, 'body', 'neither ids nor sink'],
  ['/deliveries/retry', { ids: [], reason: 'all' }, 'body.ids', 'at least one id'],
  [
    '/deliveries/drop',
    { sink: 'x', state: 'sent', reason: 'all' },
    'body.state',
    'found "sent", allowed: parked',
  ],
  ['/rules/backtest', { source: 'title: 7\ndetection: 3' }, 'body.source:2:12', 'detection'],
  ['/rules/backtest', { source: 'x', from: '1h', to: '2h' }, 'body.to', 'not after `from`'],
])('POST %s with %j says of %s: %s', async (path, body, place, message) => {
  const answer = await rig.ask(path, { method: 'POST', body });
  expect(answer.status).toBe(400);
  const { problems } = answer.json as { readonly problems: readonly { place: string; message: string }[] };
  expect(problems.map((problem) => problem.place)).toContain(place);
  expect(problems.map((problem) => problem.message).join()).toContain(message);
});

it.each([
  ['GET', '/events/default/none', undefined],
  ['GET', '/events/nobody/e1', undefined],
  ['GET', '/events/default/e1/explain?rule=none', undefined],
  ['GET', '/alerts/none', undefined],
  ['POST', '/alerts/none/acknowledge', {}],
  ['GET', '/rules/none', undefined],
  ['POST', '/rules/none/backtest', {}],
  ['POST', '/silences/none/expire', {}],
  ['GET', '/completeness/nobody', undefined],
  ['GET', '/nonsense', undefined],
])('%s %s: there is no such thing', async (method, path, body) => {
  const answer = await rig.ask(path, { method, body });
  expect(answer.status).toBe(404);
  expect(answer.json).toEqual({ error: expect.any(String) });
});

it('a method that a path has no route for is told which it has', async () => {
  const answer = await rig.ask('/silences', { method: 'DELETE' });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST']);
});

it('what is wrong about a silence as a whole is told in a sentence', async () => {
  const body = { match: { level: 'low' }, reason: 'why', starts_at: '2026-03-01', ends_at: '2026-02-01' };
  const answer = await rig.ask('/silences', { method: 'POST', body });
  expect(answer).toMatchObject({ status: 400, json: { error: 'a silence must end after it begins' } });
});

it('acts bear the name of the token and wake the sinks', async () => {
  const { items } = (await rig.ask('/acts')).json as {
    readonly items: readonly { by: string; act: string }[];
  };
  const added = items.filter(({ by }) => by === 'ops').map(({ act }) => act);
  expect(new Set(added)).toEqual(
    new Set([
      'silence.added',
      'silence.expired',
      'delivery.retried',
      'delivery.dropped',
      'alert.acknowledged',
    ]),
  );
  expect(rig.woken.count).toBeGreaterThan(0);
  expect(rig.reloads).toContain('ops');
});

it('nothing failed on our side', () => {
  expect(rig.lines.filter(({ event }) => event === 'http.error')).toEqual([]);
  expect(OPERATE).not.toBe(VIEW);
});
