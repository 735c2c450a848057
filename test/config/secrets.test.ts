import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, load } from './files.ts';

const ACCOUNT_BY_FILE = 'accounts: [{ name: a, api_key: k, api_secret_file: key.txt }]\n';

it('passwords of a database are known wherever the URL holds them', async () => {
  const url = 'postgres://u:fi%40rst@h/d?application_name=x&password=sec%40ond';
  const root = folder({ 'monitor.yml': `accounts: []\nrules: []\nstore: { url: '${url}' }\n` });
  const { secrets } = await load({ root });
  expect(secrets).toEqual(expect.arrayContaining([url, 'fi%40rst', 'fi@rst', 'sec%40ond', 'sec@ond']));
});

describe('secrets in files', () => {
  it('are found relative to the configuration file, or by their whole path, without the last line end', async () => {
    const root = folder({
      'monitor.yml': 'accounts: []',
      'sub/key.txt': ' s p\n\n',
      url: 'http://127.0.0.1/hook\n',
      secret: 'whsec_abc\r\n',
    });
    writeFileSync(
      join(root, 'monitor.yml'),
      `accounts: [{ name: a, api_key: k, api_secret_file: sub/key.txt }]
rules: []
sinks: { w: { type: webhook, url_file: ${root}/url, secret_file: "\${DIR}/secret" } }
`,
    );
    const { settings, problems, secrets, warnings } = await load({ root }, { DIR: root });
    expect(problems).toEqual([]);
    expect(settings?.accounts[0]?.credentials().apiSecret).toBe(' s p');
    expect(settings?.accounts[0]?.secretFile).toBe(join(root, 'sub/key.txt'));
    expect(settings?.sinks[0]).toMatchObject({
      off: false,
      options: { url: 'http://127.0.0.1/hook', secret: 'whsec_abc' },
    });
    expect(secrets).toEqual(expect.arrayContaining([' s p', 'http://127.0.0.1/hook', 'whsec_abc', 'abc']));
    expect(warnings[0]).toBe(
      'monitor.yml:1:52: accounts[0]: the secret begins or ends with white space; is that meant?',
    );
  });

  it.each([
    ['missing', {}, 'no such file'],
    ['empty', { 'key.txt': '\n' }, 'empty'],
    ['a folder', { 'key.txt/x': '' }, 'a folder; allowed: a file'],
    [
      'not UTF-8',
      { 'key.txt': new Uint8Array([0xff, 0xfe, 0x41, 0]) },
      'not UTF-8 (it looks like UTF-16); allowed: a text file in UTF-8',
    ],
    ['too large', { 'key.txt': 'x'.repeat(1_048_577) }, 'too large: 1048577 bytes; allowed: at most 1048576'],
  ])('%s: a problem', async (_title, files, why) => {
    const root = folder({
      ...files,
      'monitor.yml': `${ACCOUNT_BY_FILE}rules: []\nsinks: { w: { type: webhook, url_file: key.txt } }\n`,
    });
    expect((await load({ root })).problems).toEqual([
      `monitor.yml:1:52: accounts[0].api_secret_file: found "key.txt" (${why}), allowed: a readable file that holds the secret`,
      `monitor.yml:3:40: sinks.w.url_file: found "key.txt" (${why}), allowed: a readable file that holds the secret`,
    ]);
  });

  it('beside the value itself: a problem', async () => {
    const root = folder({
      'key.txt': 'x',
      'monitor.yml': `accounts: [{ name: a, api_key: k, api_secret: s, api_secret_file: key.txt }]
sinks: { w: { type: webhook, url: "http://127.0.0.1/", url_file: key.txt }, v: { type: webhook, url_file: [] } }
`,
    });
    expect((await load({ root })).problems).toEqual([
      'monitor.yml:1:67: accounts[0]: found both api_secret and api_secret_file, allowed: one of them',
      'monitor.yml:2:66: sinks.w: found both url and url_file, allowed: one of them',
      'monitor.yml:2:107: sinks.v.url_file: found an empty list, allowed: the path of a file',
    ]);
  });

  it('with a value that the sink refuses are placed where the file is named, the value not shown', async () => {
    const root = folder({
      url: 'hunter2',
      'monitor.yml': `accounts: [{ name: a, api_key: k, api_secret: s }]\nsinks: { w: { type: webhook, url_file: url } }\n`,
    });
    expect((await load({ root })).problems).toEqual([
      'monitor.yml:2:40: sinks.w.url: found a text (not shown), allowed: a URL',
    ]);
  });
});

