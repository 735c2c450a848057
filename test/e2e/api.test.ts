import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { installationIn, monitorIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { KEY, ruleOf } from '../support/installation.ts';
import { blocksOf } from '../support/markdown.ts';
import { is, type MonitorProcess } from '../support/monitor-process.ts';

/* The HTTP API of real processes, while they poll and deliver. */

const TOKEN = 'a-token-for-the-tests-1';
const run = promisify(execFile);

let scope: Scope;
beforeEach(() => {
  scope = createScope();
});
afterEach(() => scope.close());

const setUp = async () => {
  const simulator = await simulatorIn(scope);
  const hook = await receiverIn(scope);
  const installation = installationIn(scope, simulator.url, {
    sinks: { slack: { type: 'webhook', url: hook.url } },
    routes: [{ to: ['slack'] }],
    http: { listen: '127.0.0.1:0', tokens: [{ name: 'tester', role: 'operate', token: TOKEN }] },
  });
  installation.rule('app.yml', ruleOf('App', 'high', ['APP_CREATE']));
  const generator = createGenerator({ seed: 'api', account: KEY });
  const addEvent = (type = 'APP_CREATE'): void => simulator.add(KEY, generator.any(Date.now() - 2_000, type));
  const start = async (): Promise<{ readonly monitor: MonitorProcess; readonly url: string }> => {
    const monitor = monitorIn(scope, ['run', '--config', installation.config]);
    const { url } = await monitor.until(is('http.listening'));
    return { monitor, url: `${String(url)}/api/v1` };
  };
  return { hook, addEvent, start, installation };
};

const ask = async (url: string, body?: object): Promise<Record<string, never>> => {
  const answer = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, never>;
};

/** Reads a stream until its text fits. */
const readStream = async (url: string) => {
  const gone = new AbortController();
  scope.defer('stream', () => gone.abort());
  const answer = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` }, signal: gone.signal });
  expect(answer.status).toBe(200);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    async until(fits: (text: string) => boolean): Promise<string> {
      while (!fits(text)) {
        const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
        if (done) throw new Error(`the stream ended: ${text}`);
        text += value ?? '';
      }
      return text;
    },
    async end(): Promise<void> {
      for (;;) {
        const { done } = (await reader?.read().catch(() => ({ done: true }))) ?? { done: true };
        if (done) return;
      }
    },
  };
};

it('an event arrives in a stream with its alert, a parked delivery is sent again, and a stop waits for nobody', {
  timeout: 30_000,
}, async () => {
  const { hook, addEvent, start } = await setUp();
  const { monitor, url } = await start();
  await monitor.until(is('poll.completed'));
  const stream = await readStream(`${url}/stream`);
  hook.answer({ status: 410 });
  addEvent();
  // Each kind comes in order; one does not wait for another.
  await stream.until((text) =>
    ['event: event', 'event: alert', '"state":"parked"'].every((part) => text.includes(part)),
  );
  const alerts = await ask(`${url}/alerts?kind=rule`);
  expect(alerts).toMatchObject({ items: [{ rule: { title: 'App' }, deliveries: { parked: 1 } }] });
  hook.answer({ status: 200 });
  const from = monitor.lines.length;
  expect(await ask(`${url}/deliveries/retry`, { sink: 'slack', reason: 'mended' })).toMatchObject({
    count: expect.any(Number) as number,
  });
  await monitor.until(is('delivery.sent'), from);
  await stream.until((text) => text.includes('"state":"sent"'));
  expect(await ask(`${url}/status`)).toMatchObject({ role: 'active', accounts: [{ name: 'default' }] });
  const stopping = performance.now();
  monitor.kill('SIGTERM');
  await stream.end();
  expect(await monitor.ended).toEqual({ code: 0, signal: null });
  expect(performance.now() - stopping).toBeLessThan(9_000);
  expect(monitor.output()).not.toContain('http.error');
});

it('a process that stands by answers as well, and streams what the other one commits', {
  timeout: 30_000,
}, async () => {
  const { addEvent, start } = await setUp();
  const active = await start();
  await active.monitor.until(is('poll.completed'));
  const standby = await start();
  await standby.monitor.until(is('lease.waiting'));
  expect(await ask(`${standby.url}/status`)).toMatchObject({ role: 'standby' });
  const stream = await readStream(`${standby.url}/stream?types=event,alert`);
  addEvent();
  await stream.until((text) => text.includes('event: alert') && text.includes('event: event'));
  // A session of one is a session of the other: they share the store, and so its secret.
  const login = await fetch(`${active.url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: TOKEN }),
  });
  const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const other = await fetch(`${standby.url}/session`, { headers: { cookie } });
  expect(await other.json()).toMatchObject({ name: 'tester', role: 'operate' });
});

