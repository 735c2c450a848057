import Database from 'better-sqlite3';

/** Tables that hold as many rows as there are events, alerts, passes or acts. */
const LARGE = ['events', 'alerts', 'deliveries', 'attempts', 'windows', 'quarantine', 'feed_refusals'];

/** Indexes that hold only what is under way or in trouble: walking through all of one is what it is for. */
const SMALL_INDEXES = [
  'deliveries_due',
  'deliveries_parked',
  'deliveries_bundled',
  'deliveries_untold',
  'windows_unverified',
];

/** Statements that may read a whole table, with the reason. */
const ALLOWED: readonly (readonly [sql: RegExp, reason: string])[] = [
  [/\(SELECT count\(\*\) FROM alerts\)/, 'asked by people alone, and answered from an index'],
  [/\(SELECT 1 FROM quarantine LIMIT \d+\)/, 'stops at its bound, and is answered from an index'],
  [
    /AS t\b.*ORDER BY t\.seq (?:ASC|DESC) LIMIT \?$/s,
    'a listing for people walks in its order until its page is full',
  ],
  [/ORDER BY seq DESC LIMIT \?\s+\) AS newest/, 'the newest of them alone'],
  [
    /^SELECT seq, id, account, kind.* FROM alerts ORDER BY decided_ms (?:ASC|DESC), seq/s,
    'walks an index in its order until its page is full',
  ],
  [/FROM events AS e .*ORDER BY e\.seq LIMIT \?$/s, 'verifying walks through all events, page by page'],
];

/** Records every statement that is prepared from now on, until {@link restore}. */
export const recordStatements = (): { readonly seen: ReadonlySet<string>; restore(): void } => {
  const seen = new Set<string>();
  const original = Reflect.get(Database.prototype, 'prepare') as (sql: string) => unknown;
  Database.prototype.prepare = function prepare(this: Database.Database, sql: string) {
    seen.add(sql);
    return original.call(this, sql) as never;
  };
  return {
    seen,
    restore() {
      Database.prototype.prepare = original as never;
    },
  };
};

/** Tables that a statement reads from end to end, by SQLite's own plan. */
const walked = (db: Database.Database, sql: string): readonly string[] => {
  const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
  const holes = new Set(sql.match(/@\w+/g));
  const values = holes.size > 0 ? [Object.fromEntries([...holes].map((hole) => [hole.slice(1), 1]))] : [];
  const count = sql.split('?').length - 1;
  const rows = plan.all(...values, ...Array.from({ length: count }, () => 1));
  return rows
    .map(({ detail }) => detail)
    .filter((detail) => detail.startsWith('SCAN '))
    .filter((detail) => !SMALL_INDEXES.some((name) => detail.endsWith(`INDEX ${name}`)));
};

/** Which of the statements read a large table from end to end without a reason. */
export const longReads = (path: string, seen: Iterable<string>): readonly string[] => {
  const db = new Database(path, { readonly: true });
  // Aliases of a statement stand for their tables.
  const tableOf = (sql: string, name: string): string =>
    new RegExp(`(?:FROM|JOIN|UPDATE|INTO)\\s+(\\w+)\\s+AS\\s+${name}\\b`, 'i').exec(sql)?.[1] ?? name;
  const found = [...seen]
    .filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE)/i.test(sql))
    .filter((sql) => !ALLOWED.some(([part]) => part.test(sql)))
    .flatMap((sql) =>
      walked(db, sql)
        .filter((detail) => LARGE.includes(tableOf(sql, detail.split(' ')[1] ?? '')))
        .map((detail) => `${detail}: ${sql}`),
    );
  db.close();
  return found;
};