describe('a rotated secret', () => {
  const rotated = async (env: Record<string, string>, text: string, change: (root: string) => void) => {
    const root = folder({ 'key.txt': 'old-secret\n', 'monitor.yml': `${text}rules: []\n` });
    const absolute = Object.fromEntries(Object.entries(env).map(([name, file]) => [name, join(root, file)]));
    const { settings, secrets } = await load({ root }, absolute);
    const read = (): string | undefined => settings?.accounts[0]?.credentials().apiSecret;
    expect([read(), read()]).toEqual(['old-secret', 'old-secret']);
    change(root);
    return { root, read, secrets };
  };
  const byVariable = 'accounts: [{ name: a, api_key: k, api_secret: "${MY_SECRET}" }]\n';

  it.each([
    ['named in the configuration', {}, ACCOUNT_BY_FILE],
    ['named by a variable', { MY_SECRET_FILE: 'key.txt' }, byVariable],
  ])('in a file %s is used at once, and known to the redactor', async (_title, env, text) => {
    const { read, secrets } = await rotated(env, text, (root) =>
      writeFileSync(join(root, 'key.txt'), 'new-secret'),
    );
    expect(read()).toBe('new-secret');
    expect(secrets).toEqual(['old-secret', 'new-secret']);
  });

  it('of the same length, by a renamed file or a swapped link, is noticed', async () => {
    const { root, read } = await rotated({}, ACCOUNT_BY_FILE, (root) => {
      writeFileSync(join(root, 'next'), 'NEW-secret\n');
      renameSync(join(root, 'next'), join(root, 'key.txt'));
    });
    expect(read()).toBe('NEW-secret');
    writeFileSync(join(root, 'third'), 'third');
    rmSync(join(root, 'key.txt'));
    symlinkSync(join(root, 'third'), join(root, 'key.txt'));
    expect(read()).toBe('third');
  });

  it('that is missing, empty or unreadable for a while leaves the last one in use', async () => {
    const { root, read, secrets } = await rotated({}, ACCOUNT_BY_FILE, (root) =>
      rmSync(join(root, 'key.txt')),
    );
    expect(read()).toBe('old-secret');
    writeFileSync(join(root, 'key.txt'), '\n');
    expect(read()).toBe('old-secret');
    writeFileSync(join(root, 'key.txt'), 'back');
    expect(read()).toBe('back');
    expect(secrets).toEqual(['old-secret', 'back']);
  });
});

describe('what the redactor is told', () => {
  it('is every secret, however it is given', async () => {
    const { secrets, problems } = await load(
      `accounts:
  - { name: a, api_key: key-is-public, api_secret: first-secret }
  - { name: b, api_key: key-is-public2, api_secret: "\${S:-second-secret}" }
sinks:
  off: { type: webhook, url: "" }
  w:
    type: webhook
    url: https://user:pass@example.com/hook?token=t0ken
    secret: [whsec_Zmlyc3Q=, another secret-word]
    headers: { authorization: Bearer bearer-token, accept: text/plain }
`,
      { HTTPS_PROXY: 'http://me:proxy-password@proxy:3128', HTTP_PROXY: 'http://proxy:3128' },
    );
    expect(problems).toEqual([]);
    expect(secrets).toEqual([
      'first-secret',
      'second-secret',
      'https://user:pass@example.com/hook?token=t0ken',
      'whsec_Zmlyc3Q=',
      'Zmlyc3Q=',
      'another secret-word',
      'secret-word',
      'Bearer bearer-token',
      'bearer-token',
      'http://me:proxy-password@proxy:3128',
    ]);
  });

  it('and no message holds one, whatever is wrong', async () => {
    const secret = 'hunter2-hunter2';
    const texts = [
      `accounts: [{ name: a, api_key: "${secret}:", api_secret: { x: ${secret} } }]\n`,
      `accounts: [{ name: a, api_key: k, api_secret: ${secret} x: y }]\n`,
      `accounts: [{ name: a, api_key: k, api_secret: "${secret} }]\n`,
      `accounts: [{ name: a, api_key: k, api_secret: "\${S}${secret}" }]\n`,
      `accounts: [{ name: a, api_key: k, api_secret: "\${${secret}" }]\n`,
      `accounts: [{ name: a, api_key: k, api_secret: !${secret} x }]\n`,
      `accounts: ${secret}\n`,
      `accounts:\n  - ${secret}\n`,
      `accounts:\n  api_secret: ${secret}\n`,
      `${secret}\n`,
      `- ${secret}\nb: c\n`,
      `sinks: { w: { type: webhook, url: ${secret}, secret: { a: ${secret} }, headers: { x-token: [${secret}] } } }\n`,
      `api: { base_url: "ftp://a:${secret}@b" }\n`,
    ];
    for (const text of texts) {
      const { problems, warnings } = await load(text);
      expect(problems.length).toBeGreaterThan(0);
      expect([...problems, ...warnings].join('\n')).not.toContain(secret);
    }
  });
});
