import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Scope } from '../../src/base/scope.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { createInstallation, type Installation } from './installation.ts';
import { type MonitorProcess, startMonitor } from './monitor-process.ts';
import { createReceiver, type Receiver } from './receiver.ts';

export const OPERATE = 'operate-token-of-the-test-0123456789';
export const VIEW = 'view-token-of-the-test-0123456789abc';
const TOKENS = [
  { name: 'eve', role: 'operate', token: OPERATE },
  { name: 'victor', role: 'view', token: VIEW },
];

/** The real process with the dashboard, an Audit API, and two receivers of alerts. */
export interface DashboardRig {
  readonly url: string;
  readonly simulator: Simulator;
  readonly hook: Receiver;
  readonly pager: Receiver;
  readonly installation: Installation;
  readonly monitor: MonitorProcess;
  /** Starts the process again on the same port after it ended. */
  restart(): Promise<void>;
}

/**
 * A port that is free, also a moment later: it lies below those that systems hand out by themselves, so that no other test
 * gets it while the process is away.
 */
const freePort = async (): Promise<number> => {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
};

/** `sections` go into the configuration; `prepare` sees the installation and the Audit API before the process starts. */
export const startDashboard = async (
  scope: Scope,
  sections: object = {},
  prepare: (installation: Installation, simulator: Simulator) => Promise<void> | void = () => undefined,
): Promise<DashboardRig> => {
  const accounts = (
    sections as { readonly accounts?: readonly { readonly api_key: string; readonly api_secret: string }[] }
  ).accounts;
  const simulator = await createSimulator(
    accounts ? { accounts: accounts.map((one) => ({ key: one.api_key, secret: one.api_secret })) } : {},
  );
  scope.defer('simulator', () => simulator.close());
  const hook = await createReceiver();
  scope.defer('hook', () => hook.close());
  const pager = await createReceiver();
  scope.defer('pager', () => pager.close());
  const listen = `127.0.0.1:${await freePort()}`;
  const installation = createInstallation(simulator.url, {
    sinks: {
      hook: { type: 'webhook', url: hook.url },
      pager: { type: 'webhook', url: pager.url },
    },
    routes: [{ match: { level: 'critical' }, to: ['pager'], continue: true }, { to: ['hook'] }],
    http: { listen, tokens: TOKENS },
    ...sections,
  });
  scope.defer('installation', () => installation.remove());
  await prepare(installation, simulator);
  let monitor: MonitorProcess;
  const start = async (): Promise<void> => {
    monitor = startMonitor(['run', '--config', installation.config]);
    await monitor.until((line) => line.event === 'http.listening');
    await monitor.until((line) => line.event === 'poll.completed');
  };
  scope.defer('monitor', async () => {
    monitor.kill('SIGTERM');
    await monitor.ended;
  });
  await start();
  return {
    url: `http://${listen}`,
    simulator,
    hook,
    pager,
    installation,
    get monitor() {
      return monitor;
    },
    restart: start,
  };
};

/** Everything a page did that it must not do: errors, breaches of the policy, requests to others. */
export interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly wrongs: string[];
  /** Messages about requests that the test itself makes fail. */
  ignore(pattern: RegExp): void;
}

/** A page of its own in the browser, signed in if a token is given. */
export const openPage = async (
  browser: Browser,
  url: string,
  options: {
    readonly token?: string;
    readonly width?: number;
    readonly height?: number;
    readonly scheme?: 'light' | 'dark';
    readonly path?: string;
  } = {},
): Promise<Watched> => {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.scheme ?? 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'Europe/Amsterdam',
  });
  const wrongs: string[] = [];
  const ignored: RegExp[] = [];
  const wrong = (text: string): void => {
    if (!ignored.some((pattern) => pattern.test(text))) wrongs.push(text);
  };
  await context.exposeFunction('tellViolation', (text: string) => wrong(`policy: ${text}`));
  await context.addInitScript(
    "addEventListener('securitypolicyviolation', (e) => tellViolation(e.violatedDirective + ' ' + e.blockedURI));",
  );
  if (options.token !== undefined) {
    const answer = await context.request.post(`${url}/api/v1/session`, {
      data: { token: options.token },
      headers: { 'X-Requested-By': 'vonage-audit-monitor' },
    });
    if (!answer.ok()) throw new Error(`signing in was refused: ${answer.status()} ${await answer.text()}`);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrong(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    wrong(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) wrong(`request to another host: ${request.url()}`);
  });
  await page.goto(url + (options.path ?? '/'));
  return { context, page, wrongs, ignore: (pattern) => void ignored.push(pattern) };
};

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** What a check of accessibility finds on the page as it stands: only what is serious or critical. */
export const findBarriers = async (page: Page): Promise<readonly string[]> => {
  // Not a script of the page, so its policy has no say: the browser's own console runs it.
  await page.evaluate(AXE);
  const found = await page.evaluate<
    readonly { readonly id: string; readonly impact: string; readonly nodes: readonly string[] }[]
  >(
    "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => ({ id: v.id, impact: v.impact, nodes: v.nodes.map((n) => n.target.join(' ') + ': ' + (n.any[0]?.message ?? n.failureSummary)) })))",
  );
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 3).join(' | ')}`);
};
