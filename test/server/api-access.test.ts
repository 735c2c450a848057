import { writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { auditEvent } from '../store/fixtures.ts';
import { type ApiRig, type ApiRigOptions, createApiRig, OPERATE, VIEW } from '../support/api-rig.ts';

/* Who is let into the HTTP API, who is not, and what is held against those who try. */

const rigs: ApiRig[] = [];
const start = async (options?: ApiRigOptions): Promise<ApiRig> => {
  const rig = await createApiRig(options);
  rigs.push(rig);
  return rig;
};
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

const COOKIE = /^vam_session=([^;]+); Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/;
const login = async (rig: ApiRig, token: string): Promise<string> => {
  const answer = await rig.ask('/session', { method: 'POST', body: { token }, token: null });
  expect(answer.status).toBe(200);
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
};
const OURS = { 'x-requested-by': 'vonage-audit-monitor' };

/** A request whose every header, `Host` too, is what is given. */
const raw = async (
  rig: ApiRig,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<{ readonly status: number; readonly body: string }> => {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const { port } = rig.server.address;
  const ask = httpRequest({ host: '127.0.0.1', port, path, method, headers, setHost: false }, (answer) => {
    text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
  });
  ask.on('error', reject).end();
  return promise;
};

describe('sessions', () => {
  it('a browser logs in with a token and has a session, which is no token', async () => {
    const rig = await start();
    const answer = await rig.ask('/session', { method: 'POST', body: { token: VIEW }, token: null });
    expect(answer.json).toEqual({ name: 'eve', role: 'view', version: expect.any(String) });
    const [, value = ''] = COOKIE.exec(answer.headers.get('set-cookie') ?? '') ?? [];
    expect(value).not.toBe('');
    const inside = Buffer.from(value.split('.')[0] ?? '', 'base64url').toString();
    expect(inside).toContain('"eve"');
    expect(`${value}${inside}${answer.text}`).not.toContain(VIEW);
    const cookie = `vam_session=${value}`;
    expect(await rig.ask('/session', { token: null, headers: { cookie } })).toMatchObject({
      status: 200,
      json: { name: 'eve', role: 'view' },
    });
    const asBearer = await rig.ask('/session', { token: value });
    expect(asBearer.status).toBe(401);
  });

  it('ends after twelve hours, also when the clock was set back', async () => {
    const rig = await start();
    const cookie = await login(rig, OPERATE);
    const status = async (): Promise<number> =>
      (await rig.ask('/session', { token: null, headers: { cookie } })).status;
    rig.clock.nowMs += 12 * 3_600_000 - 2_000;
    expect(await status()).toBe(200);
    rig.clock.nowMs += 2_000;
    expect(await status()).toBe(401);
    rig.clock.nowMs -= 48 * 3_600_000;
    expect(await status()).toBe(401);
  });

  it('ends with its token, and has the role of the configuration in force', async () => {
    const rig = await start();
    const cookie = await login(rig, OPERATE);
    const whoami = () => rig.ask('/session', { token: null, headers: { cookie } });
    const { http } = rig.settings;
    const change = (tokens: typeof http.tokens): void => {
      rig.settings = { ...rig.settings, http: { ...http, tokens } };
    };
    change(http.tokens.map((token) => ({ ...token, role: 'view' as const })));
    expect((await whoami()).json).toMatchObject({ role: 'view' });
    change(http.tokens.map((token) => ({ ...token, current: () => `other-${OPERATE}` })));
    expect((await whoami()).status).toBe(401);
    change(http.tokens.filter(({ name }) => name !== 'ops'));
    expect((await whoami()).status).toBe(401);
    change(http.tokens);
    expect((await whoami()).status).toBe(200);
  });

  it('ends when its owner logs out', async () => {
    const rig = await start();
    const cookie = await login(rig, VIEW);
    const out = await rig.ask('/session', { method: 'DELETE', token: null, headers: { cookie, ...OURS } });
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toMatch(/^vam_session=; Path=\/; Max-Age=0;/);
    expect((await rig.ask('/session', { token: null, headers: { cookie } })).status).toBe(401);
  });

  it('cannot be made or changed by anybody else', async () => {
    const rig = await start();
    const cookie = await login(rig, VIEW);
    const [body = '', signature = ''] = cookie.replace('vam_session=', '').split('.');
    const claim = JSON.parse(Buffer.from(body, 'base64url').toString()) as unknown[];
    const forged = Buffer.from(JSON.stringify(['ops', ...claim.slice(1)])).toString('base64url');
    for (const value of [
      `${forged}.${signature}`,
      `${body}.${signature.slice(0, -2)}AA`,
      `${body}.`,
      body,
      `.${signature}`,
      `${body}.${signature}.x`,
      'x'.repeat(5_000),
      '',
    ]) {
      const answer = await rig.ask('/session', { token: null, headers: { cookie: `vam_session=${value}` } });
      expect(answer.status).toBe(401);
    }
  });

  it('is for https alone where people reach the server by https', async () => {
    const rig = await start({ http: { external_url: 'https://audit.example.com' } });
    const answer = await rig.ask('/session', { method: 'POST', body: { token: VIEW }, token: null });
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-vam_session=[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
    );
  });

  it('does not act for other sites', async () => {
    const rig = await start();
    const cookie = await login(rig, OPERATE);
    const act = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await rig.ask('/reload', { method: 'POST', body: {}, token: null, headers: { cookie, ...headers } }))
        .status;
    expect(await act({})).toBe(403);
    expect(await act({ 'x-requested-by': 'somebody' })).toBe(403);
    expect(await act({ ...OURS, origin: 'https://evil.example' })).toBe(403);
    expect(await act({ ...OURS, origin: 'null' })).toBe(403);
    expect(await act({ ...OURS, 'content-type': 'text/plain' })).toBe(415);
    expect(rig.reloads).toEqual([]);
    expect(await act({ ...OURS, origin: rig.server.url })).toBe(200);
    // Logging somebody in as somebody else is such an act as well.
    const asOther = await rig.ask('/session', {
      method: 'POST',
      body: { token: VIEW },
      token: null,
      headers: { origin: 'https://evil.example' },
    });
    expect(asOther.status).toBe(403);
  });
});

describe('tokens', () => {
  it('are taken from the header alone, in one form', async () => {
    const rig = await start();
    const status = async (headers: Readonly<Record<string, string>>, path = '/session'): Promise<number> => {
      rig.clock.tickMs += 60_000;
      return (await rig.ask(path, { token: null, headers })).status;
    };
    expect(await status({ authorization: `Bearer ${VIEW}` })).toBe(200);
    expect(await status({ authorization: `bearer ${VIEW}` })).toBe(200);
    for (const authorization of [
      VIEW,
      `Basic ${Buffer.from(`eve:${VIEW}`).toString('base64')}`,
      `Bearer ${VIEW}x`,
      `Bearer ${VIEW.slice(0, -1)}`,
      'Bearer ',
      `Bearer ${'x'.repeat(3_000)}`,
    ])
      expect(await status({ authorization })).toBe(401);
    expect(await status({}, `/session?access_token=${VIEW}`)).toBe(401);
    // Who shows a wrong token is not let in by a cookie beside it.
    const cookie = await login(rig, VIEW);
    expect(await status({ cookie, authorization: 'Bearer wrong' })).toBe(401);
  });

  it('are read again when their file changes; one that cannot be used changes nothing', async () => {
    const rig = await start({
      http: { tokens: [{ name: 'file', role: 'view', token_file: 'token' }] },
      files: { token: `${VIEW}\n` },
    });
    const file = join(rig.installation.folder, 'token');
    const status = async (token: string): Promise<number> => (await rig.ask('/session', { token })).status;
    expect(await status(VIEW)).toBe(200);
    writeFileSync(file, OPERATE);
    expect([await status(OPERATE), await status(VIEW)]).toEqual([200, 401]);
    writeFileSync(file, 'too short');
    expect([await status(OPERATE), await status('too short')]).toEqual([200, 401]);
    const events = rig.lines.map(({ event }) => event);
    expect(events.filter((event) => event.startsWith('secret'))).toEqual(['secret.changed', 'secret.kept']);
    expect(JSON.stringify(rig.lines)).toContain('a text of 9 characters (not shown)');
    expect(JSON.stringify(rig.lines)).not.toContain('too short');
  });

  it('cannot be tried without end, and those who have one are not kept out by those who guess', async () => {
    const rig = await start();
    const guess = () => raw(rig, '/api/v1/session', { host: 'localhost', authorization: 'Bearer wrong' });
    const asEve = () => raw(rig, '/api/v1/session', { host: 'localhost', authorization: `Bearer ${VIEW}` });
    expect((await asEve()).status).toBe(200);
    const cookie = await login(rig, OPERATE);
    for (let count = 0; count < 10; count += 1) expect((await guess()).status).toBe(401);
    expect((await guess()).status).toBe(429);
    const refused = await rig.ask('/session', {
      method: 'POST',
      body: { token: 'wrong' },
      token: null,
      advanceMs: 0,
    });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // Also the right one is not told from a wrong one now, unless it was used from here before.
    const right = await raw(rig, '/api/v1/session', {
      host: 'localhost',
      authorization: `Bearer ${OPERATE}x`,
    });
    expect(right.status).toBe(429);
    expect((await asEve()).status).toBe(200);
    expect((await raw(rig, '/api/v1/session', { host: 'localhost', cookie })).status).toBe(200);
    rig.clock.tickMs += 6_000;
    expect([(await guess()).status, (await guess()).status]).toEqual([401, 429]);
  });
});

describe('without any token', () => {
  it('everybody who reaches a loopback address may do everything', async () => {
    const rig = await start({ http: { tokens: [] } });
    expect((await rig.ask('/session', { token: null })).json).toMatchObject({
      name: 'local',
      role: 'operate',
    });
    expect((await rig.ask('/reload', { method: 'POST', body: {}, token: null })).status).toBe(200);
    expect(rig.reloads).toEqual(['local']);
    const answer = await rig.ask('/session', { method: 'POST', body: { token: '' }, token: null });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, null]);
  });

  it('a name of somebody else that leads here is refused: a page of another site would read everything', async () => {
    const rig = await start({ http: { tokens: [], external_url: 'http://audit.example.com' } });
    const status = async (host: string): Promise<number> =>
      (await raw(rig, '/api/v1/session', { host })).status;
    for (const host of ['localhost', 'LOCALHOST:80', '127.0.0.1:8080', '[::1]:8080', 'audit.example.com:443'])
      expect([host, await status(host)]).toEqual([host, 200]);
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '', '10.0.0.1'])
      expect([host, await status(host)]).toEqual([host, 403]);
    expect((await raw(rig, '/', { host: 'evil.example', accept: 'text/html' })).status).toBe(403);
  });

  it('another site cannot act: what a form can send is refused', async () => {
    const rig = await start({ http: { tokens: [] } });
    const host = `127.0.0.1:${rig.server.address.port}`;
    for (const headers of [
      { host },
      { host, 'content-type': 'text/plain' },
      { host, 'content-type': 'application/x-www-form-urlencoded' },
    ])
      expect((await raw(rig, '/api/v1/reload', headers, 'POST')).status).toBe(415);
    const json = { host, 'content-type': 'application/json', origin: 'http://evil.example' };
    expect((await raw(rig, '/api/v1/reload', json, 'POST')).status).toBe(403);
    expect(rig.reloads).toEqual([]);
  });

  it('beyond loopback nothing is served but health and figures; with a token the rest is', async () => {
    const rig = await start({ http: { tokens: [] }, listenHost: '0.0.0.0' });
    await rig.commit([auditEvent('e1')]);
    for (const path of ['/api/v1/status', '/api/v1/session', '/', '/assets/x.js']) {
      const answer = await rig.get(path, { token: null });
      expect(answer).toMatchObject({
        status: 403,
        json: { error: expect.stringContaining('http.tokens') as string },
      });
    }
    expect((await rig.get('/livez')).status).toBe(200);
    expect((await rig.get('/metrics')).status).toBe(200);
    const { http } = rig.settings;
    rig.settings = {
      ...rig.settings,
      http: { ...http, tokens: [{ name: 'new', role: 'view', current: () => VIEW, secretFile: undefined }] },
    };
    expect((await rig.ask('/session', { token: VIEW })).status).toBe(200);
    expect((await rig.ask('/session', { token: null })).status).toBe(401);
  });
});

