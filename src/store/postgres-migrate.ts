import type { PoolClient } from 'pg';
import { sleep } from '../base/sleep.ts';
import { POSTGRES_MIGRATIONS } from './migrations/list.ts';
import { NO_LIMITS, PATIENT, SCHEMA } from './postgres-client.ts';
import { isInUse, refusal } from './postgres-errors.ts';

/** The oldest PostgreSQL that has all we use. */
const OLDEST = 140_000;

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('${SCHEMA} migration', 0))`;
const VERSION = `SELECT value FROM ${SCHEMA}.meta WHERE name = 'schema_version'`;

/** How many migrations the store has had; undefined: there is none yet. Refuses what is not ours, or too new. */
const readVersion = async (client: PoolClient, place: string): Promise<number | undefined> => {
  const server = await client.query<{ n: string }>("SELECT current_setting('server_version_num') AS n");
  if (Number(server.rows[0]?.n) < OLDEST)
    throw refusal('failed', place, `PostgreSQL ${server.rows[0]?.n}, 14 or later is needed`);
  const found = await client.query<{ schema: boolean; meta: boolean }>(
    `SELECT to_regnamespace('${SCHEMA}') IS NOT NULL AS schema, to_regclass('${SCHEMA}.meta') IS NOT NULL AS meta`,
  );
  if (!found.rows[0]?.meta) {
    if (!found.rows[0]?.schema) return undefined;
    const others = await client.query(
      'SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace($1) LIMIT 1',
      [SCHEMA],
    );
    // An administrator may have made the schema for us, empty.
    if (others.rows.length === 0) return undefined;
    throw refusal('foreign', place, 'its schema has no table "meta"');
  }
  const version = Number((await client.query<{ value: string }>(VERSION)).rows[0]?.value);
  if (!Number.isSafeInteger(version)) throw refusal('foreign', place, 'its schema says no version of ours');
  if (version > POSTGRES_MIGRATIONS.length) {
    throw refusal(
      'newer',
      place,
      `it has schema version ${version}, this program knows up to ${POSTGRES_MIGRATIONS.length}`,
    );
  }
  return version;
};

/**
 * Whoever waits for a table that is in use has all who come later wait behind it, replicas at work among them: so it does not wait
 * for long, lets them go on, and tries again.
 */
const LOCK_WAIT_MS = 3_000;
const PAUSE_MS = 5_000;
const TRIES = 30;

/** How to go about it, for tests. */
export interface MigrateOptions {
  readonly lockWaitMs?: number;
  /** Between two tries. */
  readonly pause?: () => Promise<void>;
  /** Told before each pause why there is one. */
  readonly onWaits?: ((reason: string) => void) | undefined;
}

/**
 * Brings the store up to date in one transaction. Several processes may try at once: one does, the others wait and find it
 * done. Nothing is locked, and no right to make tables is needed, when there is nothing to do. While a table is in use for long
 * (by a dump, say), it tries again for some minutes; then it rejects, and has done nothing.
 */
export const migratePostgres = async (
  client: PoolClient,
  place: string,
  {
    lockWaitMs = LOCK_WAIT_MS,
    pause = () => sleep(PAUSE_MS),
    onWaits = () => undefined,
  }: MigrateOptions = {},
): Promise<void> => {
  if ((await readVersion(client, place)) === POSTGRES_MIGRATIONS.length) return;
  for (let tries = 1; ; tries += 1) {
    try {
      await migrateTogether(client, place, lockWaitMs);
      return;
    } catch (error) {
      if (tries >= TRIES || !isInUse(error)) throw error;
      onWaits(
        `a table is in use, by a dump perhaps, and cannot be brought up to date yet; tried ${tries} of ${TRIES} times`,
      );
      await pause();
    }
  }
};

const migrateTogether = async (client: PoolClient, place: string, lockWaitMs: number): Promise<void> => {
  await client.query(`BEGIN; ${NO_LIMITS}`);
  try {
    // Another one may be at it, for long.
    await client.query({ text: LOCK, ...PATIENT });
    await client.query(`SET LOCAL lock_timeout = ${lockWaitMs}`);
    const version = await readVersion(client, place);
    if (version === undefined) {
      // An administrator may have made the schema, and kept the right to make others.
      const { rows } = await client.query('SELECT to_regnamespace($1) AS found', [SCHEMA]);
      if ((rows[0] as { found: string | null }).found === null) await client.query(`CREATE SCHEMA ${SCHEMA}`);
      await client.query(
        `CREATE TABLE ${SCHEMA}.meta (name text COLLATE "C" PRIMARY KEY, value text NOT NULL)`,
      );
    }
    await client.query(`SET LOCAL search_path TO ${SCHEMA}`);
    for (const sql of POSTGRES_MIGRATIONS.slice(version ?? 0))
      if (sql !== '') await client.query({ text: sql, ...PATIENT });
    await client.query(
      `INSERT INTO ${SCHEMA}.meta (name, value) VALUES ('schema_version', $1)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      [String(POSTGRES_MIGRATIONS.length)],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

/** Refuses a store that is not there, or that another version has to bring up to date first. Reads only. */
export const checkPostgres = async (client: PoolClient, place: string): Promise<void> => {
  const version = await readVersion(client, place);
  if (version === undefined)
    throw refusal('missing', place, 'there is no store in it; "run" makes it at its first start');
  if (version < POSTGRES_MIGRATIONS.length)
    throw refusal(
      'failed',
      place,
      'an older version wrote it; start this one once with "run", or run "state migrate"',
    );
};
