import type { Backfill, Backfills } from '../core/backfill.ts';
import type { Connection } from './connection.ts';
import type { Names } from './names.ts';
import { all, get, run, type Steps, tellOthers, values } from './steps.ts';

interface Row extends Omit<Backfill, 'notify'> {
  readonly notify: 0 | 1;
}

const SELECT = `SELECT b.id, n.name AS account, b.from_ms AS "fromMs", b.to_ms AS "toMs", b.notify,
  b.requested_ms AS "requestedAtMs", b.by, b.unread_ms AS "unreadMs", b.state, b.events, b.alerts, b.detail
  FROM backfills AS b JOIN accounts AS n ON n.key = b.account`;
const INSERT = `INSERT INTO backfills (id, account, from_ms, to_ms, notify, requested_ms, by, unread_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const BY_ID = `${SELECT} WHERE b.id = ?`;
const WAITING = `${SELECT} WHERE b.state = 'waiting' AND n.name = ? ORDER BY b.seq`;
const WAITING_ACCOUNTS = `SELECT DISTINCT n.name FROM backfills AS b JOIN accounts AS n ON n.key = b.account
  WHERE b.state = 'waiting'`;
const NOTE = "UPDATE backfills SET detail = ? WHERE id = ? AND state = 'waiting'";
const END = "UPDATE backfills SET state = ?, detail = ?, ended_ms = ? WHERE id = ? AND state = 'waiting'";

const backfillOf = (row: Row): Backfill => ({ ...row, notify: row.notify === 1 });

/** Those of all accounts that are not done, oldest first. */
export function* everyWaiting(): Steps<readonly Backfill[]> {
  return (yield* all<Row>(`${SELECT} WHERE b.state = 'waiting' ORDER BY b.seq`)).map(backfillOf);
}

/** Requests for backfills. */
export const createBackfills = (connection: Connection, accounts: Names): Backfills => ({
  request: ({ id, account, fromMs, toMs, notify, requestedAtMs, by, unreadMs }) =>
    connection.commit(function* () {
      const key = yield* accounts.key(account);
      yield* tellOthers();
      yield* run(INSERT, id, key, fromMs, toMs, notify ? 1 : 0, requestedAtMs, by, unreadMs);
    }),
  find: (id) =>
    connection.read(function* () {
      const row = yield* get<Row>(BY_ID, id);
      return row && backfillOf(row);
    }),
  waiting: (account) =>
    connection.read(function* () {
      return (yield* all<Row>(WAITING, account)).map(backfillOf);
    }),
  waitingAccounts: () =>
    connection.read(function* () {
      return new Set(yield* values<string>(WAITING_ACCOUNTS));
    }),
  note: (id, detail) =>
    connection.commitLightly(function* () {
      yield* run(NOTE, detail, id);
    }),
  end: (id, state, detail, nowMs) =>
    connection.commit(function* () {
      return (yield* run(END, state, detail, nowMs, id)) === 1;
    }),
});
