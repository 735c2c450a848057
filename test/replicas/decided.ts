import pg from 'pg';
import type { Alert } from '../../src/core/alert.ts';
import type { DeliveryState } from '../../src/core/delivery.ts';
import { type Decision, decisionKey } from './episodes.ts';
import { TITLES } from './rules.ts';

/* What was decided, by what is left of it in the database: once for all replicas, as one process that nobody disturbs would have. */

/** An alert as it lies in the database. */
export interface StoredAlert {
  readonly seq: number;
  readonly alert: Alert;
}

/** A delivery as it lies in the database. */
export interface StoredDelivery {
  readonly id: string;
  readonly alertId: string;
  readonly sink: string;
  readonly state: DeliveryState;
  readonly createdAtMs: number;
  readonly silence: string | undefined;
  /** Id of the delivery that tells it. */
  readonly into: string | undefined;
  readonly thread: string;
}

/** A silence as it lies in the database. */
export interface StoredSilence {
  readonly id: string;
  readonly startsMs: number;
  /** When it was to end, or was ended. */
  readonly endsMs: number;
}

/** What is left. */
export interface Remains {
  readonly alerts: ReadonlyMap<string, StoredAlert>;
  readonly deliveries: ReadonlyMap<string, StoredDelivery>;
  readonly silences: ReadonlyMap<string, StoredSilence>;
}

const DELIVERIES = `SELECT d.id, a.id AS "alertId", d.sink, d.state, d.created_ms::float8 AS "createdAtMs", d.silence, i.id AS into,
    d.thread FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert LEFT JOIN deliveries AS i ON i.seq = d.folded_into`;
const SILENCES = `SELECT id, (json::jsonb ->> 'startsAtMs')::float8 AS "startsMs",
    least(ends_ms, coalesce(expired_ms, ends_ms))::float8 AS "endsMs" FROM silences`;

/** Reads what is left in the database of a store. */
export const readRemains = async (url: string): Promise<Remains> => {
  const client = new pg.Client(url);
  await client.connect();
  const all = async <Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]> =>
    (await client.query<Row>(sql)).rows;
  try {
    await client.query('SET search_path TO vonage_audit_monitor');
    const alerts = await all<{ seq: number; json: string }>(
      'SELECT seq::float8 AS seq, json FROM alerts ORDER BY seq',
    );
    const deliveries = await all<StoredDelivery>(DELIVERIES);
    const silences = await all<StoredSilence>(SILENCES);
    return {
      alerts: new Map(
        alerts.map(({ seq, json }) => {
          const alert = JSON.parse(json) as Alert;
          return [alert.id, { seq, alert }];
        }),
      ),
      deliveries: new Map(
        deliveries.map((row) => [
          row.id,
          { ...row, silence: row.silence ?? undefined, into: row.into ?? undefined },
        ]),
      ),
      silences: new Map(silences.map((silence) => [silence.id, silence])),
    };
  } finally {
    await client.end();
  }
};

const tally = (decisions: Iterable<Decision>): Map<Decision, number> => {
  const counts = new Map<Decision, number>();
  for (const decision of decisions) counts.set(decision, (counts.get(decision) ?? 0) + 1);
  return counts;
};

const decisionsOf = ({ alerts }: Remains): readonly Decision[] => {
  const titles = new Set<string>(Object.values(TITLES));
  return [...alerts.values()].flatMap(({ alert }) =>
    alert.kind === 'rule' && titles.has(alert.rule.title)
      ? [decisionKey(alert.rule.title, alert.status, alert.eventIds, alert.message)]
      : [],
  );
};

/** Decisions that are still missing. */
export const undecided = (remains: Remains, expected: readonly Decision[]): readonly Decision[] => {
  const made = tally(decisionsOf(remains));
  return [...tally(expected)].filter(([key, count]) => (made.get(key) ?? 0) < count).map(([key]) => key);
};

/** Whether the rules over several events decided what a plain reading expects, each as often as it does, and nothing else. */
export const decidedOnce = (remains: Remains, expected: readonly Decision[]): readonly string[] => {
  const made = tally(decisionsOf(remains));
  const wanted = tally(expected);
  return [...new Set([...made.keys(), ...wanted.keys()])].flatMap((key) => {
    const [is, should] = [made.get(key) ?? 0, wanted.get(key) ?? 0];
    return is === should ? [] : [`decided ${is} times, and not ${should}: ${key}`];
  });
};

/** Created by a transaction that had begun before, and was held up since: as long as a replica relies on a lease, and a little. */
const SILENCE_SLACK_MS = 4_000;

