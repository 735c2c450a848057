import { chmodSync, mkdirSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openMode } from '../../src/config/open-file.ts';
import { runHere } from '../support/command.ts';
import { startMonitor } from '../support/monitor-process.ts';

/* Secret files that every user of the machine can read are refused where the monitor starts, and warned about elsewhere. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TMPFS = 0x01021994;

/** A folder that is not on a tmpfs, where the guard would rightly look away. */
const folder = (): string => {
  const parent = statfsSync(tmpdir()).type === TMPFS ? join(ROOT, 'node_modules', '.cache') : tmpdir();
  const path = join(parent, `open-files-${process.pid}-${String(performance.now()).replace('.', '-')}`);
  mkdirSync(path, { recursive: true });
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

let root: string;
const file = (name: string, mode: number, text = 'a-secret-text\n'): string => {
  const path = join(root, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
beforeEach(() => {
  root = folder();
});

describe('a file that everybody can read', () => {
  it('is told by its mode', () => {
    expect(
      [0o644, 0o604, 0o777, 0o640, 0o600, 0o400, 0o440, 0o602].map((mode) => openMode(file('x', mode))),
    ).toEqual(['0644', '0604', '0777', undefined, undefined, undefined, undefined, undefined]);
  });

  it('is found behind a symbolic link, whose own mode says nothing', () => {
    file('open', 0o644);
    file('closed', 0o600);
    symlinkSync('open', join(root, 'to-open'));
    symlinkSync('closed', join(root, 'to-closed'));
    expect([openMode(join(root, 'to-open')), openMode(join(root, 'to-closed'))]).toEqual(['0644', undefined]);
    expect(openMode(join(root, 'none'))).toBeUndefined();
  });

  it('is nothing to mind on a tmpfs, as orchestrators mount secrets, and only there', () => {
    const path = file('x', 0o644);
    expect(openMode(path, () => TMPFS)).toBeUndefined();
    expect(openMode(path, () => 0xef53)).toBe('0644');
  });
});

/** Every place in a configuration that a secret can come from a file. */
const installed = (mode: number) => {
  for (const name of ['account', 'by-variable', 'hook', 'token', 'heartbeat', 'header']) file(name, mode);
  file('hook', mode, 'http://127.0.0.1:9/hook\n');
  file('heartbeat', mode, 'http://127.0.0.1:9/beat\n');
  // Public things may be public.
  file('id', 0o644, 'key2\n');
  const config = join(root, 'monitor.yml');
  writeFileSync(
    config,
    `accounts:
  - { name: one, api_key: key1, api_secret_file: account }
  - { name: two, api_key: "\${ID}", api_secret: "\${BY_VARIABLE}" }
api: { base_url: http://127.0.0.1:9/ }
store: { path: ${root}/data/monitor.db }
rules: []
http: { listen: "off" }
sinks:
  hook: { type: webhook, url_file: hook, headers: { x-token: "\${HEADER}" } }
  push: { type: ntfy, topic: alerts, token_file: token }
heartbeat: { url: "\${HEARTBEAT}" }
`,
  );
  const env = Object.fromEntries(
    [
      ['ID', 'id'],
      ['BY_VARIABLE', 'by-variable'],
      ['HEADER', 'header'],
      ['HEARTBEAT', 'heartbeat'],
    ].map(([name, path]) => [`${name}_FILE`, join(root, String(path))]),
  );
  const run = async (...args: string[]) => {
    const ran = startMonitor([...args, '--config', config], env);
    return { ...(await ran.ended), output: ran.output() };
  };
  return { run };
};

const PLACES = [
  ['2:50', 'accounts[0].api_secret_file', 'account'],
  ['3:48', 'accounts[1].api_secret', 'by-variable'],
  ['9:36', 'sinks.hook.url_file', 'hook'],
  ['9:62', 'sinks.hook.headers.x-token', 'header'],
  ['10:50', 'sinks.push.token_file', 'token'],
  ['11:19', 'heartbeat.url', 'heartbeat'],
] as const;

/** What is said of every place, in order. */
const said = (kind: string) =>
  PLACES.map(
    ([at, option, name]) =>
      `${kind}: ${root}/monitor.yml:${at}: ${option}: found a secret in a file that every user of this machine can read (mode 0644), allowed: a file for its owner alone; do: chmod 600 ${join(root, name)}`,
  );

describe('a configuration with such files', () => {
  it.each([['check'], ['run --once']])(
    'is refused by `%s`, with place and remedy for each',
    async (command) => {
      const { run } = installed(0o644);
      const { code, output } = await run(...command.split(' '));
      expect(code).toBe(2);
      expect(output.split('\n').filter((line) => line.startsWith('error: '))).toEqual(said('error'));
    },
  );

  it('is warned about with --insecure', async () => {
    const { run } = installed(0o644);
    const check = await run('check', '--insecure');
    expect(check.code).toBe(0);
    expect(
      check.output.split('\n').filter((line) => line.startsWith('warning: ') && line.includes('chmod')),
    ).toEqual(said('warning'));
    const once = await run('run', '--once', '--insecure');
    const warnings = once.output.split('\n').filter((line) => line.includes('"config.warning"'));
    expect(warnings.filter((line) => line.includes('chmod 600'))).toHaveLength(PLACES.length);
    expect(once.output).toContain('"monitor.started"');
  });

  it('is warned about by a command that only looks after a monitor', async () => {
    const { run } = installed(0o644);
    const { output } = await run('feeds');
    expect(output.split('\n').filter((line) => line.includes('chmod'))).toEqual(said('warning'));
  });

  it('is as good as any when the files are closed', async () => {
    const { run } = installed(0o600);
    const check = await run('check');
    expect([check.code, check.output]).toEqual([0, expect.not.stringContaining('chmod')]);
  });
});

it('a certificate is public: its file may be', async () => {
  const { CA_CERT } = await import('../support/certs.ts');
  file('ca', 0o644, CA_CERT);
  const config = file(
    'monitor.yml',
    0o644,
    'accounts: [{ name: a, api_key: k, api_secret: s3cret }]\nrules: []\nsinks: { it: { type: webhook, url: "https://127.0.0.1:9", ca_file: ca } }\n',
  );
  const ran = await runHere(['check', '--config', config]);
  expect([ran.code, ran.stderr]).toEqual([0, expect.not.stringContaining('chmod')]);
});
