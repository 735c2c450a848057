import pg from 'pg';
import { verifyChainsAt } from '../../src/store/open.ts';
import type { Receiver } from '../support/receiver.ts';
import type { Remains } from './decided.ts';
import type { Fleet } from './fleet.ts';
import type { PollRequest } from './front.ts';
import type { Lost } from './inflict.ts';
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

/** A body of a webhook, as far as it is looked at. */
export interface Message {
  readonly id: string;
  readonly delivery_id: string;
  readonly kind: string;
  readonly rule: { readonly id: string; readonly title: string };
  readonly event_ids: readonly string[];
}

type Request = Receiver['requests'][number];

const messages = new WeakMap<Request, Message>();
/** What a request says; read once, since the same are looked at again and again. */
const messageOf = (request: Request): Message => {
  const known = messages.get(request);
  if (known) return known;
  const message = JSON.parse(request.body) as Message;
  messages.set(request, message);
  return message;
};

/** What the receivers were told. */
export interface Told {
  /** Alerts that one of those that are always there was not told of. */
  readonly missing: readonly string[];
  /** Deliveries that came again. */
  readonly repeats: number;
  readonly violations: readonly string[];
}

/** What the receivers were told, against what they should have been; the last one needs not have been told all. */
export const told = (fleet: Fleet): Told => {
  const missing: string[] = [];
  const violations: string[] = [];
  let repeats = 0;
  const all = [...fleet.receivers, ...(fleet.digest ? [fleet.digest] : [])];
  for (const [at, receiver] of all.entries()) {
    const first = new Map<string, string>();
    const owner = new Map<string, string>();
    const events = new Set<string>();
    for (const request of receiver.requests) {
      const { id: alert, rule, event_ids: of, delivery_id: named } = messageOf(request);
      const id = String(request.headers['webhook-id']);
      if (named !== id) violations.push(`delivery ${id} to sink ${at} calls itself ${named}`);
      if (rule.title === 'App') for (const event of of) events.add(event);
      const before = first.get(alert);
      if (before === undefined) first.set(alert, id);
      else {
        repeats += 1;
        if (before !== id)
          violations.push(`alert ${alert} came to sink ${at} as ${before}, and again as ${id}`);
      }
      if ((owner.get(id) ?? alert) !== alert)
        violations.push(`delivery ${id} to sink ${at} was ${owner.get(id)}, then ${alert}`);
      owner.set(id, alert);
    }
    if (at < fleet.receivers.length - 1)
      for (const event of fleet.expected) if (!events.has(event)) missing.push(event);
  }
  return { missing, repeats, violations };
};

/**
 * What receivers were told and the database does not know: what it has lost in a failover may have been told. Findings are decided
 * again in the same way, so that they are known all the same. `arrivedMs`: when a request came.
 */
export const unknown = (
  fleet: Pick<Fleet, 'receivers' | 'digest'>,
  { alerts, deliveries }: Remains,
  lost: readonly Lost[],
  arrivedMs: (request: Request) => number,
): readonly string[] => {
  const wasLost = (request: Request): boolean =>
    lost.some(({ fromMs, toMs }) => arrivedMs(request) >= fromMs && arrivedMs(request) <= toMs + LATE_MS);
  return [...fleet.receivers, ...(fleet.digest ? [fleet.digest] : [])].flatMap(({ requests }) =>
    requests.flatMap((request) => {
      const { id, delivery_id: delivery, kind, rule } = messageOf(request);
      // Told past the store, since that is what is in trouble.
      if (rule.id === 'system.store') return [];
      const mayGo = wasLost(request);
      // Only some configurations have that rule.
      if (kind === 'rule' && !alerts.has(id) && !(mayGo && rule.title === 'Login'))
        return [`alert ${id} of ${rule.title} was told, and was never decided`];
      return deliveries.has(delivery) || mayGo
        ? []
        : [`delivery ${delivery} of ${rule.title} was made by nobody`];
    }),
  );
};

/** A send that was under way may arrive so long after. */
const LATE_MS = 2_000;

/** Whether receivers got all that the database says was sent. */
export const received = (
  fleet: Pick<Fleet, 'receivers' | 'digest'>,
  { deliveries }: Remains,
): readonly string[] => {
  const named = new Map<string, Receiver>([
    ...fleet.receivers.map((receiver, at): [string, Receiver] => [
      at === fleet.receivers.length - 1 ? 'extra' : `hook${at}`,
      receiver,
    ]),
    ...(fleet.digest ? [['digest', fleet.digest] as const] : []),
  ]);
  const got = new Map(
    [...named].map(([name, { requests }]) => [
      name,
      new Set(requests.map(({ headers }) => String(headers['webhook-id']))),
    ]),
  );
  return [...deliveries.values()].flatMap(({ id, sink, state }) =>
    state === 'sent' && !got.get(sink)?.has(id)
      ? [`delivery ${id} is said to be sent, and ${sink} has not got it`]
      : [],
  );
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
