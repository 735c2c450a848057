import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/base/sleep.ts';
import { answer, json, type Step, startScriptedServer } from '../support/scripted-server.ts';
import { auditError, clientUnderTest, never, pageOf } from './client-under-test.ts';

const EMPTY = { page: { size: 100, totalElements: 0, totalPages: 0, number: 1 } };
const GOOD = json(pageOf('a'));
const HTML = '<html><body>Service   temporarily\n unavailable</body></html>';

/** Takes the request and says nothing. */
const silence: Step = () => {};
/** Closes the connection with a TCP reset. */
const reset: Step = (_response, _request, socket) => void socket.resetAndDestroy();
/** Sends a part of what it announced, then goes away. */
const resetInBody: Step = (response, _request, socket) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"_embedded":{"events":[', () => socket.resetAndDestroy());
};
/** The same with chunked encoding, whose end is then missing. */
const endInChunks: Step = (response, _request, socket) => {
  response.writeHead(200);
  response.write('{"_embedded":{"events":[', () => socket.end());
};
/** Sends headers and a first piece, then nothing any more. */
const stall: Step = (response) => {
  response.writeHead(200);
  response.write('{');
};
/** Sends a byte every few milliseconds for ever: no single pause is long. */
const trickle: Step = (response, _request, socket) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 5);
  socket.on('close', () => clearInterval(timer));
};
/** Sends megabytes without announcing how many. */
const flood =
  (megabytes: number, status = 200): Step =>
  (response) => {
    response.writeHead(status);
    const piece = Buffer.alloc(1_000_000, 'x');
    let left = megabytes;
    const pump = (): void => {
      while (left-- > 0) if (!response.write(piece)) return void response.once('drain', pump);
      response.end();
    };
    pump();
  };
/** A gzip of about a kilobyte per megabyte that it unpacks to; of many members, which is quicker to make. */
const bomb = (megabytes: number): Buffer =>
  Buffer.concat(Array<Buffer>(megabytes).fill(gzipSync(Buffer.alloc(1_000_000))));
/** Answers with something that is no HTTP. */
const gibberish: Step = (_response, _request, socket) =>
  void socket.end('220 mail.example.org ESMTP\r\n\r\n');

describe('a read that fails for a while', () => {
  it.each<[string, Step]>([
    ['a reset before the answer', reset],
    ['a reset in the middle of the body', resetInBody],
    ['an end in the middle of the body', endInChunks],
    ['500 with HTML', answer(500, HTML, { 'content-type': 'text/html' })],
    ['502 without body', answer(502)],
    ['503', answer(503, '{}')],
    ['504', answer(504)],
    ['429', answer(429)],
    ['408', answer(408)],
    ['200 with HTML', answer(200, HTML, { 'content-type': 'text/html' })],
    ['204', answer(204)],
    ['200 without body', answer(200)],
    ['truncated JSON', answer(200, JSON.stringify(pageOf('a', 'b')).slice(0, 100))],
    ['JSON of another shape', json({ status: 'ok' })],
    ['no HTTP', gibberish],
    ['a broken gzip', answer(200, 'not gzip', { 'content-encoding': 'gzip' })],
    [
      'a truncated gzip',
      answer(200, gzipSync(JSON.stringify(pageOf('a'))).subarray(0, 60), { 'content-encoding': 'gzip' }),
    ],
  ])('is repeated after %s', async (_name, step) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(step, step, GOOD);
    const page = await it.client.find({ page: 1 }, never);
    expect(page.events.map((event) => event.id)).toStrictEqual(['a']);
    expect(server.requests).toHaveLength(3);
    // Half of the jitter: 0.25 + 0.75 × 0.5 of 500 ms, then of 1 s.
    expect(it.waits).toStrictEqual([313, 625]);
    expect(it.lines.map((line) => line.event)).toStrictEqual(['api.retry', 'api.retry']);
    expect(it.lines[0]?.fields).toMatchObject({ account: 'acme', attempt: 1, delay_ms: 313 });
  });

  it.each<[string, Step, string, RegExp]>([
    ['a reset', reset, 'unavailable', /ECONNRESET|UND_ERR_SOCKET|other side closed/],
    [
      'a reset in the body',
      resetInBody,
      'unavailable',
      /ECONNRESET|UND_ERR_SOCKET|other side closed|terminated|aborted/,
    ],
    [
      '500 with HTML',
      answer(500, HTML),
      'unavailable',
      /: 500 Internal Server Error: "<html><body>Service temporarily unavailable<\/body><\/html>"$/,
    ],
    ['429', answer(429), 'unavailable', /: 429 Too Many Requests$/],
    ['200 with HTML', answer(200, HTML), 'invalid', /: the body is no JSON, or is cut off: "<html>/],
    ['truncated JSON', answer(200, '{"_embedded":{"ev'), 'invalid', /cut off/],
    ['another shape', json({ message: 'maintenance' }), 'invalid', /another shape/],
    ['no HTTP', gibberish, 'invalid', /no HTTP/],
  ])('ends after the retries: %s', async (_name, step, kind, text) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { retries: 2 });
    server.script(step);
    const error = await auditError(it.client.find({ page: 1 }, never));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(text);
    expect(error.message).toMatch(/^GET \/beta\/audit\/events after 3 attempts: /);
    expect(server.requests).toHaveLength(3);
    expect(it.waits).toHaveLength(2);
    expect(it.outcomes).toStrictEqual([kind, kind, kind]);
  });

  it('is repeated when nobody listens', async () => {
    const server = await startScriptedServer();
    await server.close();
    await using it = clientUnderTest(server.url);
    const error = await auditError(it.client.find({ page: 1 }, never));
    expect(error.kind).toBe('unavailable');
    expect(error.status).toBeUndefined();
    expect(error.message).toContain('after 5 attempts: connect ECONNREFUSED');
    expect(it.waits).toStrictEqual([313, 625, 1_250, 2_500]);
  });
});