it('metrics take a token where the configuration says so', async () => {
  const rig = await start({ http: { metrics: 'token' } });
  const answer = await rig.get('/metrics', { token: null });
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer realm="vonage-audit-monitor"',
  ]);
  expect((await rig.get('/metrics', { token: 'x'.repeat(30) })).status).toBe(401);
  expect((await rig.get('/metrics', { token: VIEW })).text).toBe('metric 1\n');
  expect((await rig.get('/livez', { token: null })).status).toBe(200);
});

it('one address cannot ask without end; others are not kept waiting, nor are probes', async () => {
  const rig = await start();
  const ask = () => raw(rig, '/api/v1/session', { host: 'localhost', authorization: `Bearer ${VIEW}` });
  const statuses: number[] = [];
  for (let count = 0; count < 310; count += 1) statuses.push((await ask()).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(300);
  expect(statuses.at(-1)).toBe(429);
  expect((await raw(rig, '/livez', { host: 'localhost' })).status).toBe(200);
  rig.clock.tickMs += 1_000;
  expect((await ask()).status).toBe(200);
});

it('every answer forbids other sites to read, frame, keep or run it', async () => {
  const rig = await start();
  for (const [path, ask] of [
    ['/api/v1/session', {}],
    ['/api/v1/session', { token: null }],
    ['/api/v1/nothing', {}],
    ['/api/v1/events/%E0%A4%A', {}],
    ['/', { headers: { accept: 'text/html' } }],
    ['/api/v1/session', { method: 'PUT', body: {} }],
    ['/api/v1/reload', { method: 'POST', body: 'x'.repeat(80_000) }],
  ] as const) {
    const { headers } = await rig.get(path, {
      ...ask,
      headers: { origin: rig.server.url, ...('headers' in ask ? ask.headers : {}) },
    });
    const found = Object.fromEntries(headers);
    expect({ path, found }).toMatchObject({
      path,
      found: {
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'content-security-policy': expect.stringMatching(/^default-src '(none|self)'/) as string,
        'cross-origin-resource-policy': 'same-origin',
      },
    });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
  const preflight = await raw(
    rig,
    '/api/v1/reload',
    { host: 'localhost', origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    'OPTIONS',
  );
  expect(preflight.status).toBe(404);
});

it('headers that a proxy would set are not believed', async () => {
  const rig = await start();
  const ask = (address: string) =>
    raw(rig, '/api/v1/session', {
      host: 'localhost',
      authorization: 'Bearer wrong',
      'x-forwarded-for': address,
      forwarded: `for=${address}`,
      'x-real-ip': address,
    });
  const statuses: number[] = [];
  for (let count = 0; count < 12; count += 1) statuses.push((await ask(`203.0.113.${count}`)).status);
  expect(statuses.slice(-2)).toEqual([429, 429]);
});

it('bodies are limited, and larger where a rule is sent', async () => {
  const rig = await start();
  const big = await rig.ask('/silences', { method: 'POST', body: { reason: 'x'.repeat(70_000) } });
  expect(big.status).toBe(413);
  const source = await rig.ask('/rules/backtest', {
    method: 'POST',
    body: { source: `#${'x'.repeat(150_000)}` },
  });
  expect(source.status).toBe(400);
  const tooBig = await rig.ask('/rules/backtest', { method: 'POST', body: { source: 'x'.repeat(900_000) } });
  expect(tooBig.status).toBe(413);
});
