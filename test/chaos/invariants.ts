import type { Alert } from '../../src/core/alert.ts';
import type { DeliveryRecord, History, Page, PageQuery } from '../../src/core/history.ts';
import { everyItem } from '../../src/core/paging.ts';
import type { Store } from '../../src/core/store.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';
import { openStoreAt } from '../../src/store/open.ts';
import type { LogLine } from '../support/monitor-process.ts';
import { causeOf, isStore } from './causes.ts';
import {
  arrivedAtSlack,
  beatsRightly,
  clickedRightly,
  headsHold,
  neverAhead,
  neverHammers,
  saidRightly,
  wasLost,
} from './invariants-outside.ts';
import { type Plan } from './plan.ts';
import { DAY_RULES } from './rules.ts';
import { OVERLAP_MS } from './trouble.ts';
import { CANARIES, type World } from './world.ts';

/** How much there was to look at. */
export interface Sums {
  readonly events: number;
  readonly alerts: Readonly<Record<string, number>>;
  readonly deliveries: Readonly<Record<string, number>>;
  readonly webhooks: number;
  readonly repeated: number;
  readonly mails: number;
  readonly slack: number;
  readonly heartbeats: number;
  readonly looks: number;
  readonly clicks: number;
  readonly full: number;
  readonly lives: number;
}

/** What is left of a day. */
interface Remains {
  readonly plan: Plan;
  readonly world: World;
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly deliveries: ReadonlyMap<string, DeliveryRecord>;
  /** All events of the simulator, by the name of their account. */
  readonly events: ReadonlyMap<string, readonly WireEvent[]>;
}

/** Looks at everything that must hold once all is over. */
export const findViolations = async (
  plan: Plan,
  world: World,
): Promise<{ readonly violations: readonly string[]; readonly sums: Sums }> => {
  const store = await openStoreAt(world.store.place(), { now: world.now });
  try {
    const { history } = store;
    const remains: Remains = {
      plan,
      world,
      alerts: new Map((await all(history.alerts, {})).map((alert) => [alert.id, alert])),
      deliveries: new Map((await all(history.deliveries, {})).map((row) => [row.id, row])),
      events: new Map(plan.accounts.map(({ name, key }) => [name, world.simulator.events(key)])),
    };
    const violations = [
      ...(await storedOnce(remains, history)),
      ...decidedOnce(remains),
      ...(await silencedRightly(remains, store)),
      ...accountedFor(remains),
      ...(await arrived(remains, history)),
      ...causedAndEnded(remains, await store.conditions.open()),
      ...(await movedToTheEnd(remains, store)),
      ...(await headsHold(plan, world, remains.alerts.values())),
      ...beatsRightly(remains),
      ...saidRightly(world),
      ...(await clickedRightly(plan, world, store)),
      ...neverAhead(world),
      ...neverHammers(world),
      ...arrivedAtSlack(world, remains.alerts, remains.deliveries),
      ...(await kept(remains)),
      ...unexpectedLines(plan, world),
    ];
    return { violations, sums: sumsOf(remains) };
  } finally {
    await store.close();
  }
};

const all = async <Query extends PageQuery, T>(
  read: (query: Query) => Promise<Page<T>>,
  query: Query,
): Promise<readonly T[]> => {
  const items: T[] = [];
  for await (const item of everyItem(read, query)) items.push(item);
  return items;
};

/** Every generated event is stored exactly once. */
const storedOnce = async ({ events }: Remains, history: History): Promise<readonly string[]> => {
  const violations: string[] = [];
  for (const [account, generated] of events) {
    const stored = (await all(history.events, { account })).map(({ id }) => id);
    const ids = new Set(stored);
    if (ids.size !== stored.length)
      violations.push(`${account}: ${stored.length - ids.size} events stored twice`);
    for (const event of generated)
      if (!ids.delete(event.id))
        violations.push(
          `${account}: event ${event.id} of ${event.created_at} (${event.event_type}) is not stored`,
        );
    for (const id of ids) violations.push(`${account}: event ${id} is stored, but never happened`);
  }
  return violations;
};

