import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { visibleText } from '../alerts/visible-text.ts';
import { isObject, own } from '../base/json.ts';
import { createScope, type Scope } from '../base/scope.ts';
import { sleep } from '../base/sleep.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { formatProblem } from '../core/problem.ts';
import { createMailReceiver } from '../demo/mail-receiver.ts';
import { createScreen, type Screen } from '../demo/screen.ts';
import { createWebhookReceiver } from '../demo/webhook-receiver.ts';
import { createGenerator } from '../simulator/generator.ts';
import { serveSimulator } from '../simulator/serve.ts';
import type { Story } from '../simulator/stories.ts';
import { load } from './load.ts';
import { runMonitor } from './monitor.ts';

/** How the demo is played. */
export interface DemoOptions {
  readonly packageDir: string;
  /** Ends after so long; undefined: when the signal aborts. */
  readonly forMs: number | undefined;
  readonly colour: boolean;
  readonly write: (text: string) => void;
  readonly now: Clock;
  readonly random: Random;
}

const ACCOUNT = { key: 'abcd1234', secret: 'simulator-secret' };
const SECRET = `whsec_${Buffer.from('a secret for the demo, known to all').toString('base64')}`;
/** Time the reader gets before the attack begins, when there is no hurry. */
const PROLOGUE_MS = 8_000;
/** How much the story's own time (minutes) is pressed together. */
const PACE = 0.14;

/**
 * The main job on one screen: a made-up Audit API with an ordinary company behind it, the real monitor with the shipped
 * rules polling it, a webhook and a mail receiver on this machine, and an account takeover played step by step. Resolves
 * with whether every step of the attack was told to the webhook.
 */
export const runDemo = async (options: DemoOptions, signal: AbortSignal): Promise<boolean> => {
  const scope = createScope();
  try {
    return await play(options, scope, signal);
  } finally {
    await scope.close();
  }
};

const play = async (options: DemoOptions, scope: Scope, signal: AbortSignal): Promise<boolean> => {
  const { now } = options;
  const printable = (text: string): string => visibleText(text, 400);
  const screen = createScreen({ ...options, printable });
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const told = new Set<string>();

  const webhook = await createWebhookReceiver(({ body }) => {
    for (const id of eventIds(body)) told.add(id);
    screen.webhook(body);
  });
  scope.defer('webhook receiver', webhook.close);
  const mail = await createMailReceiver(({ to, subject }) => screen.mail(to, subject));
  scope.defer('mail receiver', mail.close);
  const stopSimulator = new AbortController();
  const { simulator, done } = await serveSimulator(
    {
      accounts: [ACCOUNT],
      seed: 'demo',
      history: { count: 200, fromMs: now() - 14 * 86_400_000, toMs: now() - 60_000 },
      livePerMinute: 20,
      now,
    },
    stopSimulator.signal,
  );
  scope.defer('simulator', async () => {
    stopSimulator.abort();
    await done;
  });

  const folder = await mkdtemp(join(tmpdir(), 'vonage-audit-monitor-demo-'));
  scope.defer('temporary folder', () => rm(folder, { recursive: true, force: true }));
  const loaded = await load({
    path: join(options.packageDir, 'config', 'monitor.yml'),
    env: {
      VONAGE_API_KEY: ACCOUNT.key,
      VONAGE_API_SECRET: ACCOUNT.secret,
      VONAGE_AUDIT_URL: simulator.url,
      POLL_START: '14d',
      STORE_PATH: join(folder, 'monitor.db'),
      WEBHOOK_URL: webhook.url,
      WEBHOOK_SECRET: SECRET,
      SMTP_URL: mail.url,
      ALERT_EMAIL_FROM: 'monitor@example.com',
      ALERT_EMAIL_TO: 'oncall@example.com',
      HTTP_LISTEN: '127.0.0.1:0',
    },
    cwd: process.cwd(),
    packageDir: options.packageDir,
    now,
  });
  if (!loaded.ready) throw new Error(loaded.problems.map((problem) => formatProblem(problem)).join('\n'));
  // The shipped configuration as it is, only faster: nobody wants to watch a poll every half minute.
  const { settings } = loaded.ready;
  const poll = { ...settings.poll, intervalMs: 1_000, settleMs: 0, overlapMs: 60_000, overlapAuto: false };

  introduce(screen, simulator.url, loaded.ready.rules.rules.length);
  const monitor = runMonitor(
    {
      ...loaded.ready,
      settings: { ...settings, poll },
      warnings: [],
      reload: () => Promise.resolve(loaded),
      log: screenLog(screen),
      redact: (text) => text,
      now,
      random: options.random,
    },
    'daemon',
    until,
  );
  // Should the monitor fail, the play ends with it.
  const watched = monitor.finally(() => ended.abort());

  const prologueMs = options.forMs === undefined ? PROLOGUE_MS : Math.min(PROLOGUE_MS, options.forMs / 5);
  const story = createGenerator({ seed: 'demo story', account: ACCOUNT.key }).stories.accountTakeover(
    now() + prologueMs,
    { pace: paceFor(options.forMs, prologueMs) },
  );
  const played = playStory(story, (event) => simulator.add(ACCOUNT.key, event), screen, now, until);
  const timer =
    options.forMs === undefined ? undefined : sleep(options.forMs, until).then(() => ended.abort());
  await played;
  await sleep(4_000, until);
  if (!until.aborted) epilogue(screen, story, told);
  await watched;
  await timer;
  return story.steps.every(({ event }) => told.has(event.id));
};

