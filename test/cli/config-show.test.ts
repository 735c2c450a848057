import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Ran, runProcess } from '../support/command.ts';
import { createInstallation, type Installation, KEY } from '../support/installation.ts';

const SECRETS = {
  API_SECRET: 'the-secret-of-the-account',
  HOOK: 'https://hooks.example.com/services/T000/B000/verysecret',
  HEADER: 'Bearer another-secret-thing',
  TOKEN: 'a-token-of-the-api-0123456789',
  BEAT: 'https://beat.example.com/ping/abcdef0123456789',
};

let installation: Installation;
beforeEach(() => {
  installation = createInstallation('http://127.0.0.1:9');
  writeFileSync(join(installation.folder, 'token'), SECRETS.TOKEN, { mode: 0o600 });
  writeFileSync(
    installation.config,
    `accounts:
  - { name: default, api_key: ${KEY}, api_secret: "\${API_SECRET}" }
api: { base_url: "\${BASE:-https://api.example.com/audit}" }
poll: { interval: 45s }
rules: [rules]
sinks:
  hook:
    type: webhook
    url: "\${HOOK}"
    headers: { Authorization: "\${HEADER}", X-Team: blue }
routes: [{ to: [hook] }]
http: { listen: 127.0.0.1:9999, tokens: [{ name: ops, role: operate, token_file: token }] }
heartbeat: { url: "\${BEAT}" }
`,
  );
});
afterEach(() => installation.remove());

const show = (...args: readonly string[]): Promise<Ran> =>
  runProcess(['config', 'show', '-c', installation.config, ...args], { env: SECRETS });

describe('config show', () => {
  it('is the configuration in force: defaults filled in, and where each value comes from', async () => {
    const ran = await show();
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('  interval: 45s\n  overlap: 10m # default\n');
    expect(ran.stdout).toContain('  base_url: https://api.example.com/audit # environment\n');
    const { config, sources } = JSON.parse((await show('--json')).stdout) as {
      config: Record<string, Record<string, unknown>>;
      sources: Record<string, string>;
    };
    expect(parse(ran.stdout)).toEqual(config);
    expect(config).toMatchObject({
      poll: { interval: '45s', settle: '5s', start: 'now' },
      store: { path: 'data/monitor.db', retention: '400d' },
      timezone: 'UTC',
      log: { level: 'info', events: 'all' },
      reconcile: { requests_per_minute: 60 },
    });
    expect(sources).toMatchObject({
      'poll.interval': 'line 4',
      'poll.settle': 'default',
      'accounts[0].api_secret': 'environment',
      'sinks.hook.timeout': 'default',
    });
  });

  it('names no file of a store that is a database', async () => {
    const before = readFileSync(installation.config, 'utf8');
    const url = 'postgres://monitor:a-password-of-it@db.example.com/monitor';
    writeFileSync(join(installation.folder, 'database'), url, { mode: 0o600 });
    for (const store of [`{ url: "${url}" }`, '{ url_file: database, pool_size: 5 }']) {
      writeFileSync(installation.config, `${before}store: ${store}\n`);
      const { stdout } = await show('--json');
      const { config } = JSON.parse(stdout) as { config: Record<string, Record<string, unknown>> };
      expect(config['store']).toMatchObject({ lease: '10s', retention: '400d' });
      expect(config['store']).not.toHaveProperty('path');
      expect(stdout).not.toContain('a-password-of-it');
    }
  });

  it('shows no secret, wherever it comes from', async () => {
    for (const { stdout } of [await show(), await show('--json')]) {
      for (const secret of Object.values(SECRETS)) expect(stdout).not.toContain(secret);
      expect(stdout).toContain('[redacted]');
      expect(stdout).toContain('blue');
    }
  });

  it('refuses what is wrong as every command does', async () => {
    writeFileSync(installation.config, 'accounts: []\n');
    const ran = await show();
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('accounts');
  });
});
