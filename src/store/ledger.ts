import type { LatenessCount } from '../core/lateness.ts';
import { applyReading, type LedgerRange, type Reading } from '../core/ledger.ts';
import type { LedgerStore, Sweep } from '../core/ledger-store.ts';
import type { Window } from '../core/window.ts';
import type { Connection } from './connection.ts';
import { checkLease } from './leases.ts';
import type { Names } from './names.ts';
import { all, many, run, type Steps } from './steps.ts';

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

const COLUMNS = `from_ms AS "fromMs", to_ms AS "toMs", verified, events, late, read_ms AS "readAtMs",
  since_ms AS "sinceMs", tries, next_ms AS "nextMs", quiet, text`;

const rangeOf = (row: RangeRow): LedgerRange => {
  const { fromMs, toMs, verified, events, late, readAtMs, sinceMs, tries, nextMs, quiet, text } = row;
  const doubt =
    verified === 1
      ? undefined
      : { sinceMs: sinceMs ?? 0, tries, nextMs: nextMs ?? undefined, quiet: quiet === 1, text };
  return { fromMs, toMs, doubt, events, late, readAtMs };
};

const TOUCHING = `SELECT ${COLUMNS} FROM ledger WHERE account = ? AND from_ms <= ? AND to_ms >= ? ORDER BY from_ms`;
const REMOVE = 'DELETE FROM ledger WHERE account = ? AND from_ms = ?';
const PUT = `INSERT INTO ledger
    (account, from_ms, to_ms, verified, events, late, read_ms, since_ms, tries, next_ms, quiet, text)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (account, from_ms) DO UPDATE SET to_ms = excluded.to_ms, verified = excluded.verified,
    events = excluded.events, late = excluded.late, read_ms = excluded.read_ms, since_ms = excluded.since_ms,
    tries = excluded.tries, next_ms = excluded.next_ms, quiet = excluded.quiet, text = excluded.text`;
const ALL = `SELECT ${COLUMNS} FROM ledger WHERE account = ? ORDER BY from_ms`;
const EVERY = `SELECT n.name AS account, ${COLUMNS} FROM ledger AS l JOIN accounts AS n ON n.key = l.account ORDER BY l.account, from_ms`;
const LATENESS = `SELECT edge_ms AS "edgeMs", sum(count) AS count FROM lateness WHERE account = ? AND day_ms >= ?
  GROUP BY edge_ms ORDER BY edge_ms`;
const EVERY_LATENESS = `SELECT n.name AS account, l.edge_ms AS "edgeMs", sum(l.count) AS count
  FROM lateness AS l JOIN accounts AS n ON n.key = l.account WHERE l.day_ms >= ?
  GROUP BY n.name, l.edge_ms ORDER BY n.name, l.edge_ms`;
const SWEEPS = `SELECT last_ms AS "lastMs", started_ms AS "startedAtMs", from_ms AS "fromMs", to_ms AS "toMs",
    next_ms AS "nextMs", ended_ms AS "endedAtMs"
  FROM sweeps WHERE account = ? ORDER BY last_ms`;
const SAVE_SWEEP_HEAD =
  'INSERT INTO sweeps (account, last_ms, started_ms, from_ms, to_ms, next_ms, ended_ms)';
const SAVE_SWEEP_TAIL = `ON CONFLICT (account, last_ms) DO UPDATE SET started_ms = excluded.started_ms, from_ms = excluded.from_ms,
    to_ms = excluded.to_ms, next_ms = excluded.next_ms, ended_ms = excluded.ended_ms`;
const SAVE_SWEEPS = {
  sqlite: `${SAVE_SWEEP_HEAD} VALUES (?, ?, ?, ?, ?, ?, ?) ${SAVE_SWEEP_TAIL}`,
  postgres: `${SAVE_SWEEP_HEAD} SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
    ?::bigint[]) ${SAVE_SWEEP_TAIL}`,
};

/** The ranges that overlap or touch a window, in order. */
export function* rangesTouching(account: number, { fromMs, toMs }: Window): Steps<readonly LedgerRange[]> {
  return (yield* all<RangeRow>(TOUCHING, account, toMs, fromMs)).map(rangeOf);
}

