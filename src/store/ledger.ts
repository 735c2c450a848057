import type { Database } from 'better-sqlite3';
import type { LatenessCount } from '../core/lateness.ts';
import { applyReading, type LedgerRange, type Reading } from '../core/ledger.ts';
import type { LedgerStore, Sweep } from '../core/ledger-store.ts';
import type { Window } from '../core/window.ts';
import type { Connection } from './connection.ts';
import type { CheckLease } from './leases.ts';
import type { Names } from './names.ts';

interface RangeRow extends Window {
  readonly verified: 0 | 1;
  readonly events: number;
  readonly late: number;
  readonly readAtMs: number;
  readonly sinceMs: number | null;
  readonly tries: number;
  readonly nextMs: number | null;
  readonly quiet: 0 | 1;
  readonly text: string;
}

const COLUMNS = `from_ms AS fromMs, to_ms AS toMs, verified, events, late, read_ms AS readAtMs, since_ms AS sinceMs, tries,
  next_ms AS nextMs, quiet, text`;

const rangeOf = (row: RangeRow): LedgerRange => {
  const { fromMs, toMs, verified, events, late, readAtMs, sinceMs, tries, nextMs, quiet, text } = row;
  const doubt =
    verified === 1
      ? undefined
      : { sinceMs: sinceMs ?? 0, tries, nextMs: nextMs ?? undefined, quiet: quiet === 1, text };
  return { fromMs, toMs, doubt, events, late, readAtMs };
};

/** The ledger inside the caller's transaction. */
export interface Ledger {
  /** The ranges that overlap or touch a window, in order. */
  touching(account: number, window: Window): readonly LedgerRange[];
  /** Puts a reading in the place of the ranges that {@link touching} gave for its window. */
  enter(account: number, touching: readonly LedgerRange[], reading: Reading): void;
}

/** Prepares {@link Ledger}. */
export const createLedger = (db: Database): Ledger => {
  const touching = db.prepare<[number, number, number], RangeRow>(
    `SELECT ${COLUMNS} FROM ledger WHERE account = ? AND from_ms <= ? AND to_ms >= ? ORDER BY from_ms`,
  );
  const remove = db.prepare<[number, number]>('DELETE FROM ledger WHERE account = ? AND from_ms = ?');
  const put = db.prepare<
    [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number | null,
      number,
      number | null,
      number,
      string,
    ]
  >(
    `INSERT OR REPLACE INTO ledger
       (account, from_ms, to_ms, verified, events, late, read_ms, since_ms, tries, next_ms, quiet, text)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return {
    touching: (account, { fromMs, toMs }) => touching.all(account, toMs, fromMs).map(rangeOf),
    enter(account, before, reading) {
      const after = applyReading(before, reading);
      const kept = new Set(after.map(({ fromMs }) => fromMs));
      for (const { fromMs } of before) if (!kept.has(fromMs)) remove.run(account, fromMs);
      for (const { fromMs, toMs, doubt, events, late, readAtMs } of after)
        put.run(
          account,
          fromMs,
          toMs,
          doubt ? 0 : 1,
          events,
          late,
          readAtMs,
          doubt?.sinceMs ?? null,
          doubt?.tries ?? 0,
          doubt?.nextMs ?? null,
          doubt?.quiet ? 1 : 0,
          doubt?.text ?? '',
        );
    },
  };
};

/** Reads all ranges of an account; shared with those who only read. */
export const prepareRanges = (db: Database): ((account: number) => readonly LedgerRange[]) => {
  const all = db.prepare<[number], RangeRow>(
    `SELECT ${COLUMNS} FROM ledger WHERE account = ? ORDER BY from_ms`,
  );
  return (account) => all.all(account).map(rangeOf);
};

/** Reads the ranges of all accounts, by the account's key, each in order. */
export const prepareEveryRange = (db: Database): (() => ReadonlyMap<number, readonly LedgerRange[]>) => {
  const all = db.prepare<[], RangeRow & { readonly account: number }>(
    `SELECT account, ${COLUMNS} FROM ledger ORDER BY account, from_ms`,
  );
  return () => {
    const byAccount = new Map<number, LedgerRange[]>();
    for (const row of all.all()) {
      const ranges = byAccount.get(row.account) ?? [];
      ranges.push(rangeOf(row));
      byAccount.set(row.account, ranges);
    }
    return byAccount;
  };
};

/** Reads how late events were found. */
export const prepareLateness = (
  db: Database,
): ((account: number, sinceMs: number) => readonly LatenessCount[]) => {
  const sum = db.prepare<[number, number], LatenessCount>(
    `SELECT edge_ms AS edgeMs, sum(count) AS count FROM lateness WHERE account = ? AND day_ms >= ?
     GROUP BY edge_ms ORDER BY edge_ms`,
  );
  return (account, sinceMs) => sum.all(account, sinceMs);
};

/** The ledger port in SQLite. */
export const createLedgerStore = (
  connection: Connection,
  accounts: Names,
  checkLease: CheckLease,
): LedgerStore => {
  const { db } = connection;
  const ranges = prepareRanges(db);
  const lateness = prepareLateness(db);
  const sweep = db.prepare<
    [number, number],
    Omit<Sweep, 'endedAtMs'> & { readonly endedAtMs: number | null }
  >(
    `SELECT last_ms AS lastMs, started_ms AS startedAtMs, from_ms AS fromMs, to_ms AS toMs, next_ms AS nextMs,
            ended_ms AS endedAtMs FROM sweeps WHERE account = ? AND last_ms = ?`,
  );
  const save = db.prepare<[number, number, number, number, number, number, number | null]>(
    `INSERT OR REPLACE INTO sweeps (account, last_ms, started_ms, from_ms, to_ms, next_ms, ended_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const of = <T>(account: string, otherwise: T, read: (key: number) => T): Promise<T> =>
    connection.read(() => {
      const key = accounts.find(account);
      return key === undefined ? otherwise : read(key);
    });
  return {
    ranges: (account) => of<readonly LedgerRange[]>(account, [], ranges),
    lateness: (account, sinceMs) =>
      of<readonly LatenessCount[]>(account, [], (key) => lateness(key, sinceMs)),
    sweep: (account, lastMs) =>
      of<Sweep | undefined>(account, undefined, (key) => {
        const row = sweep.get(key, lastMs);
        return row && { ...row, endedAtMs: row.endedAtMs ?? undefined };
      }),
    saveSweep: (lease, account, { lastMs, startedAtMs, fromMs, toMs, nextMs, endedAtMs }) =>
      connection.commitLightly(() => {
        checkLease(lease);
        const key = accounts.find(account);
        if (key === undefined) return;
        save.run(key, lastMs, startedAtMs, fromMs, toMs, nextMs, endedAtMs ?? null);
      }),
  };
};