it('a reload over the API puts rules and tokens in force; what is wrong changes nothing', {
  timeout: 30_000,
}, async () => {
  const { hook, start, installation } = await setUp();
  const { monitor, url } = await start();
  await monitor.until(is('poll.completed'));
  const configure = (token: string): void =>
    installation.configure({
      reload: { watch: false },
      sinks: { slack: { type: 'webhook', url: hook.url } },
      routes: [{ to: ['slack'] }],
      http: { listen: '127.0.0.1:0', tokens: [{ name: 'tester', role: 'operate', token }] },
    });
  installation.rule('new.yml', ruleOf('Fresh', 'low', ['LOGIN']));
  configure(TOKEN);
  const done = await ask(`${url}/reload`, {});
  expect(done).toMatchObject({ ok: true, problems: [], needs_restart: [] });
  expect(JSON.stringify(done)).toContain('Fresh');
  const { items } = (await ask(`${url}/rules`)) as unknown as {
    readonly items: readonly { readonly id: string; readonly title: string }[];
  };
  const fresh = items.find(({ title }) => title === 'Fresh');
  expect(fresh).toBeDefined();
  expect(await ask(`${url}/rules/${String(fresh?.id)}`)).toMatchObject({
    rule: { source: expect.stringContaining('title: Fresh') as string },
  });
  installation.rule('new.yml', 'title: 7');
  const refused = await ask(`${url}/reload`, {});
  expect(refused).toMatchObject({ ok: false, changes: [] });
  expect(await ask(`${url}/status`)).toMatchObject({
    config: { hash: expect.any(String) as string, last_reload: { ok: false } },
  });
  expect((await ask(`${url}/rules`)) as unknown).toMatchObject({ items: { length: items.length } });
  installation.rule('new.yml', ruleOf('Fresh', 'low', ['LOGIN']));
  configure(`another-${TOKEN}`);
  expect(await ask(`${url}/reload`, {})).toMatchObject({ ok: true, changes: ['token "tester": changed'] });
  const old = await fetch(`${url}/session`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(old.status).toBe(401);
});

it('the examples of docs/api.md do what they say', { timeout: 30_000 }, async () => {
  const { hook, addEvent, start } = await setUp();
  const { monitor, url } = await start();
  hook.answer({ status: 410 });
  addEvent();
  await monitor.until(is('delivery.parked'));
  const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const script = blocksOf(page)
    .filter((block) => block.kind === 'fence' && block.language === 'sh')
    .map((block) => (block.kind === 'fence' ? block.text : ''))
    .join('\n')
    .replace('http://127.0.0.1:8080', url.replace('/api/v1', ''))
    .replace('TOKEN=…', `TOKEN=${TOKEN}`)
    // The stream ends by its time, which curl calls a failure.
    .replace(/^(api --no-buffer.*)$/m, '$1 || true');
  // Each answer on a line of its own.
  const { stdout } = await run('sh', [
    '-c',
    script.replace('curl -sS', 'curl -sS --fail-with-body -w "\\n"'),
  ]);
  const answers = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(answers).toHaveLength(5);
  const [status, events, alerts, silence, retried] = answers;
  expect(status).toHaveProperty('healthy');
  expect(events).toHaveProperty('items');
  expect(JSON.stringify(alerts)).toContain('"title":"App"');
  expect(silence).toMatchObject({ author: 'tester', match: { level: ['low'] } });
  expect(retried).toEqual({ count: 1 });
  expect(stdout).toContain(': welcome');
});
