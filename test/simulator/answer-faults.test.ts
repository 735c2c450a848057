import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { FaultSetting } from '../../src/simulator/faults.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { ACCOUNT, ask, idsOf, readPage, simulate } from '../support/audit-api.ts';
import { NOON, row } from './sample.ts';

const AUTHORIZATION = `Basic ${Buffer.from(`${ACCOUNT.key}:${ACCOUNT.secret}`).toString('base64')}`;

const faulty = async (...faults: readonly FaultSetting[]): Promise<Simulator> => {
  const simulator = await simulate({ seed: 7, now: () => NOON });
  simulator.add(ACCOUNT.key, row(40));
  for (const fault of faults) simulator.faults.add(fault);
  return simulator;
};

/** The bytes as they were sent, without decompression; rejects when the body is cut. */
const bytesOf = (simulator: Simulator): Promise<{ bytes: Buffer; encoding: string | undefined }> =>
  new Promise((resolve, reject) => {
    request(`${simulator.url}/events`, { headers: { authorization: AUTHORIZATION } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ bytes: Buffer.concat(chunks), encoding: response.headers['content-encoding'] }),
      );
    })
      .on('error', reject)
      .end();
  });

it('undated has no Date header', async () => {
  const simulator = await faulty({ kind: 'undated', next: 1 });
  expect((await ask(simulator, '/events')).headers.has('date')).toBe(false);
  expect((await ask(simulator, '/events')).headers.get('date')).toBe(new Date(NOON).toUTCString());
});

describe('status', () => {
  it.each([400, 401, 403, 404, 429, 500, 502, 503])('%i with the documented body', async (status) => {
    const simulator = await faulty({ kind: 'status', status });
    const response = await ask(simulator, '/events');
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.has('retry-after')).toBe(false);
    expect(await response.json()).toEqual({ status, error: expect.any(String), message: expect.any(String) });
  });

  it('with an HTML or an empty body', async () => {
    const simulator = await faulty({ kind: 'status', status: 500, body: 'html' });
    const html = await ask(simulator, '/events');
    expect([html.status, html.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8']);
    expect(await html.text()).toMatch(/^<!DOCTYPE html>/);
    simulator.faults.add({ kind: 'status', status: 502, body: 'empty' });
    const empty = await ask(simulator, '/events');
    expect([empty.status, await empty.text()]).toEqual([502, '']);
    simulator.faults.add({ kind: 'status', status: 204, body: 'empty' });
    expect((await ask(simulator, '/events', { method: 'OPTIONS' })).status).toBe(204);
  });

  it.each([
    [3, '3'],
    [0, '0'],
    ['date', 'Thu, 15 Jan 2026 12:00:02 GMT'],
    ['past-date', 'Thu, 15 Jan 2026 11:00:00 GMT'],
    ['absurd', '99999999999'],
    ['negative', '-5'],
    ['garbage', 'a while'],
  ] as const)('429 with Retry-After %s', async (retryAfter, header) => {
    for (const body of ['json', 'html', 'empty'] as const) {
      const simulator = await faulty({ kind: 'status', status: 429, retryAfter, body });
      const response = await ask(simulator, '/events');
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, header]);
    }
  });
});

