import type { Level } from '../core/alert.ts';
import type { LeaseState, ReadOverview } from '../core/overview.ts';
import type { Connection } from './connection.ts';
import { fileBytes } from './file.ts';
import { prepareAccountFacts } from './overview-accounts.ts';
import { prepareSinkFacts } from './overview-sinks.ts';
import { type SilenceRow, silenceOf } from './silence-rows.ts';

/** The overview of a store. Statements are prepared at the first call: most commands and a start never ask. */
export const createOverview = (connection: Connection): ReadOverview => {
  const { path } = connection;
  let prepared: ReturnType<typeof prepare> | undefined;
  return ({ nowMs, lease, sinks, latenessSinceMs, alertsSinceMs }) =>
    connection.read(() => {
      prepared ??= prepare(connection);
      const { totals, conditions, silences, alerts } = prepared;
      return {
        lease: prepared.lease.get(lease),
        accounts: prepared.accounts(latenessSinceMs),
        sinks: prepared.sinks(sinks, nowMs),
        conditions: new Map(conditions.all().map((row) => [row.key, row.since_ms])),
        silences: silences.all(nowMs).map((row) => ({ ...silenceOf(row), hidden: row.hidden })),
        alerts: Object.fromEntries(alerts.all(alertsSinceMs).map(({ level, count }) => [level, count])),
        totals: {
          ...(totals.get() ?? { events: 0, alerts: 0, quarantined: 0 }),
          bytes: fileBytes(path),
        },
      };
    });
};

const prepare = ({ db }: Connection) => ({
  accounts: prepareAccountFacts(db),
  sinks: prepareSinkFacts(db),
  lease: db.prepare<[string], LeaseState>(
    'SELECT holder, renewed_ms AS renewedAtMs, renewed_ms + ttl_ms AS expiresAtMs FROM leases WHERE name = ?',
  ),
  conditions: db.prepare<[], { key: string; since_ms: number }>(
    'SELECT key, since_ms FROM conditions ORDER BY key',
  ),
  silences: db.prepare<[number], SilenceRow & { readonly hidden: number }>(
    `SELECT s.json, s.expired_ms, s.expired_by,
            (SELECT count(DISTINCT alert) FROM deliveries WHERE silence = s.id) AS hidden
     FROM silences AS s WHERE s.expired_ms IS NULL AND s.ends_ms > ? ORDER BY s.seq DESC`,
  ),
  // An end is no alert of its own. Only alerts of the monitor about itself are looked into: they hold no events, whose
  // JSON may be nested more deeply than SQLite reads.
  alerts: db.prepare<[number], { level: Level; count: number }>(
    `SELECT level, count(*) AS count FROM alerts WHERE decided_ms >= ?
       AND (kind = 'rule' OR (kind = 'system' AND json ->> '$.status' = 'firing')) GROUP BY +level`,
  ),
  totals: db.prepare<[], { events: number; alerts: number; quarantined: number }>(
    `SELECT (SELECT coalesce(sum(events), 0) FROM progress) AS events,
            (SELECT count(*) FROM alerts) AS alerts,
            (SELECT count(*) FROM quarantine) AS quarantined`,
  ),
});
