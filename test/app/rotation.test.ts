import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { load } from '../../src/app/load.ts';
import { createRotatingSink } from '../../src/app/rotating-sink.ts';
import { createSinks } from '../../src/app/sinks.ts';
import { createScope, type Scope } from '../../src/base/scope.ts';
import type { Sink, Verdict } from '../../src/core/delivery.ts';
import { sampleDelivery, sampleDeps } from '../sinks/sample.ts';
import { receiverIn } from '../support/in-scope.ts';
import type { Receiver } from '../support/receiver.ts';
import { createSmtpServer } from '../support/smtp-server.ts';
import { createStreamSyslog } from '../support/syslog-server.ts';

/* A secret file of a sink that changes is used by the next attempt, for every kind of sink, without a restart. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SIGNAL = new AbortController().signal;

let scope: Scope;
let folder: string;
let receiver: Receiver;
beforeEach(async () => {
  scope = createScope();
  folder = mkdtempSync(join(tmpdir(), 'rotation-'));
  scope.defer('folder', () => rmSync(folder, { recursive: true, force: true }));
  receiver = await receiverIn(scope);
});
afterEach(() => scope.close());

const secretFile = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

/** The sink `it` of a configuration, as the monitor makes it. */
const sinkOf = async (sink: object, env: Readonly<Record<string, string>> = {}) => {
  const path = join(folder, 'monitor.yml');
  writeFileSync(
    path,
    JSON.stringify({
      accounts: [{ name: 'a', api_key: 'k', api_secret: 'account-secret' }],
      rules: [],
      sinks: { it: sink },
    }),
  );
  const loaded = await load({ path, env, cwd: ROOT, packageDir: ROOT, now: Date.now });
  if (!loaded.ready) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  const deps = sampleDeps();
  const [made] = createSinks(loaded.ready.settings.sinks, deps);
  if (!made) throw new Error('no sink was made');
  scope.defer('sink', () => made.close());
  const events = (): readonly string[] => deps.lines.map(({ event }) => event);
  return { sink: made, lines: deps.lines, events, secrets: loaded.secrets, settings: loaded.ready.settings };
};

const send = (sink: Sink): Promise<Verdict> => sink.send(sampleDelivery(), SIGNAL);

