/*
 * What the store does is written once, as generators that yield one statement after the other ("steps"). The driver of SQLite
 * runs them to their end at once, inside one transaction; the driver of PostgreSQL awaits every statement. So the two stores
 * cannot drift apart, and where their SQL differs both texts stand side by side.
 */

/** What can be bound. A list becomes what `json_each(?)` takes apart in SQLite, and an array in PostgreSQL. */
export type Value = string | number | bigint | null | Buffer | readonly string[] | readonly number[];

/** Positional for `?`, or one object for `@names`. */
export type Values = readonly Value[] | readonly [Readonly<Record<string, Value>>];

/**
 * SQL that both understand: `?` or `@name` for values, quoted aliases, `FOR UPDATE` and `FOR KEY SHARE` at its end, which
 * SQLite does without since it has one writer at a time. Or one text for each.
 */
export type Sql = string | { readonly sqlite: string; readonly postgres: string };

/**
 * What does the same to many rows. The text of SQLite is for one row and is run for each; with `atOnce`, it takes all of them
 * as JSON in a single `json_each(?)`. The text of PostgreSQL takes an array of each column.
 */
export interface ManySql {
  readonly sqlite: string;
  readonly postgres: string;
  readonly atOnce?: true;
}

/** One statement to be run, and what of its result is wanted. */
export type Statement =
  | { readonly kind: 'all' | 'get' | 'value' | 'values' | 'run'; readonly sql: Sql; readonly values: Values }
  /** One statement for many rows. Answers the number of changes. */
  | { readonly kind: 'many'; readonly sql: ManySql; readonly rows: readonly (readonly Value[])[] }
  /** One row into a table with a `seq`, which is answered; undefined when `ON CONFLICT DO NOTHING` did nothing. */
  | { readonly kind: 'insert'; readonly sql: string; readonly values: readonly Value[] }
  /**
   * Many rows into a table with a `seq`. Answers for each its `seq`, or undefined when there was one. The first column is what
   * tells rows apart, an `id`.
   */
  | { readonly kind: 'inserts'; readonly sql: ManySql; readonly rows: readonly (readonly Value[])[] }
  /** The same statement as long as `next` gives values; it is told how many rows the one before has changed. */
  | {
      readonly kind: 'each';
      readonly sql: string;
      readonly next: (changes: number) => readonly Value[] | undefined;
    }
  /** Others have something to do once this is committed: they are woken where that takes a word. */
  | { readonly kind: 'tell' }
  /** Rows until `enough` says so of one, which is the last that is given. */
  | {
      readonly kind: 'some';
      readonly sql: Sql;
      readonly values: Values;
      readonly enough: (row: never) => boolean;
    };

/** A piece of work on the store. */
export type Steps<T> = Generator<Statement, T, unknown>;

/** All rows. */
export function* all<Row>(sql: Sql, ...values: Values): Steps<readonly Row[]> {
  return (yield { kind: 'all', sql, values }) as readonly Row[];
}

/** The first row. */
export function* get<Row>(sql: Sql, ...values: Values): Steps<Row | undefined> {
  return (yield { kind: 'get', sql, values }) as Row | undefined;
}

/** The first column of the first row; undefined when there is none. */
export function* value<T>(sql: Sql, ...values: Values): Steps<T | undefined> {
  return (yield { kind: 'value', sql, values }) as T | undefined;
}

/** The first column of all rows. */
export function* values<T>(sql: Sql, ...bound: Values): Steps<readonly T[]> {
  return (yield { kind: 'values', sql, values: bound }) as readonly T[];
}

/** Answers the number of rows it changed. */
export function* run(sql: Sql, ...values: Values): Steps<number> {
  return (yield { kind: 'run', sql, values }) as number;
}

/** One statement for many rows: see {@link ManySql}. Nothing is sent when there are none. */
export function* many(sql: ManySql, rows: readonly (readonly Value[])[]): Steps<number> {
  return rows.length === 0 ? 0 : ((yield { kind: 'many', sql, rows }) as number);
}

/** Inserts a row; answers its `seq`, or undefined when there is one already (`ON CONFLICT DO NOTHING`). */
export function* insert(sql: string, ...values: readonly Value[]): Steps<number | undefined> {
  return (yield { kind: 'insert', sql, values }) as number | undefined;
}

/**
 * Inserts many rows whose first column is their `id`; answers for each its `seq`, or undefined when there is one of that id
 * already (`ON CONFLICT DO NOTHING`).
 */
export function* inserts(
  sql: ManySql,
  rows: readonly (readonly Value[])[],
): Steps<readonly (number | undefined)[]> {
  return rows.length === 0 ? [] : ((yield { kind: 'inserts', sql, rows }) as readonly (number | undefined)[]);
}

/**
 * Runs a statement as long as `next` gives values for it, and tells it how many rows the one before has changed (0 for the
 * first): for loops that are too hot for a step each.
 */
export function* each(sql: string, next: (changes: number) => readonly Value[] | undefined): Steps<void> {
  yield { kind: 'each', sql, next };
}

/**
 * Says that other processes have something to do once this is committed, such as sending. SQLite tells them of every commit
 * by itself.
 */
export function* tellOthers(): Steps<void> {
  yield { kind: 'tell' };
}

/** Rows until one is enough: that one is the last. */
export function* some<Row>(
  sql: Sql,
  enough: (row: Row) => boolean,
  ...values: Values
): Steps<readonly Row[]> {
  return (yield { kind: 'some', sql, values, enough }) as readonly Row[];
}
