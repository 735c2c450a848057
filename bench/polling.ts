import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, memoryOf, ROOT, startNode } from './child.ts';
import type { ServerUse } from './database.ts';
import { type Program, startMonitor } from './installation.ts';
import type { Place } from './place.ts';
import { accountKey, accountName, SCALE_SECRET } from './scale-store.ts';
import { since, type Usage, usageOf } from './usage.ts';

/**
 * An Audit API with so many accounts, in a process of its own. Every answer comes after `latencyMs`. The accounts are quiet; with
 * `backlog`, each has so many events of the last day.
 */
export const startQuietApi = async (
  accounts: number,
  latencyMs: number,
  backlog?: number,
): Promise<Child & { readonly url: string }> => {
  const api = startNode([
    `${ROOT}bench/scale-api.ts`,
    String(accounts),
    String(latencyMs),
    ...(backlog === undefined ? [] : [String(backlog)]),
  ]);
  const { fields } = await api.line('api.listening');
  return { ...api, url: String(fields.url) };
};

/** The sections of a configuration that polls the first accounts of such an API. */
export const quietAccounts = (accounts: number, interval: string): object => ({
  accounts: Array.from({ length: accounts }, (_, index) => ({
    name: accountName(index),
    api_key: accountKey(index),
    api_secret: SCALE_SECRET,
  })),
  poll: { interval, start: 'now' },
});

const SCRAPE_TRIES = 5;

/** Asks a monitor for its metrics. */
const scrape = async (monitor: Child): Promise<string> => {
  const { fields } = await monitor.line('http.listening');
  for (let tries = 1; ; tries += 1) {
    try {
      return await (await fetch(`${String(fields.url)}/metrics`)).text();
    } catch (error) {
      // Connections that were idle may just be closed by the other side, and each new question may meet one of them.
      if (tries >= SCRAPE_TRIES) throw error;
    }
  }
};

/** Asks a monitor how many shares of a kind it holds; 0 of those where one process does everything. */
export const sharesHeld = async (monitor: Child): Promise<(kind: string) => number> => {
  const text = await scrape(monitor);
  return (kind) =>
    Number(new RegExp(`^\\w*replica_shares\\{kind="${kind}"\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
};

/** Passes that a monitor has completed so far, by its log: there is a line for each, while metrics of many accounts are left out. */
export const passesOf = (monitor: Child): number => monitor.tally(PASSED).lines;

/** Accounts of which there was any. */
export const polledBy = (monitor: Child): number => monitor.tally(PASSED).accounts;

const PASSED = 'poll.completed';

/** Passes over some seconds, and what they took. */
export interface Polling {
  readonly perSecond: number;
  readonly passes: number;
  readonly monitor: Usage;
  readonly server: ServerUse | undefined;
  readonly nowMb: number;
  /** From the start of the process until every account was polled once. */
  readonly allPolledMs: number;
}

/** Runs a monitor until every account was polled, then `warmSeconds` more, and measures the `seconds` after that. */
export const measurePolling = async (
  program: Program,
  place: Place,
  options: { readonly accounts: number; readonly warmSeconds: number; readonly seconds: number },
): Promise<Polling> => {
  const monitor = startMonitor(program, place.installation);
  try {
    await monitor.line(PASSED);
    while (polledBy(monitor) < options.accounts) await Promise.race([sleep(200), monitor.failure()]);
    const allPolledMs = performance.now() - monitor.spawnedMs;
    // Somebody does so everywhere, and memory is that of a process that was asked.
    await scrape(monitor);
    await sleep(options.warmSeconds * 1_000);
    const serverBefore = await place.use();
    const before = { passes: passesOf(monitor), atMs: performance.now(), usage: usageOf(monitor.pid) };
    await sleep(options.seconds * 1_000);
    const usage = usageOf(monitor.pid);
    const elapsedMs = performance.now() - before.atMs;
    const passes = passesOf(monitor) - before.passes;
    const serverAfter = await place.use();
    const { nowMb } = memoryOf(monitor.pid);
    await monitor.stop();
    return {
      perSecond: (passes / elapsedMs) * 1_000,
      passes,
      monitor: since(before.usage, usage),
      server: serverBefore && serverAfter && since(serverBefore, serverAfter),
      nowMb,
      allPolledMs,
    };
  } finally {
    await monitor.kill();
  }
};
