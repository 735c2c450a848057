import type { AttemptRecord, History, Page, PageQuery } from '../core/history.ts';
import type { Connection } from './connection.ts';
import { limitOf, seqCursor, toPage } from './cursor.ts';
import { createEventAlerts } from './history-alerts.ts';
import { createEventHistory } from './history-events.ts';
import { ACTS, ALERTS, DELIVERIES, type Listing, QUARANTINE, stateCondition, WINDOWS } from './listings.ts';
import type { Names } from './names.ts';

/** SQL of a condition and its value; a condition whose value is undefined does not restrict. */
type Condition = readonly [sql: string, value: unknown];

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

/** Reading what was kept. All but events come in the order of their `seq`, the order of commits. */
export const createHistory = (connection: Connection, accounts: Names, eventTypes: Names): History => {
  const { db } = connection;
  const attempts = db.prepare<[string], AttemptRow>(
    `SELECT t.started_ms AS startedAtMs, t.ended_ms AS endedAtMs, t.outcome, t.detail, t.status, t.bytes
     FROM deliveries AS d JOIN attempts AS t ON t.delivery = d.seq WHERE d.id = ? ORDER BY t.number`,
  );
  // The sign keeps SQLite from walking through all alerts by rule instead of the few of the time asked for.
  const ruleHits = db.prepare<[number], { rule: string; hits: number }>(
    `SELECT rule, count(*) AS hits FROM alerts
     WHERE decided_ms >= ? AND kind = 'rule' AND json ->> '$.status' = 'firing' GROUP BY +rule`,
  );
  const accountNames = db
    .prepare<[], string>(
      'SELECT name FROM accounts WHERE key IN (SELECT account FROM progress) ORDER BY name',
    )
    .pluck();

  const pageOf = <Row extends { readonly seq: number }, T>(
    listing: Listing<Row, T>,
    query: PageQuery,
    conditions: readonly Condition[],
  ): Promise<Page<T>> =>
    connection.read(() => {
      const limit = limitOf(query);
      const [op, order] = query.newestFirst ? ['<', 'DESC'] : ['>', 'ASC'];
      const after: Condition = [`t.seq ${op} ?`, seqCursor(query)];
      const used = [...conditions, after].filter(([, value]) => value !== undefined);
      const where = used.length > 0 ? `WHERE ${used.map(([sql]) => sql).join(' AND ')}` : '';
      const rows = db
        .prepare<unknown[], Row>(`${listing.select} ${where} ORDER BY t.seq ${order} LIMIT ?`)
        .all(...used.map(([, value]) => value), limit + 1);
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
      connection.read(() => new Map(ruleHits.all(sinceMs).map(({ rule, hits }) => [rule, hits]))),
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
    attempts: (deliveryId) => connection.read(() => attempts.all(deliveryId).map(attemptOf)),
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
    accounts: () => connection.read(() => accountNames.all()),
  };
};