describe('a changed secret file is used by the next attempt', () => {
  const last = () => {
    const request = receiver.requests.at(-1);
    if (!request) throw new Error('nothing was received');
    return request;
  };
  const whole = (): string => JSON.stringify(last());

  it.each([
    [
      'webhook, url',
      { type: 'webhook', url_file: 'secret' },
      {},
      () => [`${receiver.url}/the-first`, `${receiver.url}/the-second`] as const,
      () => last().path,
      ['/the-first', '/the-second'],
    ],
    [
      'webhook, a header of a variable',
      () => ({ type: 'webhook', url: receiver.url, headers: { authorization: 'Bearer ${TOKEN}' } }),
      { TOKEN_FILE: 'secret' },
      () => ['first-token', 'second-token'] as const,
      () => String(last().headers.authorization),
      ['Bearer first-token', 'Bearer second-token'],
    ],
    [
      'slack, webhook',
      { type: 'slack', url: '${SLACK_WEBHOOK_URL:-}' },
      { SLACK_WEBHOOK_URL_FILE: 'secret' },
      () => [`${receiver.url}/services/first`, `${receiver.url}/services/second`] as const,
      () => last().path,
      ['/services/first', '/services/second'],
    ],
    [
      'slack, bot',
      () => ({ type: 'slack', token_file: 'secret', channel: 'C1', api_url: `${receiver.url}/api` }),
      {},
      () => ['xoxb-first', 'xoxb-second'] as const,
      () => String(last().headers.authorization),
      ['Bearer xoxb-first', 'Bearer xoxb-second'],
    ],
    [
      'preset',
      () => ({ type: 'ntfy', topic: 'alerts', token_file: 'secret', url: receiver.url }),
      {},
      () => ['tk_first', 'tk_second'] as const,
      () => String(last().headers.authorization),
      ['Bearer tk_first', 'Bearer tk_second'],
    ],
    [
      'preset of a variable',
      () => ({ type: 'splunk', token: '${HEC}', url: receiver.url }),
      { HEC_FILE: 'secret' },
      () => ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222'] as const,
      () => whole().match(/1{8}|2{8}/)?.[0] ?? '',
      ['11111111', '22222222'],
    ],
  ])('%s', async (_name, options, env, texts, seen, expected) => {
    receiver.answer({ body: 'ok' });
    const [first, second] = texts();
    const file = secretFile('secret', `${first}\n`);
    const { sink, events, secrets, lines } = await sinkOf(
      typeof options === 'function' ? options() : options,
      Object.fromEntries(Object.keys(env).map((name) => [name, file])),
    );
    await send(sink);
    expect(seen()).toBe(expected[0]);
    expect(events()).toEqual([]);
    writeFileSync(`${file}.next`, `${second}\n`, { mode: 0o600 });
    renameSync(`${file}.next`, file);
    await send(sink);
    expect(seen()).toBe(expected[1]);
    expect(events()).toEqual(['secret.changed']);
    expect(secrets).toContain(second);
    expect(JSON.stringify(lines)).not.toContain(second);
  });

  it('email, password', async () => {
    const server = await createSmtpServer({ tls: 'none', login: true });
    scope.defer('mails', () => server.close());
    const passwords: string[] = [];
    server.habits.onLogin = (_user, password) => void passwords.push(password);
    const url = (password: string): string => `smtp://user:${password}@127.0.0.1:${server.port}`;
    const file = secretFile('secret', url('first-password'));
    const { sink } = await sinkOf({
      type: 'email',
      url_file: 'secret',
      starttls: 'never',
      from: 'monitor@example.com',
      to: ['oncall@example.com'],
    });
    expect(await send(sink)).toMatchObject({ outcome: 'sent' });
    writeFileSync(file, url('second-password'));
    expect(await send(sink)).toMatchObject({ outcome: 'sent' });
    expect(passwords).toEqual(['first-password', 'second-password']);
  });

  it('syslog, address', async () => {
    const [first, second] = [await createStreamSyslog(), await createStreamSyslog()];
    for (const server of [first, second]) scope.defer('syslog', () => server.close());
    const file = secretFile('secret', first.url);
    const { sink } = await sinkOf({ type: 'syslog', url_file: 'secret' });
    expect(await send(sink)).toMatchObject({ outcome: 'sent' });
    writeFileSync(file, second.url);
    expect(await send(sink)).toMatchObject({ outcome: 'sent' });
    for (const server of [first, second]) await server.received(1);
  });

  it('of a feed as well', async () => {
    const file = secretFile('secret', `${receiver.url}/first`);
    const { sink } = await sinkOf({ type: 'webhook', url_file: 'secret' });
    const batch = [
      { account: 'a', id: 'e', eventType: 'APP_CREATE', createdAtMs: 0, seenAtMs: 0, json: '{"id":"e"}' },
    ];
    expect(await sink.sendEvents?.(batch, SIGNAL)).toMatchObject({ outcome: 'sent' });
    writeFileSync(file, `${receiver.url}/second`);
    expect(await sink.sendEvents?.(batch, SIGNAL)).toMatchObject({ outcome: 'sent' });
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/first', '/second']);
  });
});

describe('a file that cannot be used leaves the old secret in force, and that is told once', () => {
  it.each([
    ['missing', (file: string) => rmSync(file), 'no such file'],
    ['empty', (file: string) => writeFileSync(file, '\n'), 'empty'],
    ['no URL', (file: string) => writeFileSync(file, 'hunter2-hunter2'), 'allowed: a URL'],
    ['too large', (file: string) => writeFileSync(file, 'x'.repeat(1_048_577)), 'too large'],
  ])('%s', async (_what, spoil, why) => {
    const file = secretFile('secret', `${receiver.url}/good`);
    const { sink, events, lines, secrets } = await sinkOf({ type: 'webhook', url_file: 'secret' });
    for (const spoilt of [false, true, false, false]) {
      if (spoilt) spoil(file);
      expect(await send(sink)).toMatchObject({ outcome: 'sent' });
    }
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/good', '/good', '/good', '/good']);
    expect(events()).toEqual(['secret.kept']);
    expect(String(lines[0]?.fields['reason'])).toContain(why);
    expect(JSON.stringify(lines)).not.toContain('hunter2-hunter2');
    // What is wrong as a URL may be a password: the redactor knows it all the same.
    expect(secrets.includes('hunter2-hunter2')).toBe(why.includes('URL'));
    writeFileSync(file, `${receiver.url}/better`, { mode: 0o600 });
    await send(sink);
    expect(receiver.requests.at(-1)?.path).toBe('/better');
  });

  it('emptied behind a variable that may be empty: neither the sink nor its signature is switched off', async () => {
    const file = secretFile('secret', `whsec_${Buffer.from('a key that signs webhooks').toString('base64')}`);
    const { sink, events } = await sinkOf(
      { type: 'webhook', url: receiver.url, secret: '${WEBHOOK_SECRET:-}' },
      { WEBHOOK_SECRET_FILE: file },
    );
    writeFileSync(file, '');
    await send(sink);
    expect(receiver.requests.at(-1)?.headers).toHaveProperty('webhook-signature');
    expect(events()).toEqual(['secret.kept']);
  });

  it('that make options which cannot work together', async () => {
    secretFile('secret', `${receiver.url}/good`);
    const { sink, lines } = await sinkOf({
      type: 'webhook',
      url_file: 'secret',
      allow_hosts: ['127.0.0.1'],
    });
    writeFileSync(join(folder, 'secret'), 'http://elsewhere.example/x');
    expect(await send(sink)).toMatchObject({ outcome: 'sent' });
    expect(lines.map(({ event, fields }) => [event, String(fields['reason'])])).toEqual([
      ['secret.kept', expect.stringContaining('allow_hosts')],
    ]);
  });
});

