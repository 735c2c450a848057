import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { answer, json, type Step, startScriptedServer } from '../support/scripted-server.ts';
import { auditError, clientUnderTest, KEY, NOW, never, pageOf, SECRET } from './client-under-test.ts';

const EMPTY = { page: { size: 100, totalElements: 0, totalPages: 0, number: 1 } };
const from = Date.parse('2026-01-01T00:00:00Z');
const to = Date.parse('2026-01-02T00:00:00.500Z');

describe('reading pages', () => {
  it('asks for the window with the account, and reads what comes', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(json(pageOf('a', 'b')));
    const page = await it.client.readPage({ fromMs: from, toMs: to, page: 2 }, never);
    expect(page).toMatchObject({ count: 2, totalElements: 2, number: 1, quarantined: [] });
    expect(page.events.map((event) => [event.account, event.id])).toStrictEqual([
      ['acme', 'a'],
      ['acme', 'b'],
    ]);
    expect(server.requests[0]?.target).toBe(
      '/beta/audit/events?date_from=2026-01-01T00%3A00%3A00&date_to=2026-01-02T00%3A00%3A01&page=2&size=100',
    );
    expect(server.requests[0]?.method).toBe('GET');
    expect(server.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from(`${KEY}:${SECRET}`).toString('base64')}`,
    );
    expect(it.outcomes).toStrictEqual(['ok']);
    expect(it.lines).toStrictEqual([]);
  });

  it('sends all filters with every page', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(`${server.url}/`, { pageSize: 7, baseUrl: `${server.url}/x/` });
    server.script(json(EMPTY));
    for (const page of [1, 2, 3])
      await it.client.find(
        { eventTypes: ['APP_CREATE', 'A B&c=d'], fromMs: from, searchText: 'say "ü" +1%', page },
        never,
      );
    for (const [index, { query, target }] of server.requests.entries()) {
      expect(Object.fromEntries(query)).toStrictEqual({
        event_type: 'APP_CREATE,A B&c=d',
        date_from: '2026-01-01T00:00:00',
        search_text: 'say \\"ü\\" +1%',
        page: String(index + 1),
        size: '7',
      });
      expect(target).toMatch(/^\/x\/events\?/);
      expect(target).not.toContain('+');
    }
    expect(server.requests).toHaveLength(3);
  });

  it('reads for somebody else at another pace over the same connections', async () => {
    await using server = await startScriptedServer();
    const asked: string[] = [];
    await using it = clientUnderTest(server.url, { pace: async () => void asked.push('poll') });
    const behind = it.client.atPace(async () => void asked.push('behind'));
    const query = { fromMs: from, toMs: to, page: 1 };
    server.script(json(EMPTY));
    await it.client.readPage(query, never);
    await behind.readPage(query, never);
    await it.client.readPage(query, never);
    expect(asked).toStrictEqual(['poll', 'behind', 'poll']);
    expect(server.connections()).toBe(1);
    // One that has to wait by itself keeps nobody else waiting.
    server.script(answer(429, '', { 'retry-after': '3600' }), json(EMPTY));
    await auditError(behind.readPage(query, never));
    expect((await it.client.readPage(query, never)).count).toBe(0);
    expect((await auditError(behind.readPage(query, never))).message).toContain('left alone');
    // The end of the client is the end of all of them.
    server.script(() => undefined);
    const count = server.requests.length;
    it.clock.nowMs += 2 * 3_600_000;
    const reading = auditError(behind.readPage(query, never));
    await server.asked(count + 1);
    await it.client.close();
    expect((await reading).message).toContain('closed');
  });

  it('never follows a link of an answer, nor repeats over plain http what was asked', async () => {
    await using other = await startScriptedServer();
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    const link = (page: number): object => ({ href: `${other.url}/beta/audit/events?page=${page}` });
    server.script(
      json({ ...pageOf('a'), _links: { self: link(1), first: link(1), next: link(2), last: link(2) } }),
    );
    await it.client.readPage({ fromMs: from, toMs: to, page: 1 }, never);
    await it.client.readPage({ fromMs: from, toMs: to, page: 2 }, never);
    expect(server.requests.map((request) => request.query.get('page'))).toStrictEqual(['1', '2']);
    expect(other.connections()).toBe(0);
  });

  it('asks for the key and secret every time, so that a rotated secret works at once', async () => {
    await using server = await startScriptedServer();
    let secret = 'old';
    await using it = clientUnderTest(server.url, { credentials: () => ({ key: 'k', secret }) });
    const checked: Step = (response, request, socket) =>
      (request.headers.authorization === `Basic ${Buffer.from('k:new').toString('base64')}`
        ? json(EMPTY)
        : answer(401, '{}'))(response, request, socket);
    server.script(checked);
    expect((await auditError(it.client.find({ page: 1 }, never))).kind).toBe('blind');
    secret = 'new';
    await expect(it.client.find({ page: 1 }, never)).resolves.toMatchObject({ count: 0 });
  });

  it('keeps one connection for reads that follow each other', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(json(pageOf('a')));
    for (let page = 1; page <= 10; page++) await it.client.find({ page }, never);
    expect(server.requests).toHaveLength(10);
    expect(server.connections()).toBe(1);
    await it.client.close();
    await server.quiet();
  });

  it.each<[string, (text: string) => Buffer]>([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['GZIP, br', (text) => brotliCompressSync(gzipSync(text))],
    ['identity', (text) => Buffer.from(text)],
  ])('decodes %s', async (encoding, encode) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    const text = JSON.stringify(pageOf('ä', '\ud83d\ude00'));
    server.script(answer(200, encode(text), { 'content-encoding': encoding }));
    const page = await it.client.find({ page: 1 }, never);
    expect(page.events.map((event) => event.id)).toStrictEqual(['ä', '\ud83d\ude00']);
    expect(text).toContain(page.events[0]?.json);
  });

  it('ignores a byte order mark', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(200, `\ufeff${JSON.stringify(pageOf('a'))}`));
    await expect(it.client.find({ page: 1 }, never)).resolves.toMatchObject({ count: 1 });
  });

  it.each([
    ['Fri, 02 Jan 2026 03:04:05 GMT', 0],
    ['Fri, 02 Jan 2026 03:04:04 GMT', -1],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Fri, 02 Jan 2026 03:03:05 GMT', -59_001],
    ['a while ago', undefined],
  ])('measures the skew of the clocks from %s', async (date, skew) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(json(EMPTY, { date }));
    expect(it.clock.nowMs).toBe(NOW);
    await expect(it.client.find({ page: 1 }, never)).resolves.toMatchObject({ clockSkewMs: skew });
  });

  it('knows the time of the API from a refusal when its answers have no date', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { ticks: () => 0 });
    // Our clock jumps ahead between the two.
    server.script(answer(429, '', { date: 'Fri, 02 Jan 2026 03:04:05 GMT' }), (...sent) => {
      it.clock.nowMs = NOW + 3_600_000;
      return json(EMPTY, { date: '' })(...sent);
    });
    const { clockSkewMs, expectedSkewMs } = await it.client.find({ page: 1 }, never);
    expect(clockSkewMs).toBeUndefined();
    expect(expectedSkewMs).toBeLessThan(-3_590_000);
  });

  it('waits for the shared budget before every request, retries included', async () => {
    await using server = await startScriptedServer();
    let paced = 0;
    await using it = clientUnderTest(server.url, { pace: async () => void paced++ });
    server.script(answer(500), answer(500), json(EMPTY));
    await it.client.find({ page: 1 }, never);
    expect(paced).toBe(3);
  });

  it('goes through a proxy when given one', async () => {
    await using proxy = await startScriptedServer();
    await using it = clientUnderTest('http://audit.invalid', {
      proxyUrl: proxy.url.replace('//', '//user:pa%40ss@'),
    });
    proxy.script(json(pageOf('a')));
    await expect(it.client.find({ page: 1 }, never)).resolves.toMatchObject({ count: 1 });
    expect(proxy.requests[0]?.target).toBe('http://audit.invalid/beta/audit/events?page=1&size=100');
    expect(proxy.requests[0]?.headers['proxy-authorization']).toBe(
      `Basic ${Buffer.from('user:pa@ss').toString('base64')}`,
    );
  });
});

describe('the form of dates', () => {
  const zulu: Step = (response, request, socket) =>
    (request.query.get('date_from')?.endsWith('Z')
      ? json(EMPTY)
      : answer(400, '{"status":400,"error":"Bad Request","message":"date_from"}'))(response, request, socket);

  it('is found out by a 400 and remembered', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(zulu);
    for (const page of [1, 2]) await it.client.readPage({ fromMs: from, toMs: to, page }, never);
    expect(server.requests.map((request) => request.query.get('date_to'))).toStrictEqual([
      '2026-01-02T00:00:01',
      '2026-01-02T00:00:01Z',
      '2026-01-02T00:00:01Z',
    ]);
    expect(it.waits).toStrictEqual([]);
    expect(it.lines.map((line) => line.event)).toStrictEqual(['api.retry']);
  });

  it('changes back when the API does', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(400), json(EMPTY), answer(400), json(EMPTY));
    for (const page of [1, 2]) await it.client.readPage({ fromMs: from, toMs: to, page }, never);
    expect(server.requests.map((request) => request.query.get('date_from')?.endsWith('Z'))).toStrictEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('is not blamed when both forms are refused, or when there are no dates', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(400, '{"message":"size is wrong"}'));
    const error = await auditError(it.client.readPage({ fromMs: from, toMs: to, page: 1 }, never));
    expect(error).toMatchObject({ kind: 'invalid', status: 400 });
    expect(error.message).toBe(
      'GET /beta/audit/events: 400 Bad Request: "{\\"message\\":\\"size is wrong\\"}"',
    );
    expect(server.requests).toHaveLength(2);
    await auditError(it.client.find({ page: 1 }, never));
    expect(server.requests).toHaveLength(3);
    server.script(json(EMPTY));
    await it.client.readPage({ fromMs: from, toMs: to, page: 1 }, never);
    expect(server.requests.at(-1)?.query.get('date_from')).toBe('2026-01-01T00:00:00');
  });

  it('survives a failure of the second form', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(400), answer(503), answer(400), json(EMPTY));
    await it.client.readPage({ fromMs: from, toMs: to, page: 1 }, never);
    expect(it.outcomes).toStrictEqual(['invalid', 'unavailable', 'invalid', 'ok']);
  });
});

describe('one event', () => {
  const one = { id: 'AAAAAAAA-bbbb', event_type: 'APP_CREATE', created_at: '2026-01-02T03:04:05', more: [1] };

  it('is read by its id', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(json(one));
    await expect(it.client.event('aaaaaaaa-bbbb', never)).resolves.toMatchObject({
      id: one.id,
      json: JSON.stringify(one),
      fields: one,
    });
    expect(server.requests[0]?.target).toBe('/beta/audit/events/aaaaaaaa-bbbb');
  });

  it('is undefined when the API does not know it', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(404, '{"status":404,"error":"Not Found","message":"Event was not found"}'));
    await expect(it.client.event('x', never)).resolves.toBeUndefined();
    expect(it.outcomes).toStrictEqual(['ok']);
  });

  it('cannot be asked for with an id that leads elsewhere', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(404));
    for (const id of ['', '.', '..', '\ud800'])
      await expect(it.client.event(id, never)).resolves.toBeUndefined();
    expect(server.requests).toHaveLength(0);
    await it.client.event('../../x?y#z\r\nHost: a', never);
    expect(server.requests[0]?.target).toBe('/beta/audit/events/..%2F..%2Fx%3Fy%23z%0D%0AHost%3A%20a');
  });

  it('is refused when it is another one, or malformed', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { retries: 1 });
    server.script(json(one));
    expect((await auditError(it.client.event('other', never))).message).toContain('another event');
    server.script(json({ ...one, created_at: 'no date' }));
    expect((await auditError(it.client.event(one.id, never))).message).toContain('created_at is "no date"');
  });
});

describe('the list of event types', () => {
  it('is read with OPTIONS', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    const eventTypes = [{ type: 'APP_CREATE', description: 'Application created.' }];
    server.script(json({ eventTypes }));
    await expect(it.client.eventTypes(never)).resolves.toStrictEqual(eventTypes);
    expect(server.requests[0]).toMatchObject({ method: 'OPTIONS', target: '/beta/audit/events' });
  });

  it('may be missing', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(204), answer(200));
    await expect(it.client.eventTypes(never)).resolves.toBeUndefined();
    await expect(it.client.eventTypes(never)).resolves.toBeUndefined();
  });

  it('is refused like any read', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(403));
    await expect(it.client.eventTypes(never)).rejects.toMatchObject({ kind: 'blind', status: 403 });
  });
});
