import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '../../src/base/scope.ts';
import { createRand } from '../../src/simulator/random.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { createFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { type InProcess, runInProcess } from '../support/in-process.ts';
import type { LogLine } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';
import { mountVolume } from '../support/volume.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import type { Plan } from './plan.ts';
import {
  type Heartbeat,
  heartbeatReceiver,
  mailAnswer,
  slackReceiver,
  type Visit,
  webhookReceiver,
} from './receivers.ts';
import { DAY_RULES } from './rules.ts';
import type { SinkName, Treatment } from './trouble.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What must never be seen outside of the configuration. */
export const CANARIES = {
  hook: 'canary-hook-token',
  pager: 'canary-pager-token',
  sign: 'whsec_Y2FuYXJ5LXNpZ25pbmcta2V5LWNhbmFyeQ==',
  mail: 'canary-mail-password',
  chat: 'canary-chat-token',
  heartbeat: 'canary-heartbeat-token',
} as const;

/** An answer of the monitor's own HTTP server. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** A link that was followed. */
export interface Click {
  readonly action: 'silence' | 'expected';
  readonly token: string;
  readonly asked: HttpAnswer;
  readonly done: HttpAnswer;
  readonly isFull: boolean;
}

/** What the monitor said of itself. */
export interface Look {
  readonly atMs: number;
  readonly alive: HttpAnswer;
  readonly ready: HttpAnswer;
  readonly metrics: HttpAnswer;
  readonly isFull: boolean;
}

