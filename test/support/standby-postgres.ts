import { chown, copyFile, mkdir, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { errorCode } from '../../src/base/errors.ts';
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts';
import {
  createServerOf,
  freePort,
  HASTY,
  OWNER,
  type OwnPostgres,
  prepare,
  type ServerOf,
  urlOf,
} from './own-postgres.ts';

/** A server whose place a standby can take, as asynchronous replication does it: what had not come to it by then is lost. */
export interface PostgresWithStandby extends Omit<OwnPostgres, 'port'> {
  /** Where the server that counts listens now. Whoever goes there directly has to ask again after {@link failOver}. */
  port(): number;
  /** Makes a standby of the server as it is; it has everything when this resolves, and follows from then on. */
  follow(): Promise<void>;
  /** From now on nothing more comes to the standby. */
  fallBehind(): Promise<void>;
  /** Ends the server for good, as the loss of its machine does, and makes the standby the server that counts. */
  failOver(): Promise<void>;
  close(): Promise<void>;
}

interface Node {
  readonly data: string;
  readonly port: number;
  readonly server: ServerOf;
}

/** Enough of the log for a standby that is away for a while. */
const FLAGS = [...HASTY, '--wal_keep_size=512MB'] as const;

/** Makes a {@link PostgresWithStandby} in a folder that is empty at first. Its `url` stays the same, whoever has become the server. */
export const createPostgresWithStandby = async (folder: string): Promise<PostgresWithStandby> => {
  prepare(folder);
  let nodes = 0;
  const place = async (): Promise<{ readonly data: string; readonly port: number }> => {
    nodes += 1;
    return { data: join(folder, `data-${nodes}`), port: await freePort() };
  };
  const first = await place();
  let current: Node = { ...first, server: createServerOf(first.data, first.port, FLAGS) };
  let standby: { readonly node: Node; readonly link: FaultProxy } | undefined;
  let isMade = false;
  const address = await createFaultProxy(() => current.port);

  const drop = async (): Promise<void> => {
    const dropped = standby;
    standby = undefined;
    await dropped?.node.server.stop();
    await dropped?.link.close();
    if (dropped) await rm(dropped.node.data, { recursive: true, force: true });
  };

  return {
    url: urlOf(address.port),
    port: () => current.port,
    async start() {
      if (!isMade) await current.server.make();
      isMade = true;
      await current.server.start();
    },
    stop: (how) => current.server.stop(how),
    async follow() {
      await drop();
      const { data, port } = await place();
      await backUp(current, data);
      const link = await createFaultProxy(current.port);
      const { user, password } = OWNER;
      const server = createServerOf(data, port, [
        ...FLAGS,
        `--primary_conninfo=host=127.0.0.1 port=${link.port} user=${user} password=${password}`,
      ]);
      standby = { node: { data, port, server }, link };
      await server.start('ready to accept read-only connections');
      const atLeast = await ask<string>(current.port, 'SELECT pg_current_wal_lsn()::text');
      for (;;) {
        const caughtUp = await ask<boolean>(
          port,
          `SELECT coalesce(pg_last_wal_replay_lsn() >= '${atLeast}'::pg_lsn, false)`,
        );
        if (caughtUp) return;
        // The standby is another process: there is nothing here to wait for.
        await pause(20);
      }
    },
    async fallBehind() {
      await standby?.link.down();
    },
    async failOver() {
      if (!standby) throw new Error('there is no standby');
      const { node, link } = standby;
      const old = current;
      await old.server.stop('crash');
      await ask(node.port, 'SELECT pg_promote(true, 60)');
      standby = undefined;
      current = node;
      // Whoever is still connected to the address was connected to the old one.
      address.cut();
      await link.close();
      await rm(old.data, { recursive: true, force: true });
    },
    async close() {
      await drop();
      await current.server.stop();
      await address.close();
    },
  };
};

/** Asks a server one thing. */
const ask = async <T>(port: number, sql: string): Promise<T | undefined> => {
  const client = new pg.Client(`${urlOf(port)}/postgres`);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, T>>(sql);
    return Object.values(rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
};

/** Copies the data of a running server so that a standby can begin with it: what `pg_basebackup` does, which is not among the binaries here. */
const backUp = async ({ data, port }: Node, to: string): Promise<void> => {
  const client = new pg.Client(`${urlOf(port)}/postgres`);
  await client.connect();
  try {
    // The names of PostgreSQL 14; 15 calls them pg_backup_start and pg_backup_stop.
    await client.query(`SELECT pg_start_backup('standby', true, false)`);
    await copy(data, to);
    const { rows } = await client.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_stop_backup(false, false)',
    );
    for (const [name, text] of [
      ['backup_label', rows[0]?.labelfile ?? ''],
      ['standby.signal', ''],
    ] as const) {
      await writeFile(join(to, name), text, { mode: 0o600 });
      await own(join(to, name), data);
    }
  } finally {
    await client.end();
  }
};

/** What belongs to the running server alone, or is read from the log again; of these, directories are made empty. */
const LEFT_OUT = /^(?:pg_wal\/|pg_stat_tmp\/|pg_replslot\/|postmaster\.)|pgsql_tmp/;

const copy = async (from: string, to: string, below = ''): Promise<void> => {
  await mkdir(join(to, below), { mode: 0o700, recursive: true });
  await own(join(to, below), from);
  for (const entry of await readdir(join(from, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (LEFT_OUT.test(path)) continue;
    try {
      if (entry.isDirectory()) await copy(from, to, path);
      else if (entry.isSymbolicLink()) await symlink(await readlink(join(from, path)), join(to, path));
      else {
        await copyFile(join(from, path), join(to, path));
        await own(join(to, path), from);
      }
    } catch (error) {
      // A file that has gone since: the log says so, too.
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
};

/** Gives a copied file to the user of the server. */
const own = async (path: string, like: string): Promise<void> => {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(like);
  await chown(path, uid, gid);
};
