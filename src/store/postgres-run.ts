import type { ClientBase, QueryConfig, QueryResult } from 'pg';
import { PATIENT } from './postgres-client.ts';
import { encodeText } from './postgres-text.ts';
import type { Statement, Steps, Value, Values } from './steps.ts';

/** A text of ours as PostgreSQL takes it. */
interface Translated {
  readonly text: string;
  /** Under which it is prepared; undefined: it is not. */
  readonly name: string | undefined;
  /** Of `@names`, in the order of their numbers. */
  readonly names: readonly string[];
}

/** Questions of people are made up of what they ask for: there is no end of their texts, and each costs the server memory. */
const MAX_PREPARED = 400;

const translated = new Map<string, Translated>();

/** `?` and `@name` become `$1`; texts are constants of the code, in which both stand for values alone. */
const translateSql = (sql: string): Translated => {
  const known = translated.get(sql);
  if (known) return known;
  const names: string[] = [];
  let count = 0;
  const text = sql.replace(/\?|@(\w+)/g, (_, name?: string) => {
    if (name === undefined) return `$${(count += 1)}`;
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}`;
  });
  const name = translated.size < MAX_PREPARED ? `vam${translated.size}` : undefined;
  const made = { text, name, names };
  if (name !== undefined) translated.set(sql, made);
  return made;
};

const encode = (value: Value | undefined): unknown =>
  typeof value === 'string'
    ? encodeText(value)
    : Array.isArray(value)
      ? value.map((item) => encode(item as Value))
      : (value ?? null);

const isNamed = (values: Values): values is readonly [Readonly<Record<string, Value>>] =>
  values.length === 1 && typeof values[0] === 'object' && values[0] !== null && !isScalar(values[0]);

const isScalar = (value: unknown): boolean => Array.isArray(value) || Buffer.isBuffer(value);

const query = (client: ClientBase, sql: string, values: Values): Promise<QueryResult> => {
  const { text, name, names } = translateSql(sql);
  const bound = isNamed(values) ? names.map((key) => values[0][key]) : values;
  return client.query({ text, values: bound.map(encode), ...(name === undefined ? {} : { name }) });
};

const firstColumn = (row: unknown): unknown => Object.values(row as object)[0];

const execute = async (
  client: ClientBase,
  statement: Exclude<Statement, { kind: 'tell' }>,
): Promise<unknown> => {
  if (statement.kind === 'each') return runEach(client, statement.sql, statement.next);
  if (statement.kind === 'insert') {
    const { rows } = await query(client, `${statement.sql} RETURNING seq`, statement.values);
    return rows.length === 0 ? undefined : firstColumn(rows[0]);
  }
  if (statement.kind === 'inserts') return runInserts(client, statement.sql.postgres, statement.rows);
  const sql = typeof statement.sql === 'string' ? statement.sql : statement.sql.postgres;
  if (statement.kind === 'many') {
    let changes = 0;
    for (const piece of piecesOf(statement.rows))
      changes += (await query(client, sql, columnsOf(piece))).rowCount ?? 0;
    return changes;
  }
  const { rows, rowCount } = await query(client, sql, statement.values);
  if (statement.kind === 'some') {
    const last = (rows as never[]).findIndex(statement.enough);
    return last === -1 ? rows : rows.slice(0, last + 1);
  }
  if (statement.kind === 'run') return rowCount ?? 0;
  if (statement.kind === 'get') return rows[0];
  if (statement.kind === 'all') return rows;
  if (statement.kind === 'value') return rows.length === 0 ? undefined : firstColumn(rows[0]);
  return rows.map(firstColumn);
};

/**
 * What is sent at once, in characters. The server says no word before it has the whole of a statement: one of megabytes over a slow link
 * would look as if nobody were there.
 */
const MAX_PIECE = 256 * 1024;

/** Rows in pieces of that size; a row that is larger is one by itself. Each does the same, so it does not matter where they end. */
function* piecesOf(rows: readonly (readonly Value[])[]): Generator<readonly (readonly Value[])[]> {
  let from = 0;
  let size = 0;
  for (const [at, row] of rows.entries()) {
    const more = row.reduce<number>((sum, cell) => sum + (typeof cell === 'string' ? cell.length : 8), 0);
    if (at > from && size + more > MAX_PIECE) {
      yield rows.slice(from, at);
      from = at;
      size = 0;
    }
    size += more;
  }
  if (from < rows.length) yield rows.slice(from);
}

/** Every column as a list, whose values may be null as well. */
const columnsOf = (rows: readonly (readonly Value[])[]): readonly Value[] =>
  (rows[0] ?? []).map((_, index) => rows.map((row) => row[index] ?? null)) as unknown as readonly Value[];

const runInserts = async (
  client: ClientBase,
  sql: string,
  rows: readonly (readonly Value[])[],
): Promise<readonly (number | undefined)[]> => {
  const seqs = new Map<string, number>();
  for (const piece of piecesOf(rows)) {
    const result = await query(client, `${sql} RETURNING id, seq`, columnsOf(piece));
    for (const { id, seq } of result.rows as { id: string; seq: number }[]) seqs.set(id, seq);
  }
  return rows.map(([id]) => {
    const key = String(id).toWellFormed();
    const seq = seqs.get(key);
    // Of an id that is named twice, the first one was inserted.
    seqs.delete(key);
    return seq;
  });
};

const runEach = async (
  client: ClientBase,
  sql: string,
  next: (changes: number) => readonly Value[] | undefined,
): Promise<void> => {
  let changes = 0;
  for (let row = next(0); row; row = next(changes)) changes = (await query(client, sql, row)).rowCount ?? 0;
};

/** The same connection, with as much time for each statement of steps as it takes. */
export const patient = <Client extends ClientBase>(client: Client): Client =>
  Object.create(client, {
    query: { value: (config: QueryConfig) => client.query({ ...config, ...PATIENT }) },
  }) as Client;

/** Runs steps to their end on one connection. `onTell` is called when others are to be told of them once they are committed. */
export const runSteps = async <T>(client: ClientBase, steps: Steps<T>, onTell: () => void): Promise<T> => {
  let step = steps.next();
  while (step.done !== true) {
    if (step.value.kind === 'tell') {
      onTell();
      step = steps.next();
      continue;
    }
    let answer: unknown;
    try {
      answer = await execute(client, step.value);
    } catch (error) {
      // Closes what the steps have open. A statement that failed has ended the transaction: they cannot go on.
      steps.return(undefined as T);
      throw error;
    }
    step = steps.next(answer);
  }
  return step.value;
};
