import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { SERVER_CERT, SERVER_KEY } from '../support/certs.ts';
import { installationIn, monitorIn, receiverIn } from '../support/in-scope.ts';
import { type Installation, ruleOf } from '../support/installation.ts';
import { type LogLine, startMonitor } from '../support/monitor-process.ts';
import { createSmtpServer } from '../support/smtp-server.ts';

/*
 * Line 22 of the failure catalogue: every kind of secret is planted, every receiver fails and sends back all that it
 * was sent, in every spelling, and then everything that leaves the monitor or stays behind is searched.
 */

const KEY = 'abcd1234';
const DKIM_PEM = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;
const CANARIES = {
  api: 'Canary+api/Secret=ä"1',
  rotated: 'canary-rotated&secret-2',
  webhookSecret: `whsec_${Buffer.from('canary webhook signing key').toString('base64')}`,
  webhookToken: 'canaryWebhookTokenInPath',
  header: 'canary-header-credential',
  slack: 'canarySlackTokenOfTheUrl',
  smtp: 'canary smtp:pass%word',
  proxy: 'canary@proxy/password',
  presetToken: 'tk_canaryTokenOfThePreset',
  presetRotated: 'tk_canaryRotatedOfThePreset',
  heartbeat: 'canaryHeartbeatTokenInPath',
  slackBot: 'xoxb-canary-token-of-the-bot',
  apiToken: 'canary-token-of-the-http-api',
  apiTokenFile: 'canary-token-of-the-api-in-a-file',
  tlsKey: SERVER_KEY.split('\n')[2] ?? '',
  dkim: DKIM_PEM.split('\n')[2] ?? '',
};

let scope: Scope;
let installation: Installation;
beforeEach(() => {
  scope = createScope();
});
afterEach(() => scope.close());

/** All spellings in which a text is looked for. */
const spellings = (secret: string): readonly string[] => {
  const base64 = (text: string): string[] => [
    Buffer.from(text).toString('base64').replaceAll('=', ''),
    Buffer.from(text).toString('base64url'),
  ];
  return [
    secret,
    encodeURIComponent(secret),
    encodeURI(secret),
    JSON.stringify(secret).slice(1, -1),
    new URLSearchParams({ x: secret }).toString().slice(2),
    ...base64(secret),
    ...base64(`${KEY}:${secret}`),
    ...base64(`user:${secret}`),
    ...base64(`\0user\0${secret}`),
  ];
};
const everywhere = Object.entries(CANARIES).flatMap(([name, secret]) =>
  spellings(secret).map((spelling) => ({ name, spelling })),
);
const expectClean = (place: string, text: string): void => {
  const found = everywhere.filter(({ spelling }) => text.includes(spelling));
  expect({ place, found }).toEqual({ place, found: [] });
};

/** Everything a request said, in the spellings in which servers and proxies quote it. */
const echo = (request: { path: string; headers: object; body: string }): string => {
  const { authorization = '' } = request.headers as { authorization?: string };
  const decoded = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
  said += 1;
  return [
    known[said % known.length],
    `you sent ${request.path} with ${authorization}`,
    decoded,
    decoded.slice(decoded.indexOf(':') + 1),
    encodeURIComponent(decoded),
    JSON.stringify(request.headers),
  ].join('\n');
};
/** What the monitor holds by now; servers quote one of them after the other. */
let known: readonly string[] = [];
let said = 0;

/** All that the HTTP API answers, to right and wrong requests, headers as well. */
const everyAnswer = async (
  url: string,
): Promise<readonly { readonly status: number; readonly text: string }[]> => {
  const answers: { status: number; text: string }[] = [];
  const ask = async (path: string, init: RequestInit = {}, token = CANARIES.apiToken): Promise<unknown> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    const body = await answer.text();
    answers.push({ status: answer.status, text: `${JSON.stringify([...answer.headers])}\n${body}` });
    return body === '' ? undefined : JSON.parse(body);
  };
  const idsOf = async (path: string, key = 'id'): Promise<readonly string[]> =>
    ((await ask(path)) as { items: readonly Record<string, string>[] }).items.map((item) => item[key] ?? '');
  const post = (path: string, body: object): Promise<unknown> =>
    ask(path, { method: 'POST', body: JSON.stringify(body) });
  for (const id of (await idsOf('/events')).slice(0, 3)) {
    await ask(`/events/default/${id}`);
    await ask(`/events/default/${id}/explain`);
  }
  for (const id of await idsOf('/alerts')) await ask(`/alerts/${id}`);
  for (const id of await idsOf('/rules')) {
    await ask(`/rules/${id}`);
    await post(`/rules/${id}/backtest`, {});
  }
  await idsOf('/deliveries?state=parked');
  for (const path of ['/status', '/session', '/event-types', '/volume', '/deliveries', '/silences', '/acts'])
    await ask(path);
  for (const path of ['/completeness', '/completeness/default', '/openapi.json']) await ask(path);
  await post('/session', { token: CANARIES.apiToken });
  await post('/session', { token: CANARIES.apiTokenFile });
  await post('/session', { token: CANARIES.api });
  await post('/session', { token: 7, secret: CANARIES.webhookSecret });
  await ask('/session', {}, CANARIES.apiTokenFile);
  await ask('/session', {}, `${CANARIES.apiToken}x`);
  await post('/deliveries/retry', { sink: 'letters', reason: 'again' });
  await post('/silences', { match: { rule: 'x' }, reason: 'r', duration: '1h' });
  await post('/silences/preview', { match: { kind: 'system' } });
  await post('/rules/backtest', { source: 'title: 1' });
  return answers;
};

