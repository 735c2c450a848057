import type { AttemptRecord, History, Page, PageQuery } from '../core/history.ts';
import { IS_FIRING } from './alert-status.ts';
import type { Connection } from './connection.ts';
import { limitOf, seqCursor, toPage } from './cursor.ts';
import { createEventAlerts } from './history-alerts.ts';
import { createEventHistory } from './history-events.ts';
import { ACTS, ALERTS, DELIVERIES, type Listing, QUARANTINE, stateCondition, WINDOWS } from './listings.ts';
import type { Names } from './names.ts';
import { all, type Value, values } from './steps.ts';

/** SQL of a condition and its value; a condition whose value is undefined does not restrict. */
type Condition = readonly [sql: string, value: Value | undefined];

const OF_ACCOUNT = 't.account = (SELECT key FROM accounts WHERE name = ?)';

interface AttemptRow extends Omit<AttemptRecord, 'status' | 'bytes'> {
  readonly status: number | null;
  readonly bytes: number | null;
}

const attemptOf = ({ status, bytes, ...rest }: AttemptRow): AttemptRecord => ({
  ...rest,
  ...(status === null ? {} : { status }),
  ...(bytes === null ? {} : { bytes }),
});

const ATTEMPTS = `SELECT t.started_ms AS "startedAtMs", t.ended_ms AS "endedAtMs", t.outcome, t.detail, t.status, t.bytes
  FROM deliveries AS d JOIN attempts AS t ON t.delivery = d.seq WHERE d.id = ? ORDER BY t.number`;
const RULE_HITS = {
  // The sign keeps SQLite from walking through all alerts by rule instead of the few of the time asked for.
  sqlite: `SELECT rule, count(*) AS hits FROM alerts
    WHERE decided_ms >= ? AND kind = 'rule' AND ${IS_FIRING.sqlite} GROUP BY +rule`,
  postgres: `SELECT rule, count(*) AS hits FROM alerts
    WHERE decided_ms >= ? AND kind = 'rule' AND ${IS_FIRING.postgres} GROUP BY rule`,
};
const ACCOUNTS = 'SELECT name FROM accounts WHERE key IN (SELECT account FROM progress) ORDER BY name';

/** Reading what was kept. All but events come in the order of their `seq`, the order of commits. */
export const createHistory = (connection: Connection, accounts: Names, eventTypes: Names): History => {
  const pageOf = <Row extends { readonly seq: number }, T>(
    listing: Listing<Row, T>,
    query: PageQuery,
    conditions: readonly Condition[],
  ): Promise<Page<T>> =>
    connection.read(function* () {
      const limit = limitOf(query);
      const [op, order] = query.newestFirst ? ['<', 'DESC'] : ['>', 'ASC'];
      const after: Condition = [`t.seq ${op} ?`, seqCursor(query)];
      const used = [...conditions, after].filter(([, value]) => value !== undefined);
      const where = used.length > 0 ? `WHERE ${used.map(([sql]) => sql).join(' AND ')}` : '';
      const rows = yield* all<Row>(
        `${listing.select} ${where} ORDER BY t.seq ${order} LIMIT ?`,
        ...used.map(([, value]) => value ?? null),
        limit + 1,
      );
      return toPage(rows, limit, (last) => String(last.seq), listing.item);
    });

  return {
    events: createEventHistory(connection, accounts, eventTypes),
    alerts: (query) =>
      pageOf(ALERTS, query, [
        ['t.id = ?', query.id],
        ['t.account = ?', query.account],
        ['t.kind = ?', query.kind],
        ['t.level = ?', query.level],
        ['t.rule = ?', query.ruleId],
        ['t.decided_ms >= ?', query.fromMs],
        ['t.decided_ms < ?', query.toMs],
      ]),
    ruleHits: (sinceMs) =>
      connection.read(function* () {
        const rows = yield* all<{ rule: string; hits: number }>(RULE_HITS, sinceMs);
        return new Map(rows.map(({ rule, hits }) => [rule, hits]));
      }),
    deliveries: (query) =>
      pageOf(DELIVERIES, query, [
        ['t.id = ?', query.id],
        ['t.alert = (SELECT seq FROM alerts WHERE id = ?)', query.alertId],
        ['t.sink = ?', query.sink],
        [stateCondition(query.state), query.state],
        ['a.rule = ?', query.ruleId],
        ['t.created_ms >= ?', query.fromMs],
        ['t.created_ms < ?', query.toMs],
        ['t.folded_into = (SELECT seq FROM deliveries WHERE id = ?)', query.foldedInto],
      ]),
    attempts: (deliveryId) =>
      connection.read(function* () {
        return (yield* all<AttemptRow>(ATTEMPTS, deliveryId)).map(attemptOf);
      }),
    alertsOf: createEventAlerts(connection),
    acts: (query) => pageOf(ACTS, query, [['t.subject = ?', query.subject]]),
    windows: (query) =>
      pageOf(WINDOWS, query, [
        [OF_ACCOUNT, query.account],
        // A literal, so that the partial index of the few unverified ones can be used.
        ['t.verified = 0 AND ?', query.verified === false ? 1 : undefined],
        ['t.verified = ?', query.verified === true ? 1 : undefined],
      ]),
    quarantine: (query) => pageOf(QUARANTINE, query, [[OF_ACCOUNT, query.account]]),
    accounts: () => connection.read(() => values<string>(ACCOUNTS)),
  };
};