/** Whether silences hid what they were in force to hide, and nothing else. `addedMs`: when whoever added one knew that it was there. */
export const silencedRightly = (
  { alerts, deliveries, silences }: Remains,
  addedMs: ReadonlyMap<string, number>,
): readonly string[] =>
  [...deliveries.values()].flatMap((row) => {
    const alert = alerts.get(row.alertId)?.alert;
    const at = new Date(row.createdAtMs).toISOString();
    if (row.silence !== undefined) {
      const silence = silences.get(row.silence);
      if (alert?.rule.title !== TITLES.hushed || !silence)
        return [`delivery ${row.id} of ${alert?.rule.title} was hidden by ${row.silence} at ${at}`];
      const inForce =
        row.createdAtMs >= silence.startsMs - SILENCE_SLACK_MS &&
        row.createdAtMs <= silence.endsMs + SILENCE_SLACK_MS;
      return inForce
        ? []
        : [`delivery ${row.id} was hidden by ${silence.id} at ${at}, when it was not in force`];
    }
    if (alert?.rule.title !== TITLES.hushed) return [];
    return [...silences.values()]
      .filter(
        ({ id, startsMs, endsMs }) =>
          row.createdAtMs > Math.max(startsMs, addedMs.get(id) ?? startsMs) + SILENCE_SLACK_MS &&
          row.createdAtMs < endsMs - SILENCE_SLACK_MS,
      )
      .map(({ id }) => `delivery ${row.id} was not hidden at ${at}, although ${id} was in force`);
  });

/** Whether what was folded or hidden is told by one summary that was sent, and each summary tells what it says. */
export const accountedFor = ({ alerts, deliveries }: Remains): readonly string[] => {
  const violations: string[] = [];
  const told = new Map<string, Set<string>>();
  for (const row of deliveries.values()) {
    if (row.state !== 'folded' && row.state !== 'silenced') continue;
    const into = deliveries.get(row.into ?? '');
    const summary = alerts.get(into?.alertId ?? '')?.alert;
    if (!into || summary?.kind !== 'summary' || into.sink !== row.sink)
      violations.push(`delivery ${row.id} to ${row.sink} is ${row.state}, and no summary tells it`);
    else if (into.state !== 'sent')
      violations.push(`delivery ${row.id} is told by a summary that is ${into.state}`);
    else told.set(summary.id, (told.get(summary.id) ?? new Set()).add(row.alertId));
  }
  for (const { alert } of alerts.values())
    if (alert.summary && alert.summary.total !== (told.get(alert.id)?.size ?? 0))
      violations.push(
        `summary ${alert.id} says it tells ${alert.summary.total} alerts, and tells ${told.get(alert.id)?.size ?? 0}`,
      );
  return violations;
};

/**
 * Whether a group at a sink was sent no oftener than at its interval: replicas that each remembered it for themselves would send as
 * many messages more. `again`: how often the database may have forgotten the last time.
 */
export const groupedRightly = (
  { alerts, deliveries }: Remains,
  group: { readonly sink: string; readonly intervalMs: number; readonly again: number },
): readonly string[] => {
  const sent = [...deliveries.values()].filter(({ sink, state }) => sink === group.sink && state === 'sent');
  return [...Map.groupBy(sent, ({ thread }) => thread)].flatMap(([thread, rows]) => {
    // One alert alone is sent as itself.
    const own = rows.filter(({ alertId }) => {
      const kind = alerts.get(alertId)?.alert.kind;
      return kind === 'rule' || kind === 'summary';
    });
    if (own.length === 0) return [];
    const times = own.map(({ createdAtMs }) => createdAtMs);
    const spanMs = Math.max(...times) - Math.min(...times);
    const most = 2 + spanMs / group.intervalMs + 2 * group.again;
    return own.length > most
      ? [`group ${thread} was sent to ${group.sink} ${own.length} times within ${spanMs} ms`]
      : [];
  });
};

/** Conditions that begin and end. */
const CONDITIONS = new Set(['blind', 'stale', 'parked', 'circuit', 'drill', 'unverified', 'config', 'skew']);

/**
 * Whether alerts of the monitor about itself were decided once, not once for each replica: begin and end of each condition take
 * turns, and what began has ended. `blinded`: accounts whose key was refused, once each.
 */
export const systemOnce = ({ alerts }: Remains, blinded: ReadonlySet<string>): readonly string[] => {
  const violations: string[] = [];
  const open = new Map<string, Alert>();
  const times = new Map<string, number>();
  for (const { alert } of [...alerts.values()].toSorted((a, b) => a.seq - b.seq)) {
    const name = alert.rule.id.slice('system.'.length);
    if (alert.kind !== 'system' || !CONDITIONS.has(name)) continue;
    const subject =
      alert.fields.find((field) => field.name === 'Account' || field.name === 'Subject')?.value ?? '';
    const key = `${name}:${subject}`;
    const at = new Date(alert.decidedAtMs).toISOString();
    if (alert.status === 'firing') {
      if (open.has(key)) violations.push(`${key} was told twice at ${at}`);
      open.set(key, alert);
      times.set(key, (times.get(key) ?? 0) + 1);
      // Nobody is away for so long that an account could be stale.
      if (name === 'stale' || (name === 'blind' && !blinded.has(subject)))
        violations.push(`${key} was told at ${at} without reason`);
    } else if (!open.delete(key)) violations.push(`the end of ${key} was told at ${at} without its begin`);
  }
  for (const key of open.keys()) violations.push(`${key} was told, and its end was not`);
  for (const [key, count] of times)
    if (key.startsWith('blind:') && count > 1) violations.push(`${key} was told ${count} times`);
  return violations;
};

/** Drills by the minute at which they were due: one each. */
export const drills = ({ alerts }: Remains): number =>
  [...alerts.values()].filter(({ alert }) => alert.kind === 'drill').length;