/** A proxy that leads to `port` whatever it is asked for, and refuses with an echo as long as it is told. */
const createProxy = async (port: number) => {
  const state = { refuse: false, tunnels: 0 };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => {
      const head = data.toString();
      if (state.refuse) {
        socket.end(
          `HTTP/1.1 407 No\r\nx-echo: ${head.replaceAll(/[\r\n]+/g, ' ')}\r\n\r\n${head}${CANARIES.proxy}`,
        );
        return;
      }
      state.tunnels += 1;
      const target = connect(port, '127.0.0.1', () => {
        if (head.startsWith('CONNECT ')) socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        else target.write(data);
        socket.pipe(target).pipe(socket);
      });
      target.on('error', () => socket.destroy());
      socket.on('close', () => target.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer('proxy', () => void server.close());
  return { state, port: (server.address() as { port: number }).port };
};

it('22: no secret in log, errors, metrics, health, database, alerts, mails or drills, whatever is sent back', {
  timeout: 60_000,
}, async () => {
  const api = await receiverIn(scope);
  const echoing = await receiverIn(scope);
  const healthy = await receiverIn(scope);
  const mails = await createSmtpServer({ tls: 'none' });
  scope.defer('mails', () => mails.close());
  const login = await createSmtpServer({ tls: 'none', login: true });
  scope.defer('login', () => login.close());
  const proxy = await createProxy(api.port);

  let number = 0;
  const page = (): string => {
    number += 1;
    const events = [
      {
        id: `e${number}`,
        event_type: 'APP_CREATE',
        created_at: new Date(Date.now() - 1_000).toISOString().slice(0, 19),
      },
      // No id: it goes to quarantine.
      { event_type: 'X', created_at: new Date().toISOString().slice(0, 19), context: { number } },
    ];
    return JSON.stringify({ _embedded: { events }, page: { totalElements: 2, number: 1 } });
  };
  let turn = 0;
  api.answer((request) => {
    turn += 1;
    const body = echo(request);
    switch (turn % 7) {
      case 1:
        return { body: page() };
      case 2:
        return { status: 401, body };
      case 3:
        return { status: 400, body: JSON.stringify({ error: body }) };
      case 4:
        return { body };
      case 5:
        return {
          status: 302,
          headers: { location: `http://elsewhere.example/${encodeURIComponent(body)}` },
          body,
        };
      case 6:
        return { body: `{"_embedded":{"events":"${body}` };
      default:
        return { status: 403, body: `<html>${body}</html>` };
    }
  });
  echoing.answer((request) => {
    const status = [400, 403, 500, 302, 200][echoing.requests.length % 5] ?? 500;
    return {
      status,
      headers: { location: `/?${encodeURIComponent(request.body)}` },
      body: `<p>${echo(request)}`,
    };
  });
  login.habits.onLogin = (user, password) => ({
    code: 535,
    text: `no such user ${user} with ${password} ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`,
  });

  const later: readonly string[] = [CANARIES.rotated, CANARIES.presetRotated];
  known = Object.values(CANARIES).filter((secret) => !later.includes(secret));
  const host = (port: number): string => `127.0.0.1:${port}`;
  const password = encodeURIComponent(CANARIES.smtp);
  installation = installationIn(scope, 'http://audit.example/beta/audit', {
    accounts: [{ name: 'default', api_key: KEY, api_secret_file: 'secret' }],
    log: { level: 'debug' },
    sinks: {
      hook: {
        type: 'webhook',
        url: `http://user:${password}@${host(echoing.port)}/${CANARIES.webhookToken}?token=${CANARIES.webhookToken}`,
        secret: CANARIES.webhookSecret,
        headers: { authorization: `Bearer ${CANARIES.header}`, 'x-api-key': CANARIES.header },
      },
      chat: { type: 'slack', url: `http://${host(echoing.port)}/services/T0/B0/${CANARIES.slack}` },
      // Reached through the proxy, like the API: nothing there understands a webhook.
      far: { type: 'webhook', url: `http://hooks.example/${CANARIES.webhookToken}` },
      letters: {
        type: 'email',
        url: `smtp://user:${password}@${host(login.port)}`,
        starttls: 'never',
        from: 'monitor@example.com',
        to: ['oncall@example.com'],
      },
      good: { type: 'webhook', url: `http://${host(healthy.port)}`, secret: CANARIES.webhookSecret },
      mail: {
        type: 'email',
        url: `smtp://${host(mails.port)}`,
        dkim_domain: 'example.com',
        dkim_selector: 'mail',
        dkim_key: DKIM_PEM,
        from: 'monitor@example.com',
        to: ['oncall@example.com'],
      },
      push: {
        type: 'ntfy',
        topic: 'alerts',
        token_file: 'preset-token',
        url: `http://${host(echoing.port)}`,
      },
      bot: {
        type: 'slack',
        token: CANARIES.slackBot,
        channel: 'C1',
        api_url: `http://${host(echoing.port)}/api`,
      },
      // Its key is never sent to anybody, and errors about it must not quote it.
      tls: {
        type: 'webhook',
        url: `https://${host(echoing.port)}/${CANARIES.webhookToken}`,
        cert: SERVER_CERT,
        key: SERVER_KEY,
      },
      console: { type: 'log' },
    },
    routes: [
      {
        to: ['hook', 'chat', 'far', 'letters', 'good', 'mail', 'push', 'bot', 'tls', 'console'],
      },
    ],
    heartbeat: {
      url: `http://${host(echoing.port)}/${CANARIES.heartbeat}`,
      interval: '5s',
    },
    http: {
      listen: '127.0.0.1:0',
      external_url: 'https://monitor.example',
      tokens: [
        { name: 'ops', role: 'operate', token: CANARIES.apiToken },
        { name: 'eve', role: 'view', token_file: 'api-token' },
      ],
    },
  });
  const secretFile = join(installation.folder, 'secret');
  writeFileSync(secretFile, `${CANARIES.api}\n`, { mode: 0o600 });
  writeFileSync(join(installation.folder, 'api-token'), CANARIES.apiTokenFile, { mode: 0o600 });
  const presetFile = join(installation.folder, 'preset-token');
  writeFileSync(presetFile, `${CANARIES.presetToken}\n`, { mode: 0o600 });
  installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
  const env = { HTTP_PROXY: `http://user:${encodeURIComponent(CANARIES.proxy)}@${host(proxy.port)}` };

  const monitor = monitorIn(scope, ['run', '--config', installation.config], env);
  const seen = (event: string, sink?: string) => (line: LogLine) =>
    line.event === event && (sink === undefined || line['sink'] === sink);
  const { url } = await monitor.until(seen('http.listening'));
  for (const kind of ['blind', 'invalid']) {
    await monitor.until((line) => line.event === 'poll.failed' && line['kind'] === kind);
  }
  await monitor.until(seen('poll.completed'));
  await monitor.until(seen('audit.quarantined'));
  for (const sink of ['hook', 'letters']) await monitor.until(seen('delivery.parked', sink));
  await monitor.until((line) => line['sink'] === 'chat' && /^delivery\.(retry|parked)$/.test(line.event));
  // Told through the healthy ones: the reasons of the others.
  const told = async (id: string): Promise<void> => {
    for (let count = 1; ; count = healthy.requests.length + 1) {
      if (healthy.requests.some((request) => JSON.parse(request.body).rule.id === id)) return;
      await healthy.received(count);
    }
  };
  for (const id of ['system.blind', 'system.parked', 'system.quarantined']) await told(id);
  await mails.received(3);
  expect(proxy.state.tunnels).toBeGreaterThan(0);
  // The secret is rotated; the old one stays one that nobody may see.
  writeFileSync(secretFile, CANARIES.rotated);
  const rotated = `Basic ${Buffer.from(`${KEY}:${CANARIES.rotated}`).toString('base64')}`;
  for (let count = api.requests.length; api.requests.at(-1)?.headers.authorization !== rotated; count += 1) {
    await api.received(count);
  }
  // A sink's as well: its next attempts use it.
  writeFileSync(presetFile, CANARIES.presetRotated);
  const bearer = `Bearer ${CANARIES.presetRotated}`;
  for (
    let count = echoing.requests.length;
    !echoing.requests.some(({ headers }) => headers.authorization === bearer);
    count += 1
  )
    await echoing.received(count);
  known = Object.values(CANARIES);
  const since = monitor.lines.length;
  for (const kind of ['blind', 'invalid']) {
    await monitor.until((line) => line.event === 'poll.failed' && line['kind'] === kind, since);
  }
  proxy.state.refuse = true;
  const from = monitor.lines.length;
  await api.down();
  await monitor.until((line) => line.event === 'api.retry' && line['kind'] === 'unavailable', from);

  const served = await Promise.all(
    ['/readyz', '/metrics', '/livez', '/nothing'].map(async (path) =>
      (await fetch(`${String(url)}${path}`)).text(),
    ),
  );
  const overApi = await everyAnswer(String(url));
  expect(overApi.filter(({ status }) => status === 200).length).toBeGreaterThan(20);
  monitor.kill('SIGTERM');
  expect(await monitor.ended).toEqual({ code: 0, signal: null });
  // Other processes know what is configured now.
  known = known.filter((secret) => secret !== CANARIES.api && secret !== CANARIES.presetToken);
  echoing.answer((request) => ({ status: 400, body: echo(request) }));
  const drill = startMonitor(['sinks', 'test', '--config', installation.config], env);
  await drill.ended;
  const parked = startMonitor(['deliveries', 'parked', '--config', installation.config], env);
  await parked.ended;

  const command = async (...args: readonly string[]): Promise<string> => {
    const ran = startMonitor([...args, '--config', installation.config], env);
    await ran.ended;
    return ran.output();
  };
  const decided = monitor.lines
    .filter(({ event }) => event === 'alert.decided')
    .map((line) => line['alert_id']);
  const shown = [
    ...(await Promise.all(
      [...new Set(decided)].slice(0, 4).map((id) => command('deliveries', 'show', String(id))),
    )),
    await command('deliveries', 'list', '--json'),
    await command('silences', 'list'),
    await command('feeds'),
    await command('check'),
  ];
  // Signed links lead people to the monitor: they are in the messages for people, and nowhere else.
  const links = healthy.requests.flatMap(
    ({ body }) => body.match(/https:\/\/monitor\.example\/act\/[\w.-]+/g) ?? [],
  );
  const database = new Database(installation.database, { readonly: true });
  const linkKey = String(database.prepare("SELECT value FROM meta WHERE name = 'link_key'").pluck().get());
  database.close();

  // The search itself would find something.
  expect(links.length).toBeGreaterThan(0);
  expect(shown[0]).toMatch(/^alert {6}/m);
  // Texts of receivers are shown over the API as well, without what they sent back.
  expect(overApi.map(({ text }) => text).join('\n')).toContain('[redacted]');
  const answers = overApi.map(({ text }) => text);
  for (const [index, text] of [monitor.output(), drill.output(), ...shown, ...served, ...answers].entries()) {
    expectClean(`text ${index}`, text);
    for (const secret of [linkKey, ...links.map((link) => link.replace(/.*\/act\//, ''))])
      expect(text).not.toContain(secret);
  }
  expect(monitor.output()).toContain('[redacted]');
  expect(drill.output()).toMatch(/^hook +FAILED /m);
  expect(parked.output()).toMatch(/hook {2}/);
  expectClean('log and stderr', monitor.output());
  expectClean('sinks test', drill.output());
  expectClean('deliveries parked', parked.output());
  for (const text of served) expectClean('http', text);
  for (const request of healthy.requests) expectClean('webhook', request.body);
  for (const mail of mails.mails) {
    expectClean('mail', mail.raw);
    expectClean('mail', `${mail.parsed.subject}\n${mail.parsed.text}\n${String(mail.parsed.html)}`);
  }
  const folder = dirname(installation.database);
  const files = readdirSync(folder);
  expect(files).toContain('monitor.db');
  for (const file of files) expectClean(file, readFileSync(join(folder, file)).toString('latin1'));
  for (const file of files) expectClean(file, readFileSync(join(folder, file)).toString('utf8'));
});

it('22: a problem of the configuration quotes no secret', async () => {
  installation = installationIn(scope, 'http://127.0.0.1:9', {
    accounts: [{ name: 'default', api_key: `${KEY}:${CANARIES.api}`, api_secret: [CANARIES.api] }],
    sinks: {
      hook: { type: 'webhook', url: CANARIES.webhookToken, secret: `${CANARIES.webhookSecret} \u0000` },
      mail: { type: 'email', url: `ftp://user:${encodeURIComponent(CANARIES.smtp)}@host`, from: 'x', to: [] },
      chat: { type: 'slack', url: `htp://hooks.example/services/T0/B0/${CANARIES.slack}`, tiemout: '1s' },
    },
  });
  const env = { HTTP_PROXY: `socks://user:${encodeURIComponent(CANARIES.proxy)}@host` };
  const check = startMonitor(['check', '--config', installation.config], env);
  expect(await check.ended).toEqual({ code: 2, signal: null });
  expect(check.output().split('\n').length).toBeGreaterThan(5);
  expectClean('check', check.output());
});
