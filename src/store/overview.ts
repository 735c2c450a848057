import type { Level } from '../core/alert.ts';
import type { LeaseState, ReadOverview, ReplicaOverview } from '../core/overview.ts';
import { IS_FIRING } from './alert-status.ts';
import type { Connection } from './connection.ts';
import { accountFacts } from './overview-accounts.ts';
import { sinkFacts } from './overview-sinks.ts';
import { type SilenceRow, silenceOf } from './silence-rows.ts';
import { all, get, type Sql, type Steps } from './steps.ts';

const REPLICA = `SELECT id AS holder, seen_ms AS "renewedAtMs", seen_ms + ttl_ms AS "expiresAtMs" FROM replicas
  ORDER BY seen_ms + ttl_ms DESC, id LIMIT 1`;
const LEASE = `SELECT holder, renewed_ms AS "renewedAtMs", renewed_ms + ttl_ms AS "expiresAtMs" FROM leases WHERE name = ?`;
const CLOCK = 'floor(extract(epoch FROM clock_timestamp()) * 1000)';
const REPLICAS = `SELECT id, version, config_hash AS "configHash", refusal, started_ms AS "startedAtMs", seen_ms AS "seenAtMs",
    count(*) FILTER (WHERE name LIKE 'account:%')::int AS accounts, count(*) FILTER (WHERE name LIKE 'sink:%')::int AS sinks,
    count(*) FILTER (WHERE name LIKE 'feed:%')::int AS feeds, count(*) FILTER (WHERE name LIKE 'duty:%')::int AS duties
  FROM replicas AS r LEFT JOIN leases AS l ON l.holder = r.id AND l.renewed_ms + l.ttl_ms > ${CLOCK}
  WHERE r.seen_ms + r.ttl_ms > ${CLOCK} GROUP BY r.id ORDER BY r.id`;
const CONDITIONS = 'SELECT key, since_ms FROM conditions ORDER BY key';
const SILENCES = `SELECT s.json, s.expired_ms, s.expired_by,
    (SELECT count(DISTINCT alert) FROM deliveries WHERE silence = s.id) AS hidden
  FROM silences AS s WHERE s.expired_ms IS NULL AND s.ends_ms > ? ORDER BY s.seq DESC`;
// An end is no alert of its own. Only alerts of the monitor about itself are looked into: they hold no events, whose
// JSON may be nested more deeply than SQLite reads. The sign keeps SQLite from walking through all alerts by level.
const ALERTS: Sql = {
  sqlite: `SELECT level, count(*) AS count FROM alerts WHERE decided_ms >= ?
    AND (kind = 'rule' OR (kind = 'system' AND ${IS_FIRING.sqlite})) GROUP BY +level`,
  postgres: `SELECT level, count(*) AS count FROM alerts WHERE decided_ms >= ?
    AND (kind = 'rule' OR (kind = 'system' AND ${IS_FIRING.postgres})) GROUP BY level`,
};
const TOTALS = `SELECT (SELECT coalesce(sum(events), 0) FROM progress) AS events,
  (SELECT count(*) FROM alerts) AS alerts, (SELECT count(*) FROM quarantine) AS quarantined`;

/** The overview of a store. `bytes` are those on disk. */
export const createOverview = (connection: Connection, bytes: () => Steps<number>): ReadOverview => {
  return ({ nowMs, lease, sinks, latenessSinceMs, alertsSinceMs }) =>
    connection.read(function* () {
      const conditions = yield* all<{ key: string; since_ms: number }>(CONDITIONS);
      const silences = yield* all<SilenceRow & { readonly hidden: number }>(SILENCES, nowMs);
      const alerts = yield* all<{ level: Level; count: number }>(ALERTS, alertsSinceMs);
      const totals = yield* get<{ events: number; alerts: number; quarantined: number }>(TOTALS);
      return {
        // Where several share the work, any of them is the monitor that works.
        lease:
          (connection.dialect === 'postgres' ? yield* get<LeaseState>(REPLICA) : undefined) ??
          (yield* get<LeaseState>(LEASE, lease)),
        replicas:
          connection.dialect === 'postgres'
            ? (yield* all<ReplicaOverview>(REPLICAS)).map((row) => ({
                ...row,
                refusal: row.refusal ?? undefined,
              }))
            : [],
        accounts: yield* accountFacts(latenessSinceMs),
        sinks: yield* sinkFacts(sinks, nowMs),
        conditions: new Map(conditions.map((row) => [row.key, row.since_ms])),
        silences: silences.map((row) => ({ ...silenceOf(row), hidden: row.hidden })),
        alerts: Object.fromEntries(alerts.map(({ level, count }) => [level, count])),
        totals: {
          ...(totals ?? { events: 0, alerts: 0, quarantined: 0 }),
          bytes: yield* bytes(),
        },
      };
    });
};