describe('other bodies', () => {
  it.each([
    'array',
    'null',
    'text',
    'number',
    'empty-object',
    'events-object',
    'events-null',
    'error',
  ] as const)('shape %s is 200 with JSON that is no page', async (shape) => {
    const simulator = await faulty({ kind: 'shape', shape });
    const response = await ask(simulator, '/events');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    const body = (await response.json()) as { _embedded?: { events?: unknown } } | null;
    expect(Array.isArray(body?._embedded?.events)).toBe(false);
  });

  it('html is 200', async () => {
    const response = await ask(await faulty({ kind: 'html' }), '/events');
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
  });

  it('static answers the documented example to everything, unauthorised too', async () => {
    const simulator = await faulty({ kind: 'static' });
    const body = await readPage(simulator, { page: 5, date_from: '2026-01-01T00:00:00' });
    expect(idsOf(body)).toEqual(['aaaaaaaa-bbbb-cccc-dddd-0123456789ab']);
    expect(body.page).toEqual({ size: 100, totalElements: 120, totalPages: 2, number: 1 });
    expect((await ask(simulator, '/events', { who: null })).status).toBe(200);
    simulator.faults.add({ kind: 'static', body: '{"mine":1}' });
    expect(await (await ask(simulator, '/events')).json()).toEqual({ mine: 1 });
  });

  it('truncated is a complete answer with half of the JSON', async () => {
    const whole = await (await ask(await faulty(), '/events')).text();
    for (const keep of [0.5, 0.9, 0]) {
      const simulator = await faulty({ kind: 'truncated', keep });
      const text = await (await ask(simulator, '/events')).text();
      expect(text).toBe(whole.slice(0, Math.floor(whole.length * keep)));
      expect(() => JSON.parse(text) as unknown).toThrow(/JSON/);
      await simulator.requests.until((log) => log.list()[0]?.complete === true);
    }
  });

  it('huge is valid JSON of at least that size, and stops when nobody reads on', async () => {
    const simulator = await faulty({ kind: 'huge', bytes: 3_000_000 });
    const response = await ask(simulator, '/events');
    expect(response.headers.has('content-length')).toBe(false);
    const text = await response.text();
    expect(text.length).toBeGreaterThan(3_000_000);
    expect(JSON.parse(text)).toMatchObject({ page: { totalElements: 40 } });

    simulator.faults.add({ kind: 'huge', bytes: 1e12 });
    const endless = await ask(simulator, '/events');
    await endless.body?.cancel();
    await simulator.requests.until((log) => log.list()[1]?.status === 200 && !log.list()[1]?.complete);
  });

  it('gzip is the same JSON, compressed, or cut short', async () => {
    const simulator = await faulty();
    const { bytes: plain } = await bytesOf(simulator);
    simulator.faults.add({ kind: 'gzip' });
    const { bytes, encoding } = await bytesOf(simulator);
    expect(encoding).toBe('gzip');
    expect(gunzipSync(bytes)).toEqual(plain);
    expect((await readPage(simulator)).page.totalElements).toBe(40);
    simulator.faults.add({ kind: 'gzip', broken: true });
    const broken = await bytesOf(simulator);
    expect(() => gunzipSync(broken.bytes)).toThrow('unexpected end of file');
  });

  it('redirect points to another host', async () => {
    const simulator = await faulty({ kind: 'redirect', to: 'http://attacker.example/events', status: 307 });
    const response = await ask(simulator, '/events');
    expect([response.status, response.headers.get('location')]).toEqual([
      307,
      'http://attacker.example/events',
    ]);
  });
});

describe('connections', () => {
  it('reset before leaves no answer, reset in the middle leaves half of one', async () => {
    const simulator = await faulty({ kind: 'reset', when: 'before' });
    await expect(ask(simulator, '/events')).rejects.toThrow('fetch failed');
    for (const when of ['middle', 'middle-orderly'] as const) {
      simulator.faults.add({ kind: 'reset', when });
      await expect(bytesOf(simulator)).rejects.toThrow(/aborted|ECONNRESET/);
    }
    await simulator.requests.until((log) => log.countStatus(200) === 2);
    expect(simulator.requests.list().map(({ status, complete }) => [status, complete])).toEqual([
      [0, false],
      [200, false],
      [200, false],
    ]);
    simulator.faults.clear('reset');
    expect((await readPage(simulator)).page.totalElements).toBe(40);
  });

  it('slow answers late, and may pause in the middle of the body', async () => {
    const simulator = await faulty({ kind: 'slow', delayMs: 60 });
    const startMs = performance.now();
    expect((await readPage(simulator)).page.totalElements).toBe(40);
    // Timers may fire a little early by the other clock.
    expect(performance.now() - startMs).toBeGreaterThan(50);
    simulator.faults.add({ kind: 'slow', delayMs: 60, part: 'body' });
    const response = await ask(simulator, '/events');
    const headersMs = performance.now();
    expect(await response.json()).toMatchObject({ page: { totalElements: 40 } });
    expect(performance.now() - headersMs).toBeGreaterThan(30);
  });

  it('an answer that never comes keeps neither the client nor close waiting', async () => {
    for (const part of ['headers', 'body'] as const) {
      const simulator = await faulty({ kind: 'slow', delayMs: Number.POSITIVE_INFINITY, part });
      const hanging = bytesOf(simulator).then(
        () => 'answered',
        () => 'failed',
      );
      await simulator.requests.until((log) => log.count() === 1);
      await simulator.close();
      expect(await hanging).toBe('failed');
    }
  });
});