describe('a slow answer', () => {
  // The pauses are undici's to watch; its clock ticks about once a second, whatever the timeout.
  it.each<[string, Step, number, string]>([
    ['no headers', silence, 5_000, 'no answer within 60ms'],
    ['a body that stops', stall, 5_000, 'the body stopped for 60ms'],
    ['a body that trickles for ever', trickle, 120, 'no complete answer within 120ms'],
  ])('is given up: %s', async (_name, step, deadlineMs, text) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { timeoutMs: 60, deadlineMs, retries: 1 });
    server.script(step, GOOD);
    await expect(it.client.find({ page: 1 }, never)).resolves.toMatchObject({ count: 1 });
    expect(it.lines[0]?.fields['reason']).toBe(text);
    expect(it.lines[0]?.fields['kind']).toBe('unavailable');
  });

  it('does not hide what its status said', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { timeoutMs: 60 });
    for (const broken of [
      (response, _request, socket) => {
        response.writeHead(401, { 'content-length': '500' });
        response.write('{', () => socket.resetAndDestroy());
      },
      (response) => {
        response.writeHead(401);
        response.write('{');
      },
      answer(401, 'no gzip', { 'content-encoding': 'gzip' }),
    ] satisfies Step[]) {
      server.script(broken);
      expect(await auditError(it.client.find({ page: 1 }, never))).toMatchObject({
        kind: 'blind',
        status: 401,
      });
    }
    expect(server.requests).toHaveLength(3);
  });

  it('leaves no connection behind', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { timeoutMs: 60, retries: 0 });
    for (const step of [silence, stall, trickle]) {
      server.script(step);
      await auditError(it.client.find({ page: 1 }, never));
      await server.quiet();
    }
  });
});

describe('an answer that is too large', () => {
  it.each<[string, Step]>([
    [
      '100 MB announced',
      (response) => {
        response.writeHead(200, { 'content-length': '100000000' });
        response.write('{');
      },
    ],
    ['100 MB in chunks', flood(100)],
    ['a gzip that unpacks to 100 MB', answer(200, bomb(100), { 'content-encoding': 'gzip' })],
    ['a gzip in a gzip', answer(200, gzipSync(bomb(100)), { 'content-encoding': 'gzip, gzip' })],
  ])('is dropped at the limit and not asked for again: %s', async (_name, step) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { timeoutMs: 600_000 });
    server.script(step);
    const error = await auditError(it.client.find({ page: 1 }, never));
    expect(error).toMatchObject({ kind: 'invalid' });
    expect(error.message).toBe('GET /beta/audit/events: the body is larger than the allowed 67108864 bytes');
    expect(server.requests).toHaveLength(1);
    expect(it.waits).toStrictEqual([]);
    await server.quiet();
  });

  it('costs no more memory than the limit allows', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { maxBodyBytes: 1_000_000 });
    server.script(answer(200, bomb(300), { 'content-encoding': 'gzip' }));
    const before = process.memoryUsage.rss();
    await auditError(it.client.find({ page: 1 }, never));
    expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000);
  });

  it('is no trouble as an error page: only its beginning is read', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { retries: 0 });
    server.script(flood(100, 500));
    const error = await auditError(it.client.find({ page: 1 }, never));
    expect(error.message).toMatch(/^GET \/beta\/audit\/events: 500 Internal Server Error: "x{160}…"$/);
    await server.quiet();
  });

  it.each(['zstd', 'gzip, gzip, gzip', 'x"y'])('is refused in the encoding %s', async (encoding) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(200, '{}', { 'content-encoding': encoding }));
    expect((await auditError(it.client.find({ page: 1 }, never))).kind).toBe('invalid');
    expect(server.requests).toHaveLength(1);
  });
});

