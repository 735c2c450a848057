import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import type { LogFields } from '../../src/core/log.ts';
import { createServer, type Server } from '../../src/server/server.ts';

const open: Server[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const start = async (options: Partial<Parameters<typeof createServer>[0]> = {}) => {
  const lines: (LogFields & { readonly event: string })[] = [];
  const write = (event: string, fields?: LogFields): void => {
    lines.push({ event, ...fields });
  };
  const server = await createServer({
    listen: { host: '127.0.0.1', port: 0 },
    health: { ready: async () => ({ ready: true, reasons: [], detail: { accounts: 1 } }) },
    metrics: { contentType: 'text/plain', render: async () => 'metric 1\n' },
    log: { debug: write, info: write, warn: write, error: write },
    ...options,
  });
  open.push(server);
  return { server, lines };
};

describe('createServer', () => {
  it('tells the real port, also in the log', async () => {
    const { server, lines } = await start();
    expect(server.address.host).toBe('127.0.0.1');
    expect(server.address.port).toBeGreaterThan(0);
    expect(lines).toEqual([
      { event: 'http.listening', address: `127.0.0.1:${server.address.port}`, url: server.url },
    ]);
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  });

  it('writes an IPv6 address as a URL needs it', async () => {
    const { server } = await start({ listen: { host: '::1', port: 0 } });
    expect(server.url).toBe(`http://[::1]:${server.address.port}`);
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  });

  it('refuses an address that is taken, and leaves nothing behind', async () => {
    const { server } = await start();
    const second = start({ listen: server.address });
    await expect(second).rejects.toThrow(UsageError);
    await expect(second).rejects.toThrow(
      `http.listen: cannot listen on 127.0.0.1:${server.address.port}: another process listens there`,
    );
    await expect(start({ listen: { host: '192.0.2.1', port: 0 } })).rejects.toThrow('no such address');
  });

  it('is alive while it is not ready', async () => {
    const { server } = await start({
      health: {
        ready: async () => ({
          ready: false,
          reasons: ['no poll has completed yet'],
          detail: { a: { b: 1 } },
        }),
      },
    });
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
    const answer = await fetch(`${server.url}/readyz`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await answer.json()).toEqual({
      ready: false,
      reasons: ['no poll has completed yet'],
      detail: { a: { b: 1 } },
    });
  });

  it('is ready when the check says so', async () => {
    const { server } = await start();
    const answer = await fetch(`${server.url}/readyz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ ready: true, reasons: [], detail: { accounts: 1 } });
    expect((await fetch(`${server.url}/readyz`, { method: 'HEAD' })).status).toBe(200);
  });

  it('is not ready when the check fails, and tells the error to the log alone', async () => {
    const error = new Error('smtp://user:hunter2@host refused');
    const { server, lines } = await start({ health: { ready: () => Promise.reject(error) } });
    const answer = await fetch(`${server.url}/readyz`);
    expect(answer.status).toBe(503);
    const body = await answer.text();
    expect(body).toContain('the readiness check failed');
    expect(body).not.toContain('hunter2');
    expect(lines.at(-1)).toEqual({ event: 'http.error', path: '/readyz', reason: error.message });
  });

  it('is not ready when the check throws or hangs', async () => {
    const thrown = await start({
      health: {
        ready: () => {
          throw new Error('broken');
        },
      },
    });
    expect((await fetch(`${thrown.server.url}/readyz`)).status).toBe(503);
    const hanging = await start({ health: { ready: () => new Promise(() => {}) }, readyTimeoutMs: 20 });
    const answer = await fetch(`${hanging.server.url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      reasons: ['the readiness check did not answer within 20 ms'],
    });
  });

  it('serves the figures with their content type', async () => {
    const { server } = await start({
      metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', render: async () => 'up 1\n' },
    });
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toBe('up 1\n');
  });

  it('answers 500 without the error when the figures fail', async () => {
    const error = new Error('hunter2');
    const { server, lines } = await start({
      metrics: { contentType: 'text/plain', render: () => Promise.reject(error) },
    });
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('hunter2');
    expect(lines.at(-1)).toEqual({ event: 'http.error', path: '/metrics', reason: error.message });
  });

  it.each([
    ['an unknown path', '/<script>', {}, 404],
    [
      'another method',
      '/livez',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
      404,
    ],
    [
      'a body too large',
      '/x',
      { method: 'POST', body: 'x'.repeat(20_000), headers: { 'content-type': 'text/plain' } },
      413,
    ],
    ['a bad escape', '/%ff%', {}, 400],
  ] as const)(
    'answers %s in JSON, with the headers of safety and without an echo',
    async (_what, path, init, status) => {
      const { server } = await start();
      const answer = await fetch(server.url + path, init);
      expect(answer.status).toBe(status);
      expect(await answer.json()).toHaveProperty('error');
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      });
    },
  );

  it('survives what is not HTTP', async () => {
    const { server } = await start();
    const socket = connect(server.address.port, '127.0.0.1');
    socket.end('\u0016\u0003\u0001 no http\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  });

  it('closes at once, whatever keeps a connection open', async () => {
    const { server } = await start({
      health: { ready: () => new Promise(() => {}) },
      readyTimeoutMs: 600_000,
    });
    const agent = new Agent({ keepAlive: true });
    const idle = get(`${server.url}/livez`, { agent });
    const [response] = (await once(idle, 'response')) as [IncomingMessage];
    await text(response);
    const silent = connect(server.address.port, '127.0.0.1');
    await once(silent, 'connect');
    const waiting = get(`${server.url}/readyz`);
    const cut = once(waiting, 'error');
    await once(waiting, 'socket');
    await fetch(`${server.url}/livez`);
    const startedAt = performance.now();
    await server.close();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await cut.catch(() => undefined);
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow('fetch failed');
    agent.destroy();
    silent.destroy();
  });
});
