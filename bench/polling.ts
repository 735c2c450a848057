import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, memoryOf, ROOT, startNode } from './child.ts';
import type { ServerUse } from './database.ts';
import { type Program, startMonitor } from './installation.ts';
import type { Place } from './place.ts';
import { accountKey, accountName, SCALE_SECRET } from './scale-store.ts';
import { since, type Usage, usageOf } from './usage.ts';

/** An Audit API with so many quiet accounts, in a process of its own. Every answer comes after `latencyMs`. */
export const startQuietApi = async (
  accounts: number,
  latencyMs: number,
): Promise<Child & { readonly url: string }> => {
  const api = startNode([`${ROOT}bench/scale-api.ts`, String(accounts), String(latencyMs)]);
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

/** What the metrics of a monitor say. */
export interface Scrape {
  /** Completed passes so far, and accounts of which there are any. */
  readonly passes: number;
  readonly polled: number;
  /** Shares that it holds, by kind; 0 of those where one process does everything. */
  shares(kind: string): number;
}

/** Asks a monitor for its metrics. */
export const scrape = async (monitor: Child): Promise<Scrape> => {
  const { fields } = await monitor.line('http.listening');
  const ask = async (): Promise<string> => (await fetch(`${String(fields.url)}/metrics`)).text();
  // A connection that was idle may just be closed by the other side: then it is asked once more.
  const text = await ask().catch(ask);
  const counts = [...text.matchAll(/^\w*poll_duration_seconds_count\{[^}]*\} (\S+)$/gm)].map((found) =>
    Number(found[1]),
  );
  return {
    passes: counts.reduce((sum, count) => sum + count, 0),
    polled: counts.filter((count) => count > 0).length,
    shares: (kind) =>
      Number(new RegExp(`^\\w*replica_shares\\{kind="${kind}"\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0),
  };
};

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
    await monitor.line('poll.completed');
    while ((await scrape(monitor)).polled < options.accounts) await sleep(500);
    const allPolledMs = performance.now() - monitor.spawnedMs;
    await sleep(options.warmSeconds * 1_000);
    const serverBefore = await place.use();
    const before = { ...(await scrape(monitor)), atMs: performance.now(), usage: usageOf(monitor.pid) };
    await sleep(options.seconds * 1_000);
    const usage = usageOf(monitor.pid);
    const elapsedMs = performance.now() - before.atMs;
    const passes = (await scrape(monitor)).passes - before.passes;
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
