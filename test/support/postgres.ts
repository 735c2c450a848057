import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';

/** A database of its own on the server of this run. */
export interface TestDatabase {
  /** With the password of its owner. */
  readonly url: string;
  readonly name: string;
  /** Runs SQL as the owner. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Empties all tables of the store, as if it had just been made. */
  clear(): Promise<void>;
  drop(): Promise<void>;
}

/** Waits for the server of this run; the first one to ask starts it. */
const serverUrl = async (): Promise<string> => {
  const folder = inject('postgresFolder');
  let starts = true;
  try {
    mkdirSync(join(folder, 'starting'));
  } catch {
    starts = false;
  }
  if (starts)
    spawn(
      process.execPath,
      [join(import.meta.dirname, 'postgres-server.ts'), folder, String(inject('postgresParent'))],
      { detached: true, stdio: 'ignore' },
    ).unref();
  // The server is a process of another worker: there is nothing here to wait for but the file that it writes.
  for (; ; await pause(20)) {
    if (existsSync(join(folder, 'ready'))) return readFileSync(join(folder, 'ready'), 'utf8');
    if (existsSync(join(folder, 'failed')))
      throw new Error(`no PostgreSQL for the tests: ${readFileSync(join(folder, 'failed'), 'utf8')}`);
  }
};

/** Makes an empty database. */
export const createDatabase = async (): Promise<TestDatabase> => {
  const server = await serverUrl();
  const name = `test_${randomBytes(6).toString('hex')}`;
  const admin = async (sql: string): Promise<void> => {
    const client = new pg.Client(`${server}/postgres`);
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await admin(`CREATE DATABASE ${name} TEMPLATE template0`);
  const url = `${server}/${name}`;
  const client = new pg.Client(url);
  await client.connect();
  const query = async <Row extends pg.QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> => (await client.query<Row>(sql, [...values])).rows;
  return {
    url,
    name,
    query,
    async clear() {
      const tables = await query<{ name: string }>(
        `SELECT tablename AS name FROM pg_tables
         WHERE schemaname = 'vonage_audit_monitor' AND tablename <> 'meta' AND tablename NOT LIKE 'events\\_%'`,
      );
      if (tables.length === 0) return;
      // Triggers and references do not count here. Deleting a few rows is ten times as fast as truncating tables.
      const all = tables.map(({ name: table }) => `DELETE FROM vonage_audit_monitor.${table}`).join('; ');
      await query(
        `BEGIN; SET LOCAL session_replication_role TO replica; ${all};
         DELETE FROM vonage_audit_monitor.meta WHERE name <> 'schema_version'; COMMIT`,
      );
    },
    async drop() {
      await client.end();
      await admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
};
