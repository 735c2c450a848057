import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '../../src/base/scope.ts';
import { createRand } from '../../src/simulator/random.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { createFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { type InProcess, runInProcess } from '../support/in-process.ts';
import type { LogLine } from '../support/monitor-process.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createMailbox, type MailAnswer, type Mailbox } from './mailbox.ts';
import type { Plan, SinkName, Treatment } from './plan.ts';
import { DAY_RULES } from './rules.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What must never be seen outside of the configuration. */
export const CANARIES = {
  hook: 'canary-hook-token',
  pager: 'canary-pager-token',
  sign: 'whsec_Y2FuYXJ5LXNpZ25pbmcta2V5LWNhbmFyeQ==',
  mail: 'canary-mail-password',
} as const;

/** Everything around the monitor, and the lives of the monitor one after the other. */
export interface World {
  readonly simulator: Simulator;
  readonly receivers: Readonly<Record<'hook' | 'pager', Receiver>>;
  readonly mailbox: Mailbox;
  /** Delivery ids (webhooks) and mails' message ids that a receiver has taken. */
  readonly taken: Readonly<Record<'hook' | 'pager', Set<string>>>;
  /** How often each delivery arrived in each second, by `delivery second`. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** Where the monitor's database is now. */
  readonly database: () => string;
  readonly config: () => string;
  /** Log lines of all lives. */
  readonly lines: readonly (readonly LogLine[])[];
  /** How the receiver of a sink treats what arrives; undefined: takes it. */
  treat(sink: SinkName, treatment: Treatment | undefined): void;
  /** What the way to the API or to a sink is like; kept for lives to come. */
  link(to: 'api' | SinkName, change: (proxy: FaultProxy) => void | Promise<void>): Promise<void>;
  /** The monitor's clock. */
  readonly clock: { skewMs: number };
  readonly now: () => number;
  isRunning(): boolean;
  start(): Promise<void>;
  /** A second process on the same database; resolves with its end. */
  startRival(): Promise<() => Promise<void>>;
  /** As SIGTERM; rejects when it takes more than ten seconds. */
  stop(): Promise<void>;
  /** As SIGKILL: from this moment on nothing of it reaches anybody, and its files are as they are. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Files in memory where there are such: thousands of commits a second would otherwise wait for a disk. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Builds the world of a plan. Nothing runs yet. */
export const createWorld = async (plan: Plan, time: VirtualTime): Promise<World> => {
  const scope = createScope();
  const folder = mkdtempSync(join(BASE, 'vam-chaos-'));
  scope.defer('folder', () => rmSync(folder, { recursive: true, force: true }));
  const simulator = await createSimulator({ accounts: plan.accounts, seed: plan.seed, now: time.now });
  scope.defer('simulator', () => simulator.close());
  const treatments = new Map<SinkName, Treatment>();
  const taken = { hook: new Set<string>(), pager: new Set<string>() };
  const arrivals = new Map<string, number>();
  const arrived = (id: string): void => {
    const key = `${id} at ${new Date(time.now()).toISOString().slice(0, 19)}`;
    arrivals.set(key, (arrivals.get(key) ?? 0) + 1);
  };
  const hook = await webhookReceiver('hook', treatments, taken.hook, arrived);
  scope.defer('hook', () => hook.close());
  const pager = await webhookReceiver('pager', treatments, taken.pager, arrived);
  scope.defer('pager', () => pager.close());
  const mailbox = await createMailbox(() => mailAnswer(treatments.get('mail')));
  scope.defer('mailbox', () => mailbox.close());
  const ports = {
    api: Number(new URL(simulator.url).port),
    hook: hook.port,
    pager: pager.port,
    mail: mailbox.port,
  };
  mkdirSync(join(folder, 'rules'));
  for (const [index, { yaml }] of DAY_RULES.entries())
    writeFileSync(join(folder, 'rules', `${index}.yml`), yaml);

  const clock = { skewMs: 0 };
  const now = (): number => time.now() + clock.skewMs;
  const links = new Map<string, (proxy: FaultProxy) => void | Promise<void>>();
  const lines: (readonly LogLine[])[] = [];
  const random = createRand('chaos monitor', plan.seed);
  let life:
    | { readonly monitor: InProcess; readonly proxies: Readonly<Record<string, FaultProxy>> }
    | undefined;
  let lives = 0;
  let database = join(folder, 'data-0', 'monitor.db');
  let config = '';
  const ghosts: Promise<unknown>[] = [];

  const proxiesOf = async (): Promise<Record<keyof typeof ports, FaultProxy>> => {
    const made = await Promise.all(
      Object.entries(ports).map(async ([name, port]) => {
        const proxy = await createFaultProxy(port, { onTraffic: time.touch });
        scope.defer(`proxy of ${name}`, () => proxy.close());
        await links.get(name)?.(proxy);
        return [name, proxy] as const;
      }),
    );
    return Object.fromEntries(made) as Record<keyof typeof ports, FaultProxy>;
  };
  const run = async (): Promise<InProcess> => {
    const monitor = await runInProcess(config, 'daemon', { now, random: () => random.next() });
    lines.push(monitor.lines);
    return monitor;
  };

  return {
    simulator,
    receivers: { hook, pager },
    mailbox,
    taken,
    arrivals,
    database: () => database,
    config: () => config,
    lines,
    clock,
    now,
    treat(sink, treatment) {
      if (treatment) treatments.set(sink, treatment);
      else treatments.delete(sink);
    },
    async link(to, change) {
      links.set(to, change);
      const proxy = life?.proxies[to];
      if (proxy) await change(proxy);
    },
    isRunning: () => life !== undefined,
    async start() {
      lives += 1;
      const proxies = await proxiesOf();
      config = join(folder, `monitor-${lives}.yml`);
      writeFileSync(config, JSON.stringify(configuration(plan, proxies, database)));
      life = { monitor: await run(), proxies };
    },
    async startRival() {
      const rival = await run();
      return async () => void (await time.settled(rival.stop(), 10_000));
    },
    async stop() {
      const ending = life;
      life = undefined;
      if (ending) await time.settled(ending.monitor.stop(), 10_000);
    },
    async kill() {
      const ghost = life;
      life = undefined;
      if (!ghost) return;
      const next = join(folder, `data-${lives}`);
      mkdirSync(next);
      for (const file of ['', '-wal'])
        if (existsSync(database + file)) copyFileSync(database + file, join(next, `monitor.db${file}`));
      database = join(next, 'monitor.db');
      for (const proxy of Object.values(ghost.proxies)) {
        proxy.always({ kind: 'refuse' });
        proxy.cut();
      }
      // It goes on in a world of its own, which nobody looks at, until it notices that it was asked to end.
      ghosts.push(ghost.monitor.stop());
    },
    async close() {
      await time.settled(Promise.allSettled(ghosts), 3_600_000);
      await scope.close();
    },
  };
};

const configuration = (
  plan: Plan,
  proxies: Readonly<Record<'api' | SinkName, FaultProxy>>,
  database: string,
): object => ({
  accounts: plan.accounts.map(({ name, key, secret }) => ({ name, api_key: key, api_secret: secret })),
  api: {
    base_url: `http://127.0.0.1:${proxies.api.port}/beta/audit`,
    timeout: '10s',
    page_size: plan.poll.pageSize,
  },
  poll: {
    interval: `${plan.poll.intervalMs}ms`,
    settle: `${plan.poll.settleMs}ms`,
    overlap: `${plan.poll.overlapMs}ms`,
    // So long before that it is no time to come for a clock that is hours behind.
    start: new Date(plan.startMs - 4 * 3_600_000).toISOString(),
    max_window_events: plan.poll.maxWindowEvents,
  },
  store: { path: database },
  rules: ['rules'],
  timezone: 'Europe/London',
  // Closed at first, and open at the end, when everything that was held has to go.
  time_windows: { office_hours: { hours: `${londonTime(plan, 2)}-${londonTime(plan, 12)}` } },
  sinks: {
    console: { type: 'log' },
    hook: {
      type: 'webhook',
      url: `http://127.0.0.1:${proxies.hook.port}/${CANARIES.hook}`,
      secret: CANARIES.sign,
      rate: 2,
      burst: 5,
      fold_above: 10,
      fallback: 'mail',
    },
    pager: {
      type: 'webhook',
      url: `http://127.0.0.1:${proxies.pager.port}/${CANARIES.pager}`,
      concurrency: 2,
    },
    mail: {
      type: 'email',
      url: `smtp://monitor:${CANARIES.mail}@127.0.0.1:${proxies.mail.port}`,
      starttls: 'never',
      from: 'monitor@example.com',
      to: ['security@example.com'],
      max_age: '6h',
    },
  },
  routes: [
    { match: { kind: ['system', 'drill'] }, to: ['pager'], continue: true },
    {
      match: { kind: 'rule', level: ['critical', 'high'] },
      to: ['hook'],
      group: { by: ['rule', 'account'], wait: '30s', interval: '5m' },
      continue: true,
    },
    { match: { kind: 'rule', level: 'medium' }, to: ['mail'], during: 'office_hours', continue: true },
    { match: { kind: 'rule', level: 'low' }, to: ['mail', 'pager'], continue: true },
    { to: ['console'] },
  ],
  // At the end, when every sink takes one again; in a long day also once before.
  drill: { at: londonTime(plan, 3), within: '10m' },
  http: { listen: 'off' },
  // Days of virtual seconds, each with a look at real files.
  reload: { watch: false },
  log: { events: 'none' },
});

/** So many hours after the end, by the wall clock there. */
const londonTime = ({ endMs }: Plan, hours: number): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', minute: '2-digit' }).format(
    endMs + hours * 3_600_000,
  );

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const webhookReceiver = async (
  sink: 'hook' | 'pager',
  treatments: ReadonlyMap<SinkName, Treatment>,
  taken: Set<string>,
  arrived: (id: string) => void,
): Promise<Receiver> => {
  const receiver = await createReceiver();
  receiver.answer(async ({ headers }) => {
    const treatment = treatments.get(sink);
    arrived(String(headers['webhook-id']));
    switch (treatment?.kind) {
      case 'status': {
        const { status, retryAfterS } = treatment;
        return {
          status,
          ...(retryAfterS === undefined ? {} : { headers: { 'retry-after': String(retryAfterS) } }),
        };
      }
      case 'hang':
      case 'reset':
        return treatment.kind;
      case 'slow':
        await wait(treatment.ms);
        break;
      case undefined:
    }
    taken.add(String(headers['webhook-id']));
    return {};
  });
  return receiver;
};

const mailAnswer = async (treatment: Treatment | undefined): Promise<MailAnswer> => {
  switch (treatment?.kind) {
    case 'status':
      return treatment.status >= 500 || treatment.status === 429 ? 451 : 550;
    case 'hang':
    case 'reset':
      return treatment.kind;
    case 'slow':
      await wait(treatment.ms);
      return 'take';
    case undefined:
      break;
  }
  return 'take';
};
