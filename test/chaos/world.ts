import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
import type { DayStore } from './day-store.ts';
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
import type { DatabaseFault, SinkName, Treatment } from './trouble.ts';
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
  readonly atMs: number;
  readonly action: 'silence' | 'expected';
  readonly token: string;
  readonly asked: HttpAnswer;
  readonly done: HttpAnswer;
  readonly isTroubled: boolean;
}

/** What the monitor said of itself. */
export interface Look {
  readonly atMs: number;
  readonly alive: HttpAnswer;
  readonly ready: HttpAnswer;
  readonly metrics: HttpAnswer;
  readonly isTroubled: boolean;
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
  /** Where the monitor keeps everything. */
  readonly store: Pick<DayStore, 'kind' | 'place' | 'isUsable' | 'text'>;
  readonly config: () => string;
  /** Log lines of all lives. */
  readonly lines: readonly (readonly LogLine[])[];
  /** How the receiver of a sink treats what arrives; undefined: takes it. */
  treat(sink: SinkName, treatment: Treatment | undefined): void;
  /** What the way to the API, to a sink or to the database is like; kept for lives to come. */
  link(to: 'api' | 'database' | SinkName, change: (proxy: FaultProxy) => void | Promise<void>): Promise<void>;
  /** Changes a secret where it is used. */
  rotate(what: 'api' | 'hook' | 'heartbeat', to: string): void;
  /** Puts the secret in use into its file. */
  deliverSecret(what: 'api' | 'hook' | 'heartbeat'): void;
  /** Lets nothing be written to the database any more, or lets it again; false where that cannot be done. */
  fillStore(): Promise<boolean>;
  freeStore(): Promise<void>;
  /** Says that the store is in trouble from now on, until the function that is returned is called. */
  troubleStore(): () => void;
  /** See `DayStore`. */
  inflict(fault: DatabaseFault): Promise<(() => Promise<void>) | undefined>;
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

type Proxies = Readonly<Record<'api' | 'heartbeat' | SinkName, FaultProxy>> & {
  readonly database?: FaultProxy;
};

/** A process that lives, or did. */
interface Life {
  readonly number: number;
  readonly monitor: InProcess;
  readonly proxies: Proxies;
  /** Where its lines are. */
  readonly heard: number;
}

/** A place where a process is to run, as long as somebody wants one there. */
interface Post {
  life: Life | undefined;
}

/** What looks after the process starts it anew after so long when it ends by itself: a database may be away. ms */
const RESTART_MS = 10_000;
/** As long as an orchestrator waits between asking a process to end and killing it. ms */
const STOP_WITHIN_MS = 10_000;
/** Of the HTTP server, to anything that is asked. ms */
const ANSWER_WITHIN_MS = 30_000;
/** In which a database that is back may still be spoken of as away: a request that hung is given up as late. ms */
const AFTER_TROUBLE_MS = 3 * 60_000;

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

/** Makes what the monitor of a day keeps everything in; `folder` is the day's, for files. */
type MakeStore = (folder: string) => DayStore;

/** Builds the world of a plan. Nothing runs yet. */
export const createWorld = async (plan: Plan, time: VirtualTime, makeStore: MakeStore): Promise<World> => {
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

  const store = makeStore(folder);
  scope.defer('store', () => store.close());

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
  /** What the files say, which follow what is in use. */
  const known = { ...tokens };
  /** Every life has ways and files of its own: a ghost must not read the address of the living. */
  const ways = new Map<number, Proxies>();
  const putSecrets = (): void => {
    put('api-secret', known.api);
    for (const [life, proxies] of ways)
      for (const what of ['hook', 'heartbeat'] as const)
        put(`${what}-url-${life}`, `http://127.0.0.1:${proxies[what].port}/${known[what]}`);
  };
  const random = createRand('chaos monitor', plan.seed);
  const first: Post = { life: undefined };
  const rivals = new Set<Post>();
  let troubles = 0;
  let troubledUntilMs = Number.NEGATIVE_INFINITY;
  let lives = 0;
  let config = '';
  const ghosts: Promise<unknown>[] = [];

  const clicks: Click[] = [];
  const looks: Look[] = [];
  const askMonitor = async (path: string, form?: URLSearchParams): Promise<HttpAnswer | undefined> => {
    const line = first.life?.monitor.lines.find(({ event }) => event === 'http.listening');
    try {
      return line && (await time.settled(ask(`${String(line['url'])}${path}`, form), ANSWER_WITHIN_MS));
    } catch (error) {
      // It gave up with its server, and waits to be begun anew; or waits for a server that does not answer.
      if (isTroubled() && store.kind === 'postgres') return undefined;
      throw error;
    }
  };
  const begin = async (isFirst: boolean): Promise<Life> => {
    const number = (lives += 1);
    const kept = async (name: string, proxy: FaultProxy): Promise<FaultProxy> => {
      await links.get(name)?.(proxy);
      return proxy;
    };
    const made = await Promise.all(
      Object.entries(ports).map(async ([name, port]) => {
        const proxy = await createFaultProxy(port, { onTraffic: time.touch });
        scope.defer(`proxy of ${name}`, () => proxy.close());
        return [name, await kept(name, proxy)] as const;
      }),
    );
    const { settings, link: database } = await store.way();
    // That of a rival is left alone, as in `link`: somebody has to be able to take over.
    if (database && isFirst) await kept('database', database);
    const proxies = { ...Object.fromEntries(made), ...(database && { database }) } as Proxies;
    ways.set(number, proxies);
    putSecrets();
    const path = join(folder, `monitor-${number}.yml`);
    writeFileSync(path, JSON.stringify(configuration(plan, proxies, settings, { folder, life: number })));
    config = path;
    const times: number[] = [];
    const monitor = await runInProcess(path, 'daemon', {
      now,
      ticks: time.now,
      leaseClock: time.now,
      random: () => random.next(),
      onLine: () => times.push(time.now()),
    });
    const heard = lines.push(monitor.lines) - 1;
    lineTimes.push(times);
    return { number, monitor, proxies, heard };
  };
  const end = async ({ number, monitor }: Life): Promise<void> => {
    // One that ended by itself has nothing to do any more.
    await time.settled(
      monitor.stop().catch(() => undefined),
      STOP_WITHIN_MS,
    );
    ways.delete(number);
  };
  /** Begins one at a post; whatever ends by itself is followed by another, as long as nobody took it away. */
  const occupy = async (post: Post): Promise<void> => {
    const fresh = await begin(post === first);
    post.life = fresh;
    fresh.monitor.done.catch(() => {
      setTimeout(() => {
        if (post.life === fresh) void occupy(post);
      }, RESTART_MS);
    });
  };
  const leave = async (post: Post): Promise<void> => {
    const { life } = post;
    post.life = undefined;
    if (life) await end(life);
  };
  const cutOff = (post: Post): void => {
    const { life: ghost } = post;
    post.life = undefined;
    if (!ghost) return;
    for (const proxy of Object.values(ghost.proxies)) {
      proxy.always({ kind: 'refuse' });
      proxy.cut();
    }
    ways.delete(ghost.number);
    lines[ghost.heard] = [...ghost.monitor.lines];
    // It goes on in a world of its own, which nobody looks at (what it says from now on, neither), until it notices that it was asked to end.
    ghosts.push(ghost.monitor.stop());
  };
  const isTroubled = (): boolean => troubles > 0 || time.now() < troubledUntilMs;

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
    fillStore: store.fill,
    freeStore: store.free,
    inflict: store.inflict,
    troubleStore() {
      troubles += 1;
      return () => {
        troubles -= 1;
        if (store.kind === 'postgres') troubledUntilMs = time.now() + AFTER_TROUBLE_MS;
      };
    },
    async click(action, nth) {
      const links = [...hook.requests, ...pager.requests].flatMap(({ body }) => linkOf(body, action));
      const url = links.at(-1 - nth);
      if (url === undefined) return;
      const { pathname } = new URL(url);
      const asked = await askMonitor(pathname);
      const done = await askMonitor(pathname, new URLSearchParams({ name: 'chaos', note: 'a click' }));
      if (asked && done)
        clicks.push({
          atMs: time.now(),
          action,
          token: pathname.replace('/act/', ''),
          asked,
          done,
          isTroubled: isTroubled(),
        });
    },
    async look() {
      const [alive, ready, metrics] = [
        await askMonitor('/livez'),
        await askMonitor('/readyz'),
        await askMonitor('/metrics'),
      ];
      if (alive && ready && metrics)
        looks.push({ atMs: time.now(), alive, ready, metrics, isTroubled: isTroubled() });
    },
    clicks,
    looks,
    hasRival: () => rivals.size > 0,
    arrivals,
    store,
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
      const living = [first, ...(to === 'database' ? [] : rivals)].flatMap(
        ({ life }) => life?.proxies[to] ?? [],
      );
      for (const proxy of living) await change(proxy);
    },
    isRunning: () => first.life !== undefined,
    start: () => occupy(first),
    async startRival() {
      const rival: Post = { life: undefined };
      rivals.add(rival);
      await occupy(rival);
      return async () => {
        rivals.delete(rival);
        await leave(rival);
      };
    },
    stop: () => leave(first),
    async kill() {
      store.kill();
      // A file that was moved away under it would be another store.
      if (store.kind === 'sqlite') for (const rival of rivals) cutOff(rival);
      cutOff(first);
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
  store: object,
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
  store: { ...store, ...(plan.leaseMs === undefined ? {} : { lease: `${plan.leaseMs}ms` }) },
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
