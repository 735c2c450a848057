import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ROOT } from './child.ts';
import { type Usage, usageOf } from './usage.ts';

/**
 * What a server has done so far. Of its bytes on the disk the system counts whole large pages of its cache for each small one
 * that is written: what was written follows from what the server says itself.
 */
export interface ServerUse extends Pick<Usage, 'cpuMs'> {
  /** Bytes of its write-ahead log. */
  readonly walBytes: number;
  /** How often the log was written, and how often the disk was waited for. */
  readonly walWrites: number;
  readonly walSyncs: number;
  readonly commits: number;
  /** Pages of tables and indexes written, whoever wrote them. */
  readonly pages: number;
}

/** A database of its own on the server. */
export interface BenchDatabase {
  readonly url: string;
  /** Of the server as a whole: nobody else uses it. With `checkpoint`, what was only in its memory is written first. */
  use(checkpoint?: boolean): Promise<ServerUse>;
  /** Of all tables and indexes. */
  bytes(): Promise<number>;
  /** A client that is connected; whoever takes it ends it. */
  connect(): Promise<pg.Client>;
  drop(): Promise<void>;
}

/** A PostgreSQL server of this run. */
export interface DatabaseServer {
  readonly version: string;
  create(): Promise<BenchDatabase>;
  close(): Promise<void>;
}

// The log is where it was inserted up to, whether it is on disk or not; checkpoints and backends both write pages.
const USE = `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS "walBytes",
  wal_write::float8 AS "walWrites", wal_sync::float8 AS "walSyncs",
  (SELECT sum(xact_commit)::float8 FROM pg_stat_database) AS commits,
  (SELECT (buffers_checkpoint + buffers_clean + buffers_backend)::float8 FROM pg_stat_bgwriter) AS pages
  FROM pg_stat_wal`;
/** A page of a table, an index or the log: the least that is written at once. */
const PAGE_BYTES = 8_192;
/** Bytes that a server has written: of the log at least a page each time, and pages of tables and indexes. */
export const writtenBytes = ({ walBytes, walWrites, pages }: ServerUse): number =>
  Math.max(walBytes, walWrites * PAGE_BYTES) + pages * PAGE_BYTES;

/** Backends tell what they did at most so often. */
const TOLD_WITHIN_MS = 700;

/**
 * Starts a PostgreSQL server with its default settings, which keep what they have committed (fsync, synchronous_commit and
 * full_page_writes are on), in a folder of its own.
 */
export const startDatabase = async (): Promise<DatabaseServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-bench-postgres-'));
  const script = join(ROOT, 'test/support/postgres-server.ts');
  // It looks after its server by itself, and ends it when this process has ended.
  const child = spawn(process.execPath, [script, folder, String(process.pid), 'durable'], {
    detached: true,
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  while (!existsSync(join(folder, 'ready'))) {
    if (existsSync(join(folder, 'failed'))) throw new Error(readFileSync(join(folder, 'failed'), 'utf8'));
    await sleep(20);
  }
  const root = readFileSync(join(folder, 'ready'), 'utf8');
  const admin = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client(`${root}/postgres`);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const pid = Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  const version = await admin(
    async (client) => (await client.query<{ server_version: string }>('SHOW server_version')).rows[0],
  );
  return {
    version: version?.server_version ?? '',
    async create() {
      const name = `bench_${randomBytes(6).toString('hex')}`;
      await admin((client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0`));
      const url = `${root}/${name}`;
      const connect = async (): Promise<pg.Client> => {
        const client = new pg.Client(url);
        await client.connect();
        return client;
      };
      return {
        url,
        connect,
        use: (checkpoint = false) =>
          admin(async (client) => {
            if (checkpoint) await client.query('CHECKPOINT');
            await sleep(TOLD_WITHIN_MS);
            const { rows } = await client.query<Omit<ServerUse, 'cpuMs'>>(USE);
            const [row] = rows;
            if (!row) throw new Error('the server tells nothing of itself');
            return { ...row, cpuMs: usageOf(pid).cpuMs };
          }),
        async bytes() {
          const client = await connect();
          const { rows } = await client.query<{ bytes: string }>(
            'SELECT pg_database_size(current_database()) AS bytes',
          );
          await client.end();
          return Number(rows[0]?.bytes);
        },
        drop: async () => {
          await admin((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
        },
      };
    },
    async close() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
