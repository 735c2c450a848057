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
    return (await query(client, sql, columnsOf(statement.rows))).rowCount ?? 0;
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

/** Every column as a list, whose values may be null as well. */
const columnsOf = (rows: readonly (readonly Value[])[]): readonly Value[] =>
  (rows[0] ?? []).map((_, index) => rows.map((row) => row[index] ?? null)) as unknown as readonly Value[];

const runInserts = async (
  client: ClientBase,
  sql: string,
  rows: readonly (readonly Value[])[],
): Promise<readonly (number | undefined)[]> => {
  const result = await query(client, `${sql} RETURNING id, seq`, columnsOf(rows));
  const seqs = new Map((result.rows as { id: string; seq: number }[]).map(({ id, seq }) => [id, seq]));
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