/** Every alert that the plain reading of the rules expects is decided once, and no other; the rest makes sense. */
const decidedOnce = ({ alerts, events }: Remains): readonly string[] => {
  const violations: string[] = [];
  const decided = new Map<string, number>();
  for (const alert of alerts.values()) {
    if (alert.kind !== 'rule') continue;
    const key = `${alert.rule.title} | ${alert.account} | ${alert.eventIds.join(' ')}`;
    decided.set(key, (decided.get(key) ?? 0) + 1);
    const known = new Set(events.get(alert.account)?.map(({ id }) => id));
    if (alert.eventIds.length === 0 || !alert.eventIds.every((id) => known.has(id)))
      violations.push(`alert ${alert.id} (${key}) is about events that never happened`);
  }
  for (const [key, count] of decided) if (count > 1) violations.push(`decided ${count} times: ${key}`);
  for (const { title, alerts: expects } of DAY_RULES) {
    if (!expects) continue;
    const found = new Set([...decided.keys()].filter((key) => key.startsWith(`${title} | `)));
    for (const [account, happened] of events)
      for (const event of happened.filter(expects)) {
        const key = `${title} | ${account} | ${event.id}`;
        if (!found.delete(key)) violations.push(`never decided: ${key} of ${event.created_at}`);
      }
    for (const key of found) violations.push(`decided without reason: ${key}`);
  }
  return violations;
};

/** What a silence hid, it was in force to hide. */
const silencedRightly = async (
  { plan, alerts, deliveries }: Remains,
  store: Store,
): Promise<readonly string[]> => {
  // Times of before and after a clock was set back (at the end of a jump ahead, too) compare no more exactly than by how much it was.
  const setBackMs = Math.max(
    0,
    ...plan.episodes.map(({ trouble }) => (trouble.kind === 'clock' ? Math.abs(trouble.skewMs) : 0)),
  );
  const silences = new Map(
    (await store.silences.list({ nowMs: 0, ended: true })).map((silence) => [silence.id, silence]),
  );
  return [...deliveries.values()].flatMap((row) => {
    if (row.silence === undefined) return [];
    const silence = silences.get(row.silence);
    const alert = alerts.get(row.alertId);
    if (!silence || !alert) return [`delivery ${row.id} is hidden by nothing that exists`];
    const untilMs = Math.min(silence.endsAtMs, silence.expired?.atMs ?? Number.POSITIVE_INFINITY);
    const inForce = row.createdAtMs >= silence.startsAtMs && row.createdAtMs <= untilMs + setBackMs;
    if (!inForce) {
      const [at, from, until] = [row.createdAtMs, silence.startsAtMs, untilMs].map((ms) =>
        new Date(ms).toISOString(),
      );
      return [`alert ${alert.id} was hidden at ${at} by silence ${silence.id}, in force ${from} to ${until}`];
    }
    const loud = DAY_RULES.some((rule) => rule.unsilenceable && rule.title === alert.rule.title);
    // One of the monitor about itself is hidden by who names its rule alone, as a link in it does.
    const own = alert.kind === 'system' && silence.match['rule'] !== undefined;
    return loud || (alert.kind !== 'rule' && !own)
      ? [`alert ${alert.id} (${alert.rule.title}) was hidden`]
      : [];
  });
};

/** The sinks that the routes of the day have for an alert; undefined where it is not worth saying twice. */
const sinksFor = (alert: Alert): readonly string[] | undefined => {
  const { title, level } = alert.rule;
  const named = DAY_RULES.find((rule) => rule.title === title)?.to;
  if (alert.kind === 'system') return ['console'];
  if (alert.kind !== 'rule' || title === 'A number given up') return undefined;
  if (named) return named;
  if (level === 'critical') return ['console', 'hook', 'chat'];
  if (level === 'high') return ['console', 'hook'];
  if (level === 'medium') return ['console', 'mail', 'chat'];
  return level === 'low' ? ['console', 'mail', 'pager'] : ['console'];
};

/** Every delivery has ended in a way that tells somebody: sent, told in a summary that was sent, or given up by a person. */
const accountedFor = ({ alerts, deliveries }: Remains): readonly string[] => {
  const violations: string[] = [];
  const folded = new Map<string, Set<string>>();
  for (const row of deliveries.values()) {
    const say = (text: string): void =>
      void violations.push(
        `delivery ${row.id} to ${row.sink} of "${alerts.get(row.alertId)?.rule.title}": ${text} (${row.state}, ${row.attempts} attempts, due ${iso(row.dueAtMs)}, created ${iso(row.createdAtMs)})`,
      );
    if (row.state === 'folded' || row.state === 'silenced') {
      const into = deliveries.get(row.foldedInto ?? '');
      const summary = alerts.get(into?.alertId ?? '');
      if (!into || !summary) say('told by no summary');
      else if (into.sink !== row.sink || summary.kind !== 'summary')
        say(`told by ${into.sink} ${summary.kind} ${into.id}`);
      else if (into.state !== 'sent' && into.state !== 'dropped')
        say(`told by a summary that is ${into.state}`);
      const key = `${into?.alertId}`;
      folded.set(key, (folded.get(key) ?? new Set()).add(row.alertId));
    } else if (row.state !== 'sent' && row.state !== 'dropped') say('has not ended');
  }
  for (const alert of alerts.values()) {
    const rows = [...deliveries.values()].filter((row) => row.alertId === alert.id);
    const sinks = new Set(rows.map((row) => row.sink));
    for (const sink of sinksFor(alert) ?? [])
      if (!sinks.has(sink))
        violations.push(`alert ${alert.id} (${alert.rule.title}) has no delivery to ${sink}`);
    if (alert.kind !== 'summary') continue;
    const told = folded.get(alert.id)?.size ?? 0;
    if (told !== alert.summary?.total)
      violations.push(`summary ${alert.id} says it tells ${alert.summary?.total} alerts, it tells ${told}`);
  }
  return violations;
};

