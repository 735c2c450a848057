import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createScope } from '../../src/base/scope.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { createOwnPostgres } from '../support/own-postgres.ts';
import type { DayStore } from './day-store.ts';
import { createServerWatch } from './server-watch.ts';
import type { VirtualTime } from './virtual-time.ts';

/** In memory where that can be: with a disk, the server is what a day waits for. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/**
 * A PostgreSQL server of the day's own, which can be away, crash, refuse to write, or be replaced by one that lacks the latest
 * commits. Real time passes while it works, and no virtual time. To be made before virtual time begins.
 */
export const createPostgresDay = async (): Promise<{
  readonly store: (time: VirtualTime) => DayStore;
  close(): Promise<void>;
}> => {
  // Loaded when a store is first opened; real files in the middle of virtual time would look like a slow server.
  await import('../../src/store/open-postgres.ts');
  const scope = createScope();
  const folder = mkdtempSync(join(BASE, 'vam-chaos-postgres-'));
  scope.defer('folder', () => rmSync(folder, { recursive: true, force: true }));
  const server = await createOwnPostgres(folder);
  await server.start();
  scope.defer('server', () => server.stop('crash'));
  const place = { kind: 'postgres', url: `${server.url}/postgres`, poolSize: 4 } as const;
  const [data, snapshot] = [join(folder, 'data'), join(folder, 'snapshot')];

  /** How many want it to be away. */
  let away = 0;
  let isReadOnly = false;
  const query = async (...statements: readonly string[]): Promise<readonly (readonly unknown[])[]> => {
    const client = new pg.Client({ connectionString: place.url });
    await client.connect();
    try {
      await client.query('SET default_transaction_read_only TO off');
      let rows: readonly (readonly unknown[])[] = [];
      for (const text of statements) rows = (await client.query({ text, rowMode: 'array' })).rows;
      return rows;
    } finally {
      await client.end();
    }
  };
  /** As a standby is, and a primary whose operator saves what is left of its disk. */
  const applyReadOnly = (): Promise<unknown> =>
    query(
      `ALTER SYSTEM SET default_transaction_read_only TO ${isReadOnly ? 'on' : 'off'}`,
      'SELECT pg_reload_conf()',
    );
  const setReadOnly = async (to: boolean): Promise<void> => {
    if (isReadOnly === to) return;
    isReadOnly = to;
    if (away === 0) await applyReadOnly();
  };
  const start = async (): Promise<void> => {
    await server.start();
    await applyReadOnly();
  };
  const leave = async (how: 'order' | 'crash'): Promise<void> => {
    if (away === 0) await server.stop(how);
    away += 1;
  };
  const comeBack = async (): Promise<void> => {
    away -= 1;
    if (away === 0) await start();
  };
  const copy = (from: string, to: string): void => {
    execFileSync('rm', ['-rf', to]);
    execFileSync('cp', ['-a', from, to]);
  };
  // What is to be done to the server is done one after the other.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const done = last.then(act);
    last = done.catch(() => undefined);
    return done;
  };

  const store = (time: VirtualTime): DayStore => {
    const { watch, isBusy } = createServerWatch();
    time.waitWhile(isBusy);
    return {
      kind: 'postgres',
      async way() {
        const link = await createFaultProxy(server.port, { onTraffic: time.touch, watch });
        scope.defer('way to the database', () => link.close());
        const url = new URL(place.url);
        url.port = String(link.port);
        return { settings: { url: url.href, pool_size: place.poolSize }, link };
      },
      place: () => place,
      // Its links are cut: what the server has not got, it does not do.
      kill: () => undefined,
      fill: () => inTurn(() => setReadOnly(true)).then(() => true),
      free: () => inTurn(() => setReadOnly(false)),
      inflict: (fault) =>
        inTurn(async () => {
          if (fault !== 'failover') {
            await leave(fault === 'crash' ? 'crash' : 'order');
            return () => inTurn(comeBack);
          }
          if (away > 0) return undefined;
          await leave('crash');
          copy(data, snapshot);
          await comeBack();
          // The old primary is gone, and with it what the new one never got.
          return () =>
            inTurn(async () => {
              await leave('crash');
              copy(snapshot, data);
              await comeBack();
            });
        }),
      isUsable: () => away === 0 && !isReadOnly,
      async text() {
        const tables = await query(
          `SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname = 'vonage_audit_monitor'`,
        );
        const texts: string[] = [];
        for (const [table] of tables)
          for (const [row] of await query(`SELECT t::text FROM ${String(table)} AS t`))
            texts.push(String(row));
        return texts.join('\n');
      },
      close: async () => undefined,
    };
  };
  return { store, close: () => scope.close() };
};
