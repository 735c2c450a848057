import { statSync } from 'node:fs';
import type { Store } from '../src/core/store.ts';
import { openStoreAt } from '../src/store/open.ts';
import type { Installation } from '../test/support/installation.ts';
import type { DatabaseServer, ServerUse } from './database.ts';
import { install } from './installation.ts';

/** An installation whose store is new and empty, its tables made, in a file or on the server. */
export interface Place {
  readonly installation: Installation;
  open(): Promise<Store>;
  /** Of what is stored; of a file only when nobody has it open. */
  bytes(): Promise<number>;
  /** Asks one number of the database again and again, over a connection of its own. Rejects where there is none. */
  counter(
    sql: string,
  ): Promise<{ readonly count: () => Promise<number>; readonly close: () => Promise<void> }>;
  /** What the server has done so far; undefined: there is none. */
  use(checkpoint?: boolean): Promise<ServerUse | undefined>;
  remove(): Promise<void>;
}

/** Makes an installation; without a server, over a file. `sections` are those of the configuration. */
export const createPlace = async (
  server: DatabaseServer | undefined,
  apiUrl: string,
  sections: object,
): Promise<Place> => {
  const database = await server?.create();
  const installation = install(apiUrl, database ? { ...sections, store: { url: database.url } } : sections);
  const open = (): Promise<Store> =>
    openStoreAt(
      database ? { kind: 'postgres', url: database.url } : { kind: 'sqlite', path: installation.database },
      { now: Date.now },
    );
  await (await open()).close();
  const emptyBytes = (await database?.bytes()) ?? 0;
  return {
    installation,
    open,
    bytes: async () =>
      database ? (await database.bytes()) - emptyBytes : statSync(installation.database).size,
    async counter(sql) {
      if (!database) throw new Error('a file has no server to be asked');
      const client = await database.connect();
      await client.query('SET search_path TO vonage_audit_monitor');
      return {
        async count() {
          const { rows } = await client.query({ text: sql, rowMode: 'array' });
          return Number(rows[0]?.[0]);
        },
        close: () => client.end(),
      };
    },
    use: async (checkpoint) => database?.use(checkpoint),
    async remove() {
      installation.remove();
      await database?.drop();
    },
  };
};