const iso = (ms: number | undefined): string => (ms === undefined ? '-' : new Date(ms).toISOString());

interface Told {
  readonly id: string;
  readonly delivery_id: string;
  readonly status: string;
  readonly rule: { readonly id: string };
}

/** That the store cannot be written is told past it: nothing of it is stored until it is over. */
const isEmergency = ({ rule, status }: Told): boolean => rule.id === 'system.store' && status === 'firing';

/** What is said to be sent was taken, and everything that arrived is known: one identity for each alert and sink. */
const arrived = async (
  { plan, world, alerts, deliveries }: Remains,
  history: History,
): Promise<readonly string[]> => {
  const violations: string[] = [];
  /** Of an alert that went with a server: what was decided on a memory that went as well may have been decided otherwise since. */
  const isGone = (delivery: string): boolean =>
    [...world.arrivals.keys()]
      .filter((key) => key.startsWith(`${delivery} at `))
      .every((key) => wasLost(plan, Date.parse(`${key.slice(delivery.length + 4)}Z`)));
  const hasLost = plan.episodes.some(({ fromMs }) => wasLost(plan, fromMs));
  for (const sink of ['hook', 'pager'] as const) {
    const idOf = new Map<string, string>();
    for (const { headers, body } of world.receivers[sink].requests) {
      const id = String(headers['webhook-id']);
      const told = JSON.parse(body) as Told;
      const row = deliveries.get(id);
      if (row === undefined && (isEmergency(told) || isGone(id))) continue;
      if (row?.sink !== sink || row.alertId !== told.id || told.delivery_id !== id)
        violations.push(`${sink} got ${id}, which is no delivery to it`);
      if ((idOf.get(told.id) ?? id) !== id) violations.push(`${sink} got alert ${told.id} under two ids`);
      idOf.set(told.id, id);
    }
    for (const row of deliveries.values())
      if (row.sink === sink && row.state === 'sent' && !world.taken[sink].has(row.id))
        violations.push(`delivery ${row.id} is said to be sent, ${sink} never took it`);
  }
  // A claim that a restart gave back may follow at once; more is a loop without a pause.
  for (const [what, count] of world.arrivals)
    if (count > 4) violations.push(`delivery ${what} arrived ${count} times within a second`);
  const ofMail = new Map<string, string>();
  for (const mail of world.mailbox.mails) {
    const id = /^Message-ID: <([^@>]+)@/im.exec(mail)?.[1] ?? '';
    const alert = /^X-Audit-Alert-Id: *(\S+)/im.exec(mail)?.[1] ?? '';
    ofMail.set(id, alert);
    const row = deliveries.get(id);
    if (row === undefined && (mail.includes('system.store') || (hasLost && !alerts.has(alert)))) continue;
    if (row?.sink !== 'mail' || row.alertId !== alert) violations.push(`mail ${id} is no delivery`);
  }
  for (const row of deliveries.values()) {
    if (row.sink === 'mail' && row.state === 'sent' && !ofMail.has(row.id))
      violations.push(`delivery ${row.id} is said to be sent, no mail of it came`);
    // A person who gives something up leaves a trace.
    if (row.state === 'dropped' && (await all(history.acts, { subject: row.id })).length === 0)
      violations.push(`delivery ${row.id} was dropped by nobody`);
  }
  return violations;
};

/** Every alert of the monitor about itself has a cause in the plan, and what can end has ended. */
const causedAndEnded = ({ alerts, plan }: Remains, open: ReadonlyMap<string, number>): readonly string[] => {
  const violations = [...open].map(([key, ms]) => `condition ${key} is open since ${iso(ms)}`);
  const balance = new Map<string, number>();
  for (const alert of alerts.values()) {
    if (alert.kind !== 'system') continue;
    if (!causeOf(alert, plan))
      violations.push(
        `system alert without a cause: ${alert.rule.id} ${alert.status} at ${iso(alert.decidedAtMs)}: ${alert.message}`,
      );
    const name = alert.rule.id.slice('system.'.length);
    // The beginning of trouble with the store is told past the store.
    if (name === 'own_credential' || name === 'quarantined' || name === 'store') continue;
    const step = alert.status === 'firing' ? 1 : -1;
    balance.set(name, (balance.get(name) ?? 0) + step);
  }
  for (const [name, left] of balance)
    if (left !== 0) violations.push(`system.${name} was told ${left} times more often than its end`);
  return violations;
};

