import pg from 'pg';
import { verifyChainsAt } from '../../src/store/open.ts';
import type { Fleet } from './fleet.ts';
import type { PollRequest } from './front.ts';
import type { Handover } from './inflict.ts';
import type { ReplicaRun } from './replica-run.ts';

/* What has to hold of a fleet, whatever was done to it. Each function names what does not. */

/** How many shares of a kind every living replica holds, by the leases in the store. */
export const spread = async ({ store }: Pick<Fleet, 'store'>, kind: string): Promise<readonly number[]> => {
  const { shares, replicas } = await store.replicas.list();
  return replicas.map(
    ({ id }) =>
      shares.filter(({ name, lease }) => name.startsWith(`${kind}:`) && lease?.holder === id).length,
  );
};

/** Whether so many replicas share all of a kind as evenly as they can. */
export const isEven = async (fleet: Fleet, replicas: number, kind: string, all: number): Promise<boolean> => {
  const counts = await spread(fleet, kind);
  return (
    counts.length === replicas &&
    counts.reduce((sum, count) => sum + count, 0) === all &&
    Math.max(...counts) - Math.min(...counts) <= 1
  );
};

/** What comes so soon after waking was written before anything else was done. */
const FIRST_MS = 5;

/** The time from which a replica had an account. */
export interface Held {
  readonly account: string;
  readonly replica: string;
  readonly fromMs: number;
}

/** Who had what from when on. */
export const held = ({ tenures, replicas }: Pick<Fleet, 'tenures' | 'replicas'>): readonly Held[] =>
  tenures.known().flatMap(({ account, holder, fromMs }) => {
    const replica = replicas.find((run) => run.isHolder(holder))?.name;
    return replica === undefined ? [] : [{ account, replica, fromMs }];
  });

/**
 * Requests of a replica for an account after the first one of a later holder, and before it took the account anew itself. A request
 * belongs to the last time before it that its replica took the account. What an old holder had begun to ask may still be under
 * way then, but nothing may begin. A process that was suspended between asking whether it may and the wire sends that as the very first
 * thing when it wakes (`wokeMs`, by replica); that had begun before.
 */
export const overlaps = (
  polls: readonly PollRequest[],
  held: readonly Held[],
  wokeMs: ReadonlyMap<string, readonly number[]> = new Map(),
): readonly string[] => {
  const hadBegun = ({ replica, beganMs }: PollRequest): boolean =>
    (wokeMs.get(replica) ?? []).some((ms) => beganMs >= ms && beganMs - ms <= FIRST_MS);
  const heldOf = Map.groupBy(held, ({ account }) => account);
  return [...Map.groupBy(polls, ({ account }) => account)].flatMap(([account, of]) => {
    const times = (heldOf.get(account) ?? []).toSorted((a, b) => a.fromMs - b.fromMs);
    const found: string[] = [];
    let latest: { readonly poll: PollRequest; readonly heldFromMs: number } | undefined;
    for (const poll of of.toSorted((a, b) => a.beganMs - b.beganMs)) {
      const own = times.findLast(({ replica, fromMs }) => replica === poll.replica && fromMs <= poll.beganMs);
      const heldFromMs = own?.fromMs ?? Number.NEGATIVE_INFINITY;
      if (latest && latest.poll.replica !== poll.replica && heldFromMs < latest.heldFromMs) {
        if (hadBegun(poll)) continue;
        found.push(
          `${account} polled by an old holder: ${poll.replica} at ${iso(poll.beganMs)}, which had taken it at ${own ? iso(own.fromMs) : 'no time'}, after ${latest.poll.replica} at ${iso(latest.poll.beganMs)}, which took it at ${iso(latest.heldFromMs)}`,
        );
      } else latest = { poll, heldFromMs };
    }
    return found;
  });
};

/** A time in which nobody asked for the events of an account. */
export interface Gap {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** How much of it some replica could have worked. */
  readonly ableMs: number;
}

/** How long at least one of them could work between two times. */
export const ableMs = (
  replicas: readonly Pick<ReplicaRun, 'able'>[],
  fromMs: number,
  toMs: number,
): number => {
  const spans = replicas
    .flatMap((replica) => replica.able())
    .map((span) => ({ fromMs: Math.max(span.fromMs, fromMs), toMs: Math.min(span.toMs, toMs) }))
    .filter((span) => span.toMs > span.fromMs)
    .toSorted((a, b) => a.fromMs - b.fromMs);
  let sum = 0;
  let untilMs = fromMs;
  for (const span of spans) {
    sum += Math.max(0, span.toMs - Math.max(span.fromMs, untilMs));
    untilMs = Math.max(untilMs, span.toMs);
  }
  return sum;
};