/** Everything around the monitor, and the lives of the monitor one after the other. */
export interface World {
  readonly simulator: Simulator;
  readonly receivers: Readonly<Record<'hook' | 'pager' | 'chat', Receiver>>;
  readonly mailbox: Mailbox;
  /** Delivery ids (webhooks) and mails' message ids that a receiver has taken. */
  readonly taken: Readonly<Record<'hook' | 'pager', Set<string>>>;
  /** Ids of alerts that Slack has taken. */
  readonly takenByChat: ReadonlySet<string>;
  readonly heartbeats: readonly Heartbeat[];
  /** What came to the sinks' receivers over HTTP, in order. */
  readonly visits: readonly Visit[];
  /** When the monitor's lines were written, by the world's time, life by life as {@link lines}. */
  readonly lineTimes: readonly (readonly number[])[];
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
  /** Changes a secret where it is used. */
  rotate(what: 'api' | 'hook' | 'heartbeat', to: string): void;
  /** Puts the secret in use into its file. */
  deliverSecret(what: 'api' | 'hook' | 'heartbeat'): void;
  /** Lets nothing grow any more where the database is, or lets it grow again; false where that cannot be done. */
  fillStore(): boolean;
  freeStore(): void;
  readonly isStoreFull: boolean;
  /** Follows the link of one of the latest alerts that arrived and has such a link; confirms what it asks. */
  click(action: 'silence' | 'expected', nth: number): Promise<void>;
  /** Asks the monitor's HTTP server how it is. */
  look(): Promise<void>;
  readonly clicks: readonly Click[];
  readonly looks: readonly Look[];
  hasRival(): boolean;
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

type Proxies = Readonly<Record<'api' | 'heartbeat' | SinkName, FaultProxy>>;

const VOLUME_MB = 1_024;

/** The link with which a reader of a webhook can do this. */
const linkOf = (body: string, action: 'silence' | 'expected'): readonly string[] => {
  const { actions = [] } = JSON.parse(body) as {
    readonly actions?: readonly { label: string; url: string }[];
  };
  return actions
    .filter(({ label }) => label.startsWith(action === 'silence' ? 'Silence' : 'Expected'))
    .map(({ url }) => url);
};

/** One request over a connection of its own, with `form` a POST. */
const ask = (url: string, form: URLSearchParams | undefined): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const headers = form ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
    const sent = request(url, { method: form ? 'POST' : 'GET', agent: false, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.on('error', reject);
    sent.end(form?.toString());
  });

/** Builds the world of a plan. Nothing runs yet. */
export const createWorld = async (plan: Plan, time: VirtualTime): Promise<World> => {
  const scope = createScope();
  const folder = mkdtempSync(join(BASE, 'vam-chaos-'));
  scope.defer('folder', () => rmSync(folder, { recursive: true, force: true }));
  const simulator = await createSimulator({ accounts: plan.accounts, seed: plan.seed, now: time.now });
  scope.defer('simulator', () => simulator.close());
  const treatments = new Map<SinkName, Treatment>();
  const taken = { hook: new Set<string>(), pager: new Set<string>() };
  const takenByChat = new Set<string>();
  const beats: Heartbeat[] = [];
  const visits: Visit[] = [];
  const visited =
    (sink: Visit['sink']) =>
    (isTaken: boolean): void =>
      void visits.push({ sink, atMs: time.now(), taken: isTaken });
  const tokens = {
    api: plan.accounts[0]?.secret ?? '',
    hook: CANARIES.hook as string,
    heartbeat: CANARIES.heartbeat as string,
  };
  const arrivals = new Map<string, number>();
  const arrived = (id: string): void => {
    const key = `${id} at ${new Date(time.now()).toISOString().slice(0, 19)}`;
    arrivals.set(key, (arrivals.get(key) ?? 0) + 1);
  };
  const isHook = (path: string): boolean => path === `/${tokens.hook}`;
  const hook = await webhookReceiver('hook', treatments, isHook, taken.hook, arrived, visited('hook'));
  scope.defer('hook', () => hook.close());
  const pager = await webhookReceiver(
    'pager',
    treatments,
    () => true,
    taken.pager,
    arrived,
    visited('pager'),
  );
  scope.defer('pager', () => pager.close());
  const chat = await slackReceiver(treatments, takenByChat, visited('chat'));
  scope.defer('chat', () => chat.close());
  const heartbeat = await heartbeatReceiver((path) => path === `/${tokens.heartbeat}`, beats, time.now);
  scope.defer('heartbeat', () => heartbeat.close());
  const mailbox = await createMailbox(() => mailAnswer(treatments.get('mail')));
  scope.defer('mailbox', () => mailbox.close());
  const ports = {
    api: Number(new URL(simulator.url).port),
    hook: hook.port,
    pager: pager.port,
    mail: mailbox.port,
    chat: chat.port,
    heartbeat: heartbeat.port,
  };
  mkdirSync(join(folder, 'rules'));
  for (const [index, { yaml }] of DAY_RULES.entries())
    writeFileSync(join(folder, 'rules', `${index}.yml`), yaml);

  const volumeFolder = join(folder, 'volume');
  // Nobody but root may have one: then the store is never full.
  const volume = plan.episodes.some(({ trouble }) => trouble.kind === 'store')
    ? mountVolume(volumeFolder, VOLUME_MB)
    : undefined;
  if (volume) scope.defer('volume', () => volume.remove());
  else mkdirSync(volumeFolder, { recursive: true });
  let isStoreFull = false;

  const clock = { skewMs: 0 };
  const now = (): number => time.now() + clock.skewMs;
  const links = new Map<string, (proxy: FaultProxy) => void | Promise<void>>();
  const lines: (readonly LogLine[])[] = [];
  const lineTimes: (readonly number[])[] = [];
  /** Replaced in one step, as an operator should. */
  const put = (name: string, text: string): void => {
    const file = join(folder, name);
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  let ways: Proxies | undefined;
  /** What the files say, which follow what is in use. */
  const known = { ...tokens };
  /** Every life has ways and files of its own: a ghost must not read the address of the living. */
  const putSecrets = (): void => {
    put('api-secret', known.api);
    for (const what of ['hook', 'heartbeat'] as const) {
      const port = ways?.[what].port ?? 0;
      put(`${what}-url-${lives}`, `http://127.0.0.1:${port}/${known[what]}`);
    }
  };
  const random = createRand('chaos monitor', plan.seed);
  let life: { readonly monitor: InProcess; readonly proxies: Proxies } | undefined;
  let lives = 0;
  let database = join(volumeFolder, 'data-0', 'monitor.db');
  let config = '';
  const ghosts: Promise<unknown>[] = [];

  const clicks: Click[] = [];
  const looks: Look[] = [];
  let rivals = 0;
  const askMonitor = async (path: string, form?: URLSearchParams): Promise<HttpAnswer | undefined> => {
    const line = life?.monitor.lines.find(({ event }) => event === 'http.listening');
    return line && time.settled(ask(`${String(line['url'])}${path}`, form), 30_000);
  };
  const proxiesOf = async (): Promise<Proxies> => {
    const made = await Promise.all(
      Object.entries(ports).map(async ([name, port]) => {
        const proxy = await createFaultProxy(port, { onTraffic: time.touch });
        scope.defer(`proxy of ${name}`, () => proxy.close());
        await links.get(name)?.(proxy);
        return [name, proxy] as const;
      }),
    );
    return Object.fromEntries(made) as Proxies;
  };
  const run = async (): Promise<InProcess> => {
    const times: number[] = [];
    const monitor = await runInProcess(config, 'daemon', {
      now,
      ticks: time.now,
      random: () => random.next(),
      onLine: () => times.push(time.now()),
    });
    lines.push(monitor.lines);
    lineTimes.push(times);
    return monitor;
  };

  return {
    simulator,
    receivers: { hook, pager, chat },
    mailbox,
    taken,
    takenByChat,
    heartbeats: beats,
    visits,
    lineTimes,
    rotate(what, to) {
      tokens[what] = to;
      if (what === 'api') simulator.setSecret(plan.accounts[0]?.key ?? '', to);
    },
    deliverSecret(what) {
      known[what] = tokens[what];
      putSecrets();
    },
    fillStore() {
      volume?.fill();
      isStoreFull = volume !== undefined;
      return isStoreFull;
    },
    freeStore() {
      volume?.grow(VOLUME_MB);
      isStoreFull = false;
    },
    get isStoreFull() {
      return isStoreFull;
    },
    async click(action, nth) {
      const links = [...hook.requests, ...pager.requests].flatMap(({ body }) => linkOf(body, action));
      const url = links.at(-1 - nth);
      if (url === undefined) return;
      const { pathname } = new URL(url);
      const asked = await askMonitor(pathname);
      const done = await askMonitor(pathname, new URLSearchParams({ name: 'chaos', note: 'a click' }));
      if (asked && done)
        clicks.push({ action, token: pathname.replace('/act/', ''), asked, done, isFull: isStoreFull });
    },
    async look() {
      const [alive, ready, metrics] = [
        await askMonitor('/livez'),
        await askMonitor('/readyz'),
        await askMonitor('/metrics'),
      ];
      if (alive && ready && metrics)
        looks.push({ atMs: time.now(), alive, ready, metrics, isFull: isStoreFull });
    },
    clicks,
    looks,
    hasRival: () => rivals > 0,
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
      ways = proxies;
      putSecrets();
      config = join(folder, `monitor-${lives}.yml`);
      writeFileSync(config, JSON.stringify(configuration(plan, proxies, database, { folder, life: lives })));
      life = { monitor: await run(), proxies };
    },
    async startRival() {
      rivals += 1;
      const rival = await run();
      return async () => {
        await time.settled(rival.stop(), 10_000);
        rivals -= 1;
      };
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
      const next = join(volumeFolder, `data-${lives}`);
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
  proxies: Proxies,
  database: string,
  { folder, life }: { readonly folder: string; readonly life: number },
): object => ({
  accounts: plan.accounts.map(({ name, key, secret }, index) => ({
    name,
    api_key: key,
    ...(index === 0 ? { api_secret_file: join(folder, 'api-secret') } : { api_secret: secret }),
  })),
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
      url_file: join(folder, `hook-url-${life}`),
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
    chat: {
      type: 'slack',
      url: `http://127.0.0.1:${proxies.chat.port}/services/${CANARIES.chat}`,
      fold_above: 15,
      max_age: '2h',
      fallback: 'pager',
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
    { match: { kind: 'rule', level: ['critical', 'medium'] }, to: ['chat'], continue: true },
    { match: { kind: 'rule', level: 'medium' }, to: ['mail'], during: 'office_hours', continue: true },
    { match: { kind: 'rule', level: 'low' }, to: ['mail', 'pager'], continue: true },
    { to: ['console'] },
  ],
  // At the end, when every sink takes one again; in a long day also once before.
  drill: { at: londonTime(plan, 3), within: '10m' },
  // Days of virtual seconds, each with a look at real files.
  reload: { watch: false },
  heartbeat: { url_file: join(folder, `heartbeat-url-${life}`), interval: '5m' },
  http: { listen: '127.0.0.1:0', external_url: 'https://monitor.example.com' },
  log: { events: 'none' },
});

/** So many hours after the end, by the wall clock there. */
const londonTime = ({ endMs }: Plan, hours: number): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', minute: '2-digit' }).format(
    endMs + hours * 3_600_000,
  );