/** Nobody waits for anything behind the present. */
const movedToTheEnd = async ({ plan, world }: Remains, store: Store): Promise<readonly string[]> => {
  const violations: string[] = [];
  for (const { name } of plan.accounts) {
    const progress = await store.collect.progress(name);
    const behindMs = world.now() - (progress?.watermarkMs ?? 0);
    if (behindMs > 2 * plan.poll.intervalMs + plan.poll.settleMs)
      violations.push(`${name}: the watermark is ${iso(progress?.watermarkMs)}, ${behindMs} ms behind`);
  }
  if (plan.poll.overlapMs !== OVERLAP_MS) violations.push('the plan is about another overlap');
  return violations;
};

/** No secret is anywhere but in the configuration. */
const kept = async ({ plan, world }: Remains): Promise<readonly string[]> => {
  const places: readonly (readonly [string, string])[] = [
    ['the log', world.lines.map((lines) => lines.map((line) => JSON.stringify(line)).join('\n')).join('\n')],
    ['the database', await world.store.text()],
    [
      'a webhook',
      [...world.receivers.hook.requests, ...world.receivers.pager.requests].map(bodyOf).join('\n'),
    ],
    ['a mail', world.mailbox.mails.join('\n')],
    ['Slack', world.receivers.chat.requests.map(bodyOf).join('\n')],
    ['a heartbeat', world.heartbeats.map(bodyOf).join('\n')],
    [
      'an answer of the HTTP server',
      [
        ...world.looks.flatMap(({ alive, ready, metrics }) => [alive, ready, metrics]),
        ...world.clicks.flatMap(({ asked, done }) => [asked, done]),
      ]
        .map(bodyOf)
        .join('\n'),
    ],
  ];
  const rotated = plan.episodes.flatMap(({ trouble }) => (trouble.kind === 'rotation' ? [trouble.to] : []));
  const secrets = ['canary-', ...Object.values(CANARIES), ...rotated];
  return places.flatMap(([place, text]) =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${secret} is in ${place}`),
  );
};

const bodyOf = ({ body }: { readonly body: string }): string => body;

/** What SQLite says of a full disk; the second, when its shared memory beside the database cannot grow. */
const FULL = /\bfull\b|SQLITE_IOERR_SHMSIZE/;

/** A request that hung at a server is given up so late. ms */
const AFTERMATH_MS = 2 * 60_000;

/** Nothing but what the plan does to it harms the store, and nothing makes the monitor give up but a server that is away. */
const unexpectedLines = (plan: Plan, world: World): readonly string[] => {
  const isServer = world.store.kind === 'postgres';
  const troubled = plan.episodes.filter(({ trouble }) => isStore(trouble));
  const isExpected = ({ event, reason }: LogLine, atMs: number): boolean => {
    if (event !== 'store.error' && event !== 'monitor.failed') return event !== 'rule.failed';
    if (!isServer) return event === 'store.error' && FULL.test(String(reason));
    return troubled.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs + AFTERMATH_MS);
  };
  return world.lines.flatMap((lines, life) =>
    lines.flatMap((line, index) => {
      const atMs = world.lineTimes[life]?.[index] ?? 0;
      return isExpected(line, atMs) ? [] : [`at ${iso(atMs)} the log says ${JSON.stringify(line)}`];
    }),
  );
};

const sumsOf = ({ world, alerts, deliveries, events }: Remains): Sums => {
  const count = (values: Iterable<string>): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
    return counts;
  };
  const requests = [...world.receivers.hook.requests, ...world.receivers.pager.requests];
  return {
    events: [...events.values()].flat().length,
    alerts: count([...alerts.values()].map(({ kind }) => kind)),
    deliveries: count([...deliveries.values()].map(({ state }) => state)),
    webhooks: requests.length,
    repeated: requests.length - new Set(requests.map(({ headers }) => headers['webhook-id'])).size,
    mails: world.mailbox.mails.length,
    slack: world.receivers.chat.requests.length,
    heartbeats: world.heartbeats.length,
    looks: world.looks.length,
    clicks: world.clicks.length,
    full: world.lines.flat().filter(({ event }) => event === 'store.error').length,
    lives: world.lines.length,
  };
};
