import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { eventDetail, eventRow, eventTypes } from '../../src/server/trail-shapes.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { jsonLines, type Ran, runHere } from '../support/command.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf, SECRET } from '../support/installation.ts';

const listedRow = eventRow.extend({ json: z.record(z.string(), z.unknown()) });
type Row = z.infer<typeof listedRow>;

let scope: Scope;
let simulator: Simulator;
let installation: Installation;
const nowMs = Math.floor(Date.now() / 1_000) * 1_000;

/** An event so many minutes ago. */
const add = (id: string, minutes: number, more: Readonly<Record<string, unknown>> = {}): void => {
  simulator.add(KEY, {
    id,
    event_type: 'USER_LOGIN',
    event_type_description: 'User login',
    created_at: new Date(nowMs - minutes * 60_000).toISOString().slice(0, 19),
    account_id: KEY,
    user_email: 'alice@example.com',
    user_id: 7,
    source: 'CD',
    source_ip: '203.0.113.9',
    source_country: 'NL',
    context: { status: 'LOGIN_SUCCESS' },
    ...more,
  } as never);
};

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  installation = installationIn(scope, simulator.url, {
    poll: { interval: '50ms', settle: '0s', start: '30d' },
  });
  installation.rule('app.yml', ruleOf('App made', 'high', ['APP_CREATE']));
  add('e-old', 60 * 24 * 3, { user_email: 'bob@example.com', user_id: 8, source_country: 'DE' });
  add('e-app', 90, { event_type: 'APP_CREATE', source_ip: '2001:db8::7', context: { name: 'größte "App"' } });
  add('e-evil', 60, { user_email: '\u001b[2Jeve\u202e@example.com', source_country: 'RU' });
  add('e-big', 30, { context: { number: 12345678901234567890n.toString() } });
  add('e-new', 5);
});
afterEach(() => scope.close());

const command = (...args: readonly string[]): Promise<Ran> =>
  runHere(['events', ...args, '-c', installation.config]);
const poll = async (): Promise<void> => {
  await (await runInProcess(installation.config, 'once')).done;
};
const rows = async (...args: readonly string[]): Promise<readonly Row[]> => {
  const ran = await command('list', '--json', ...args);
  expect(ran.stderr).toBe('');
  return jsonLines(ran.stdout).map((line) => listedRow.parse(line));
};
const ids = async (...args: readonly string[]): Promise<readonly string[]> =>
  (await rows(...args)).map(({ id }) => id);

describe.each(['local', 'api'])('events list --source %s', (source) => {
  const list = (...args: readonly string[]): Promise<readonly string[]> => ids('--source', source, ...args);
  beforeEach(async () => {
    if (source === 'local') await poll();
  });

  it('is newest first, and filters by everything that can be asked', async () => {
    expect(await list()).toEqual(['e-new', 'e-big', 'e-evil', 'e-app', 'e-old']);
    expect(await list('--limit', '2')).toEqual(['e-new', 'e-big']);
    expect(await list('--from', '2h', '--to', '45m')).toEqual(['e-evil', 'e-app']);
    expect(await list('--type', 'APP_CREATE', '--type', 'APP_DELETE')).toEqual(['e-app']);
    expect(await list('--user', '8')).toEqual(['e-old']);
    expect(await list('--user', 'bob@')).toEqual(['e-old']);
    expect(await list('--country', 'de')).toEqual(['e-old']);
    expect(await list('--ip', '2001:db8::/32')).toEqual(['e-app']);
    expect(await list('--ip', '203.0.113.9', '--country', 'RU')).toEqual(['e-evil']);
    expect(await list('--search', 'größte "App"')).toEqual(['e-app']);
    expect(await list('--user', 'nobody')).toEqual([]);
  });

  it('has the shape of the API and the event itself', async () => {
    const [row] = await rows('--source', source, '--type', 'APP_CREATE');
    expect(row).toMatchObject({
      account: 'default',
      who: 'alice@example.com',
      ip: '2001:db8::7',
      country: 'NL',
      json: { context: { name: 'größte "App"' } },
    });
    expect(row?.seen_at === null).toBe(source === 'api');
    expect(row?.alerts.map(({ title }) => title)).toEqual(source === 'local' ? ['App made'] : []);
  });

  it('refuses an account that there is not', async () => {
    const ran = await command('list', '--source', source, '--account', 'defualt');
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toMatch(/there is no account "defualt"; .* default; did you mean "default"\?/);
  });
});