describe('an answer that is final', () => {
  it.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (status) => {
    await using other = await startScriptedServer();
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(status, '', { location: `${other.url}/steal?token=t0ken` }));
    const error = await auditError(it.client.find({ page: 1 }, never));
    expect(error).toMatchObject({ kind: 'invalid', status });
    expect(error.message).toContain(`${status} `);
    expect(error.message).not.toContain('t0ken');
    expect(error.message).not.toContain(other.url);
    expect(server.requests).toHaveLength(1);
    expect(other.connections()).toBe(0);
  });

  it.each([
    [401, 'blind'],
    [403, 'blind'],
    [400, 'invalid'],
    [404, 'invalid'],
    [405, 'invalid'],
    [410, 'invalid'],
  ])('%i is %s at once', async (status, kind) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(
      answer(status, `{"status":${status},"error":"no","message":"Full authentication is required"}`, {
        'retry-after': '1',
      }),
    );
    const error = await auditError(it.client.find({ page: 1 }, never));
    expect(error).toMatchObject({ kind, status });
    expect(error.message).toContain('Full authentication is required');
    expect(server.requests).toHaveLength(1);
    expect(it.outcomes).toStrictEqual([kind]);
  });

  it('a proxy that refuses us is not a refused account', async () => {
    await using proxy = await startScriptedServer();
    await using it = clientUnderTest('http://audit.invalid', { proxyUrl: proxy.url, retries: 0 });
    proxy.script(answer(407));
    expect((await auditError(it.client.find({ page: 1 }, never))).kind).toBe('unavailable');
  });

  it('a key and secret that cannot be read make the account blind', async () => {
    await using server = await startScriptedServer();
    let missing = 0;
    await using it = clientUnderTest(server.url, {
      retries: 1,
      credentials: () => {
        if (missing-- > 0) throw new Error('ENOENT: no such file');
        return { key: 'k', secret: 's' };
      },
    });
    server.script(json(EMPTY));
    missing = 1;
    await it.client.find({ page: 1 }, never);
    missing = 5;
    const error = await auditError(it.client.find({ page: 1 }, never));
    expect(error.kind).toBe('blind');
    expect(error.message).toContain('cannot be read: ENOENT');
    expect(server.requests).toHaveLength(1);
  });
});

describe('aborting', () => {
  it('rejects with the reason, at once, wherever the read is', async () => {
    const places: [string, Step, Parameters<typeof clientUnderTest>[1]][] = [
      ['waiting for headers', silence, {}],
      ['in the body', trickle, {}],
      ['in the body of an error', (response) => void response.writeHead(500).write('x'), {}],
      [
        'between attempts',
        answer(500),
        {
          sleep: (_ms, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
        },
      ],
    ];
    for (const [place, step, over] of places) {
      await using server = await startScriptedServer();
      await using it = clientUnderTest(server.url, over);
      server.script(step);
      const controller = new AbortController();
      const reading = it.client.find({ page: 1 }, controller.signal);
      await server.asked(1);
      const reason = new Error(place);
      controller.abort(reason);
      await expect(reading).rejects.toBe(reason);
      expect(server.requests).toHaveLength(1);
      expect(it.outcomes).toHaveLength(1);
    }
  });

  it('works with the real waiting, too', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, {
      backoff: { baseMs: 3_600_000, capMs: 3_600_000 },
      sleep,
    });
    server.script(answer(500));
    const controller = new AbortController();
    const reading = it.client.find({ page: 1 }, controller.signal);
    await server.asked(1);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('works while the connection is not even made', async () => {
    // Accepts and says nothing: for an https address the connection is not made before the handshake ends.
    const sockets: Socket[] = [];
    const mute = createServer((socket) => void sockets.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const accepted = new Promise<void>((resolve) => mute.once('connection', () => resolve()));
    const it = clientUnderTest(`https://127.0.0.1:${(mute.address() as AddressInfo).port}`, {
      timeoutMs: 600_000,
    });
    const controller = new AbortController();
    const reading = it.client.find({ page: 1 }, controller.signal);
    await accepted;
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await it.client.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });

  it('asks nothing when aborted before', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    await expect(it.client.find({ page: 1 }, AbortSignal.abort(new Error('before')))).rejects.toThrow(
      'before',
    );
    await expect(it.client.event('x', AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(server.connections()).toBe(0);
  });

  it('closing ends what is running, without retries', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(silence);
    const reading = auditError(it.client.find({ page: 1 }, never));
    await server.asked(1);
    await it.client.close();
    expect(await reading).toMatchObject({ kind: 'unavailable' });
    expect(it.waits).toStrictEqual([]);
    await server.quiet();
    expect(await auditError(it.client.find({ page: 1 }, never))).toMatchObject({ kind: 'unavailable' });
  });
});
