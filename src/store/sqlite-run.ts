import type { Database, Statement as Prepared, RunResult } from 'better-sqlite3';
import type { ManySql, Statement, Steps, Value } from './steps.ts';

/** Runs steps to their end at once. */
export type RunNow = <T>(steps: Steps<T>) => T;

/** An INSERT of one row, which can be made one of several: measured at half of what one statement for each costs. */
const VALUES = /VALUES (\([?, ]+\))$/;
const ROWS_AT_ONCE = 32;
/** Questions of people are made up of what they ask for: there is no end of their texts. */
const MAX_PREPARED = 500;
/** Locks are for databases with several writers at a time. */
const LOCK = /\s+FOR (?:UPDATE|KEY SHARE)(?: OF \w+)?(?: SKIP LOCKED)?\s*$/;

/** Prepares {@link RunNow}: every text is prepared once. */
export const createRunNow = (db: Database): RunNow => {
  const prepared = new Map<string, Prepared>();
  const plucked = new Map<string, Prepared>();

  const remember = (known: Map<string, Prepared>, sql: string, statement: Prepared): Prepared => {
    if (known.size >= MAX_PREPARED) known.clear();
    known.set(sql, statement);
    return statement;
  };
  const prepare = (sql: string): Prepared =>
    prepared.get(sql) ?? remember(prepared, sql, db.prepare(sql.replace(LOCK, '')));
  const pluck = (sql: string): Prepared =>
    plucked.get(sql) ?? remember(plucked, sql, db.prepare(sql.replace(LOCK, '')).pluck());

  const runMany = (sql: ManySql, rows: readonly (readonly Value[])[]): number => {
    if (sql.atOnce) return prepare(sql.sqlite).run(JSON.stringify(rows)).changes;
    const values = VALUES.exec(sql.sqlite)?.[1];
    let changes = 0;
    let from = 0;
    if (values !== undefined && rows.length >= ROWS_AT_ONCE) {
      const more = Array.from({ length: ROWS_AT_ONCE - 1 }, () => `, ${values}`).join('');
      const several = prepare(`${sql.sqlite}${more}`);
      for (; from + ROWS_AT_ONCE <= rows.length; from += ROWS_AT_ONCE)
        changes += several.run(...rows.slice(from, from + ROWS_AT_ONCE).flat()).changes;
    }
    const one = prepare(sql.sqlite);
    for (; from < rows.length; from += 1) changes += one.run(...(rows[from] ?? [])).changes;
    return changes;
  };

  const runSome = (sql: string, values: readonly unknown[], enough: (row: never) => boolean): unknown => {
    const rows: unknown[] = [];
    // Read to its end, or left, before anything else is asked.
    for (const row of prepare(sql).iterate(...values)) {
      rows.push(row);
      if (enough(row as never)) break;
    }
    return rows;
  };

  const runEach = (sql: string, next: (changes: number) => readonly Value[] | undefined): void => {
    const one = prepare(sql);
    let changes = 0;
    for (let row = next(0); row; row = next(changes)) ({ changes } = one.run(...row));
  };

  const execute = (statement: Statement): unknown => {
    if (statement.kind === 'tell') return undefined;
    const sql = typeof statement.sql === 'string' ? statement.sql : statement.sql.sqlite;
    if (statement.kind === 'each') return runEach(sql, statement.next);
    if (statement.kind === 'inserts') {
      const one = prepare(statement.sql.sqlite);
      return statement.rows.map((row) => inserted(one.run(...row)));
    }
    if (statement.kind === 'many') return runMany(statement.sql, statement.rows);
    const values = bound(statement.values);
    if (statement.kind === 'some') return runSome(sql, values, statement.enough);
    if (statement.kind === 'run') return prepare(sql).run(...values).changes;
    if (statement.kind === 'insert') return inserted(prepare(sql).run(...values));
    if (statement.kind === 'get') return prepare(sql).get(...values);
    if (statement.kind === 'all') return prepare(sql).all(...values);
    if (statement.kind === 'value') return pluck(sql).get(...values);
    return pluck(sql).all(...values);
  };

  return (steps) => {
    let step = steps.next();
    while (step.done !== true) {
      let answer: unknown;
      try {
        answer = execute(step.value);
      } catch (error) {
        step = steps.throw(error);
        continue;
      }
      step = steps.next(answer);
    }
    return step.value;
  };
};

const inserted = ({ changes, lastInsertRowid }: RunResult): number | undefined =>
  changes === 0 ? undefined : Number(lastInsertRowid);

/** A list is bound as JSON, which `json_each` takes apart. Nothing is copied where there is none. */
const bound = (values: readonly unknown[]): readonly unknown[] =>
  values.some(Array.isArray)
    ? values.map((value) => (Array.isArray(value) ? JSON.stringify(value as Value[]) : value))
    : values;