/** The longest gap of every account between two times, that with the longest time to work in it first. */
export const gaps = (fleet: Fleet, fromMs: number, toMs: number): readonly Gap[] => {
  const byAccount = Map.groupBy(fleet.polls, ({ account }) => account);
  return fleet.accounts
    .map((account): Gap => {
      const begun = (byAccount.get(account) ?? [])
        .filter(({ beganMs }) => beganMs > fromMs && beganMs < toMs)
        .map(({ beganMs }) => beganMs);
      const times = [fromMs, ...begun.toSorted((a, b) => a - b), toMs];
      let worst: Gap = { account, fromMs, toMs: fromMs, ableMs: 0 };
      for (const [index, endMs] of times.slice(1).entries()) {
        const beginMs = times[index] ?? endMs;
        if (endMs - beginMs <= worst.ableMs) continue;
        const able = ableMs(fleet.replicas, beginMs, endMs);
        if (able > worst.ableMs) worst = { account, fromMs: beginMs, toMs: endMs, ableMs: able };
      }
      return worst;
    })
    .toSorted((a, b) => b.ableMs - a.ableMs);
};

/**
 * Accounts of replicas that ended in order and were followed too late. A lease that was not given back runs out no sooner than four
 * fifths of its time after: one that is followed as late may be slow for other reasons, half of them are not.
 */
export const followedLate = (
  handovers: readonly Handover[],
  leaseMs: number,
  slowness: (fromMs: number, toMs: number) => number,
): readonly string[] => {
  const calm = handovers
    .filter((handover) => handover.calm)
    .map(({ replica, atMs, ms }) => ({ replica, ms, leases: ms / leaseMs / slowness(atMs, atMs + ms) }))
    .toSorted((one, other) => one.leases - other.leases);
  const median = calm[Math.floor(calm.length / 2)]?.leases ?? 0;
  return [
    ...(median >= 0.8 ? [`half of those that left were followed after ${median.toFixed(1)} leases`] : []),
    ...calm
      .filter(({ leases }) => leases >= 1)
      .map(({ replica, ms }) => `the accounts of ${replica} were polled by others ${ms} ms after it left`),
  ];
};

/** Deliveries that have not come to an end. */
export const unfinished = async ({ databaseUrl }: Pick<Fleet, 'databaseUrl'>): Promise<number> =>
  withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM deliveries WHERE state IN ('pending', 'sending', 'parked')`,
    );
    return rows[0]?.count ?? 0;
  });

/** Whether every event is stored once and judged once, and all chains hold. */
export const stored = async (fleet: Fleet): Promise<readonly string[]> => {
  const found: string[] = [];
  await withClient(fleet.databaseUrl, async (client) => {
    const { rows: events } = await client.query<{ account: string; id: string; count: number }>(
      `SELECT a.name AS account, e.id, count(*)::int AS count FROM events AS e JOIN accounts AS a ON a.key = e.account
       GROUP BY 1, 2`,
    );
    const counts = new Map(events.map(({ account, id, count }) => [`${account} ${id}`, count]));
    for (const account of [...fleet.accounts, ...fleet.guests])
      for (const id of fleet.simulator.ids(account)) {
        const count = counts.get(`${account} ${id}`) ?? 0;
        counts.delete(`${account} ${id}`);
        if (count !== 1) found.push(`event ${id} of ${account} is stored ${count} times`);
      }
    for (const key of counts.keys()) found.push(`event ${key} is stored, and never was`);
    const { rows: alerts } = await client.query<{ event: string; rule: string; count: number }>(
      `SELECT l.event, r.json::jsonb -> 'rule' ->> 'title' AS rule, count(*)::int AS count FROM alert_events AS l
       JOIN alerts AS r ON r.seq = l.alert WHERE r.kind = 'rule' GROUP BY 1, 2`,
    );
    const judged = new Set(alerts.filter(({ rule }) => rule === 'App').map(({ event }) => event));
    for (const { event, rule, count } of alerts)
      if (count !== 1) found.push(`event ${event} is alerted ${count} times by ${rule}`);
    for (const event of fleet.expected) if (!judged.has(event)) found.push(`event ${event} is not judged`);
    for (const event of judged)
      if (!fleet.expected.has(event)) found.push(`event ${event} is alerted, and should not be`);
  });
  const { reports, complete } = await verifyChainsAt(
    { kind: 'postgres', url: fleet.databaseUrl, poolSize: 2 },
    { account: undefined, heads: [], onProgress: () => undefined, signal: new AbortController().signal },
  );
  if (!complete) found.push('chains were not verified to the end');
  for (const report of reports) if (report.broken) found.push(`chain broken: ${JSON.stringify(report)}`);
  return found;
};

const withClient = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query('SET search_path TO vonage_audit_monitor');
    return await work(client);
  } finally {
    await client.end();
  }
};

const iso = (ms: number): string => new Date(ms).toISOString();