describe('events list', () => {
  it('is a table, an array, or for spreadsheets; nothing in it steers a terminal', async () => {
    await poll();
    const table = await command('list', '--limit', '3');
    expect(table.stdout.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')).toBe(
      `TIME (UTC)           TYPE        WHO                           FROM            ALERT  ID
TIME  USER_LOGIN  alice@example.com             203.0.113.9 NL         e-new
TIME  USER_LOGIN  alice@example.com             203.0.113.9 NL         e-big
TIME  USER_LOGIN  ␛[2Jeve<U+202E>@example.com   203.0.113.9 RU         e-evil
the newest 3 events; --limit gives more
`
        .replace('@example.com   203.0.113.9 RU', '@example.com  203.0.113.9 RU')
        .replaceAll('alice@example.com             ', 'alice@example.com            ')
        .replace('WHO                           ', 'WHO                          '),
    );
    const array = JSON.parse((await command('list', '--output', 'json')).stdout) as unknown[];
    expect(array.map((row) => listedRow.parse(row).id)).toEqual(await ids());
    expect(JSON.parse((await command('list', '--output', 'json', '--user', 'nobody')).stdout)).toEqual([]);
    const csv = (await command('list', '--output', 'csv', '--country', 'RU')).stdout;
    expect(csv).toMatch(/^account,id,event_type,.*\r\ndefault,e-evil,USER_LOGIN,/);
    // oxlint-disable-next-line eslint/no-control-regex -- these are the characters it is about
    expect(csv).not.toMatch(/[\u001b\u202e]/);
    expect((await command('list', '--user', 'nobody')).stdout).toBe('there are none\n');
  });

  it('of the API asks it for what it can filter, and reads no more than it needs', async () => {
    await ids('--source', 'api', '--type', 'USER_LOGIN', '--search', 'LOGIN_SUCCESS', '--limit', '1');
    const asked = simulator.requests.list().map(({ query }) => query);
    for (const query of asked)
      expect(query).toMatchObject({
        event_type: 'USER_LOGIN',
        search_text: 'LOGIN_SUCCESS',
        date_from: expect.stringMatching(/^\d{4}-/),
      });
    // The newest is five minutes old: the first hour has it.
    expect(asked.length).toBe(1);
  });

  it('of the API goes through more than fits into one window, account by account, in one order', async () => {
    for (let index = 0; index < 1_200; index += 1)
      add(`many-${String(index).padStart(4, '0')}`, 200 + index / 10);
    const all = await ids('--source', 'api', '--limit', '5000');
    expect(all).toHaveLength(1_205);
    expect(new Set(all).size).toBe(1_205);
    const times = (await rows('--source', 'api', '--limit', '5000')).map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted().reverse());
  });

  it('says when the API refuses it, and that it was stopped', async () => {
    installation.configure({ accounts: [{ name: 'default', api_key: KEY, api_secret: 'wrong' }] });
    const refused = await command('list', '--source', 'api');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^failed: .*401/);
    const stop = new AbortController();
    stop.abort();
    const stopped = await runHere(['events', 'list', '--source', 'api', '-c', installation.config], {
      signal: stop.signal,
    });
    expect(stopped).toMatchObject({ code: 1, stderr: 'stopped early: this is not all\n' });
    expect((await command('list', '--source', 'api', '--matched')).code).toBe(2);
    expect((await command('list', '--from', '1h', '--to', '2h')).code).toBe(2);
  });
});

describe('events get', () => {
  it('shows an event in words and in full, of the store and of the API', async () => {
    await poll();
    const shown = await command('get', 'e-app');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(
      /^alice@example\.com created application .*\n\nevent +e-app\ntype +APP_CREATE\n/,
    );
    expect(shown.stdout).toMatch(/alert +high App made/);
    expect(shown.stdout).toContain('"source_ip": "2001:db8::7"');
    const json = eventDetail.parse(JSON.parse((await command('get', 'e-app', '--json')).stdout));
    expect(json.alerts).toMatchObject([{ title: 'App made', level: 'high' }]);
    const remote = eventDetail.parse(
      JSON.parse((await command('get', 'e-app', '--source', 'api', '--json')).stdout),
    );
    expect(remote).toMatchObject({ event: { id: 'e-app', seen_at: null }, previous: null });
    expect((await command('get', 'e-evil')).stdout).not.toContain('\u001b');
    for (const from of ['local', 'api'])
      expect(await command('get', 'nobody', '--source', from)).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('events types', () => {
  const item = eventTypes.shape.items.element.extend({ description: z.string().nullable() });

  it('puts together what the API lists now, what is stored and what rules look for', async () => {
    await poll();
    const items = jsonLines((await command('types', '--json')).stdout).map((line) => item.parse(line));
    expect(items.find(({ event_type: type }) => type === 'APP_CREATE')).toMatchObject({
      listed: true,
      stored: 1,
      rules: ['App made'],
      description: expect.any(String),
    });
    expect(items.find(({ event_type: type }) => type === 'USER_LOGIN')).toMatchObject({
      stored: 4,
      rules: [],
    });
    expect((await command('types')).stdout).toMatch(
      /^TYPE +LISTED +STORED +LAST \(UTC\) +RULES +DESCRIPTION\n/,
    );
  });

  it('lists what is known without the API, or without a store', async () => {
    installation.configure({ accounts: [{ name: 'default', api_key: KEY, api_secret: 'wrong' }] });
    const ran = await command('types');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^account "default": .*401/);
    expect(ran.stdout).toMatch(/^APP_CREATE +no +some +- +1/m);
    installation.configure({ accounts: [{ name: 'default', api_key: KEY, api_secret: SECRET }] });
    expect((await command('types', '--source', 'local')).code).toBe(0);
  });
});
