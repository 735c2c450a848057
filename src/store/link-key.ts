import { randomBytes } from 'node:crypto';
import type { Connection } from './connection.ts';

/**
 * The key of the links in alerts. It lies in the store and not in the configuration, so that there is nothing to set up
 * and a restart keeps the links of alerts already sent; who can read the store could change it as well.
 */
export const createLinkKey = (connection: Connection): (() => Promise<Buffer>) => {
  const { db } = connection;
  const insert = db.prepare<[string]>(
    "INSERT INTO meta (name, value) VALUES ('link_key', ?) ON CONFLICT (name) DO NOTHING",
  );
  const get = db.prepare<[], string>("SELECT value FROM meta WHERE name = 'link_key'").pluck();
  return () =>
    connection.commit(() => {
      insert.run(randomBytes(32).toString('base64'));
      return Buffer.from(get.get() ?? '', 'base64');
    });
};
