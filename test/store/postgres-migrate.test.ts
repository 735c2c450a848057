import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replicas } from '../../src/store/migrations/07-replicas.ts';
import { POSTGRES_MIGRATIONS } from '../../src/store/migrations/list.ts';
import { migratePostgres } from '../../src/store/postgres-migrate.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

/* A migration beside replicas at work, and beside somebody who reads for long. */

const SCHEMA = 'vonage_audit_monitor';
/** How many the store has had: the next one changes the table of leases, which replicas at work always use. */
const HAS_HAD = POSTGRES_MIGRATIONS.indexOf(replicas.postgres ?? '');

let database: TestDatabase;
let pool: pg.Pool;
/** Somebody who uses that table. */
let user: pg.PoolClient;
beforeEach(async () => {
  database = await createDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 3 });
  user = await pool.connect();
  // A store of an earlier version.
  await database.query(
    `CREATE SCHEMA ${SCHEMA}; SET search_path TO ${SCHEMA};
     CREATE TABLE meta (name text COLLATE "C" PRIMARY KEY, value text NOT NULL)`,
  );
  for (const sql of POSTGRES_MIGRATIONS.slice(0, HAS_HAD)) if (sql !== '') await database.query(sql);
  await database.query("INSERT INTO meta VALUES ('schema_version', $1)", [String(HAS_HAD)]);
  await user.query(`BEGIN; LOCK TABLE ${SCHEMA}.leases IN ROW EXCLUSIVE MODE`);
});
afterEach(async () => {
  await user.query('ROLLBACK');
  user.release();
  await pool.end();
  await database.drop();
});

const version = async (): Promise<number> => {
  const [row] = await database.query<{ value: string }>(
    `SELECT value FROM ${SCHEMA}.meta WHERE name = 'schema_version'`,
  );
  return Number(row?.value);
};
const withClient = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
};

it('does not wait for long for a table in use, lets others at it, and tries again', async () => {
  let pauses = 0;
  const told: string[] = [];
  await withClient((client) =>
    migratePostgres(client, 'x', {
      lockWaitMs: 20,
      onWaits: (reason) => told.push(reason),
      async pause() {
        pauses += 1;
        expect(told.at(-1)).toContain(
          `in use, by a dump perhaps, and cannot be brought up to date yet; tried ${pauses} of`,
        );
        expect(await version()).toBe(HAS_HAD);
        // Nobody has to wait now, for what the migration would change least of all.
        await database.query(`BEGIN; LOCK TABLE ${SCHEMA}.leases IN ROW EXCLUSIVE MODE NOWAIT; COMMIT`);
        if (pauses === 3) await user.query('COMMIT');
      },
    }),
  );
  expect(pauses).toBe(3);
  expect(told).toHaveLength(3);
  expect(await version()).toBe(POSTGRES_MIGRATIONS.length);
});

it('gives up in the end, has done nothing then, and says that others were at it', async () => {
  let pauses = 0;
  const pause = async (): Promise<void> => {
    pauses += 1;
  };
  await expect(
    withClient((client) => migratePostgres(client, 'x', { lockWaitMs: 1, pause })),
  ).rejects.toMatchObject({ code: '55P03' });
  expect(pauses).toBe(29);
  await user.query('COMMIT');
  expect(await version()).toBe(HAS_HAD);
  await withClient((client) => migratePostgres(client, 'x'));
  expect(await version()).toBe(POSTGRES_MIGRATIONS.length);
});
