import pg from 'pg';

/** Tables that hold as many rows as there are events, alerts, passes or acts; events lie in one for each month. */
const LARGE =
  /^(events_(?!seq)\w+|alerts|alert_events|deliveries|attempts|windows|quarantine|feed_refusals)$/;

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
  [/\(SELECT count\(\*\) FROM alerts\)/, 'asked by people alone'],
  [
    /AS t\b.*ORDER BY t\.seq (?:ASC|DESC) LIMIT/s,
    'a listing for people walks in its order until its page is full',
  ],
  [/FROM alerts ORDER BY decided_ms (?:ASC|DESC), seq (?:ASC|DESC) LIMIT/, 'a page from one end of an index'],
  [/FROM deliveries ORDER BY seq DESC LIMIT/, 'a number of the newest, from the end of an index'],
  [/\bevents_\d{4}_\d{2}\b/, 'a month that is dropped is read as a whole, once in its life'],
  [/FROM feed_refusals WHERE sink = .*ORDER BY seq DESC LIMIT/s, 'the newest few, from the end of an index'],
  [/SELECT coalesce\(max\(seq\), 0\) FROM events/, 'reads the end of an index'],
  [/SELECT max\(seq\) FROM deliveries/, 'reads the end of an index'],
];

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Recheck Cond'?: string;
  readonly Plans?: readonly Node[];
}

/** Records every statement that any client sends from now on, until {@link restore}. */
export const recordQueries = (): { readonly seen: ReadonlySet<string>; restore(): void } => {
  const seen = new Set<string>();
  const original = Reflect.get(pg.Client.prototype, 'query') as (...args: unknown[]) => unknown;
  Reflect.set(pg.Client.prototype, 'query', function query(this: pg.Client, ...args: unknown[]) {
    const [first] = args;
    if (typeof first === 'object' && first !== null && 'text' in first) seen.add(String(first.text));
    return original.apply(this, args);
  });
  return { seen, restore: () => void Reflect.set(pg.Client.prototype, 'query', original) };
};

/** Enough for the server to prefer an index by itself where there is one. */
const FILL = `
  SET search_path TO vonage_audit_monitor;
  SET session_replication_role TO replica;
  INSERT INTO alerts (id, account, kind, level, rule, decided_ms, json)
    SELECT 'a' || i, 'x', 'rule', 'high', 'r' || i % 50, i * 1000, '{}' FROM generate_series(1, 20000) AS i;
  INSERT INTO alert_events (event, alert) SELECT 'e' || a.seq, a.seq FROM alerts AS a;
  INSERT INTO deliveries (id, alert, sink, state, attempts, created_ms, ended_ms, since_ms)
    SELECT 'd' || s || a.seq, a.seq, 's' || s, 'sent', 1, a.decided_ms, a.decided_ms, a.decided_ms
    FROM alerts AS a, generate_series(1, 2) AS s;
  INSERT INTO attempts (delivery, number, started_ms, ended_ms, outcome, detail)
    SELECT seq, 1, created_ms, created_ms, 'sent', '' FROM deliveries;
  INSERT INTO events (account, type, created_ms, seen_ms, id, json, position)
    SELECT i % 20, i % 9, i * 1000, i * 1000, 'e' || i, '{}', i FROM generate_series(1, 20000) AS i;
  INSERT INTO windows (account, from_ms, to_ms, verified, events, fresh, late, committed_ms)
    SELECT i % 20, i, i + 1, 1, 0, 0, 0, i FROM generate_series(1, 20000) AS i;
  INSERT INTO quarantine (account, key, found_ms, reason, json)
    SELECT i % 20, 'k' || i, i, '', '' FROM generate_series(1, 20000) AS i;
  INSERT INTO feed_refusals (sink, account, id, type, created_ms, refused_ms, reason)
    SELECT 's' || i % 5, 'x', 'e' || i, 't', i, i, '' FROM generate_series(1, 20000) AS i;
  SET session_replication_role TO DEFAULT;
  ANALYZE`;

const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

const isWalked = (node: Node): boolean =>
  LARGE.test(node['Relation Name'] ?? '') &&
  node['Index Cond'] === undefined &&
  node['Node Type'] !== 'Bitmap Heap Scan' &&
  node['Node Type'] !== 'ModifyTable' &&
  !SMALL_INDEXES.includes(node['Index Name'] ?? '');

/**
 * Which of the statements read a large table from end to end without a reason, even though the server is asked to do
 * anything rather than that. It plans them for any values, as it does for statements that are prepared once.
 */
export const longReads = async (url: string, seen: Iterable<string>): Promise<readonly string[]> => {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(FILL);
  await client.query(
    'SET search_path TO vonage_audit_monitor; SET plan_cache_mode TO force_generic_plan; SET enable_seqscan TO off',
  );
  const found: string[] = [];
  try {
    for (const sql of seen) {
      if (!/^\s*(SELECT|INSERT|UPDATE|DELETE)/i.test(sql) || ALLOWED.some(([part]) => part.test(sql)))
        continue;
      const count = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
      await client.query(`PREPARE asked AS ${sql}`);
      const values = count === 0 ? '' : `(${Array.from({ length: count }, () => 'NULL').join(', ')})`;
      const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE asked${values}`);
      await client.query('DEALLOCATE asked');
      const plan = (rows[0] as { 'QUERY PLAN': readonly { Plan: Node }[] })['QUERY PLAN'][0]?.Plan;
      for (const node of plan ? nodesOf(plan) : [])
        if (isWalked(node))
          found.push(`${node['Node Type']} ${node['Relation Name']} ${node['Index Name'] ?? ''}: ${sql}`);
    }
  } finally {
    await client.end();
  }
  return found;
};