/** Puts a reading in the place of the ranges that {@link rangesTouching} gave for its window, in the same transaction. */
export function* enterReading(
  account: number,
  before: readonly LedgerRange[],
  reading: Reading,
): Steps<void> {
  const after = applyReading(before, reading);
  const kept = new Set(after.map(({ fromMs }) => fromMs));
  for (const { fromMs } of before) if (!kept.has(fromMs)) yield* run(REMOVE, account, fromMs);
  for (const { fromMs, toMs, doubt, events, late, readAtMs } of after) {
    const facts = [doubt ? 0 : 1, events, late, readAtMs] as const;
    const doubts = [doubt?.sinceMs ?? null, doubt?.tries ?? 0, doubt?.nextMs ?? null] as const;
    yield* run(PUT, account, fromMs, toMs, ...facts, ...doubts, doubt?.quiet ? 1 : 0, doubt?.text ?? '');
  }
}

/** All ranges of an account. */
export function* allRanges(account: number): Steps<readonly LedgerRange[]> {
  return (yield* all<RangeRow>(ALL, account)).map(rangeOf);
}

/** The ranges of all accounts, by name, each in order. */
export function* everyRange(): Steps<ReadonlyMap<string, readonly LedgerRange[]>> {
  const rows = yield* all<RangeRow & { readonly account: string }>(EVERY);
  const byAccount = new Map<string, LedgerRange[]>();
  for (const row of rows) {
    const ranges = byAccount.get(row.account) ?? [];
    ranges.push(rangeOf(row));
    byAccount.set(row.account, ranges);
  }
  return byAccount;
}

/** How late the events of an account were found. */
export const latenessSince = (account: number, sinceMs: number): Steps<readonly LatenessCount[]> =>
  all<LatenessCount>(LATENESS, account, sinceMs);

/** How late the events of all accounts were found, by name. */
export function* everyLateness(sinceMs: number): Steps<ReadonlyMap<string, readonly LatenessCount[]>> {
  const rows = yield* all<LatenessCount & { readonly account: string }>(EVERY_LATENESS, sinceMs);
  const byAccount = new Map<string, LatenessCount[]>();
  for (const { account, ...count } of rows) {
    const counts = byAccount.get(account) ?? [];
    counts.push(count);
    byAccount.set(account, counts);
  }
  return byAccount;
}

/** The ledger port. */
export const createLedgerStore = (connection: Connection, accounts: Names): LedgerStore => {
  const of = <T>(account: string, otherwise: T, read: (key: number) => Steps<T>): Promise<T> =>
    connection.read(function* () {
      const key = yield* accounts.find(account);
      return key === undefined ? otherwise : yield* read(key);
    });
  return {
    ranges: (account) => of<readonly LedgerRange[]>(account, [], allRanges),
    everyRange: () => connection.read(everyRange),
    lateness: (account, sinceMs) =>
      of<readonly LatenessCount[]>(account, [], (key) => latenessSince(key, sinceMs)),
    everyLateness: (sinceMs) => connection.read(() => everyLateness(sinceMs)),
    sweeps: (account) =>
      of<ReadonlyMap<number, Sweep>>(account, new Map(), function* (key) {
        const rows = yield* all<SweepRow>(SWEEPS, key);
        return new Map(rows.map((row) => [row.lastMs, { ...row, endedAtMs: row.endedAtMs ?? undefined }]));
      }),
    saveSweeps: (lease, account, sweeps) =>
      connection.commitLightly(function* () {
        yield* checkLease(lease);
        const key = yield* accounts.find(account);
        if (key === undefined) return;
        yield* many(
          SAVE_SWEEPS,
          sweeps.map(({ lastMs, startedAtMs, fromMs, toMs, nextMs, endedAtMs }) => [
            key,
            lastMs,
            startedAtMs,
            fromMs,
            toMs,
            nextMs,
            endedAtMs ?? null,
          ]),
        );
      }),
  };
};

interface SweepRow extends Omit<Sweep, 'endedAtMs'> {
  readonly endedAtMs: number | null;
}
