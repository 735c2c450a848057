import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { KEY, SECRET } from '../support/installation.ts';
import { blocksOf, type Fence } from '../support/markdown.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

/* docs/getting-started.md, walked: its own commands, with the simulator in the account's place and a receiver in Slack's. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const blocks = blocksOf(readFileSync(join(ROOT, 'docs/getting-started.md'), 'utf8'));

let scope: Scope;
let folder: string;
let simulator: Simulator;
let slack: Receiver;
beforeEach(async () => {
  scope = createScope();
  folder = mkdtempSync(join(tmpdir(), 'getting-started-'));
  scope.defer('folder', () => rmSync(folder, { recursive: true, force: true }));
  simulator = await createSimulator();
  scope.defer('simulator', () => simulator.close());
  slack = await createReceiver();
  slack.answer({ body: 'ok' });
  scope.defer('slack', () => slack.close());
});
afterEach(() => scope.close());

/** The commands of one step, with our own values where the page has the reader's. */
const step = (role: string): string => {
  const block = blocks.find((each): each is Fence => each.kind === 'fence' && each.role === role);
  if (!block) throw new Error(`the page has no block "${role}"`);
  const values: Readonly<Record<string, string>> = {
    VONAGE_API_KEY: KEY,
    VONAGE_API_SECRET: SECRET,
    SLACK_WEBHOOK_URL: `${slack.url}/services/T0/B0/x`,
  };
  return block.text.replaceAll(/^export (\w+)=.*$/gm, (line, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`nothing stands for: ${line}`);
    return `export ${name}='${value}'`;
  });
};

/** What the page leaves to the machine: where the API is, and that nothing of this tree is written to. */
const environment = (): NodeJS.ProcessEnv => ({
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  HOME: folder,
  VONAGE_AUDIT_URL: simulator.url,
  STORE_PATH: join(folder, 'monitor.db'),
  HTTP_LISTEN: '127.0.0.1:0',
  POLL_INTERVAL: '1s',
  POLL_START: '1h',
});

it('steps 3 to 5: it is checked, a drill arrives, and so does the alert about a second secret', async () => {
  const { stdout } = await promisify(execFile)('sh', ['-euc', `${step('check')}${step('drill')}`], {
    cwd: ROOT,
    env: environment(),
  });
  expect(stdout).toMatch(/rules/);
  const [drill] = await slack.received(1);
  expect(drill?.body).toContain('drill');

  const exports = step('check').replaceAll(/^npm .*$/gm, '');
  const monitor = spawn('sh', ['-euc', `${exports}${step('run')}`], {
    cwd: ROOT,
    env: environment(),
    // npm, the shell and the monitor are one group, which is ended as one.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => monitor.on('close', resolve));
  scope.defer('monitor', async () => {
    if (monitor.pid !== undefined) process.kill(-monitor.pid, 'SIGTERM');
    await ended;
  });
  for await (const line of createInterface({ input: monitor.stdout }))
    if (line.includes('"poll.completed"')) break;
  monitor.stdout.resume();
  const generator = createGenerator({ seed: 'start', account: KEY });
  simulator.add(KEY, generator.any(Date.now() - 10_000, 'ACCOUNT_SECRET_CREATE'));
  await slack.received(2, 20_000);
  const told = slack.requests.slice(1).map(({ body }) => body);
  expect(told.join('\n')).toMatch(/API Secret Was Created|own access was touched/);
}, 60_000);