/** A story of minutes in the time there is: its last step comes well before the end, so that its alert is still seen. */
const paceFor = (forMs: number | undefined, prologueMs: number): number => {
  const storyMs = 330_000;
  return forMs === undefined ? PACE : Math.min(PACE, Math.max(0.001, (forMs * 0.65 - prologueMs) / storyMs));
};

const playStory = async (
  story: Story,
  add: (event: Story['steps'][number]['event']) => void,
  screen: Screen,
  now: Clock,
  signal: AbortSignal,
): Promise<void> => {
  for (const { atMs, note, event } of story.steps) {
    await sleep(Math.max(0, atMs - now()), signal);
    if (signal.aborted) return;
    screen.line();
    screen.step(note);
    add(event);
  }
};

const introduce = (screen: Screen, url: string, rules: number): void => {
  screen.line('vonage-audit-monitor demo');
  screen.line();
  screen.line(`  A made-up Audit API runs at ${url}; an ordinary company works behind it.`);
  screen.line(
    `  The real monitor polls it every second, holds every event against the ${rules} shipped rules, and sends`,
  );
  screen.line('  alerts to a webhook and a mail server on this machine. Both print here what arrives.');
  screen.line();
  screen.line(
    '  Watch for the lines of the ATTACKER, and for what the webhook and the e-mail say within a second or two.',
  );
  screen.line('  Ctrl-C ends it.');
  screen.line();
};

const epilogue = (screen: Screen, story: Story, told: ReadonlySet<string>): void => {
  const caught = story.steps.filter(({ event }) => told.has(event.id)).length;
  screen.line();
  screen.line(
    `  ${caught} of the ${story.steps.length} steps of "${story.title}" were told. Nothing was sent to anybody else.`,
  );
  screen.line('  The company goes on working; Ctrl-C ends the demo. With a real account:');
  screen.line('  VONAGE_API_KEY=… VONAGE_API_SECRET=… npm start');
  screen.line();
};

const eventIds = (body: unknown): readonly string[] => {
  const ids = isObject(body) ? own(body, 'event_ids') : undefined;
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
};

/** Levels that the shipped routes send to webhook and e-mail. */
const PAGING: ReadonlySet<string> = new Set(['critical', 'high']);

const counted = (count: unknown, what: string): string => `${String(count)} ${what}${count === 1 ? '' : 's'}`;

/** The log as a person wants it beside a story: what was read, and everything that is wrong. */
const screenLog = (screen: Screen): Log => {
  // The first passes read two weeks of history; what was logged then is not what the reader came for.
  let busy = 0;
  return {
    debug() {},
    info(event, fields) {
      if (event === 'http.listening')
        screen.line(`  The dashboard of the monitor: ${String(fields?.url)}/\n`);
      if (event === 'poll.completed' && Number(fields?.new) > 0) {
        busy += 1;
        screen.monitor(
          `${counted(fields?.new, 'new event')}, ${counted(fields?.alerts, 'alert')}${busy === 1 ? ' (two weeks of history)' : ''}`,
        );
      }
      // What pages nobody goes to the log alone.
      if (event === 'alert' && busy > 1 && !PAGING.has(String(fields?.alert_level))) {
        screen.monitor(`only logged: ${String(fields?.alert_level)} ${String(fields?.rule_title)}`);
      }
    },
    warn: (event, fields) => screen.monitor(`${event} ${JSON.stringify(fields ?? {})}`),
    error: (event, fields) => screen.monitor(`${event} ${JSON.stringify(fields ?? {})}`),
  };
};
