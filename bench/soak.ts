import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { KEY, SECRET } from '../test/support/installation.ts';
import { type Child, memoryOf, ROOT, startNode } from './child.ts';
import { install, type Program, startMonitor } from './installation.ts';
import { accountFor, type Receiver, type SinkTally } from './soak-account.ts';
import { median, quantile } from './statistics.ts';
import type { Figure } from './table.ts';

/** The receivers by what they play; see soak-stage.ts. */
const TROUBLE = ['healthy', 'down', 'busy', 'slow'] as const;
const ALL_WELL = ['healthy', 'healthy2', 'healthy3', 'healthy4'] as const;
/** What waits for a sink in trouble is folded above this. */
const FOLD_ABOVE = 1_000;
/** After the last alert: longer than the longest pause of an open circuit. */
const DRAIN_MS = 600_000;
/** The run without trouble needs no more than this for its quantiles. */
const COMPARED = 30_000;

const RULE = `title: Anything
logsource: {product: vonage, service: audit}
detection:
  selection: {event_type|exists: true}
  condition: selection
level: high
`;

interface Run {
  readonly tallies: readonly SinkTally[];
  readonly delaysMs: readonly number[];
  /** Resident memory every second from the first alert until the outbox was empty. */
  readonly memoryMb: readonly number[];
  readonly seconds: number;
}

/**
 * Alerts to four sinks at once, of which one is down half of the time, one answers 429 to most, and one is slow; through
 * the whole process, from the Audit API to webhooks. Every delivery is accounted for by its id, in the outbox and at its
 * receiver. Beside it the same with four sinks that are all well.
 */
export const measureSoak = async (
  program: Program,
  options: { readonly alerts: number; readonly perSecond: number },
): Promise<readonly Figure[]> => {
  const { alerts } = options;
  const well = await soak(program, ALL_WELL, { ...options, alerts: Math.min(alerts, COMPARED) });
  const trouble = await soak(program, TROUBLE, options);
  // Whether a long delay belongs to one bad moment of the machine or to all of the run.
  console.error(
    `  p99 of the healthy sink in each tenth of the run, ms: ${tenths(trouble.delaysMs).join(', ')}`,
  );
  const quarter = Math.floor(trouble.memoryMb.length / 4);
  const count = (of: (tally: SinkTally) => number): number =>
    [...trouble.tallies, ...well.tallies].reduce((sum, tally) => sum + of(tally), 0);
  const delay = (share: number, aim?: Figure['aim']): Figure => ({
    name: `  healthy sink, decided to received, p${share * 100}`,
    value: quantile(trouble.delaysMs, share),
    unit: 'ms',
    beside: { name: 'four healthy sinks', value: quantile(well.delaysMs, share) },
    ...(aim && { aim }),
  });
  return [
    {
      name: `soak of ${alerts.toLocaleString('en')} alerts to four sinks, three in trouble`,
      value: trouble.seconds,
      unit: 's',
    },
    { name: '  lost', value: count(({ lost }) => lost), unit: 'deliveries', aim: { most: 1 } },
    {
      name: '  received again with another alert in it',
      value: count(({ changed }) => changed),
      unit: 'deliveries',
      aim: { most: 1 },
    },
    ...trouble.tallies.flatMap(({ sink, sent, folded, again, refused }): readonly Figure[] => [
      { name: `  ${sink}: sent`, value: sent, unit: 'deliveries' },
      { name: `  ${sink}: told in digests`, value: folded, unit: 'deliveries' },
      { name: `  ${sink}: received again, same id`, value: again, unit: 'deliveries' },
      { name: `  ${sink}: refused by the receiver`, value: refused, unit: 'requests' },
    ]),
    delay(0.5),
    delay(0.99, { times: 1.25 }),
    {
      name: '  resident memory, last quarter of the time',
      value: median(trouble.memoryMb.slice(3 * quarter)),
      unit: 'MB',
      beside: { name: 'second quarter', value: median(trouble.memoryMb.slice(quarter, 2 * quarter)) },
      aim: { times: 1.1 },
    },
    { name: '  resident memory, peak', value: Math.max(...trouble.memoryMb), unit: 'MB' },
  ];
};

const tenths = (delaysMs: readonly number[]): readonly number[] => {
  const length = Math.ceil(delaysMs.length / 10);
  return Array.from({ length: 10 }, (_, index) =>
    Math.round(quantile(delaysMs.slice(index * length, (index + 1) * length), 0.99)),
  );
};

const soak = async (
  program: Program,
  sinks: readonly string[],
  options: { readonly alerts: number; readonly perSecond: number },
): Promise<Run> => {
  const { alerts, perSecond } = options;
  const installation = install('http://127.0.0.1:1', {});
  const file = join(installation.folder, 'report.ndjson');
  const stage = startNode([`${ROOT}bench/soak-stage.ts`, String(alerts), String(perSecond), file]);
  let monitor: Child | undefined;
  try {
    const { fields } = await stage.line('soak.listening');
    installation.rule('anything.yml', RULE);
    installation.configure({
      accounts: [{ name: 'default', api_key: KEY, api_secret: SECRET }],
      api: { base_url: fields.api, timeout: '10s' },
      poll: { interval: '250ms', settle: '0s', overlap: '1s', start: 'now' },
      sinks: Object.fromEntries(
        sinks.map((name) => [
          name,
          {
            type: 'webhook',
            url: `${String(fields.hooks)}/${name}`,
            ...(name.startsWith('healthy') ? {} : { fold_above: FOLD_ABOVE }),
          },
        ]),
      ),
      routes: [{ to: sinks }],
    });
    monitor = startMonitor(program, installation);
    const { pid } = monitor;
    await monitor.line('poll.completed');
    const memoryMb: number[] = [];
    const sampling = setInterval(() => memoryMb.push(memoryOf(pid).nowMb), 1_000);
    const startedMs = performance.now();
    try {
      process.kill(stage.pid, 'SIGUSR2');
      await Promise.race([stage.line('soak.fed'), monitor.failure()]);
      await Promise.race([drained(installation.database, alerts), monitor.failure()]);
    } finally {
      clearInterval(sampling);
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    await monitor.stop();
    process.kill(stage.pid, 'SIGUSR2');
    await stage.line('soak.reported');
    const receivers = readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => JSON.parse(line) as Receiver);
    const tallies = accountFor(installation.database, receivers, sinks, alerts);
    const delaysMs = receivers.find(({ path }) => path === '/healthy')?.delaysMs ?? [];
    return { tallies, delaysMs, memoryMb, seconds };
  } finally {
    await monitor?.kill();
    await stage.kill();
    installation.remove();
  }
};

/** Resolves when all alerts have been decided and nothing waits any more, or when it has taken too long. */
const drained = async (path: string, alerts: number): Promise<void> => {
  const db = new Database(path, { readonly: true });
  const decided = db.prepare<[], number>("SELECT count(*) FROM alerts WHERE kind = 'rule'").pluck();
  const waiting = db
    .prepare<[], number>(
      "SELECT coalesce(sum(count), 0) FROM delivery_counts WHERE state IN ('pending', 'sending')",
    )
    .pluck();
  try {
    for (let leftMs = DRAIN_MS; leftMs > 0; leftMs -= 1_000) {
      if (waiting.get() === 0 && decided.get() === alerts) return;
      await sleep(1_000);
    }
    console.error(`${waiting.get()} deliveries still wait`);
  } finally {
    db.close();
  }
};