it('a file that is written anew with the same content changes nothing', async () => {
  const file = secretFile('secret', receiver.url);
  const { sink, events } = await sinkOf({ type: 'webhook', url_file: 'secret' });
  await send(sink);
  writeFileSync(file, receiver.url);
  await send(sink);
  expect(events()).toEqual([]);
});

it('a file that becomes readable for everybody is used, and warned about', async () => {
  const file = secretFile('secret', `${receiver.url}/first`);
  const { sink, lines } = await sinkOf({ type: 'webhook', url_file: 'secret' });
  rmSync(file);
  writeFileSync(file, `${receiver.url}/second`, { mode: 0o644 });
  await send(sink);
  expect(receiver.requests.at(-1)?.path).toBe('/second');
  expect(lines.map(({ event }) => event)).toEqual(['secret.changed', 'secret.open']);
  expect(String(lines[1]?.fields['reason'])).toContain(`do: chmod 600 ${file}`);
});

it('what else has changed in the configuration meanwhile is no part of it', async () => {
  const file = secretFile('secret', `${receiver.url}/first`);
  const { sink } = await sinkOf({ type: 'webhook', url_file: 'secret' });
  writeFileSync(join(folder, 'monitor.yml'), 'no: configuration\n');
  writeFileSync(file, `${receiver.url}/second`);
  expect(await send(sink)).toMatchObject({ outcome: 'sent' });
  expect(receiver.requests.at(-1)?.path).toBe('/second');
});

it('an attempt ends with the sink it began with, which is closed after its last one', async () => {
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const make = (options: Readonly<Record<string, unknown>>): Sink => {
    const id = String(options['url']);
    return {
      name: 'it',
      type: 'webhook',
      concurrency: 9,
      send: (delivery) =>
        new Promise((resolve) => {
          log.push(`${id} begins ${delivery.attempt}`);
          gates.set(`${id} ${delivery.attempt}`, () => {
            log.push(`${id} ends ${delivery.attempt}`);
            resolve({ outcome: 'sent', receipt: id });
          });
        }),
      async close() {
        log.push(`${id} closed`);
      },
    };
  };
  const file = secretFile('secret', 'one');
  let url = 'one';
  const sink = createRotatingSink(
    {
      name: 'it',
      options: { url },
      secretFiles: [file],
      reread: () => ({ options: { url }, warnings: [] }),
    },
    make,
    sampleDeps().log,
  );
  const begin = (attempt: number): Promise<Verdict> => sink.send(sampleDelivery(undefined, attempt), SIGNAL);
  const [first, second] = [begin(1), begin(2)];
  url = 'two';
  writeFileSync(file, 'the second');
  const third = begin(3);
  gates.get('one 1')?.();
  await first;
  gates.get('two 3')?.();
  await third;
  expect(log).not.toContain('one closed');
  gates.get('one 2')?.();
  expect(await second).toEqual({ outcome: 'sent', receipt: 'one' });
  expect(log.at(-1)).toBe('one closed');
  await sink.close();
  expect(log.at(-1)).toBe('two closed');
  expect(log.filter((line) => line.endsWith('closed'))).toHaveLength(2);
});
