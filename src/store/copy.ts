import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ChainReport } from '../core/chain.ts';
import { type Verification, verifyWith } from './chain-verify.ts';
import type { Connection, RunSteps } from './connection.ts';
import { COPIED_TABLES, type CopiedTable } from './copy-tables.ts';
import { LIVING, timeOf } from './leases.ts';
import type { PrepareMonths } from './postgres-months.ts';
import { all, get, type ManySql, many, run, type Steps, some, type Value, value } from './steps.ts';

/** One side of a copy. */
export interface CopySide {
  readonly connection: Connection;
  /** How messages call it. */
  readonly name: string;
}

/** The store that takes everything. */
export interface CopyTarget extends CopySide {
  /** Makes the tables that events of these times belong to, within the transaction of the copy. */
  readonly prepareMonths?: (run: RunSteps) => PrepareMonths;
}

/** How to copy. */
export interface CopyOptions {
  readonly source: CopySide;
  readonly target: CopyTarget;
  /** What part is done, and of what. */
  readonly onProgress: (done: number, what: string) => void;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** What was copied. */
export interface Copied {
  /** Rows by table, as both stores count them. */
  readonly rows: ReadonlyMap<string, number>;
  readonly verification: Verification;
}

/** Why a copy did not come about. Nothing is left of it in the target. */
export class CopyRefused extends Error {
  override readonly name = 'CopyRefused';
}

const PAGE = 500;
const PAGE_CHARS = 4_000_000;
const HOLDER = `SELECT holder FROM leases WHERE holder <> '' AND renewed_ms + ttl_ms > ? LIMIT 1`;
const KEPT_META = "SELECT name, value FROM meta WHERE name = 'link_key'";

type Row = Readonly<Record<string, Value>>;

/**
 * Copies all that one store holds into another one that is empty, in ONE transaction of the target: it has everything or
 * nothing. Before that ends, the rows of both are counted and the chains of the copy are verified. Rejects with
 * {@link CopyRefused} when a monitor works on the source, the target holds something, or the copy is not what was copied.
 */
export const copyStore = ({ source, target, onProgress, nowMs, signal }: CopyOptions): Promise<Copied> =>
  source.connection.snapshot((read) =>
    target.connection.transaction(async (write) => {
      const holder = await read(() => holderOf(source.connection.dialect, nowMs));
      if (holder !== undefined)
        throw new CopyRefused(
          `${source.name}: ${holder} works on it; stop the monitor first, so that nothing is left behind`,
        );
      for (const { name } of COPIED_TABLES)
        if ((await write(() => value<number>(`SELECT 1 FROM ${name} LIMIT 1`))) !== undefined)
          throw new CopyRefused(
            `${target.name}: there is something in it already (${name}); name an empty one`,
          );
      const counts = new Map<string, number>();
      for (const { name } of COPIED_TABLES) counts.set(name, await read(() => countOf(name)));
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
      let done = 0;
      const prepareMonths = target.prepareMonths?.(write);
      for (const table of COPIED_TABLES) {
        const insert = await write(() => insertInto(table));
        for (let after: Row | undefined; ; ) {
          const rows: readonly Row[] = await read(() => pageOf(table, after));
          after = rows.at(-1);
          if (!after) break;
          if (prepareMonths && table.name === 'events')
            await prepareMonths(rows.map((row) => Number(row['created_ms'])));
          await write(() => insert(rows));
          done += rows.length;
          onProgress(total === 0 ? 1 : done / total, table.name);
          await setImmediate();
          if (signal.aborted) throw new CopyRefused('stopped early: nothing was copied');
        }
        if (table.numbered)
          await write(
            goOn(table, target.connection.dialect, await read(lastGiven(table, source.connection.dialect))),
          );
        const copied = await write(() => countOf(table.name));
        if (copied !== counts.get(table.name))
          throw new CopyRefused(
            `${target.name}: ${table.name} has ${copied} rows, not ${counts.get(table.name)}`,
          );
      }
      for (const row of await read(() => all<{ name: string; value: string }>(KEPT_META)))
        await write(() => run('INSERT INTO meta (name, value) VALUES (?, ?)', row.name, row.value));
      // Nobody holds a lease of the copy; its tokens go on growing.
      await write(() => run("UPDATE leases SET holder = '', ttl_ms = 0"));
      onProgress(1, 'verifying');
      const verification = await verifyCopy(read, write, signal, target.name);
      return { rows: counts, verification };
    }),
  );

/** The chains of the copy hold, or are broken just as those of the source are: what was tampered with stays evidence. */
const verifyCopy = async (
  read: RunSteps,
  write: RunSteps,
  signal: AbortSignal,
  name: string,
): Promise<Verification> => {
  const options = { account: undefined, heads: [], onProgress: () => undefined, signal };
  const verification = await verifyWith(write, options, () => undefined);
  if (!verification.complete) throw new CopyRefused('stopped early: nothing was copied');
  const isBroken = ({ broken }: ChainReport): boolean => broken !== undefined;
  if (!verification.reports.some(isBroken)) return verification;
  const before = await verifyWith(read, options, () => undefined);
  if (!isDeepStrictEqual(before.reports, verification.reports))
    throw new CopyRefused(`${name}: the chains of the copy do not hold`);
  return verification;
};

/** Who works on a store, by the clock that leases run by there. A replica is one also while it holds nothing. */
function* holderOf(dialect: Connection['dialect'], nowMs: number): Steps<string | undefined> {
  if (dialect === 'sqlite') return yield* value<string>(HOLDER, nowMs);
  const serverMs = yield* timeOf(undefined);
  return (yield* value<string>(HOLDER, serverMs)) ?? (yield* get<{ id: string }>(LIVING, serverMs))?.id;
}

function* countOf(table: string): Steps<number> {
  return (yield* value<number>(`SELECT count(*) FROM ${table}`)) ?? 0;
}

/** The rows that follow one; none: that was all. */
const pageOf = ({ name, key, large }: CopiedTable, after: Row | undefined): Steps<readonly Row[]> => {
  const columns = key.join(', ');
  const where = after ? `WHERE (${columns}) > (${key.map(() => '?').join(', ')})` : '';
  const from = key.map((column) => after?.[column] ?? null);
  const order = `${where} ORDER BY ${columns} LIMIT ${PAGE}`;
  let chars = 0;
  const enough = (row: Row): boolean => {
    chars += large ? String(row[large]).length : 0;
    return chars > PAGE_CHARS;
  };
  const postgres = large
    ? `SELECT * FROM (SELECT *, sum(octet_length(${large})) OVER (ORDER BY ${columns}) AS upto FROM ${name} ${order}) AS page
       WHERE upto - octet_length(${large}) <= ${PAGE_CHARS} ORDER BY ${columns}`
    : `SELECT * FROM ${name} ${order}`;
  const bound = after ? from : [];
  return some<Row>({ sqlite: `SELECT * FROM ${name} ${order}`, postgres }, enough, ...bound);
};

/** How rows are inserted. The target says which columns there are, and of what type. */
function* insertInto({ name }: CopiedTable): Steps<(rows: readonly Row[]) => Steps<number>> {
  const columns = yield* all<{ name: string; type: string }>(
    {
      sqlite: 'SELECT name, type FROM pragma_table_info(?)',
      postgres: `SELECT column_name::text AS name, data_type::text AS type FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position`,
    },
    name,
  );
  const names = columns.map((column) => column.name);
  const list = names.map((column) => `"${column}"`).join(', ');
  const sql: ManySql = {
    sqlite: `INSERT INTO ${name} (${list}) VALUES (${names.map(() => '?').join(', ')})`,
    postgres: `INSERT INTO ${name} (${list}) OVERRIDING SYSTEM VALUE
      SELECT * FROM unnest(${columns.map(({ type }) => `?::${type}[]`).join(', ')})`,
  };
  return (rows) =>
    many(
      sql,
      rows.map((row) => names.map((column) => row[column] ?? null)),
    );
}

/** The last number that was given: those of rows that are gone are not given again. */
const lastGiven =
  ({ name, key }: CopiedTable, dialect: Connection['dialect']) =>
  (): Steps<number | undefined> =>
    dialect === 'postgres'
      ? value<number>(`SELECT last_value FROM ${sequenceOf(name, key[0] ?? 'seq')}`)
      : key[0] === 'key'
        ? value<number>(`SELECT coalesce(max(key), 0) FROM ${name}`)
        : value<number>('SELECT seq FROM sqlite_sequence WHERE name = ?', name);

const goOn = ({ name, key }: CopiedTable, dialect: Connection['dialect'], last: number | undefined) =>
  function* (): Steps<void> {
    if (last === undefined || last < 1) return;
    if (dialect === 'postgres') {
      yield* value(`SELECT setval('${sequenceOf(name, key[0] ?? 'seq')}', ?)`, last);
      return;
    }
    if (key[0] === 'key') return;
    const changed = yield* run('UPDATE sqlite_sequence SET seq = ? WHERE name = ?', last, name);
    if (changed === 0) yield* run('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', name, last);
  };

/** Its name is made of those of the table and the column. */
const sequenceOf = (table: string, column: string): string =>
  table === 'events' ? 'events_seq' : `${table}_${column}_seq`;
