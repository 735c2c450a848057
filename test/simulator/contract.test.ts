import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../src/simulator/wire.ts';
import { ACCOUNT, ask, idsOf, readAllIds, readPage, simulate } from '../support/audit-api.ts';
import { eventAt, NOON, nameOf, row } from './sample.ts';

describe('GET /events', () => {
  it('pages from 1 with 30 elements unless told otherwise, newest first', async () => {
    const simulator = await simulate();
    simulator.add(ACCOUNT.key, row(65));
    const body = await readPage(simulator);
    expect(idsOf(body)).toHaveLength(30);
    expect(idsOf(body)[0]).toBe(nameOf(64));
    expect(body.page).toEqual({ size: 30, totalElements: 65, totalPages: 3, number: 1 });
    expect((await readAllIds(simulator)).flat().toSorted()).toEqual(row(65).map(({ id }) => id));
  });

  it('links to http:// as the vendor does, with the filters', async () => {
    const simulator = await simulate();
    simulator.add(ACCOUNT.key, row(65));
    const { _links } = await readPage(simulator, { size: 20, page: 2, event_type: 'USER_LOGIN' });
    const to = (page: number): { href: string } => ({
      href: `http://api.nexmo.com/beta/audit/events?event_type=USER_LOGIN&page=${page}&size=20`,
    });
    expect(_links).toEqual({ self: to(2), first: to(1), prev: to(1), next: to(3), last: to(4) });
    const last = await readPage(simulator, { size: 20, page: 4 });
    expect(Object.keys(last._links)).toEqual(['self', 'first', 'prev', 'last']);
  });

  it('serves an event with everything it was added with, and a link to itself', async () => {
    const simulator = await simulate({ linkBase: 'http://audit.example.com' });
    const event = {
      ...eventAt('one', NOON, { context: { 'voice-type': 'sip', ünï: ['"', '\\'] } }),
      more: 1,
    };
    simulator.add(ACCOUNT.key, event);
    const served = { ...event, _links: { self: { href: 'http://audit.example.com/events/one' } } };
    expect((await readPage(simulator))._embedded?.events).toEqual([served]);
    expect(await (await ask(simulator, '/events/one')).json()).toEqual(served);
  });

  it.each([
    [{}, 'no _embedded', undefined],
    [{ emptyEmbedded: true }, 'an empty one', { events: [] }],
  ])('answers an empty result with %j as %s', async (options, _what, embedded) => {
    const simulator = await simulate(options);
    const body = await readPage(simulator, { page: 7 });
    expect(body._embedded).toEqual(embedded);
    expect(body.page).toEqual({ size: 30, totalElements: 0, totalPages: 0, number: 7 });
  });

  it('answers a page behind the last one without events but with the totals', async () => {
    const simulator = await simulate();
    simulator.add(ACCOUNT.key, row(5));
    const body = await readPage(simulator, { page: 2 });
    expect(body._embedded).toBeUndefined();
    expect(body.page.totalElements).toBe(5);
  });

  it.each([
    [{ event_type: 'APP_CREATE' }, ['b', 'd']],
    [{ event_type: 'APP_CREATE,NUMBER_RELEASE' }, ['b', 'c', 'd']],
    [{ event_type: 'SOMETHING_ELSE' }, []],
    [{ date_from: '2026-01-15T12:00:02' }, ['c', 'd']],
    [{ date_from: '2026-01-15T12:00:02Z' }, ['c', 'd']],
    [{ date_from: '2026-01-15T13:00:02+01:00' }, ['c', 'd']],
    [{ date_from: '2026-01-15' }, ['a', 'b', 'c', 'd']],
    [{ date_to: '2026-01-15T12:00:01' }, ['a', 'b']],
    [{ date_from: '2026-01-15T12:00:01', date_to: '2026-01-15T12:00:02' }, ['b', 'c']],
    [{ date_from: '2026-01-15T12:00:03', date_to: '2026-01-15T12:00:01' }, []],
    [{ search_text: '447700900111' }, ['c']],
    [{ search_text: 'say \\"hi\\"' }, ['d']],
    [{ search_text: 'beta/audit/events' }, []],
    [{ event_type: 'APP_CREATE', date_from: '2026-01-15T12:00:02', search_text: 'example.com' }, ['d']],
    [{ event_type: 'APP_CREATE', date_to: '2026-01-15T12:00:02' }, ['b']],
    [{ user_id: '99', colour: 'red' }, ['a', 'b', 'c', 'd']],
  ])('selects by %j', async (params, expected) => {
    const simulator = await simulate();
    simulator.add(ACCOUNT.key, [
      eventAt('d', NOON + 3_000, { event_type: 'APP_CREATE', context: { name: 'say "hi"' } }),
      eventAt('a', NOON),
      eventAt('c', NOON + 2_000, { event_type: 'NUMBER_RELEASE', context: { msisdn: '447700900111' } }),
      eventAt('b', NOON + 1_000, { event_type: 'APP_CREATE' }),
    ]);
    const body = await readPage(simulator, params);
    expect(idsOf(body).toSorted()).toEqual(expected);
    expect(body.page.totalElements).toBe(expected.length);
  });

  it('pages through a filtered list', async () => {
    const simulator = await simulate();
    const types = ['APP_CREATE', 'APP_UPDATE', 'APP_DELETE'];
    simulator.add(
      ACCOUNT.key,
      row(60).map((event, index) => ({ ...event, event_type: types[index % 3] as string })),
    );
    const pages = await readAllIds(simulator, { event_type: 'APP_CREATE,APP_DELETE', size: 7 });
    expect(pages.map((page) => page.length)).toEqual([7, 7, 7, 7, 7, 5]);
    expect(new Set(pages.flat()).size).toBe(40);
  });

  it.each([
    ['size=0', 'size must be from 1 to 100, got 0'],
    ['size=101', 'size must be from 1 to 100, got 101'],
    ['size=ten', 'size must be from 1 to 100, got ten'],
    ['page=0', 'page must be 1 or more, got 0'],
    ['page=-1', 'page must be 1 or more, got -1'],
    ['date_from=yesterday', 'date_from must be an ISO 8601 date and time, got yesterday'],
    ['date_to=2026-02-31T00:00:00', 'date_to must be an ISO 8601 date and time, got 2026-02-31T00:00:00'],
    ['date_to=2026-02-03T25:00:00', 'date_to must be an ISO 8601 date and time, got 2026-02-03T25:00:00'],
  ])('refuses %s', async (query, message) => {
    const simulator = await simulate();
    const response = await ask(simulator, `/events?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ status: 400, error: 'BadRequest', message });
  });
});

describe('the other endpoints', () => {
  it('names all types it knows, or answers 204 when it knows none', async () => {
    const types = await ask(await simulate(), '/events', { method: 'OPTIONS' });
    const { eventTypes } = (await types.json()) as { eventTypes: { type: string; description: string }[] };
    expect(Object.fromEntries(eventTypes.map(({ type, description }) => [type, description]))).toEqual(
      EVENT_TYPES,
    );
    expect(eventTypes).toHaveLength(29);
    const none = await ask(await simulate({ eventTypes: {} }), '/events', { method: 'OPTIONS' });
    expect([none.status, await none.text()]).toEqual([204, '']);
  });

  it('answers 404 as documented for an unknown or not yet visible event', async () => {
    const simulator = await simulate({ now: () => NOON });
    simulator.add(ACCOUNT.key, eventAt('later', NOON), NOON + 1);
    for (const id of ['later', 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab']) {
      const response = await ask(simulator, `/events/${id}`);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({
        status: 404,
        error: 'Not Found',
        message: `Event with provided id: ${id} was not found`,
      });
    }
  });

  it('answers 404 elsewhere and 405 to other methods', async () => {
    const simulator = await simulate();
    expect((await fetch(`${simulator.origin}/beta/audit`)).status).toBe(404);
    expect((await fetch(`${simulator.origin}/events`)).status).toBe(404);
    expect((await ask(simulator, '/events/a/b')).status).toBe(404);
    expect((await ask(simulator, '/events', { method: 'POST' })).status).toBe(405);
  });

  it('can be mounted elsewhere', async () => {
    const simulator = await simulate({ mountPath: '/v9/trail' });
    expect(simulator.url).toBe(`${simulator.origin}/v9/trail`);
    expect((await readPage(simulator)).page.totalElements).toBe(0);
  });
});

describe('accounts and time', () => {
  it.each([
    ['nobody', null],
    ['an unknown key', { key: 'other', secret: ACCOUNT.secret }],
    ['a wrong secret', { key: ACCOUNT.key, secret: 'wrong' }],
  ])('refuses %s with the documented 401', async (_what, who) => {
    const simulator = await simulate();
    for (const [path, method] of [
      ['/events', 'GET'],
      ['/events', 'OPTIONS'],
      ['/events/x', 'GET'],
    ] as const) {
      const response = await ask(simulator, path, { who, method });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({
        status: 401,
        error: 'Unauthorized',
        message: 'Full authentication is required. JWT was not found in "Authorization" HTTP header.',
      });
    }
  });

  it('keeps accounts apart, and takes a new secret', async () => {
    const [one, two] = [
      { key: 'one', secret: 'a:b' },
      { key: 'two', secret: 'c' },
    ];
    const simulator = await simulate({ accounts: [one, two] });
    simulator.add('one', row(3));
    const total = async (who: typeof one): Promise<unknown> =>
      (await ask(simulator, '/events', { who })).json();
    expect(await total(one)).toMatchObject({ page: { totalElements: 3 } });
    expect(await total(two)).toMatchObject({ page: { totalElements: 0 } });
    simulator.setSecret('two', 'new');
    expect(await total(two)).toMatchObject({ status: 401 });
    expect(await total({ key: 'two', secret: 'new' })).toMatchObject({ page: { totalElements: 0 } });
    expect(() => simulator.add('three', row(1))).toThrow('account is three, allowed are one, two');
  });

  it('takes its Date header from the injected clock, on errors too', async () => {
    const simulator = await simulate({ now: () => NOON });
    expect((await ask(simulator, '/events')).headers.get('date')).toBe('Thu, 15 Jan 2026 12:00:00 GMT');
    expect((await ask(simulator, '/', { who: null })).headers.get('date')).toBe(
      'Thu, 15 Jan 2026 12:00:00 GMT',
    );
  });

  it('shows an event from its time of visibility on, where its created_at belongs', async () => {
    let nowMs = NOON;
    const simulator = await simulate({ now: () => nowMs });
    const at = (event: { id: string }): number | undefined =>
      ({ e001: NOON + 5_000, e002: NOON + 2_000 })[event.id];
    simulator.add(ACCOUNT.key, row(4), at);
    expect(idsOf(await readPage(simulator))).toEqual(['e003', 'e000']);
    nowMs = NOON + 1_999;
    expect(idsOf(await readPage(simulator))).toEqual(['e003', 'e000']);
    nowMs = NOON + 2_000;
    expect(idsOf(await readPage(simulator))).toEqual(['e003', 'e002', 'e000']);
    nowMs = NOON + 60_000;
    expect(idsOf(await readPage(simulator))).toEqual(['e003', 'e002', 'e001', 'e000']);
    expect(simulator.ids(ACCOUNT.key)).toEqual(['e000', 'e001', 'e002', 'e003']);
    expect(simulator.events(ACCOUNT.key).map(({ created_at }) => created_at)).toEqual(
      row(4).map(({ created_at }) => created_at),
    );
  });

  it('serves raw elements verbatim and refuses an event without a date', async () => {
    const simulator = await simulate();
    simulator.addRaw(ACCOUNT.key, {
      json: '{"id": 1,  "balance":12345678901234567890}',
      atMs: NOON,
      id: 'raw',
    });
    simulator.addRaw(ACCOUNT.key, { json: '"text"', atMs: NOON });
    expect(await (await ask(simulator, '/events')).text()).toContain(
      '{"id": 1,  "balance":12345678901234567890}',
    );
    expect(await (await ask(simulator, '/events/raw')).text()).toBe(
      '{"id": 1,  "balance":12345678901234567890}',
    );
    expect(simulator.events(ACCOUNT.key)).toHaveLength(1);
    expect(() => simulator.add(ACCOUNT.key, eventAt('x', NOON, { created_at: 'noon' }))).toThrow(
      'created_at of event x is "noon", allowed is 2018-08-13T10:15:31',
    );
  });
});

describe('the record of requests', () => {
  it('counts, lists the newest, and never holds a secret', async () => {
    const simulator = await simulate({ now: () => NOON, keepRequests: 3 });
    for (let page = 1; page <= 7; page++) await ask(simulator, `/events?page=${page}&event_type=APP_CREATE`);
    await ask(simulator, '/events/x');
    const { requests } = simulator;
    await requests.until(() => requests.countStatus(200) === 7);
    expect(requests.list(ACCOUNT.key).map(({ query }) => query['page'])).toEqual(['6', '7', undefined]);
    expect(requests.list()[0]).toEqual({
      number: 6,
      account: ACCOUNT.key,
      method: 'GET',
      path: '/beta/audit/events',
      query: { page: '6', event_type: 'APP_CREATE' },
      atMs: NOON,
      status: 200,
      complete: true,
    });
    expect([requests.count(), requests.count(ACCOUNT.key), requests.count('other')]).toEqual([8, 8, 0]);
    expect(requests.countStatus(200)).toBe(7);
    expect(requests.countStatus(404, ACCOUNT.key)).toBe(1);
    expect(JSON.stringify(requests.list())).not.toContain(ACCOUNT.secret);
  });

  it('knows how many requests of an account were under way at once', async () => {
    const simulator = await simulate();
    const remove = simulator.faults.add({ kind: 'slow', delayMs: Number.POSITIVE_INFINITY });
    const stop = new AbortController();
    const hanging = Promise.allSettled(
      [1, 2, 3].map(() =>
        fetch(`${simulator.url}/events`, {
          signal: stop.signal,
          headers: { authorization: `Basic ${Buffer.from('abcd1234:simulator-secret').toString('base64')}` },
        }),
      ),
    );
    await simulator.requests.until((log) => log.count() === 3);
    remove();
    await readPage(simulator);
    expect(simulator.requests.maxConcurrent(ACCOUNT.key)).toBe(4);
    stop.abort();
    await hanging;
    await simulator.requests.until((log) => log.countStatus(0) === 3);
    await readPage(simulator);
    expect(simulator.requests.maxConcurrent(ACCOUNT.key)).toBe(4);
    expect(simulator.requests.maxConcurrent('other')).toBe(0);
  });
});
