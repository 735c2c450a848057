import type { Database } from 'better-sqlite3';
import type { Backfill, Backfills } from '../core/backfill.ts';
import type { Connection } from './connection.ts';
import type { Names } from './names.ts';

interface Row extends Omit<Backfill, 'notify'> {
  readonly notify: 0 | 1;
}

const SELECT = `SELECT b.id, n.name AS account, b.from_ms AS fromMs, b.to_ms AS toMs, b.notify,
  b.requested_ms AS requestedAtMs, b.by, b.unread_ms AS unreadMs, b.state, b.events, b.alerts, b.detail
  FROM backfills AS b JOIN accounts AS n ON n.key = b.account`;

const backfillOf = (row: Row): Backfill => ({ ...row, notify: row.notify === 1 });

/** Reads those of all accounts that are not done, oldest first. */
export const prepareEveryWaiting = (db: Database): (() => readonly Backfill[]) => {
  const waiting = db.prepare<[], Row>(`${SELECT} WHERE b.state = 'waiting' ORDER BY b.seq`);
  return () => waiting.all().map(backfillOf);
};

/** Requests for backfills in SQLite. */
export const createBackfills = (connection: Connection, accounts: Names): Backfills => {
  const { db } = connection;
  const insert = db.prepare<[string, number, number, number, number, number, string, number]>(
    `INSERT INTO backfills (id, account, from_ms, to_ms, notify, requested_ms, by, unread_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const byId = db.prepare<[string], Row>(`${SELECT} WHERE b.id = ?`);
  const waiting = db.prepare<[string], Row>(
    `${SELECT} WHERE b.state = 'waiting' AND n.name = ? ORDER BY b.seq`,
  );
  const note = db.prepare<[string, string]>(
    "UPDATE backfills SET detail = ? WHERE id = ? AND state = 'waiting'",
  );
  const end = db.prepare<[string, string, number, string]>(
    "UPDATE backfills SET state = ?, detail = ?, ended_ms = ? WHERE id = ? AND state = 'waiting'",
  );
  return {
    request: ({ id, account, fromMs, toMs, notify, requestedAtMs, by, unreadMs }) =>
      connection.commit(() => {
        insert.run(id, accounts.key(account), fromMs, toMs, notify ? 1 : 0, requestedAtMs, by, unreadMs);
      }),
    find: (id) =>
      connection.read(() => {
        const row = byId.get(id);
        return row && backfillOf(row);
      }),
    waiting: (account) => connection.read(() => waiting.all(account).map(backfillOf)),
    note: (id, detail) =>
      connection.commitLightly(() => {
        note.run(detail, id);
      }),
    end: (id, state, detail, nowMs) =>
      connection.commit(() => end.run(state, detail, nowMs, id).changes === 1),
  };
};