describe('when a fault applies', () => {
  const statuses = async (simulator: Simulator, count: number): Promise<readonly number[]> => {
    const seen: number[] = [];
    for (let turn = 0; turn < count; turn++) seen.push((await ask(simulator, '/events')).status);
    return seen;
  };

  it('always, until it is removed', async () => {
    const simulator = await faulty();
    const remove = simulator.faults.add({ kind: 'status', status: 500 });
    expect(await statuses(simulator, 3)).toEqual([500, 500, 500]);
    remove();
    expect(await statuses(simulator, 1)).toEqual([200]);
  });

  it('for the next requests', async () => {
    const simulator = await faulty({ kind: 'status', status: 503, next: 2 });
    expect(simulator.faults.settings).toEqual([{ kind: 'status', status: 503, next: 2 }]);
    expect(await statuses(simulator, 4)).toEqual([503, 503, 200, 200]);
    expect(simulator.faults.settings).toEqual([]);
  });

  it('with a seeded probability', async () => {
    const runs = [await faulty(), await faulty()];
    for (const simulator of runs) simulator.faults.add({ kind: 'status', status: 500, probability: 0.4 });
    const [one, two] = [await statuses(runs[0] as Simulator, 60), await statuses(runs[1] as Simulator, 60)];
    expect(one).toEqual(two);
    const failed = one.filter((status) => status === 500).length;
    expect(failed).toBeGreaterThan(10);
    expect(failed).toBeLessThan(40);
  });

  it('for one account, one page or one endpoint', async () => {
    const accounts = [
      { key: 'one', secret: '1' },
      { key: 'two', secret: '2' },
    ] as const;
    const simulator = await simulate({ accounts });
    simulator.faults.add({ kind: 'status', status: 403, account: 'two' });
    simulator.faults.add({ kind: 'status', status: 502, route: 'list', page: 3, next: 1 });
    simulator.faults.add({ kind: 'status', status: 504, route: 'types' });
    const [one, two] = accounts;
    const status = async (path: string, who: typeof one | typeof two, method = 'GET'): Promise<number> =>
      (await ask(simulator, path, { who, method })).status;
    expect(await status('/events', one)).toBe(200);
    expect(await status('/events', two)).toBe(403);
    expect(await status('/events?page=2', one)).toBe(200);
    expect(await status('/events?page=3', one)).toBe(502);
    expect(await status('/events?page=3', one)).toBe(200);
    expect(await status('/events', one, 'OPTIONS')).toBe(504);
    expect(await status('/events/x', one)).toBe(404);
  });

  it('not when it is misspelt', async () => {
    const simulator = await faulty();
    const add =
      (setting: object): (() => unknown) =>
      () =>
        simulator.faults.add(setting as FaultSetting);
    expect(add({ kind: 'tired' })).toThrow('fault kind is "tired", allowed are order, bounds,');
    expect(add({ kind: 'html', next: 0 })).toThrow(
      'next of fault html is 0, allowed are whole numbers from 1',
    );
    expect(add({ kind: 'html', probability: 2 })).toThrow(
      'probability of fault html is 2, allowed is 0 to 1',
    );
  });
});
