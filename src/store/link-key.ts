import { randomBytes } from 'node:crypto';
import type { Connection } from './connection.ts';
import { run, value } from './steps.ts';

/**
 * The key of the links in alerts. It lies in the store and not in the configuration, so that there is nothing to set up
 * and a restart keeps the links of alerts already sent; who can read the store could change it as well.
 */
export const createLinkKey = (connection: Connection) => (): Promise<Buffer> =>
  connection.commit(function* () {
    yield* run(
      "INSERT INTO meta (name, value) VALUES ('link_key', ?) ON CONFLICT (name) DO NOTHING",
      randomBytes(32).toString('base64'),
    );
    const key = yield* value<string>("SELECT value FROM meta WHERE name = 'link_key'");
    return Buffer.from(key ?? '', 'base64');
  });
