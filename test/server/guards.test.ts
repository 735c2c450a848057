import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlertActs } from '../../src/server/act-pages.ts';
import { createRateLimit } from '../../src/server/rate-limit.ts';
import { createServer, type Server } from '../../src/server/server.ts';

/* What the monitor's own HTTP server holds against those who ask too much, or in a way nobody should. */

let server: Server;
let nowMs: number;
let acted: string[];
const acts: AlertActs = {
  async look(token) {
    acted.push(`look ${token}`);
    return { status: 404, title: 'No such link', text: 'none' };
  },
  async act(token) {
    acted.push(`act ${token}`);
    return { status: 200, title: 'Done', text: 'done' };
  },
};
beforeEach(async () => {
  nowMs = 0;
  acted = [];
  const quiet = () => {};
  server = await createServer({
    listen: { host: '127.0.0.1', port: 0 },
    health: { ready: async () => ({ ready: false, reasons: ['not yet'], detail: {} }) },
    metrics: { contentType: 'text/plain', render: async () => 'metric 1\n' },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    acts,
    clockMs: () => nowMs,
  });
});
afterEach(() => server.close());

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };
const get = (path: string, init: Init = {}): Promise<Response> => fetch(server.url + path, init);

describe('links in alerts', () => {
  it('are answered thirty at once, then one a second; the rest is told when to come back', async () => {
    const first = await Promise.all(Array.from({ length: 30 }, (_, n) => get(`/act/${n}`)));
    expect(first.map(({ status }) => status)).toEqual(Array(30).fill(404));
    const refused = [
      await get('/act/x'),
      await get('/act/x', { method: 'POST', body: new URLSearchParams() }),
    ];
    for (const answer of refused) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
      expect(await answer.text()).toContain('Too many requests');
    }
    expect(acted).toHaveLength(30);
    nowMs += 1_000;
    expect([(await get('/act/y')).status, (await get('/act/y')).status]).toEqual([404, 429]);
    nowMs += 3_600_000;
    const later = await Promise.all(Array.from({ length: 31 }, () => get('/act/z')));
    expect(later.filter(({ status }) => status === 429)).toHaveLength(1);
  });

  it('do not keep probes and figures waiting, whatever happens to them', async () => {
    await Promise.all(Array.from({ length: 60 }, () => get('/act/x')));
    for (const _ of Array(60)) expect((await get('/livez')).status).toBe(200);
    expect((await get('/metrics')).status).toBe(200);
  });

  it('are limited before their body is read', async () => {
    await Promise.all(Array.from({ length: 30 }, () => get('/act/x')));
    const big = await get('/act/x', {
      method: 'POST',
      body: 'x'.repeat(17_000),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(big.status).toBe(429);
    nowMs += 1_000;
    const alone = await get('/act/x', {
      method: 'POST',
      body: 'x'.repeat(17_000),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(alone.status).toBe(413);
    expect(acted).toHaveLength(30);
  });
});

it('the limit survives a clock that stands still or goes back', () => {
  let clock = 1_000;
  const limit = createRateLimit({ burst: 2, perSecond: 0.5, clockMs: () => clock });
  expect([limit.take(), limit.take(), limit.take()]).toEqual([undefined, undefined, 2]);
  clock = 0;
  expect(limit.take()).toBe(2);
  clock = 2_000;
  expect([limit.take(), limit.take()]).toEqual([undefined, 2]);
});

describe('every answer carries the headers of safety and none that lets other sites read it', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const cross = { origin: 'https://evil.example' };
  it.each([
    ['life', '/livez', {}, 200],
    ['readiness', '/readyz', {}, 503],
    ['figures', '/metrics', {}, 200],
    ['a link', '/act/token', {}, 404],
    ['a confirmed link', '/act/token', { method: 'POST', headers: form, body: 'name=a' }, 200],
    [
      'a link with a body of another kind',
      '/act/token',
      { method: 'POST', headers: { 'content-type': 'text/xml' }, body: '<x/>' },
      415,
    ],
    ['a token too long for the router', `/act/${'x'.repeat(2_000)}`, {}, 400],
    ['nothing there', '/nothing', {}, 404],
    [
      'a preflight',
      '/act/token',
      { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } },
      404,
    ],
    ['another method', '/metrics', { method: 'DELETE' }, 404],
    ['a bad escape', '/%ff%', {}, 400],
  ] as const)('%s', async (_what, path, init: Init, status) => {
    const answer = await get(path, { ...init, headers: { ...cross, ...init.headers } });
    expect(answer.status).toBe(status);
    const headers = Object.fromEntries(answer.headers);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'/),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(Object.keys(headers).filter((name) => /^access-control|^server$|^x-powered/.test(name))).toEqual(
      [],
    );
  });

  it('a request that is none', async () => {
    const oversized = `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`;
    for (const [raw, status] of [
      ['\u0016\u0003\u0001 no http\r\n\r\n', '400 Bad Request'],
      [oversized, '431 Request Header Fields Too Large'],
      [
        'POST /act/x HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n',
        '400 Bad Request',
      ],
    ] as const) {
      const socket = connect(server.address.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(raw);
      const answer = await text(socket);
      expect(answer.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
      expect(answer).toContain('x-content-type-options: nosniff');
      expect(answer).not.toContain('xxxxx');
    }
  });
});
